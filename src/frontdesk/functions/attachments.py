"""The files of runs: which arguments are files, who may see a file, and when one is forgotten."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select

from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.database.state import run_files, runs
from frontdesk.errors import InputError, NotFoundError
from frontdesk.files import store, types
from frontdesk.files.store import File, Upload
from frontdesk.forms.fields import Field

KINDS = ("file", "image")
UNMENTIONED = 24 * 3600
"""Seconds that a file stays which no run mentions."""

_ADD = insert(run_files)
_HELD = select(run_files.c.sha256).where(run_files.c.run == bindparam("run"))


def gather(
    state: Database,
    folder: Path,
    fields: Sequence[Field],
    arguments: dict[str, Any],
    uploads: Sequence[Upload],
    by: Caller,
) -> dict[str, File]:
    """The files among the arguments by their hash; what stands for each there is completed.

    A file comes along as an upload, or is kept already and the caller may see it. Raises InputError naming every wrong
    field.
    """
    coming = {upload.file.sha256: upload for upload in uploads}
    found: dict[str, File] = {}
    errors: dict[str, str] = {}
    for field in fields:
        given = arguments.get(field.name)
        if field.kind not in KINDS or given is None:
            continue
        try:
            files = [_one(state, folder, field, item, coming, by) for item in _listed(given)]
        except InputError as error:
            errors[field.name] = error.message
            continue
        found |= {file.sha256: file for file in files}
        arguments[field.name] = [file.json() for file in files] if field.multiple else files[0].json()
    if errors:
        raise InputError(errors=errors)
    return found


def addresses(value: Any) -> Iterator[str]:
    """The hashes of the files that an argument of kind file or image holds."""
    for item in _listed(value) if value else ():
        yield store.hash_in(item["$file"])


def attach(connection: Connection, run: int, files: Iterable[File], *, fresh: bool = False) -> None:
    """Keeps that the run holds these files; a `fresh` run holds none yet."""
    known = set() if fresh else set(connection.scalars(_HELD, {"run": run}))
    for file in {file.sha256: file for file in files if file.sha256 not in known}.values():
        row = {"run": run, "sha256": file.sha256, "name": file.name, "type": file.type[:100], "bytes": file.bytes}
        connection.execute(_ADD, row)


def find(state: Database, folder: Path, sha256: str, by: Caller) -> tuple[File, Path]:
    """A kept file and where it lies. Raises NotFoundError when it is in no run that the caller may see."""
    mine = () if by.may("editor") else (runs.c.user == by.name,)
    wanted = (
        select(run_files)
        .join(runs, runs.c.id == run_files.c.run)
        .where(run_files.c.sha256 == sha256, *mine)
        .order_by(run_files.c.run.desc())
        .limit(1)
    )
    with state.connect() as connection:
        row = connection.execute(wanted).one_or_none()
    if row is None:
        raise NotFoundError("There is no such file.", "A file is there for those who may see a run that holds it.")
    return File(row.sha256, row.name, row.type, row.bytes), store.path(folder, sha256)


def forget(state: Database, folder: Path, seconds: float = UNMENTIONED) -> int:
    """Removes the files that no run mentions any more, and what was left behind; says how many files went."""
    with state.transaction(durable=False) as connection:
        connection.execute(delete(run_files).where(run_files.c.run.not_in(select(runs.c.id))))
    store.forget(folder)
    gone, before = 0, time.time() - seconds
    for sha256 in list(store.all_before(folder, before)):
        # The writer's lock: no run can begin with this file between the look and the removal.
        with state.transaction(durable=False) as connection:
            if connection.scalar(select(run_files.c.run).where(run_files.c.sha256 == sha256).limit(1)) is None:
                gone += store.remove(folder, sha256, before)
    return gone


def _listed(given: Any) -> Sequence[Any]:
    return [given] if isinstance(given, Mapping) else given


def _one(
    state: Database, folder: Path, field: Field, given: Mapping[str, str], coming: Mapping[str, Upload], by: Caller
) -> File:
    sha256 = store.hash_in(given["$file"])
    upload = coming.get(sha256)
    if upload:
        sentence = types.no_picture(upload.first) if field.kind == "image" else ""
        file = upload.file
    else:
        try:
            file, _ = find(state, folder, sha256, by)
        except NotFoundError:
            raise InputError("This file is not here any more, or not yours to see: send it again.") from None
        sentence = "" if field.kind != "image" or file.type in types.IMAGES else types.no_picture(b"")
    if sentence:
        raise InputError(sentence)
    return file

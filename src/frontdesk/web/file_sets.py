"""Files that are sent for import: one, text that was pasted, or several at once, each a table or all into one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Response, request, url_for
from werkzeug.datastructures import FileStorage

from frontdesk.database import schema
from frontdesk.errors import ConflictError, Error, InputError, IntegrityError
from frontdesk.tables import imports, sources, uploads
from frontdesk.tables.imports import Preview, Wish
from frontdesk.tables.uploads import Upload
from frontdesk.web import access, current, messages, rendering
from frontdesk.web.errors import status_of


@dataclass(frozen=True)
class One:
    """One of several files: what is in it, or why it cannot be read."""

    upload: Upload
    name: str  # of its table
    preview: Preview | None
    problem: str = ""


def keep(read: Callable[[int], bytes], name: str) -> Upload:
    """What is sent, kept under a file's own name without its folder."""
    return uploads.keep(current.desk().config, read, name.rpartition("/")[2][-200:], access.caller())


def pasted(text: str) -> Upload:
    """Text that was pasted, as a file: JSON or NDJSON where it begins so, else lines with a separator."""
    begin = text.lstrip()[:1]
    ending = {"[": "json", "{": "ndjson"}.get(begin, "csv")
    parts = iter([text.encode(errors="surrogatepass"), b""])
    return keep(lambda _: next(parts), f"pasted.{ending}")


def sent() -> list[FileStorage]:
    """The files of the form."""
    return [file for file in request.files.getlist("file") if file.filename]


def several() -> bool:
    """Whether more than one file is sent, or was."""
    return len(sent()) > 1 or len(request.form.getlist("upload")) > 1 or "several" in request.form


def step(database: str, table: str | None) -> Response:
    """Shows what is in the files; then imports them one after the other, each as one change."""
    config, by = current.desk().config, access.caller()
    kept = [keep(file.stream.read, file.filename or "") for file in sent()]
    kept = kept or [uploads.find(config, token, by) for token in request.form.getlist("upload")]
    names = request.form.getlist("name")
    files = [
        _read(upload, table or (names[at] if at < len(names) else sources.table_name(upload.name) or "table"))
        for at, upload in enumerate(kept)
    ]
    good, problems = [one for one in files if one.preview], [one.problem for one in files if one.problem]
    if "import" not in request.form or problems:
        return _page(database, table, good, 422 if problems else 200, problems)
    return _load(database, table, good)


def _read(upload: Upload, name: str) -> One:
    try:
        return One(upload, name.strip(), imports.preview(sources.open(upload.path, name=upload.name)))
    except InputError as error:
        upload.remove()
        return One(upload, name, None, _said(error))


def _page(database: str, table: str | None, files: Sequence[One], status: int, problems: Sequence[str]) -> Response:
    shape = schema.table(current.desk().database(database), table) if table is not None else None
    return rendering.page(
        "imports/several.html", status, database=database, table=shape, files=files, problems=problems
    )


def _load(database: str, table: str | None, files: Sequence[One]) -> Response:
    place, done = current.desk().database(database), 0
    for at, one in enumerate(files):
        assert one.preview is not None
        wish = Wish(create=table is None, on_conflict=request.form.get("on_conflict", "error"))
        try:
            done += imports.load(place, one.preview.source, one.name, access.caller(), wish).inserted
        except (InputError, ConflictError, IntegrityError) as error:
            before = f" {at} of the files {'is' if at == 1 else 'are'} imported already." if at else ""
            return _page(database, table, files[at:], status_of(error), [f"{one.upload.name}: {_said(error)}{before}"])
        one.upload.remove()
    messages.say(f"{done:,} rows of {len(files)} files imported.")
    if table is not None:
        return rendering.lead_to(url_for("rows.index", database=database, table=table))
    return rendering.lead_to(url_for("tables.tables", database=database))


def _said(error: Error) -> str:
    return f"{error.message} {error.hint}".strip()

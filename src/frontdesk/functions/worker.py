"""The worker's end of functions: imports people's files, describes what they serve, and calls it."""

import asyncio
import importlib.util
import inspect
import io
import linecache
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from frontdesk import context
from frontdesk.config import Config
from frontdesk.errors import Error, InputError, NotFoundError
from frontdesk.files import store
from frontdesk.files.store import File
from frontdesk.functions import marks, media, progress, results, signatures
from frontdesk.functions.descriptions import MODEL, Description, FileProblem, version_of
from frontdesk.functions.orders import Order, Outcome

logger = logging.getLogger("frontdesk.functions")

importing: Callable[[Path], AbstractContextManager[Any]] = nullcontext
"""What surrounds the import of a file; the desk puts here what keeps log handlers in their place."""

config: Config | None = None
"""The desk of this worker."""

LONGEST = 20_000
"""Characters of an error or a traceback that are kept."""


def initialise(of_desk: Config) -> None:
    """Makes this worker work in the desk's folder, where people's files find each other and their databases."""
    global config
    config = of_desk
    folder = str(config.folder)
    os.chdir(folder)
    os.environ["FRONTDESK_DESK"] = folder
    if config.read_only:
        os.environ["FRONTDESK_READ_ONLY"] = "1"
    sys.dont_write_bytecode = True
    sys.path.append(folder)
    progress.config = config


def describe(file: str) -> list[Description] | FileProblem:
    """The functions that a file serves, or why it cannot be imported."""
    try:
        version = version_of(file)
        return [signatures.describe(target, mark, file, version) for target, mark in _served(file)]
    except BaseException as error:  # noqa: BLE001 - people's code may raise anything, SystemExit too
        trace = _users_part(error.__traceback__, file)
        if file.endswith(MODEL) and isinstance(error, Error):
            return FileProblem(file, None, f"{error.message}. {error.hint}".rstrip(". "))
        lines = [frame.lineno for frame in traceback.extract_tb(trace) if frame.filename == file]
        return FileProblem(file, lines[-1] if lines else None, _said(error), _told(error, file))


def check(order: Order) -> dict[str, str]:
    """A sentence for every argument that a type of the user's own refuses."""
    try:
        converted = signatures.convert(_find(order), order.arguments, order.files)
    except InputError as error:
        return error.errors
    sentences = {name: _unreadable(value) for name, value in converted.items()}
    return {name: sentence for name, sentence in sentences.items() if sentence}


def preview(source: Path, target: Path) -> str:
    """Makes a picture's preview, whole or not at all; a sentence where it cannot be read."""
    from frontdesk.functions.models import images

    made = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        images.preview(source, made)
        made.replace(target)
    except InputError as error:
        return error.message
    finally:
        made.unlink(missing_ok=True)
    return ""


def _unreadable(value: Any) -> str:
    """Why a picture among the arguments cannot be read; empty for all that can, and for what is no picture."""
    if isinstance(value, list):
        return next((text for text in map(_unreadable, value) if text), "")
    if not isinstance(value, media.Image):
        return ""
    if not media.can_read_images():
        return media.MISSING
    from frontdesk.functions.models import images

    try:
        images.check(value.path, value.sha256)
    except InputError as error:
        return error.message
    return ""


def call(order: Order) -> Outcome:
    """Calls the function, with the ids of its run around it."""
    kept: list[File] = []

    def put(file: media.File) -> Mapping[str, str]:
        kept.append(_keep(file))
        return kept[-1].json()

    with context.bind_everywhere(run=order.run, request=order.request, user=order.user):
        began = time.perf_counter()
        try:
            target = _find(order)
            arguments = order.arguments
            if order.convert:
                arguments = signatures.convert(target, order.arguments, order.files)
            began = time.perf_counter()
            kind, result = results.keep(_called(target, arguments), put)
            return Outcome(kind, result, milliseconds=_since(began), files=tuple(kept))
        except BaseException as error:  # noqa: BLE001 - people's code may raise anything, SystemExit too
            milliseconds = _since(began)
            outcome = Outcome(error=_said(error), traceback=_told(error, order.file), milliseconds=milliseconds)
            logger.error("%s failed: %s", order.function, outcome.error)
            return outcome


def _keep(file: media.File) -> File:
    """The file in the desk's store. Raises TooLargeError, InputError for an empty one, OSError."""
    if not config:
        raise RuntimeError("There is no desk to keep the file.")
    with file.path.open("rb") if isinstance(file.content, Path) else io.BytesIO(file.read()) as stream:
        name = file.name or ("picture" if isinstance(file, media.Image) else "file")
        return store.keep(config.files_folder, stream, name, file.type, config.files.max_bytes)


def load(file: str) -> ModuleType:
    """The module of a file, imported anew when it or another file of its folder that was imported has changed."""
    _forget_changed()
    if file not in _loaded:
        _loaded[file] = _import(Path(file))
        _remember(Path(file).parent)
    return _loaded[file]


_loaded: dict[str, ModuleType] = {}
_seen: dict[str, tuple[str, str]] = {}
"""Of every module from the desk's folder: its file and that file's version."""


def _import(path: Path) -> ModuleType:
    """Runs the file itself, never its bytecode: that of an edit within the same second would look current."""
    present = sys.modules.get(path.stem)
    if present is not None and getattr(present, "__file__", None) == str(path):
        return present
    spec = None if present else importlib.util.find_spec(path.stem)
    module = ModuleType(path.stem if spec and spec.origin == str(path) else f"{path.stem}_")
    module.__file__ = str(path)
    linecache.checkcache(str(path))
    version = version_of(path)
    code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    sys.modules[module.__name__] = module
    try:
        with importing(path):
            exec(code, module.__dict__)  # noqa: S102 - it is the desk's own file
    except BaseException:
        sys.modules.pop(module.__name__, None)
        raise
    _seen[module.__name__] = (str(path), version)
    return module


def _remember(folder: Path) -> None:
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name not in _seen and os.path.dirname(file) == str(folder):
            _seen[name] = (file, _version(file))


def _forget_changed() -> None:
    if all(_version(file) == version for file, version in _seen.values()):
        return
    for name in _seen:
        sys.modules.pop(name, None)
    _seen.clear()
    _loaded.clear()


def _version(file: str) -> str:
    try:
        return version_of(file)
    except OSError:
        return ""


def _served(file: str) -> list[tuple[Callable[..., Any], marks.Mark]]:
    """What a file serves: a model itself, of Python what it has marked, in its order."""
    if file.endswith(MODEL):
        from frontdesk.functions.models import onnx

        return [onnx.load(file)]
    module = load(file)
    found = {id(item): (item, mark) for item in vars(module).values() if (mark := marks.of(item))}
    return [(item, mark) for item, mark in found.values() if mark.module == module.__name__]


def _find(order: Order) -> Callable[..., Any]:
    for target, mark in _served(order.file):
        if order.function in {mark.name, getattr(target, "__name__", "")}:
            return target
    raise NotFoundError(f"{Path(order.file).name} has no function {order.function} any more.")


def _called(target: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    named = dict(arguments)
    first = [item.name for item in signatures.parameters(target) if item.kind is item.POSITIONAL_ONLY]
    value = target(*[named.pop(name) for name in first if name in named], **named)
    return asyncio.run(value) if inspect.iscoroutine(value) else value


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 3)


def _said(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception of people's own, whose words may fail too
        text = ""
    return _clean(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _told(error: BaseException, file: str) -> str:
    """The traceback from the user's file on: what led there is ours."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return _clean("".join(traceback.format_exception_only(error)))
    error = error.with_traceback(_users_part(error.__traceback__, file))
    return _clean("".join(traceback.format_exception(error)))


def _users_part(trace: TracebackType | None, file: str) -> TracebackType | None:
    first = trace
    while first and first.tb_frame.f_code.co_filename != file:
        first = first.tb_next
    return first or trace


def _clean(text: str) -> str:
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}\n… {len(text) - LONGEST:,} characters left out …\n{text[-LONGEST // 2 :]}"
    return text.encode("utf-8", "replace").decode().replace("\0", "\\0")

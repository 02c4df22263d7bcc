"""What is known of a function without importing its file: plain data that travels between processes."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from frontdesk.forms.fields import Field

MODEL = ".onnx"
"""The suffix of model files."""


@dataclass(frozen=True)
class Description:
    """A function as data."""

    name: str  #: how it is called here: `divide`, or `arithmetic.divide` where there are two
    own_name: str  #: its name inside its file
    title: str
    description: str
    fields: tuple[Field, ...]
    result: str  #: the kind that its hint promises: text, number, table, json, label, none; empty is unknown
    seconds: float | None  #: None is the desk's usual limit
    memory: int  #: bytes; 0 is the desk's usual limit
    role: str
    batch: bool
    input: dict[str, Any]  #: JSON Schema
    output: dict[str, Any]  #: JSON Schema
    file: str  #: absolute path
    line: int
    version: str = ""  #: of the file

    @property
    def full_name(self) -> str:
        """`file.name`, which is never ambiguous."""
        return f"{Path(self.file).stem}.{self.own_name}"

    @property
    def is_model(self) -> bool:
        """Whether it is a model file; everything else is a callable in a Python file."""
        return self.file.endswith(MODEL)

    @property
    def checked_by_worker(self) -> bool:
        """Whether a worker has its say before a run begins: types of the user's own, and pictures."""
        return self.takes_images or any(field.own for field in self.fields)

    @property
    def converted_by_worker(self) -> bool:
        """Whether a worker makes something else of the arguments than JSON: types of the user's own, files, images."""
        return self.checked_by_worker or self.takes_files

    @property
    def takes_images(self) -> bool:
        """Whether a picture is among what it takes."""
        return any(field.kind == "image" for field in self.fields)

    @property
    def takes_files(self) -> bool:
        """Whether a file or a picture is among what it takes."""
        return any(field.kind in {"file", "image"} for field in self.fields)

    def renamed(self, name: str) -> "Description":
        """The same under another name."""
        return replace(self, name=name)


@dataclass(frozen=True)
class FileProblem:
    """A function file that cannot be served as it is."""

    file: str  #: absolute path
    line: int | None
    message: str
    traceback: str = ""

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.file).name


def version_of(path: str | Path) -> str:
    """The file's time and size, which change when it does; a model's with its TOML file's. Raises OSError."""
    path = Path(path)
    found = path.stat()
    version = f"{found.st_mtime_ns}-{found.st_size}"
    card = path.with_suffix(".toml")
    return f"{version}-{version_of(card)}" if path.suffix == MODEL and card.exists() else version

"""Files that come along with a call: taken in one by one, kept with its run, or gone at the end."""

from pathlib import Path
from types import TracebackType
from typing import IO, Self

from frontdesk.errors import InputError, TooLargeError
from frontdesk.files import store
from frontdesk.files.store import Upload


class Incoming:
    """`with Incoming(folder, limit) as incoming`: what was taken in and not kept is gone at the end."""

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit` is in bytes, of each file."""
        self.uploads: list[Upload] = []
        self._folder = folder
        self._limit = limit
        self._errors: dict[str, str] = {}
        self._too_large = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for upload in self.uploads:
            store.discard(upload)

    def take(self, field: str, stream: IO[bytes], name: str, claimed: str = "") -> str:
        """The address that stands for the file among the arguments; empty for a file that is refused."""
        try:
            self.uploads.append(store.receive(self._folder, stream, name, claimed, self._limit))
        except InputError as error:
            self._too_large = self._too_large or isinstance(error, TooLargeError)
            self.refuse(field, error.message)
            return ""
        return store.ADDRESS + self.uploads[-1].file.sha256

    def take_path(self, field: str, path: Path) -> str:
        """As `take`, of a file that lies somewhere."""
        try:
            with path.open("rb") as stream:
                return self.take(field, stream, path.name)
        except OSError as error:
            self.refuse(field, f"{path.name} cannot be read: {error.strerror}.")
            return ""

    def refuse(self, field: str, sentence: str) -> None:
        """Notes what is wrong at a field."""
        self._errors[field] = sentence

    def check(self) -> None:
        """Raises InputError, or TooLargeError, with a sentence for every field whose file is refused."""
        if self._errors:
            raise (TooLargeError if self._too_large else InputError)(errors=self._errors)

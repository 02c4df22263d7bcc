"""The files of a desk's runs, and what of them can be looked at."""

from concurrent import futures
from dataclasses import dataclass
from pathlib import Path

from frontdesk.config import Config
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.errors import BusyError, NotFoundError
from frontdesk.files import types
from frontdesk.files.incoming import Incoming
from frontdesk.files.store import File
from frontdesk.functions import attachments, orders
from frontdesk.workers.pool import Pool, WorkerDied

SECONDS = 20.0
"""How long a preview may take to be made."""
FREE = 2.0
"""Seconds within which a worker must be free for it: who looks at a page holds one of the server's threads."""


@dataclass(frozen=True)
class Files:
    """The files of a desk."""

    config: Config
    state: Database
    pool: Pool

    def incoming(self) -> Incoming:
        """Takes in the files of one call: `with desk.files.incoming() as incoming`."""
        return Incoming(self.config.files_folder, self.config.files.max_bytes)

    def find(self, sha256: str, by: Caller) -> tuple[File, Path]:
        """A kept file and where it lies. Raises NotFoundError when the caller may see no run that holds it."""
        return attachments.find(self.state, self.config.files_folder, sha256, by)

    def preview(self, sha256: str, by: Caller) -> Path:
        """A JPEG of at most 1200 pixels a side, made anew of a picture and kept beside it. Raises NotFoundError."""
        file, path = self.find(sha256, by)
        target = path.with_name(f"{sha256}.preview")
        if file.type in types.IMAGES and not target.exists():
            self._make_preview(path, target)
        if not target.exists():
            raise NotFoundError(f"There is no preview of {file.name}.")
        return target

    def _make_preview(self, path: Path, target: Path) -> None:
        task = self.pool.submit(orders.preview, path, target, seconds=SECONDS)
        if not futures.wait([task], FREE).done and futures.Future.cancel(task):
            raise BusyError("All workers are busy; the preview is made later.")
        try:
            task.result()
        except (TimeoutError, WorkerDied) as error:
            raise NotFoundError("There is no preview: the picture could not be read.") from error

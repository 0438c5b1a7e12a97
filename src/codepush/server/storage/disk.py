"""Archives in a folder."""

from __future__ import annotations

import errno
import re
import shutil
from contextlib import contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from anyio import to_thread

from codepush.server.ports import AlreadyExistsError, MissingError, UnavailableError
from codepush.server.storage.files import make_folder, new_file, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOB_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,100}")


class DiskBlobs:
    """Blobs as files, as :class:`codepush.server.ports.Blobs` describes them.

    The file of a blob is ``<folder>/<first two characters of its id>/<id>``. It appears whole or
    not at all. What a killed process left behind is named ``.<id>.<random>.part``.

    Args:
        folder: is made when it is needed. Files and folders in it can be read by their owner only.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, blob_id: str, source: Path) -> None:
        """Store a file durably; the source, which may be on another file system, may be gone afterwards."""
        if not _BLOB_ID.fullmatch(blob_id):
            raise ValueError(f"{blob_id!r} cannot be the id of a blob: use 16 to 100 letters, digits, '-' and '_'.")
        await to_thread.run_sync(self._put, blob_id, source)

    async def file(self, blob_id: str) -> Path:
        """Return the file of a blob; `MissingError` when there is none, or can be none of this name."""
        path = self._path(blob_id)
        if not _BLOB_ID.fullmatch(blob_id) or not await to_thread.run_sync(path.is_file):
            raise MissingError("The blob is not there.")
        return path

    async def remove(self, blob_id: str) -> None:
        """Remove a blob, if it is there."""
        if _BLOB_ID.fullmatch(blob_id):
            await to_thread.run_sync(self._remove, blob_id)

    async def check(self) -> None:
        """Return when a small file can be stored."""
        await to_thread.run_sync(self._check)

    def _path(self, blob_id: str) -> Path:
        return self._folder / blob_id[:2] / blob_id

    def _put(self, blob_id: str, source: Path) -> None:
        target = self._path(blob_id)
        with _disk_errors():
            make_folder(self._folder)
            make_folder(target.parent)
            try:
                with new_file(target) as part:
                    _move(source, part)
            except FileExistsError as error:
                raise AlreadyExistsError("A blob with this id is there already.") from error

    def _remove(self, blob_id: str) -> None:
        with _disk_errors():
            self._path(blob_id).unlink(missing_ok=True)

    def _check(self) -> None:
        probe = self._folder / f".check.{token_hex(8)}.part"
        with _disk_errors():
            make_folder(self._folder)
            try:
                probe.write_bytes(b"?")
                sync(probe)
            finally:
                probe.unlink(missing_ok=True)


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copyfile(source, target)


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(f"The folder of the blobs cannot be used: {error}.") from error

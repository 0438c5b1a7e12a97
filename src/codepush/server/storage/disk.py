"""Archives in a folder."""

from __future__ import annotations

import errno
import shutil
import stat
from contextlib import asynccontextmanager, contextmanager
from secrets import token_hex
from typing import TYPE_CHECKING

from anyio import to_thread

from codepush.server.ports.blobs import BlobEntry, LocalFile
from codepush.server.ports.errors import AlreadyExistsError, MissingError, UnavailableError
from codepush.server.storage.blob_ids import is_blob_id, require_blob_id
from codepush.server.storage.files import make_folder, new_file, sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path


class DiskBlobs:
    """Blobs as files, as :class:`codepush.server.ports.blobs.Blobs` describes them.

    The file of a blob is ``<folder>/<first two characters of its id>/<id>``. It appears as a whole or not at all.
    Leftovers of killed processes are named ``.<id>.<random>.part``.

    Args:
        folder: The folder, created when needed. Only its owner can read the files and folders in it.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, blob_id: str, source: Path) -> None:
        """Store a file durably; the source, which may be on another file system, may be moved."""
        require_blob_id(blob_id)
        await to_thread.run_sync(self._put, blob_id, source)

    @asynccontextmanager
    async def fetch(self, blob_id: str) -> AsyncIterator[Path]:
        """Open a block with the file of a blob itself; `MissingError` when there is no such blob."""
        yield (await self.locate(blob_id)).path

    async def locate(self, blob_id: str) -> LocalFile:
        """Return the file of a blob; `MissingError` when there is no such blob, or the ID is invalid."""
        path = self._path(blob_id)
        size = await to_thread.run_sync(_size, path) if is_blob_id(blob_id) else None
        if size is None:
            raise MissingError("The blob does not exist.")
        return LocalFile(path, size, path.relative_to(self._folder).as_posix())

    async def remove(self, blob_id: str) -> None:
        """Remove a blob, if it exists."""
        if is_blob_id(blob_id):
            await to_thread.run_sync(self._remove, blob_id)

    async def entries(self) -> AsyncIterator[BlobEntry]:
        """Go through all blobs, folder by folder."""
        for folder in await to_thread.run_sync(self._folders):
            for entry in await to_thread.run_sync(_entries, folder):
                yield entry

    async def sweep(self, until: int) -> None:
        """Remove unfinished files of blobs."""
        await to_thread.run_sync(self._sweep, until)

    async def check(self) -> None:
        """Return when a small file can be stored."""
        await to_thread.run_sync(self._check)

    def _path(self, blob_id: str) -> Path:
        return self._folder / blob_id[:2] / blob_id

    def _folders(self) -> Sequence[Path]:
        with _disk_errors():
            return sorted(path for path in self._folder.iterdir() if path.is_dir()) if self._folder.is_dir() else ()

    def _put(self, blob_id: str, source: Path) -> None:
        target = self._path(blob_id)
        with _disk_errors():
            make_folder(self._folder)
            make_folder(target.parent)
            try:
                with new_file(target) as part:
                    _move(source, part)
            except FileExistsError as error:
                raise AlreadyExistsError("A blob with this ID exists already.") from error

    def _remove(self, blob_id: str) -> None:
        with _disk_errors():
            self._path(blob_id).unlink(missing_ok=True)

    def _sweep(self, until: int) -> None:
        with _disk_errors():
            for part in self._folder.rglob(".*.part"):
                entry = _entry(part)
                if entry is not None and entry.put_at < until:
                    part.unlink(missing_ok=True)

    def _check(self) -> None:
        probe = self._folder / f".check.{token_hex(8)}.part"
        with _disk_errors():
            make_folder(self._folder)
            try:
                probe.write_bytes(b"?")
                sync(probe)
            finally:
                probe.unlink(missing_ok=True)


def _size(path: Path) -> int | None:
    with _disk_errors():
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _entries(folder: Path) -> Sequence[BlobEntry]:
    with _disk_errors():
        names = [path for path in folder.iterdir() if is_blob_id(path.name) and path.name.startswith(folder.name)]
        return [entry for entry in map(_entry, names) if entry is not None]


def _entry(path: Path) -> BlobEntry | None:
    try:
        found = path.stat()
    except FileNotFoundError:  # removed concurrently
        return None
    return BlobEntry(path.name, found.st_size, int(found.st_mtime * 1000))


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

"""Archives in an object store.

The library is called from threads only. Threads of its own complete its calls for event loops; if such a thread
finishes after the process has begun to exit, it crashes the process.
"""

from __future__ import annotations

import re
import time
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import obstore
from anyio import CapacityLimiter, to_thread
from msgspec import Struct
from obstore.exceptions import (
    AlreadyExistsError as ObjectExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from codepush.server.folders import work_folder
from codepush.server.ports.blobs import BlobEntry, RemoteFile, SignedUrl
from codepush.server.ports.errors import AlreadyExistsError, MissingError, UnavailableError
from codepush.server.storage.blob_ids import is_blob_id, require_blob_id
from codepush.server.storage.buckets import open_bucket, open_signer
from codepush.server.storage.memory import Memory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from codepush.server.storage.urls import Place

T = TypeVar("T")

_WHOLE: Final = 16 * 1024 * 1024
"""Size up to which a blob is sent in one request, with which stores can refuse to replace another blob."""

_PART: Final = 8 * 1024 * 1024
_PARTS_AT_ONCE: Final = 4
_PIECE: Final = 1024 * 1024
"""Minimum number of bytes per read."""
_SENT_PIECE: Final = 64 * 1024
"""Bytes per read for a client that may read slowly."""

_ATTRIBUTES: Final = {
    "Content-Type": "application/octet-stream",
    "Cache-Control": "public, max-age=31536000, immutable",
}

_SIGNED: Final = timedelta(hours=1)
_REMEMBERED: Final = 120.0
"""Seconds for which a blob's size and signed URL are cached.

Much less than the lifetime of the signature: a URL signed with temporary credentials of a machine expires with them,
and these are valid for at least five minutes.
"""

_CACHED: Final = 60
_PROBED: Final = 30.0
_THREADS: Final = 24


_NO_BUCKET: Final = frozenset({"NoSuchBucket", "ContainerNotFound"})
_BAD_KEY: Final = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "AuthenticationFailed"})
_NO_CREDENTIALS: Final = ("169.254.169.254", "metadata.google.internal", "metadata endpoint")


class _Found(Struct, frozen=True):
    """The cached properties of a blob."""

    size: int
    url: str | None


class ObjectBlobs:
    """Blobs as objects, as :class:`codepush.server.ports.blobs.Blobs` describes them.

    The object of a blob is named by its ID, after the location's path. A blob of more than 16 MiB is sent in parts,
    after a check that no blob has its name: of two blobs stored under one ID at the same moment, one remains.

    Args:
        place: The location of the bucket.
        workspace: A folder for blobs that are fetched.

    Raises:
        UnavailableError: The provider rejects the settings in the environment.

    """

    def __init__(self, place: Place, *, workspace: Path) -> None:
        self._place = place
        self._workspace = workspace
        self._bucket = open_bucket(place)
        self._signer = open_signer(place, self._bucket)
        self._found: Memory[_Found] = Memory(10_000, _REMEMBERED)
        self._probed = -_PROBED
        self._threads = CapacityLimiter(_THREADS)  # a slow store leaves the threads of others free

    async def put(self, blob_id: str, source: Path) -> None:
        """Store a file; the source is not moved."""
        require_blob_id(blob_id)
        await self._request(partial(self._put, blob_id, source))

    @asynccontextmanager
    async def fetch(self, blob_id: str) -> AsyncIterator[Path]:
        """Open a block with a copy of a blob in the workspace, which is removed afterwards."""
        _refuse_impossible(blob_id)
        with work_folder(self._workspace, "fetch") as folder:
            path = folder / blob_id
            await self._request(partial(self._save, blob_id, path))
            yield path

    async def locate(self, blob_id: str) -> RemoteFile:
        """Return how to read a blob from the store, and a URL for devices."""
        _refuse_impossible(blob_id)
        found = self._found.get(blob_id)
        if found is None:
            found = await self._request(partial(self._find, blob_id))
            self._found.keep(blob_id, found)
        signed = None if found.url is None else SignedUrl(found.url, _CACHED)
        return RemoteFile(found.size, partial(self._read, blob_id), signed)

    async def remove(self, blob_id: str) -> None:
        """Remove a blob, if it exists."""
        if is_blob_id(blob_id):
            self._found.forget(blob_id)
            await self._request(partial(self._remove, blob_id))

    async def entries(self) -> AsyncIterator[BlobEntry]:
        """Go through all blobs, about a thousand per request."""
        pages = await self._request(partial(obstore.list, self._bucket, chunk_size=1000))
        while page := await self._request(partial(next, pages, None)):
            for entry in page:
                if is_blob_id(entry["path"]):
                    put_at = int(entry["last_modified"].timestamp() * 1000)
                    yield BlobEntry(entry["path"], entry["size"], put_at)

    async def sweep(self, until: int) -> None:
        """Do nothing: the store itself removes unfinished parts of objects (docs/storage.md)."""

    async def check(self) -> None:
        """Return when a small object can be stored, or could be half a minute ago: requests cost money."""
        if time.monotonic() - self._probed < _PROBED:
            return
        try:
            with anyio.fail_after(10):
                await self._request(partial(obstore.put, self._bucket, "check", b"?", use_multipart=False))
        except TimeoutError as error:
            raise UnavailableError(
                f"The object store {self._place.shown} did not respond within ten seconds."
            ) from error
        self._probed = time.monotonic()

    async def _request(self, call: Callable[[], T]) -> T:
        with self._errors():
            return await to_thread.run_sync(call, limiter=self._threads, abandon_on_cancel=True)

    def _put(self, blob_id: str, source: Path) -> None:
        if _size(source) <= _WHOLE:
            obstore.put(self._bucket, blob_id, source, mode="create", attributes=_ATTRIBUTES, use_multipart=False)
            return
        try:
            obstore.head(self._bucket, blob_id)
        except FileNotFoundError:
            obstore.put(
                self._bucket,
                blob_id,
                source,
                attributes=_ATTRIBUTES,
                use_multipart=True,
                chunk_size=_PART,
                max_concurrency=_PARTS_AT_ONCE,
            )
        else:
            raise AlreadyExistsError("A blob with this ID exists already.")

    def _save(self, blob_id: str, path: Path) -> None:
        found = obstore.get(self._bucket, blob_id)
        with _disk_errors(self._workspace), path.open("xb") as file:
            for piece in found.stream(min_chunk_size=_PIECE):
                file.write(piece)
            received = file.tell()
        if received != found.meta["size"]:
            raise UnavailableError(f"The object store {self._place.shown} closed the connection within a blob.")

    def _find(self, blob_id: str) -> _Found:
        size = obstore.head(self._bucket, blob_id)["size"]
        try:
            return _Found(size, obstore.sign(self._signer, "GET", blob_id, _SIGNED))
        except (BaseError, ValueError):  # these credentials cannot sign: the bytes go through the server
            return _Found(size, None)

    async def _read(self, blob_id: str, start: int, end: int) -> AsyncIterator[bytes]:
        if start == end:
            return
        found = await self._request(partial(obstore.get, self._bucket, blob_id, options={"range": (start, end)}))
        pieces = iter(found.stream(min_chunk_size=_SENT_PIECE))
        while (piece := await self._request(partial(next, pieces, None))) is not None:
            yield bytes(piece)

    def _remove(self, blob_id: str) -> None:
        try:
            obstore.delete(self._bucket, blob_id)
        except FileNotFoundError as error:
            if _code(error) == "ContainerNotFound":
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Convert errors of the library into errors of the port.

        Their messages are dropped, because they may contain signed URLs.
        """
        try:
            yield
        except ObjectExistsError:
            raise AlreadyExistsError("A blob with this ID exists already.") from None
        except (BaseError, FileNotFoundError) as error:
            raise _translated(error, self._place) from None


def _refuse_impossible(blob_id: str) -> None:
    if not is_blob_id(blob_id):
        raise MissingError("The blob does not exist.")


def _size(source: Path) -> int:
    try:
        return source.stat().st_size
    except OSError as error:
        raise UnavailableError(f"The file to be stored cannot be read: {error}.") from error


@contextmanager
def _disk_errors(workspace: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnavailableError(f"The workspace {workspace} cannot be used: {error}.") from error


def _code(error: Exception) -> str | None:
    """Return the provider's error code, such as ``NoSuchBucket``."""
    found = re.search(r"<Code>(\w{1,64})</Code>", str(error))
    return found[1] if found else None


def _translated(error: Exception, place: Place) -> Exception:
    code = _code(error)
    detail = f" ({code})" if code else ""
    text = str(error)
    if code in _NO_BUCKET:
        return UnavailableError(
            f"There is no bucket or container for {place.shown}{detail}. Create it, or correct CODEPUSH_STORAGE_URL."
        )
    if isinstance(error, FileNotFoundError):
        return MissingError("The blob does not exist.")
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or code in _BAD_KEY:
        return UnavailableError(
            f"The object store rejected the credentials for {place.shown}{detail}. Check the provider's variables in "
            "the environment, and their permissions on the bucket."
        )
    if any(word in text for word in _NO_CREDENTIALS):
        return UnavailableError(
            f"There are no credentials for {place.shown}. Set the provider's variables in the environment; "
            "docs/storage.md lists them."
        )
    return UnavailableError(f"The object store {place.shown} cannot be reached or sends invalid responses{detail}.")

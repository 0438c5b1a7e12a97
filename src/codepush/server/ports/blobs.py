"""Archives, as services see them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

__all__ = ["BlobEntry", "BlobLocation", "BlobRecord", "Blobs", "LocalFile", "Read", "RemoteFile", "SignedUrl"]

Read: TypeAlias = Callable[[int, int], AsyncIterator[bytes]]
"""Reads the bytes of a blob from a first offset up to, and without, a second one."""


class BlobEntry(Struct, frozen=True):
    """A blob as the store lists it: its ID, its size in bytes, and its time of storage, in milliseconds."""

    id: str
    size: int
    put_at: int


class LocalFile(Struct, frozen=True):
    """The location of a blob in a file of this machine, which never changes.

    ``name`` is the path of the file in the folder of all blobs, safe in a URL.
    """

    path: Path
    size: int
    name: str


class SignedUrl(Struct, frozen=True):
    """A URL that gives its holder read access to a blob, for a number of seconds."""

    url: str
    seconds: int


class RemoteFile(Struct, frozen=True):
    """The location of a blob in an object store, which may have a URL for devices."""

    size: int
    read: Read
    signed: SignedUrl | None = None


BlobLocation: TypeAlias = LocalFile | RemoteFile
"""The location of a blob."""


class Blobs(Protocol):
    """The archives. A blob is written once as a whole and never changes.

    Every method can raise `UnavailableError`.
    """

    async def put(self, blob_id: str, source: Path) -> None:
        """Store a file durably, visible to every node when this returns.

        The source is consumed: it may have been moved. Raises `AlreadyExistsError`.
        """

    def fetch(self, blob_id: str) -> AbstractAsyncContextManager[Path]:
        """Open a block in which a blob is a read-only file of this machine.

        Raises `MissingError` when there is no such blob.
        """

    async def locate(self, blob_id: str) -> BlobLocation:
        """Return the location of a blob; `MissingError` when there is no such blob."""

    async def remove(self, blob_id: str) -> None:
        """Remove a blob, if it exists."""

    def entries(self) -> AsyncIterator[BlobEntry]:
        """Go through all blobs, in any order. Those stored or removed at the same time may be missing."""

    async def sweep(self, until: int) -> None:
        """Remove leftovers of killed processes from before a time, in milliseconds since 1970."""

    async def check(self) -> None:
        """Return when the store accepts blobs; `UnavailableError` otherwise."""


class BlobRecord(Struct, frozen=True, kw_only=True):
    """An archive in the blob store. It never changes; ``id`` is the last part of its URL."""

    id: str
    size: int
    sha256: str

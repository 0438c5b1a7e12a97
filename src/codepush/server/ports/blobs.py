"""The archives, as services see them."""

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
    """A blob as the store lists it: its id, how many bytes it has, and when it was put, in milliseconds."""

    id: str
    size: int
    put_at: int


class LocalFile(Struct, frozen=True):
    """Where a blob is: in a file of this machine, which never changes.

    ``name`` is that of the file within the folder of all blobs, safe to stand in a URL.
    """

    path: Path
    size: int
    name: str


class SignedUrl(Struct, frozen=True):
    """An address that gives its holder read access to a blob, for a number of seconds."""

    url: str
    seconds: int


class RemoteFile(Struct, frozen=True):
    """Where a blob is: in an object store, which may have an address to send phones to."""

    size: int
    read: Read
    signed: SignedUrl | None = None


BlobLocation: TypeAlias = LocalFile | RemoteFile
"""Where the bytes of a blob can be had."""


class Blobs(Protocol):
    """The archives. A blob is written once, whole, and never changes.

    Whatever needs the store can raise `UnavailableError`.
    """

    async def put(self, blob_id: str, source: Path) -> None:
        """Store a file durably; it is there for every node when this returns.

        The source is consumed: it may have been moved. Raises `AlreadyExistsError`.
        """

    def fetch(self, blob_id: str) -> AbstractAsyncContextManager[Path]:
        """Open a block in which a blob is a file of this machine, only to be read.

        Raises `MissingError` when there is no such blob.
        """

    async def locate(self, blob_id: str) -> BlobLocation:
        """Return where a blob can be read from; `MissingError` when there is no such blob."""

    async def remove(self, blob_id: str) -> None:
        """Remove a blob, if it is there."""

    def entries(self) -> AsyncIterator[BlobEntry]:
        """Go through all blobs, in no order. Those put or removed meanwhile may be among them or not."""

    async def sweep(self, until: int) -> None:
        """Remove what processes that were killed left behind before a time, in milliseconds since 1970."""

    async def check(self) -> None:
        """Return when blobs can be stored; `UnavailableError` otherwise."""


class BlobRecord(Struct, frozen=True, kw_only=True):
    """An archive in the blob store. It never changes; ``id`` is the last part of its address."""

    id: str
    size: int
    sha256: str

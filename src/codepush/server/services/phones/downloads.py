"""Downloads: the locations of archives."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from codepush.server.ports.blobs import LocalFile
from codepush.server.ports.errors import MissingError, UnavailableError

if TYPE_CHECKING:
    from codepush.server.ports.blobs import BlobLocation, Blobs
    from codepush.server.ports.store import Store

__all__ = ["Downloads"]

_SIZES: Final = 100_000
"""Number of sizes to cache."""

_DATABASE_SECONDS: Final = 1.0
"""Time limit for the database in a download."""

_PAUSE_SECONDS: Final = 10.0
"""Time without queries after the database was unavailable."""

_log = logging.getLogger(__name__)


class Downloads:
    """Locations of archives.

    The size of each archive is compared with its record, which is read once. While the database is unavailable,
    archives whose records were not read yet are sent unchecked.

    Args:
        blobs: The archives.
        store: The records.
        download_url: The base of download URLs, before ``/blobs``.
        redirects: Whether to redirect devices to an object store.

    """

    def __init__(self, blobs: Blobs, store: Store, *, download_url: str, redirects: bool) -> None:
        self._blobs = blobs
        self._store = store
        self._sizes: dict[str, int] = {}
        self._damaged: set[str] = set()
        self._ask_from = 0.0
        self._scheme = urlsplit(download_url).scheme
        self._redirects = redirects

    async def locate(self, blob_id: str) -> BlobLocation | None:
        """Return the location of a blob; ``None`` when there is no such blob, or it is incomplete.

        It includes a signed URL only if every device would follow a redirect to it: Android devices do not go from
        https to http, or back.
        """
        try:
            found = await self._blobs.locate(blob_id)
        except MissingError:
            return None
        if not await self._is_whole(blob_id, found.size):
            return None
        if isinstance(found, LocalFile) or found.signed is None:
            return found
        follows = self._redirects and urlsplit(found.signed.url).scheme == self._scheme
        return found if follows else msgspec.structs.replace(found, signed=None)

    async def _is_whole(self, blob_id: str, size: int) -> bool:
        expected = self._sizes.get(blob_id)
        if expected is None:
            expected = await self._recorded(blob_id)
        if expected is None or expected == size:
            self._damaged.discard(blob_id)
            return True
        if blob_id not in self._damaged:
            self._damaged.add(blob_id)
            _log.error(
                "The archive %s has %d bytes instead of %d and is not sent. Restore it from a backup, or release the "
                "same content again. 'codepush server check' lists what is affected.",
                *(blob_id, size, expected),
            )
        return False

    async def _recorded(self, blob_id: str) -> int | None:
        """Return the recorded size of a blob in bytes; ``None`` if it is unknown or the database is unavailable."""
        now = asyncio.get_running_loop().time()
        if now < self._ask_from:
            return None
        try:
            async with asyncio.timeout(_DATABASE_SECONDS), self._store.read() as records:
                size = await records.inventory.size(blob_id)
        except (UnavailableError, TimeoutError):
            self._ask_from = now + _PAUSE_SECONDS
            return None
        if size is not None:
            if len(self._sizes) >= _SIZES:
                del self._sizes[next(iter(self._sizes))]
            self._sizes[blob_id] = size
        return size

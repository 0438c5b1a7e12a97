"""Downloads: where the archive behind an address can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from codepush.server.ports import LocalFile, MissingError

if TYPE_CHECKING:
    from codepush.server.ports import BlobLocation, Blobs

__all__ = ["Downloads"]


class Downloads:
    """Finding archives. The database is not asked: phones never wait for it.

    Args:
        blobs: the archives.
        download_url: what stands before ``/blobs`` in download addresses.
        redirects: whether phones may be sent to an object store itself.

    """

    def __init__(self, blobs: Blobs, *, download_url: str, redirects: bool) -> None:
        self._blobs = blobs
        self._scheme = urlsplit(download_url).scheme
        self._redirects = redirects

    async def locate(self, blob_id: str) -> BlobLocation | None:
        """Return where a blob can be read from; ``None`` when there is no such blob.

        A signed address is among it only if every phone would follow it there: Android phones do not go from
        https to http, nor back.
        """
        try:
            found = await self._blobs.locate(blob_id)
        except MissingError:
            return None
        if isinstance(found, LocalFile) or found.signed is None:
            return found
        follows = self._redirects and urlsplit(found.signed.url).scheme == self._scheme
        return found if follows else msgspec.structs.replace(found, signed=None)

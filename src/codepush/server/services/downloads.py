"""Downloads: where the archive behind an address lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.server.ports import MissingError

if TYPE_CHECKING:
    from codepush.server.ports import BlobLocation, Blobs

__all__ = ["Downloads"]


class Downloads:
    """Finding archives. The database is not asked: phones never wait for it."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def locate(self, blob_id: str) -> BlobLocation | None:
        """Return where a blob can be read from; ``None`` when there is no such blob."""
        try:
            return await self._blobs.locate(blob_id)
        except MissingError:
            return None

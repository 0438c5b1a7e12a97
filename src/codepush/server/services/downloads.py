"""Downloads: where the archive behind an address lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.server.ports import MissingError

if TYPE_CHECKING:
    from pathlib import Path

    from codepush.server.ports import Blobs

__all__ = ["Downloads"]


class Downloads:
    """Finding archives. The database is not asked: phones never wait for it."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    async def file(self, blob_id: str) -> Path | None:
        """Return the file of a blob; ``None`` when there is no such blob."""
        try:
            return await self._blobs.file(blob_id)
        except MissingError:
            return None

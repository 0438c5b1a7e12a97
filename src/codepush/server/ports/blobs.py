"""The archives, as services see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Blobs"]


class Blobs(Protocol):
    """The archives. A blob is written once, whole, and never changes."""

    async def put(self, blob_id: str, source: Path) -> None:
        """Store a file durably; it is on disk and readable by every node when this returns.

        The source is consumed: it may have been moved. Raises `AlreadyExistsError` or `UnavailableError`.
        """

    async def file(self, blob_id: str) -> Path:
        """Return the file of a blob; `MissingError` when there is none."""

    async def remove(self, blob_id: str) -> None:
        """Remove a blob, if it is there."""

    async def check(self) -> None:
        """Return when blobs can be stored; `UnavailableError` otherwise."""

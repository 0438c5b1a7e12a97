"""The bodies of large responses, in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from anyio import CapacityLimiter

__all__ = ["begun", "file_pieces"]

_PIECE: Final = 64 * 1024
"""Bytes in memory for each response: clients may read slowly, and there may be many of them."""


async def file_pieces(path: Path, start: int, end: int, *, limiter: CapacityLimiter) -> AsyncIterator[bytes]:
    """Yield the bytes of a file from ``start`` to ``end``, which is not included.

    Args:
        path: The file.
        start: The first byte.
        end: The byte after the last one.
        limiter: Limits the number of files that are read at the same time.

    """
    file = await anyio.to_thread.run_sync(path.open, "rb", limiter=limiter)
    try:
        file.seek(start)
        while start < end and (
            piece := await anyio.to_thread.run_sync(file.read, min(end - start, _PIECE), limiter=limiter)
        ):
            start += len(piece)
            yield piece
    finally:
        file.close()


async def begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return the same pieces once the first is available, so that an earlier error can still change the response."""
    firsts = [await anext(pieces, b"")]

    async def all_of_them() -> AsyncIterator[bytes]:
        yield firsts.pop()  # releases it from memory
        async for piece in pieces:
            yield piece

    return all_of_them()

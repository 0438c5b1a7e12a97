"""Turns of the writers in one process, with one time limit for everything that a writer waits for."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from codepush.server.ports.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_LEAST: Final = 0.001
"""Seconds. A limit of 0 means none to PostgreSQL."""


class Deadline:
    """The time at which a writer stops waiting, for its turn or for a lock of another process."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def milliseconds(self) -> int:
        """Return how long the writer may still wait; at least 1 ms."""
        return round(1000 * max(self._at - time.monotonic(), _LEAST))


class Turns:
    """Runs one writer after another.

    Args:
        seconds: Total time limit of a writer's waiting, for its turn and for locks.

    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = asyncio.Lock()

    def deadline(self) -> Deadline:
        """Return the deadline of a writer that arrives now."""
        return Deadline(self._seconds)

    @asynccontextmanager
    async def take(self) -> AsyncIterator[Deadline]:
        """Wait for a turn, and return the deadline for further waiting within it.

        Raises:
            UnavailableError: Other writers took all the time.

        """
        deadline = self.deadline()
        try:
            async with asyncio.timeout(self._seconds):
                await self._lock.acquire()
        except TimeoutError as error:
            raise UnavailableError(
                f"The database is locked: other transactions took longer than {self._seconds:g} s."
            ) from error
        try:
            yield deadline
        finally:
            self._lock.release()

"""Starting requests at a pace that leaves update checks their turn."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["Pace"]


class Pace:
    """Starts a few requests in each iteration of the event loop.

    Of a thousand requests that arrive at once, each would otherwise run up to its first pause before the loop looks
    at any other connection.

    Args:
        most: The number of requests that start in one iteration.

    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._started = 0
        self._waiting: deque[Callable[[], None]] = deque()

    def start(self, begin: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
        """Call ``begin`` now, or in a later iteration of the loop, after those that wait already."""
        if self._waiting or self._started >= self._most:
            self._waiting.append(begin)
            return
        if not self._started:
            loop.call_soon(self._next, loop)
        self._started += 1
        begin()

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin the next iteration."""
        self._started = min(self._most, len(self._waiting))
        if self._started:
            loop.call_soon(self._next, loop)
        for _ in range(self._started):
            self._waiting.popleft()()

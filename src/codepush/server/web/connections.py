"""The open connections of a process: one clock for their time limits, and a cap on how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from msgspec import Struct

from codepush.server.web.pace import Pace

if TYPE_CHECKING:
    import asyncio

__all__ = ["CONNECTIONS", "Connection", "Connections", "TimeLimits"]

CONNECTIONS: Final = "codepush_connections"
"""Key under which the lifespan passes the application's :class:`Connections` to the connections."""

_TICK_SECONDS: Final = 1

_STARTED: Final = 8
"""Requests that start in one iteration of the event loop, besides update checks on the fast path."""

_SHARE: Final = 50
"""Connections are sorted again in the same tick only if more than one in so many waits for its client."""


class TimeLimits(Struct, frozen=True, kw_only=True):
    """How long a connection may wait for its client, in seconds; each holds to within a second.

    Attributes:
        head: From the accepted connection, or the first byte of a later request, to the end of the head.
        body: Between two bytes of a body.
        unread: For which a client may read nothing of what was written to it.
        refused: For which a rejected request is still read, so that its client can read the response.

    """

    head: int = 20
    body: int = 30
    unread: int = 60
    refused: int = 2


class Connection(Protocol):
    """A connection with time limits."""

    def watch(self, ticks: int) -> None:
        """Close the connection if it exceeds a time limit; ``ticks`` is the current time."""

    def waiting(self) -> tuple[int, int] | None:
        """Return a rank and the tick since which the server waits for the client; ``None`` while it responds.

        Among connections of the same rank, the one that waits longest is closed first. Lower ranks come first.
        """

    def drop(self) -> None:
        """Close the connection immediately."""


class Connections:
    """The open connections of a process.

    Attributes:
        limits: The time limits of every connection.
        ticks: The time, in seconds since the first connection was accepted; it stands still without connections.
        pace: Starts their requests.

    Args:
        most: Maximum number of open connections.

    """

    limits: ClassVar = TimeLimits()

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        # Candidates for closing, the first one last; valid for one tick.
        self._waiting: list[tuple[tuple[int, int], Connection]] = []
        self._may_sort = True
        self.ticks = 0
        self.pace = Pace(_STARTED)

    def join(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> bool:
        """Add a connection; close another one, or this one, if there are too many.

        Returns:
            Whether the connection stays open.

        """
        if len(self._open) >= self._most and not self._make_room():
            connection.drop()
            return False
        self._open.add(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(_TICK_SECONDS, self._tick, loop)
        return True

    def leave(self, connection: Connection) -> None:
        """Remove a connection that is closed."""
        self._open.discard(connection)

    def _make_room(self) -> bool:
        """Close the connection that has waited longest for its client; return whether there was one.

        A flood must not cause a scan of all connections for each one accepted, so one sorting serves many.
        """
        while True:
            while self._waiting:
                since, connection = self._waiting.pop()
                if connection in self._open and connection.waiting() == since:
                    self._open.discard(connection)
                    connection.drop()
                    return True
            if not self._may_sort:
                return False
            self._waiting = self._sorted()
            self._may_sort = len(self._waiting) * _SHARE > len(self._open)

    def _sorted(self) -> list[tuple[tuple[int, int], Connection]]:
        found = [(since, one) for one in self._open if (since := one.waiting()) is not None]
        return sorted(found, key=lambda pair: pair[0], reverse=True)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Apply the time limits to every connection: one timer for all, once a second."""
        self.ticks += 1
        self._waiting.clear()
        self._may_sort = True
        for connection in tuple(self._open):
            connection.watch(self.ticks)
        self._sweep = loop.call_later(_TICK_SECONDS, self._tick, loop) if self._open else None

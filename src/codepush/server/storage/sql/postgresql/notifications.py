"""Notifications of changes by any node, over a separate connection.

A trigger of the database sends the ID of each deployment whose revision rises, when that is
committed (migration 0002). Notifications sent while the connection is down are lost, so listeners
poll after every new connection, and every few seconds in any case.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import anyio
import psycopg

from codepush.server.ports.errors import UnavailableError
from codepush.server.storage.sql.postgresql.connections import connect

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Collection

    from codepush.server.storage.sql.postgresql.connections import Place

CHANNEL: Final = "codepush_deployments"

BACKSTOP: Final = 5.0
"""Seconds without a notification after which listeners poll."""

RETRY: Final = 0.5
"""Seconds between two attempts to connect; listeners poll at the same interval until one succeeds."""


class Notifications:
    """The connection that listens."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def changes(self) -> AsyncIterator[Collection[int] | None]:
        """Yield the IDs of changed deployments; ``None``: any of them may have changed. Never ends."""
        while True:
            try:
                async with aclosing(self._listen()) as notified:
                    async for ids in notified:
                        yield ids
            except (UnavailableError, psycopg.Error):
                yield None
            await anyio.sleep(RETRY)

    async def _listen(self) -> AsyncGenerator[Collection[int] | None]:
        connection = await connect(self._place, patience=RETRY)
        try:
            await connection.set_autocommit(True)
            await connection.execute(f"LISTEN {CHANNEL}")
            while True:
                yield None
                async for ids in _until_quiet(connection):
                    yield ids
        finally:
            await connection.close()


async def _until_quiet(connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[Collection[int] | None]:
    """Yield notifications until it is time to poll. Other clients may have sent a malformed payload."""
    async for notify in connection.notifies(timeout=BACKSTOP):
        yield (int(notify.payload),) if notify.payload.isdecimal() else None

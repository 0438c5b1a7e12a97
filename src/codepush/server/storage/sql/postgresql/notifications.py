"""Hearing at once what any node has changed, over one connection that does nothing else.

A trigger of the database's sends the id of each deployment whose revision rises, when that is
committed (migration 0002). What is sent while nobody listens is lost, so whoever
listens is told to look for himself after every new connection, and every few seconds anyway.
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
"""Seconds after which whoever listens looks for himself, though nothing was heard."""

RETRY: Final = 0.5
"""Seconds between two attempts to connect; meanwhile whoever listens looks for himself as often."""


class Notifications:
    """The connection that listens."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def changes(self) -> AsyncIterator[Collection[int] | None]:
        """Yield the ids of deployments that have changed; ``None``: any of them may have. Never ends."""
        while True:
            try:
                async with aclosing(self._listen()) as heard:
                    async for ids in heard:
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
    """Yield what is heard until it is time to look. Anybody may have sent what makes no sense."""
    async for notify in connection.notifies(timeout=BACKSTOP):
        yield (int(notify.payload),) if notify.payload.isdecimal() else None

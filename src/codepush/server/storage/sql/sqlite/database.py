"""A database in one file: many readers, and one writer at a time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio
from sqlalchemy.ext.asyncio import create_async_engine

from codepush.server.ports.errors import UnavailableError
from codepush.server.storage.sql.errors import port_errors
from codepush.server.storage.sql.sqlite.changes import ChangeCounter
from codepush.server.storage.sql.sqlite.connections import (
    BUSY_TIMEOUT,
    READ,
    WRITE,
    connect_arguments,
    connection_url,
    set_up,
)
from codepush.server.storage.sql.transactions import transaction
from codepush.server.storage.sql.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_INTERVAL: Final = 0.5
"""Seconds between two checks for commits of other processes."""


class SqliteDatabase:
    """An embedded database. Implements :class:`codepush.server.storage.sql.databases.Database`.

    One connection writes, and its users take turns; all others read, each from one consistent state.

    Args:
        url: A URL such as ``sqlite:////var/lib/codepush/codepush.db``. The file must exist.
        patience: Seconds that a transaction waits in total, for writers of this process and of others.

    """

    def __init__(self, url: str, *, patience: float) -> None:
        self._writer = _engine(url, begin="BEGIN IMMEDIATE", pragmas=WRITE, connections=1, patience=patience)
        self._readers = _engine(url, begin="BEGIN", pragmas=READ, connections=8, patience=patience)
        self._turns = Turns(patience)
        self._counter = ChangeCounter(self._readers)

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction that changes nothing."""
        return transaction(self._readers)

    @asynccontextmanager
    async def writing(self, *, alone: bool) -> AsyncIterator[AsyncConnection]:  # noqa: ARG002 - all are alone here
        """Open a transaction that is the only writer of the file, with or without ``alone``."""
        async with self._turns.take() as deadline:
            waiting = self._writer.execution_options(**{BUSY_TIMEOUT: deadline.milliseconds()})
            async with transaction(waiting) as connection:
                yield connection

    async def changes(self) -> AsyncIterator[None]:
        """Yield whenever the file may have changed; the changed deployments are unknown."""
        seen: int | None = None
        while True:
            try:
                with port_errors():
                    number = await self._counter.value()
            except UnavailableError:
                number = None  # once the database is back, the number may have restarted
            if number is not None and number != seen:
                yield None
            seen = number
            await anyio.sleep(_INTERVAL)

    async def close(self) -> None:
        """Close every connection."""
        await self._counter.close()
        await self._readers.dispose()
        await self._writer.dispose()


def _engine(url: str, *, begin: str, pragmas: tuple[str, ...], connections: int, patience: float) -> AsyncEngine:
    engine = create_async_engine(
        connection_url(url, "sqlite+aiosqlite"),
        connect_args=connect_arguments(patience),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=patience,
        hide_parameters=True,
    )
    set_up(engine.sync_engine, begin=begin, pragmas=pragmas)
    return engine

"""Detection of commits by other processes to the same SQLite file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import text

from codepush.server.storage.sql.transactions import to_the_end

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class ChangeCounter:
    """A number that differs after any other connection has committed, read by one idle connection.

    SQLite's ``data_version`` is meaningful only within one connection, so that connection is kept, and a number from a
    later connection never equals an earlier one.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._connections = 0
        self._turn = asyncio.Lock()

    async def value(self) -> int:
        """Return the current number."""
        async with self._turn:
            return await to_the_end(self._value())

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connect(self) -> AsyncConnection:
        self._connection = await self._engine.connect()
        self._connections += 1
        return self._connection

    async def _value(self) -> int:
        try:
            connection = self._connection or await self._connect()
            version = await connection.scalar(text("PRAGMA data_version"))
            await connection.rollback()
        except BaseException:
            await self.close()
            raise
        return int(self._connections << 32 | version)

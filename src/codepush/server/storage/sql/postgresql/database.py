"""A database on a PostgreSQL server, shared by any number of processes and machines."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from codepush.server.storage.sql.postgresql.connections import connect, place
from codepush.server.storage.sql.postgresql.locks import CHANGES, SCHEMA
from codepush.server.storage.sql.postgresql.notifications import Notifications
from codepush.server.storage.sql.transactions import to_the_end, transaction
from codepush.server.storage.sql.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy import Executable
    from sqlalchemy.ext.asyncio import AsyncConnection

    from codepush.server.storage.sql.turns import Deadline

# The limit is set first, and applies to the locks in the same statement and until the transaction ends. Sharing the
# lock of the schema blocks migrations, so that the schema does not change until the transaction ends.
_LIMIT: Final = "SELECT set_config('lock_timeout', :limit, true)"
_WAIT: Final = text(_LIMIT)
_SHARED: Final = text(f"{_LIMIT}, pg_advisory_xact_lock_shared({SCHEMA})")
_ALONE: Final = text(f"{_LIMIT}, pg_advisory_xact_lock({CHANGES}), pg_advisory_xact_lock_shared({SCHEMA})")

_POOL_PATIENCE: Final = 5.0
"""Seconds to wait for a free connection of this process."""


class PostgresqlDatabase:
    """A database on a server. Implements :class:`codepush.server.storage.sql.databases.Database`.

    Args:
        url: A URL such as ``postgresql://ada:secret@db.example.com/codepush``.
        patience: Seconds that a transaction waits until it begins, and after that for a lock of another one.
        connections: Maximum number of connections of this process, besides the one that listens.

    """

    def __init__(self, url: str, *, patience: float, connections: int) -> None:
        self._place = place(url)
        self._engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=partial(connect, self._place, patience=patience),
            isolation_level="READ COMMITTED",
            pool_size=connections,
            max_overflow=0,
            pool_timeout=min(_POOL_PATIENCE, patience),
            pool_pre_ping=True,
            hide_parameters=True,
            use_native_hstore=False,  # otherwise every new connection queries an unused type
        )
        self._readers = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._turns = Turns(patience)
        self._notifications = Notifications(self._place)

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction that sees one consistent state and changes nothing."""
        return transaction(self._readers)

    @asynccontextmanager
    async def writing(self, *, alone: bool) -> AsyncIterator[AsyncConnection]:
        """Open a transaction; ``alone`` excludes others like it, on every node, until it ends."""
        if not alone:
            deadline = self._turns.deadline()
            async with transaction(self._engine) as connection:
                await _limit(connection, deadline, _SHARED)
                yield connection
            return
        # Waiting here first, this process uses at most one connection to wait for its turn.
        async with self._turns.take() as deadline, transaction(self._engine) as connection:
            await _limit(connection, deadline, _ALONE)
            await _limit(connection, deadline)
            yield connection

    def changes(self) -> AsyncIterator[Collection[int] | None]:
        """Yield the IDs of deployments as they change, and ``None`` when a change may have been missed."""
        return self._notifications.changes()

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


async def _limit(connection: AsyncConnection, deadline: Deadline, statement: Executable = _WAIT) -> None:
    """Limit how long a transaction waits for locks."""
    await to_the_end(connection.execute(statement, {"limit": f"{deadline.milliseconds()}ms"}))

"""The database as the services see it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import create_async_engine

from codepush.server.storage.sql.access_keys import SqlAccessKeys
from codepush.server.storage.sql.accounts import SqlAccounts
from codepush.server.storage.sql.answers import SqlAnswers
from codepush.server.storage.sql.apps import SqlApps
from codepush.server.storage.sql.changes import ChangeCounter
from codepush.server.storage.sql.deployments import SqlDeployments
from codepush.server.storage.sql.devices import SqlDevices
from codepush.server.storage.sql.diffs import SqlDiffs
from codepush.server.storage.sql.engine import PATIENCE, READ, WRITE, connect_arguments, connection_url, set_up
from codepush.server.storage.sql.errors import port_errors
from codepush.server.storage.sql.events import SqlEvents
from codepush.server.storage.sql.identities import SqlIdentities
from codepush.server.storage.sql.jobs import SqlJobs
from codepush.server.storage.sql.login_codes import SqlLoginCodes
from codepush.server.storage.sql.organizations import SqlOrganizations
from codepush.server.storage.sql.packages import SqlPackages
from codepush.server.storage.sql.releases import SqlReleases
from codepush.server.storage.sql.schema import accounts
from codepush.server.storage.sql.transactions import to_the_end, transaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from codepush.server.ports import Records

# Reads a table of ours, so that a file that is no database, or an empty one, is noticed.
ANSWERS: Final = select(literal(1)).select_from(accounts).limit(1)


class SqlRecords:
    """All records, over one connection in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.accounts = SqlAccounts(connection)
        self.access_keys = SqlAccessKeys(connection)
        self.login_codes = SqlLoginCodes(connection)
        self.identities = SqlIdentities(connection)
        self.organizations = SqlOrganizations(connection)
        self.apps = SqlApps(connection)
        self.deployments = SqlDeployments(connection)
        self.packages = SqlPackages(connection)
        self.releases = SqlReleases(connection)
        self.diffs = SqlDiffs(connection)
        self.devices = SqlDevices(connection)
        self.events = SqlEvents(connection)
        self.answers = SqlAnswers(connection)
        self.jobs = SqlJobs(connection)


class SqlStore:
    """A database with the schema of this code; :func:`codepush.server.storage.sql.migrate.upgrade` makes one.

    Nothing is opened before it is needed. One connection writes, and its users take turns; others
    only read, each from one consistent state.

    Args:
        url: such as ``sqlite:////var/lib/codepush/codepush.db``. The file must be there.
        patience: seconds to wait for a writer of another process before `UnavailableError`.

    Raises:
        UnavailableError: the URL is not one of a database that can be used.

    """

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        self._writer = _engine(url, begin="BEGIN IMMEDIATE", pragmas=WRITE, connections=1, patience=patience)
        self._readers = _engine(url, begin="BEGIN", pragmas=READ, connections=8, patience=patience)
        self._turn = asyncio.Lock()
        self._changes = ChangeCounter(self._readers)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Records]:
        """Open a transaction that sees one consistent state and can change nothing."""
        with port_errors():
            async with transaction(self._readers) as connection:
                yield SqlRecords(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Records]:
        """Open a transaction that is on disk when the block ends, and undone when the block raises."""
        with port_errors():
            async with self._turn, transaction(self._writer) as connection:
                yield SqlRecords(connection)

    async def check(self) -> None:
        """Return when the database answers."""
        with port_errors():
            async with transaction(self._readers) as connection:
                await to_the_end(connection.execute(ANSWERS))

    async def changes(self) -> int:
        """Return a number that differs after any writer, of this process or another, has committed."""
        with port_errors():
            return await self._changes.value()

    async def close(self) -> None:
        """Close every connection."""
        await self._changes.close()
        await self._readers.dispose()
        await self._writer.dispose()


def _engine(url: str, *, begin: str, pragmas: tuple[str, ...], connections: int, patience: float) -> AsyncEngine:
    engine = create_async_engine(
        connection_url(url, "sqlite+aiosqlite"),
        connect_args=connect_arguments(patience),
        pool_size=connections,
        max_overflow=0,
    )
    set_up(engine.sync_engine, begin=begin, pragmas=pragmas)
    return engine

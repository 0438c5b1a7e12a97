"""The database as services see it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import literal, select

from codepush.server.storage.sql.access_keys import SqlAccessKeys
from codepush.server.storage.sql.accounts import SqlAccounts
from codepush.server.storage.sql.apps import SqlApps
from codepush.server.storage.sql.databases import open_database
from codepush.server.storage.sql.deployments import SqlDeployments
from codepush.server.storage.sql.devices import SqlDevices
from codepush.server.storage.sql.diffs import SqlDiffs
from codepush.server.storage.sql.errors import port_errors
from codepush.server.storage.sql.events import SqlEvents
from codepush.server.storage.sql.guard import SchemaGuard
from codepush.server.storage.sql.identities import SqlIdentities
from codepush.server.storage.sql.inventory import SqlInventory
from codepush.server.storage.sql.jobs import SqlJobs
from codepush.server.storage.sql.login_codes import SqlLoginCodes
from codepush.server.storage.sql.organizations import SqlOrganizations
from codepush.server.storage.sql.packages import SqlPackages
from codepush.server.storage.sql.releases import SqlReleases
from codepush.server.storage.sql.responses import SqlResponses
from codepush.server.storage.sql.rollouts import SqlRollouts
from codepush.server.storage.sql.rows import SqlRows
from codepush.server.storage.sql.schema import accounts
from codepush.server.storage.sql.series import SqlSeries
from codepush.server.storage.sql.transactions import to_the_end
from codepush.server.storage.sql.trials import SqlTrials
from codepush.server.storage.sql.uploads import SqlUploads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from sqlalchemy.ext.asyncio import AsyncConnection

    from codepush.server.ports.store import Records

PATIENCE: Final = 10.0
"""Seconds that a transaction waits for another writer before it fails."""

# Reads one of our tables, to detect a file that is empty or not a database.
ANSWERS: Final = select(literal(1)).select_from(accounts).limit(1)


class SqlRecords:
    """All records, over one connection in one transaction."""

    def __init__(self, connection: AsyncConnection, guard: SchemaGuard) -> None:
        self.accounts = SqlAccounts(connection)
        self.access_keys = SqlAccessKeys(connection)
        self.login_codes = SqlLoginCodes(connection)
        self.identities = SqlIdentities(connection)
        self.organizations = SqlOrganizations(connection)
        self.apps = SqlApps(connection)
        self.deployments = SqlDeployments(connection, guard)
        self.packages = SqlPackages(connection)
        self.releases = SqlReleases(connection)
        self.diffs = SqlDiffs(connection)
        self.rollouts = SqlRollouts(connection)
        self.devices = SqlDevices(connection)
        self.trials = SqlTrials(connection)
        self.series = SqlSeries(connection)
        self.events = SqlEvents(connection)
        self.responses = SqlResponses(connection)
        self.jobs = SqlJobs(connection)
        self.inventory = SqlInventory(connection)
        self.rows = SqlRows(connection)
        self.uploads = SqlUploads(connection)


class SqlStore:
    """A database with the schema of this code; :func:`codepush.server.storage.sql.migrate.upgrade` creates one.

    Nothing is opened before its first use.

    Args:
        url: A URL such as ``sqlite:////var/lib/codepush/codepush.db``, whose file must exist, or
            ``postgresql://ada@db.example.com/codepush``.
        patience: Seconds to wait for another writer before `UnavailableError`.
        connections: Maximum number of connections of this process to PostgreSQL; one more listens.

    Raises:
        UnavailableError: The URL does not name a supported database.

    """

    def __init__(self, url: str, *, patience: float = PATIENCE, connections: int = 5) -> None:
        self._database = open_database(url, patience=patience, connections=connections)
        self._guard = SchemaGuard()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Records]:
        """Open a transaction that sees one consistent state and changes nothing."""
        self._guard.refuse()
        with port_errors():
            async with self._database.reading() as connection:
                yield SqlRecords(connection, self._guard)

    @asynccontextmanager
    async def write(self, *, alone: bool = True) -> AsyncIterator[Records]:
        """Open a transaction that is committed to disk when the block ends, and rolled back when the block raises."""
        self._guard.refuse()
        with port_errors():
            async with self._database.writing(alone=alone) as connection:
                # Once is enough, in a statement of its own: no migration commits while the transaction is open, and a
                # statement that waited for a migration would still see the revision from before.
                await self._guard.read(connection)
                yield SqlRecords(connection, self._guard)

    async def check(self) -> None:
        """Return when the database responds."""
        self._guard.refuse()
        with port_errors():
            async with self._database.reading() as connection:
                await to_the_end(connection.execute(ANSWERS))
                await self._guard.read(connection)

    def changes(self) -> AsyncIterator[Collection[int] | None]:
        """Yield the IDs of changed deployments; ``None``: any of them may have changed."""
        return self._database.changes()

    async def close(self) -> None:
        """Close every connection."""
        await self._database.close()

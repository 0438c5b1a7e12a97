"""Kinds of databases: selection by URL, and their interface to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from codepush.server.ports.errors import UnavailableError
from codepush.server.storage.sql.sqlite.database import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy.ext.asyncio import AsyncConnection

_POSTGRESQL: Final = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_SQLITE: Final = "sqlite"


class Database(Protocol):
    """A kind of database: how it begins transactions, and how it reports changes by others."""

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction as :meth:`codepush.server.ports.store.Store.read` defines it."""

    def writing(self, *, alone: bool) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction as :meth:`codepush.server.ports.store.Store.write` defines it."""

    def changes(self) -> AsyncIterator[Collection[int] | None]:
        """Yield changes as :meth:`codepush.server.ports.store.Store.changes` defines it."""

    async def close(self) -> None:
        """Close every connection."""


def is_embedded(url: str) -> bool:
    """Return whether a URL means a file of this machine, which the server may create and change freely.

    Raises `UnavailableError` for a URL of another kind of database.
    """
    scheme = url.partition(":")[0].lower()
    if scheme not in {_SQLITE, *_POSTGRESQL}:
        raise UnavailableError(
            "The database URL is malformed. Use sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."
        )
    return scheme == _SQLITE


def open_database(url: str, *, patience: float, connections: int) -> Database:
    """Return the database of a URL. Nothing is opened before its first use.

    Args:
        url: A URL such as ``sqlite:////var/lib/codepush/codepush.db`` or ``postgresql://ada@db.example.com/codepush``.
        patience: Seconds to wait for a writer of another process.
        connections: Maximum number of connections of this process to PostgreSQL.

    Raises:
        UnavailableError: The URL does not name a supported database.

    """
    if is_embedded(url):
        return SqliteDatabase(url, patience=patience)
    # Imported late: the driver of PostgreSQL is optional.
    from codepush.server.storage.sql.postgresql.database import PostgresqlDatabase

    return PostgresqlDatabase(url, patience=patience, connections=connections)

"""Which database a URL means, and what every kind of database does for the store."""

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
    """A kind of database: how its transactions begin, and how it tells of what others have changed."""

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction as :meth:`codepush.server.ports.store.Store.read` promises it."""

    def writing(self, *, alone: bool) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction as :meth:`codepush.server.ports.store.Store.write` promises it."""

    def changes(self) -> AsyncIterator[Collection[int] | None]:
        """Tell of changes as :meth:`codepush.server.ports.store.Store.changes` promises it."""

    async def close(self) -> None:
        """Close every connection."""


def is_embedded(url: str) -> bool:
    """Return whether a URL means a file of this machine's, which the server may make and change as it likes.

    Raises `UnavailableError` for a URL of another kind of database.
    """
    scheme = url.partition(":")[0].lower()
    if scheme not in {_SQLITE, *_POSTGRESQL}:
        raise UnavailableError(
            "The database URL cannot be understood. Use sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."
        )
    return scheme == _SQLITE


def open_database(url: str, *, patience: float, connections: int) -> Database:
    """Return the database of a URL. Nothing is opened before it is needed.

    Args:
        url: such as ``sqlite:////var/lib/codepush/codepush.db`` or ``postgresql://ada@db.example.com/codepush``.
        patience: how many seconds to wait for another process's writer.
        connections: how many connections to PostgreSQL this process may keep.

    Raises:
        UnavailableError: the URL is not one of a database that can be used.

    """
    if is_embedded(url):
        return SqliteDatabase(url, patience=patience)
    # Only those who use PostgreSQL have its driver.
    from codepush.server.storage.sql.postgresql.database import PostgresqlDatabase

    return PostgresqlDatabase(url, patience=patience, connections=connections)

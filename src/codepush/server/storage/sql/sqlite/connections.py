"""Connections to an embedded database, configured so that acknowledged data is on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, event

from codepush.server.ports.errors import UnavailableError
from codepush.server.storage.sql.sqlite.files import database_path

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection

# A commit waits for the disk; with a write-ahead log, readers continue during a write.
_SAFE: Final = "PRAGMA synchronous=FULL"
_LOGGED: Final = "PRAGMA journal_mode=WAL"

READ: Final = (_LOGGED, _SAFE, "PRAGMA query_only=ON")
WRITE: Final = (_LOGGED, _SAFE, "PRAGMA foreign_keys=ON")
BUSY_TIMEOUT: Final = "codepush_busy_timeout"
"""Execution option: milliseconds that the next transaction waits for a writer of another process."""

# Foreign keys stay off: changing a table in SQLite means replacing it.
MIGRATE: Final = (_SAFE,)


def connection_url(url: str, driver: str) -> URL:
    """Return the URL with which SQLAlchemy opens the file of a database through a driver."""
    return URL.create(driver, database=str(database_path(url)))


def connect_arguments(patience: float) -> dict[str, Any]:
    """Return the arguments for the driver: who begins transactions, and how many seconds to wait for a writer."""
    # SQLAlchemy sends the BEGIN, not the driver, which would begin only before the first change:
    # too late for a consistent read, and too late to wait for another writer's turn.
    return {"isolation_level": None, "timeout": patience}


def set_up(engine: Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    """Apply settings to an engine's connections, and start its transactions with ``begin``.

    Connecting raises `UnavailableError` when the file does not exist, where SQLite would create one.
    """

    def on_do_connect(_dialect: object, _record: object, arguments: list[str], _options: object) -> None:
        [path] = arguments
        if not Path(path).is_file():
            raise UnavailableError(f"There is no database {path}. The server creates it when it starts.")

    def on_connect(connection: DBAPIConnection, _record: object) -> None:
        try:
            _run(connection, pragmas)
        except BaseException:
            # No other code closes a connection whose setup failed.
            connection.close()
            raise

    def on_begin(connection: Connection) -> None:
        limit = connection.get_execution_options().get(BUSY_TIMEOUT)
        if limit is not None:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={limit}")
        connection.exec_driver_sql(begin)

    event.listen(engine, "do_connect", on_do_connect)
    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def _run(connection: DBAPIConnection, statements: tuple[str, ...]) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()

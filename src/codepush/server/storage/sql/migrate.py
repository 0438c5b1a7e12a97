"""Migration of a database to the schema of this code."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from codepush.server.ports.errors import UnavailableError
from codepush.server.storage.sql.databases import is_embedded
from codepush.server.storage.sql.errors import port_errors
from codepush.server.storage.sql.postgresql.locks import SCHEMA
from codepush.server.storage.sql.sqlite.connections import MIGRATE, connect_arguments, connection_url, set_up
from codepush.server.storage.sql.sqlite.files import database_path, make_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

# Files of migrations begin with their revision, four digits, so that revisions can be compared.
_VERSIONS: Final = Path(__file__).with_name("migrations") / "versions"
_HEAD: Final = max(path.name[:4] for path in _VERSIONS.glob("[0-9]*.py"))

_REVISION: Final = text("SELECT version_num FROM alembic_version")

_TAKE_TURNS: Final = text(f"SELECT pg_advisory_xact_lock({SCHEMA})")

_PATIENCE: Final = 60.0
"""Seconds to wait for another process that migrates the same file."""


def head() -> str:
    """Return the revision of the schema that this code needs."""
    return _HEAD


def upgrade(url: str) -> bool:
    """Create the database of a URL, or migrate it to the schema of this code; return whether anything changed.

    Processes that start together take turns. Only its owner can read a new file. Raises `UnavailableError`, and
    changes nothing, when the database cannot be opened, is not one of this server, or was created by a newer version.
    """
    with _alone(url) as connection:
        found = _known_revision(connection)
        if found != _HEAD:
            _migrate(connection)
        return found != _HEAD


def make_ready(url: str) -> None:
    """Upgrade as `upgrade` does, except where other processes may still use an older schema.

    That applies to a database on a server: an empty one is set up, and an older one is rejected with
    `UnavailableError`, because the administrator of several nodes must choose the time.
    """
    if is_embedded(url):
        upgrade(url)
        return
    if _is_current(url):  # most starts: taking a turn would wait for all writers, and block them
        return
    with _alone(url) as connection:
        found = _known_revision(connection)
        if found is None:
            _migrate(connection)
        elif found != _HEAD:
            raise UnavailableError(
                f"The database has schema {found}, and this codepush needs schema {_HEAD}. Make a backup, stop the "
                "servers of the older version, and run: codepush server migrate"
            )


def _is_current(url: str) -> bool:
    with port_errors(), _on_server(url).connect() as connection:
        return _known_revision(connection) == _HEAD


@contextmanager
def _alone(url: str) -> Iterator[Connection]:
    """Open a transaction that excludes migrations and writes of other processes."""
    with port_errors():
        if is_embedded(url):
            with _embedded(url).begin() as connection:
                yield connection
        else:
            with _on_server(url).begin() as connection:
                connection.execute(_TAKE_TURNS)
                yield connection


def _embedded(url: str) -> Engine:
    make_database(database_path(url))
    engine = create_engine(connection_url(url, "sqlite"), connect_args=connect_arguments(_PATIENCE), poolclass=NullPool)
    set_up(engine, begin="BEGIN IMMEDIATE", pragmas=MIGRATE)
    return engine


def _on_server(url: str) -> Engine:
    from codepush.server.storage.sql.postgresql.connections import connect_to_migrate, place

    connect = partial(connect_to_migrate, place(url))
    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool, use_native_hstore=False)


def _known_revision(connection: Connection) -> str | None:
    """Return the schema of a database, ``None`` for an empty one; reject one that this code does not support."""
    found = _revision(connection)
    if found is not None and found > _HEAD:
        raise UnavailableError(
            f"The database has schema {found}, and this codepush supports schemas up to {_HEAD}: a newer "
            "version created it. Install that version, or restore a backup made by this one."
        )
    return found


def _revision(connection: Connection) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return connection.execute(_REVISION).scalar_one_or_none()
    if tables:
        raise UnavailableError("The database has tables of another program. Use a new or an empty one.")
    return None


def _migrate(connection: Connection) -> None:
    # Imported late: Alembic takes most of a second, which a start without a migration saves.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "codepush.server.storage.sql:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, _HEAD)

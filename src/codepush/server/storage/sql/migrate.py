"""Bringing a database to the schema of this code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from codepush.server.ports import UnavailableError
from codepush.server.storage.sql.engine import MIGRATE, connect_arguments, connection_url, set_up
from codepush.server.storage.sql.errors import port_errors
from codepush.server.storage.sql.files import database_path, make_database

if TYPE_CHECKING:
    from sqlalchemy import Connection

# The newest migration. Revisions are numbers of four digits, so that older and newer can be told apart.
_HEAD: Final = "0001"

_REVISION: Final = text("SELECT version_num FROM alembic_version")


def head() -> str:
    """Return the revision of the schema that this code needs."""
    return _HEAD


def upgrade(url: str) -> None:
    """Make the database of a URL, or bring it to the schema of this code; do nothing when it has it.

    Processes that start together take turns. A new file can be read by its owner only. Raises
    `UnavailableError`, and changes nothing, when the database cannot be opened, is not one of this
    server's, or was made by a newer version of it.
    """
    make_database(database_path(url))
    engine = create_engine(connection_url(url, "sqlite"), connect_args=connect_arguments(), poolclass=NullPool)
    set_up(engine, begin="BEGIN IMMEDIATE", pragmas=MIGRATE)
    with port_errors(), engine.begin() as connection:
        found = _revision(connection)
        if found is not None and found > _HEAD:
            raise UnavailableError(
                f"The database has schema {found}, and this codepush knows schemas up to {_HEAD}: a newer one made it. "
                "Install that newer version, or restore a backup made by this one."
            )
        if found != _HEAD:
            _migrate(connection)


def _revision(connection: Connection) -> str | None:
    """Return the schema of a database; ``None`` for an empty one."""
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return connection.execute(_REVISION).scalar_one_or_none()
    if tables:
        raise UnavailableError("The database holds tables of something else. Use a file that is not there yet.")
    return None


def _migrate(connection: Connection) -> None:
    # Alembic takes most of a second to import, which a start with nothing to migrate need not pay.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "codepush.server.storage.sql:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, _HEAD)

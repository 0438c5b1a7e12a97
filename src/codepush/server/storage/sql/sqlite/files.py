"""The file of an embedded database."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from codepush.server.ports.errors import UnavailableError
from codepush.server.storage.files import make_folder, new_file


def database_path(url: str) -> Path:
    """Return the file in a database URL such as ``sqlite:////var/lib/codepush/codepush.db``.

    Raises `UnavailableError` for a URL that does not name an SQLite file.
    """
    try:
        parts = make_url(url)
    except ArgumentError as error:
        raise UnavailableError("The database URL is malformed. Use sqlite:///PATH.") from error
    in_memory = parts.database in {None, "", ":memory:"}
    if parts.get_backend_name() != "sqlite" or in_memory or parts.query:
        shown = parts.render_as_string(hide_password=True)
        raise UnavailableError(f"The database URL {shown} is not one this server can use. Use sqlite:///PATH.")
    return Path(str(parts.database)).resolve()


def make_database(path: Path) -> None:
    """Create an empty database that only its owner can read, unless it exists.

    It has its write-ahead log from the beginning: switching it over later fails if other processes open it at the same
    moment. Raises `UnavailableError` when the file cannot be created.
    """
    try:
        if path.exists():
            return
        make_folder(path.parent)
        # The second process uses the file that the first one created.
        with suppress(FileExistsError), new_file(path) as part:
            part.touch(mode=0o600)
            with closing(sqlite3.connect(part)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
    except (OSError, sqlite3.Error) as error:
        raise UnavailableError(f"The database {path} cannot be created: {error}.") from error

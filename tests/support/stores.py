"""What a server has kept, for comparing before and after."""

import sqlite3

_FORGIVEN = {"access_keys"}  # when a key was last used changes with every request


def contents(settings):
    """Return every row of every table, and the name of every stored archive and of every leftover."""
    database = settings.data / "codepush.db"
    with sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {
            table: connection.execute(f'SELECT * FROM "{table}"').fetchall()
            for table in tables
            if table not in _FORGIVEN
        }
    connection.close()
    files = sorted(
        str(path.relative_to(settings.data))
        for folder in (settings.storage, settings.workspace)
        for path in folder.rglob("*")
        if path.is_file()
    )
    return rows, files

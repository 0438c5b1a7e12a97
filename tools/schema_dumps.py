"""Keep the newest schema, with records in it, as each kind of database dumps it.

Run once for every migration that is released, with PostgreSQL's programs in a folder:
``PYTHONPATH=tests python tools/schema_dumps.py``. Every later version is tested on bringing these up to date
(tests/unit/storage/test_earlier_schemas.py).
"""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Boolean, Column, Double, Engine, Integer, LargeBinary, Table, create_engine, insert

from codepush.server.storage.sql.migrate import head, upgrade
from codepush.server.storage.sql.schema import metadata

FOLDER = Path(__file__).parents[1] / "tests" / "data" / "schemas"


def row(table: Table, number: int) -> dict[str, object]:
    """Return a made-up row, the first or the second; the database gives it its number as an identifier."""
    values = {column.name: value(column, number) for column in table.columns if not is_identifier(column)}
    if table.name == "apps":  # one owner each
        values |= {"owner_account_id": 1 if number == 1 else None, "organization_id": None if number == 1 else 1}
    return values


def is_identifier(column: Column[Any]) -> bool:
    """Return whether the database itself numbers this column."""
    return column.name == "id" and isinstance(column.type, Integer)


def value(column: Column[Any], number: int) -> object:
    """Return what a row has in a column; the second row has nothing where nothing may be."""
    if number > 1 and column.nullable:
        return None
    for key in column.foreign_keys:
        return number if is_identifier(key.column) else value(key.column, number)
    if isinstance(column.type, Boolean):
        return number == 1
    if isinstance(column.type, Integer):
        return number
    if isinstance(column.type, Double):
        return number / 8
    return bytes([0, number, 255]) if isinstance(column.type, LargeBinary) else f"{column} {number} 'ü' 😀"


def fill(engine: Engine) -> None:
    """Write two rows into every table."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            for number in (1, 2):
                connection.execute(insert(table), row(table, number))
    engine.dispose()


def dump_sqlite(path: Path) -> str:
    """Return the statements that make the database of a new file."""
    url = f"sqlite:///{path}"
    upgrade(url)
    fill(create_engine(url))
    with closing(sqlite3.connect(path)) as connection:
        return "".join(f"{line}\n" for line in connection.iterdump())


def dump_postgresql() -> str:
    """Return the statements that make the database, as ``pg_dump`` writes them."""
    from support.postgresql import programs, running_server

    with running_server() as server:
        url = server.new_database()
        upgrade(url)
        fill(create_engine(url.replace("postgresql:", "postgresql+psycopg:")))
        command = [programs() / "pg_dump", "--inserts", "--no-owner", "--no-privileges", url]
        dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return "".join(f"{line}\n" for line in dump.splitlines() if not line.startswith(("\\", "--")) and line)


def main() -> None:
    """Write both dumps."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        (FOLDER / f"{head()}.sqlite.sql").write_text(dump_sqlite(Path(folder) / "codepush.db"))
    (FOLDER / f"{head()}.postgresql.sql").write_text(dump_postgresql())
    sys.stdout.write(f"The dumps of schema {head()} are in {FOLDER}.\n")


if __name__ == "__main__":
    main()

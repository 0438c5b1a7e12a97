"""Databases of earlier versions, with records in them, brought up to date.

``tests/data/schemas`` has a dump of each schema that was released, by each kind of database; ``tools/schema_dumps.py``
makes that of the newest one.
"""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from codepush.server.storage.sql.migrate import head, upgrade
from codepush.server.storage.sql.schema import metadata
from support.postgresql import programs

DUMPS = Path(__file__).parents[2] / "data" / "schemas"
REVISIONS = sorted(path.name.partition(".")[0] for path in DUMPS.glob("*.sqlite.sql"))


class Sqlite:
    """Databases in files."""

    def __init__(self, folder):
        self._folder = folder

    def load(self, revision):
        path = self._folder / f"{revision}.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((DUMPS / f"{revision}.sqlite.sql").read_text())
        return f"sqlite:///{path}"

    def fresh(self):
        url = f"sqlite:///{self._folder}/fresh.db"
        upgrade(url)
        return url

    def query(self, url, query):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return connection.execute(query).fetchall()

    def columns(self, url):
        return {
            table.name: [row[1] for row in self.query(url, f"PRAGMA table_info({table.name})")]
            for table in metadata.sorted_tables
        }

    def schema(self, url):
        made = self.query(url, "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%'")
        return {name: sorted(line.strip(" ,\t") for line in (sql or "").split("\n")) for name, sql in made}


class Postgresql:
    """Databases on a server."""

    def __init__(self, server):
        self._server = server

    def load(self, revision):
        url = self._server.new_database()
        command = [programs() / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", url]
        subprocess.run([*command, "-f", DUMPS / f"{revision}.postgresql.sql"], check=True, stdout=subprocess.PIPE)
        return url

    def fresh(self):
        return self._server.migrated_database()

    def query(self, url, query):
        return self._server.execute(query, url.rpartition("/")[2])

    def columns(self, url):
        found = self.query(url, "SELECT table_name, column_name FROM information_schema.columns")
        return {
            table.name: [column for name, column in found if name == table.name] for table in metadata.sorted_tables
        }

    def schema(self, url):
        command = [programs() / "pg_dump", "--schema-only", "--no-owner", "--no-privileges", url]
        dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return sorted(line.strip(" ,") for line in dump.splitlines() if not line.startswith(("\\", "--")))


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request, tmp_path):
    if request.param == "sqlite":
        return Sqlite(tmp_path)
    return Postgresql(request.getfixturevalue("postgresql_server"))


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_earlier_database_becomes_the_newest_one(databases, revision):
    """It has the schema of a fresh database afterwards, and all its records."""
    url = databases.load(revision)
    columns = databases.columns(url)
    before = contents(databases, url, columns)
    assert all(len(rows) == 2 for rows in before.values())
    upgrade(url)
    assert databases.schema(url) == databases.schema(databases.fresh())
    assert databases.query(url, "SELECT version_num FROM alembic_version") == [(head(),)]
    assert contents(databases, url, columns) == before


@pytest.mark.parametrize("revision", REVISIONS)
def test_new_records_get_numbers_of_their_own(databases, revision):
    """Numbers that were given out before the migration are not given out again."""
    url = databases.load(revision)
    upgrade(url)
    added = databases.query(url, "INSERT INTO events (at, actor, kind) VALUES (1, 'a', 'b') RETURNING id")
    assert added[0][0] > 2


def test_the_newest_schema_is_among_the_dumps():
    """Whoever adds a migration also keeps what it makes."""
    assert REVISIONS[-1] == head()
    assert {f"{revision}.{kind}.sql" for revision in REVISIONS for kind in ("sqlite", "postgresql")} == {
        path.name for path in DUMPS.iterdir()
    }


def contents(databases, url, columns):
    """Return the rows of every table, in the columns that each had before the migration."""
    return {
        name: sorted(databases.query(url, f"SELECT {', '.join(map(quoted, names))} FROM {name}"), key=repr)
        for name, names in columns.items()
        if names
    }


def quoted(name):
    return f'"{name}"'

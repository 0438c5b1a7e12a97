"""Making a database, and bringing an older one up to date."""

import re
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from codepush.server.ports.errors import UnavailableError
from codepush.server.storage.sql.migrate import head, upgrade
from codepush.server.storage.sql.schema import metadata

UPGRADE = """
import sys
from codepush.server.storage.sql.migrate import upgrade
upgrade(sys.argv[1])
print("alembic" in sys.modules)
"""


def test_a_migrated_database_is_the_one_the_code_describes(migrated, tmp_path):
    """The migrations make, statement for statement, what the tables of the code make."""
    engine = create_engine(f"sqlite:///{tmp_path}/fresh.db")
    metadata.create_all(engine)
    engine.dispose()
    assert statements(migrated) == statements(tmp_path / "fresh.db")


def test_alembic_finds_nothing_left_to_migrate(migrated):
    """Comparing a migrated database with the tables of the code finds no difference."""
    engine = create_engine(f"sqlite:///{migrated}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_head_of_the_code_is_that_of_the_migrations():
    """The revision that is compared at start is the newest one there is, and all have four digits."""
    config = Config()
    config.set_main_option("script_location", "codepush.server.storage.sql:migrations")
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [head()]
    assert all(re.fullmatch(r"\d{4}", step.revision) for step in script.walk_revisions())


def test_every_constraint_has_a_name():
    """A constraint without a name could not be changed by a later migration."""
    constraints = [constraint for table in metadata.tables.values() for constraint in table.constraints]
    assert [constraint for constraint in constraints if constraint.name is None] == []


def test_a_new_database_belongs_to_its_owner(tmp_path):
    """The file and the folder made for it cannot be read by others, and nothing else is left there."""
    path = tmp_path / "data" / "codepush.db"
    upgrade(f"sqlite:///{path}")
    assert stat.filemode(path.stat().st_mode) == "-rw-------"
    assert stat.filemode(path.parent.stat().st_mode) == "drwx------"
    assert names(path.parent) == ["codepush.db"]


def test_an_upgrade_of_an_up_to_date_database_changes_nothing(url):
    """What is recorded stays, and alembic is not even imported."""
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO organizations (slug, name, created_at) VALUES ('a', 'A', 1)")
    ended = run_upgrade(url)
    assert ended.communicate()[0].split() == ["False"]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute("SELECT slug FROM organizations").fetchall() == [("a",)]


def test_processes_that_start_together_make_one_database(tmp_path, migrated):
    """Each of several starters succeeds, and the database is as one alone makes it."""
    path = tmp_path / "codepush.db"
    processes = [run_upgrade(f"sqlite:///{path}") for _ in range(3)]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert statements(path) == statements(migrated)
    assert names(tmp_path) == ["codepush.db"]


def test_a_database_of_a_newer_version_is_refused(url):
    """A revision that this code does not know is left alone, with a sentence on what to do."""
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UnavailableError, match=r"schema 9999.*newer.*Install"):
        upgrade(url)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_database_of_something_else_is_refused(tmp_path):
    """Tables of another program are left as they are, to the byte."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(UnavailableError, match="tables of another program"):
        upgrade(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path):
    """Another file is left as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("nothing to see here\n" * 100)
    with pytest.raises(UnavailableError, match="not a database"):
        upgrade(f"sqlite:///{path}")
    assert path.read_text() == "nothing to see here\n" * 100


def test_a_place_where_no_file_can_be_is_refused(tmp_path):
    """A database below a file cannot be created, and the error names it."""
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match=r"file/codepush\.db cannot be created"):
        upgrade(f"sqlite:///{tmp_path}/file/codepush.db")


def run_upgrade(url):
    return subprocess.Popen([sys.executable, "-c", UPGRADE, url], stdout=subprocess.PIPE, text=True)


def names(folder):
    return [path.name for path in folder.iterdir()]


def statements(path):
    """Return what made each table and index, apart from layout and the order of constraints."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%'").fetchall()
    return {name: sorted(parts(sql or "")) for name, sql in rows}


def parts(sql):
    """Return the parts of a statement; SQLite writes an added column on the same line as what was the last part."""
    return [part.strip(" ,\t") for part in re.split(r"\n|, (?=\w+ [A-Z]+\b)|(?=\)$)", sql)]

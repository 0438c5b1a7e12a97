"""What a server has kept, for comparing before and after."""

import sqlite3
import time
from contextlib import closing

import psycopg

_FORGIVEN = {"access_keys"}  # when a key was last used changes with every request

_JOB_SECONDS = 60


def contents(settings):
    """Return every row of every table, and the name of every stored archive and of every leftover.

    What goes on in the background is waited for first.
    """
    wait_for_jobs(settings)
    found = {
        name: sorted(rows(settings, f'SELECT * FROM "{name}"'), key=repr)  # PostgreSQL keeps no order of its own
        for name in _tables(settings)
        if name not in _FORGIVEN
    }
    files = sorted(
        str(path.relative_to(settings.data))
        for folder in (settings.storage, settings.workspace)
        for path in folder.rglob("*")
        if path.is_file()
    )
    return found, files


def wait_for_jobs(settings):
    """Wait until every job is done, or has failed for good."""
    deadline = time.monotonic() + _JOB_SECONDS
    while left := rows(settings, "SELECT kind, state, attempt, error FROM jobs WHERE state <> 'failed'"):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def rows(settings, query):
    """Return what a query finds in the database."""
    if settings.database_url.startswith("postgresql"):
        with psycopg.connect(settings.database_url) as connection:
            return connection.execute(query).fetchall()
    database = settings.data / "codepush.db"
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def _tables(settings):
    if settings.database_url.startswith("postgresql"):
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    return [name for (name,) in rows(settings, query)]

"""What is true of SQLite files only: durability, permissions, other processes, and being cut off."""

import random
import sqlite3
import time
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from codepush.server.ports.errors import UnavailableError
from codepush.server.storage.sql.sqlite.changes import ChangeCounter
from codepush.server.storage.sql.sqlite.connections import connection_url
from codepush.server.storage.sql.store import SqlStore
from unit.storage.factories import a_release, add_account, expect_unavailable, lay_ground, seconds_to_give_up

pytestmark = pytest.mark.anyio

RELEASING_PROCESS = Path(__file__).with_name("releasing_process.py")


async def test_commits_wait_for_the_disk(sqlite_store):
    """The writer runs with a write-ahead log, full synchronisation and foreign keys."""
    async with sqlite_store.write() as records:
        assert await pragma(records, "journal_mode") == "wal"
        assert await pragma(records, "synchronous") == 2
        assert await pragma(records, "foreign_keys") == 1


async def test_readers_cannot_write(sqlite_store):
    """A change in a reading block is refused and not made."""
    with pytest.raises(UnavailableError, match="readonly"):
        async with sqlite_store.read() as records:
            await add_account(records)
    async with sqlite_store.read() as records:
        assert await records.accounts.count() == 0


async def test_a_file_that_is_not_there_is_not_made(tmp_path):
    """A store on a missing file says so, and leaves the folder empty."""
    store = SqlStore(f"sqlite:///{tmp_path}/missing.db")
    with pytest.raises(UnavailableError, match="There is no database"):
        await store.check()
    await store.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_is_no_database_is_refused(tmp_path):
    """A file with other content is unavailable, and keeps its content."""
    path = tmp_path / "notes.txt"
    path.write_text("nothing to see here\n" * 100)
    store = SqlStore(f"sqlite:///{path}")
    with pytest.raises(UnavailableError, match="not a database"):
        await store.check()
    await store.close()
    assert path.read_text() == "nothing to see here\n" * 100


async def test_an_empty_database_is_not_ready(tmp_path):
    """A database without our tables does not pass for one that works."""
    path = tmp_path / "empty.db"
    path.touch()
    store = SqlStore(f"sqlite:///{path}")
    with pytest.raises(UnavailableError, match="no such table"):
        await store.check()
    await store.close()


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite://", "sqlite:///:memory:", "mysql://ada:secret@host/db", "sqlite:///a.db?mode=ro"]
)
async def test_other_urls_are_refused(url):
    """A URL that names no file is refused with what to write instead, and without its password."""
    with pytest.raises(UnavailableError, match="sqlite:///PATH") as caught:
        SqlStore(url)
    assert "secret" not in str(caught.value)


async def test_a_path_may_hold_any_character(migrated, tmp_path):
    """Blanks, percent signs and hashes in the path of a database are nothing special."""
    path = tmp_path / "50% of #1 ü" / "code push.db"
    path.parent.mkdir()
    path.write_bytes(migrated.read_bytes())
    store = SqlStore(f"sqlite:///{path}")
    await store.check()
    await store.close()


async def test_a_locked_database_is_unavailable_until_it_is_free(url):
    """Waiting for another writer ends with an error, after which everything works again."""
    store = SqlStore(url, patience=0.05)
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match="locked"):
        await lay_ground(store)
    async with store.read() as records:
        assert await records.accounts.count() == 0
    other.close()
    await lay_ground(store)
    await store.close()


async def test_all_waiting_writers_give_up_within_one_limit(url):
    """Three writers that come at once wait for the same time, and not one after the other."""
    store = SqlStore(url, patience=1.0)
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert await seconds_to_give_up(store, writers=3) < 2
    other.close()
    await lay_ground(store)
    await store.close()


async def test_a_writer_that_waited_for_its_turn_waits_less_for_the_file(url):
    """The time that a writer of the same process took is not given again to wait for another process."""
    store = SqlStore(url, patience=3.0)
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    began = time.monotonic()
    async with anyio.create_task_group() as group:
        async with store.write():
            group.start_soon(expect_unavailable, store)
            await anyio.sleep(2)
        other.execute("BEGIN IMMEDIATE")
    other.close()
    assert time.monotonic() - began < 4.5
    await store.close()


async def test_a_full_disk_is_unavailable_until_there_is_room(sqlite_store):
    """A write that does not fit is undone and told; when there is room again the next one is stored."""
    ground = await lay_ground(sqlite_store)
    async with sqlite_store.write() as records:
        await pragma(records, f"max_page_count = {await pragma(records, 'page_count')}")
    with pytest.raises(UnavailableError, match="full"):
        async with sqlite_store.write() as records:
            await records.releases.add(ground.deployment.id, a_release(ground.package, description="x" * 10**6))
    async with sqlite_store.write() as records:
        await pragma(records, "max_page_count = 1000000")
    async with sqlite_store.write() as records:
        assert (await records.releases.add(ground.deployment.id, a_release(ground.package))).number == 1


async def test_a_cancelled_question_for_changes_misses_none(url, sqlite_store):
    """After a cancelled question the number still never repeats one from before a change."""
    engine = create_async_engine(connection_url(url, "sqlite+aiosqlite"))
    counter = ChangeCounter(engine)
    dice = random.Random(3)
    seen = set()
    for _ in range(20):
        await lay_ground(sqlite_store)
        with anyio.move_on_after(dice.uniform(0, 0.001)):
            await counter.value()
        number = await counter.value()
        assert number not in seen
        seen.add(number)
    await counter.close()
    await engine.dispose()


async def pragma(records, name):
    return (await records.apps._connection.execute(text(f"PRAGMA {name}"))).scalar()

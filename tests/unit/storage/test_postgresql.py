"""What is true of PostgreSQL only: the network, other nodes, and words for when it is not there."""

import subprocess
import sys
import time
from contextlib import aclosing

import anyio
import psycopg
import pytest
from sqlalchemy import text

from codepush.server.ports.errors import UnavailableError
from codepush.server.storage.sql.migrate import make_ready, upgrade
from codepush.server.storage.sql.postgresql import connections
from codepush.server.storage.sql.store import SqlStore
from support.postgresql import PASSWORD, undo_newest_migration
from unit.storage.factories import a_release, add_account, lay_ground, seconds_to_give_up

pytestmark = pytest.mark.anyio

LISTENERS = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"

UPGRADE = """
import sys
from codepush.server.storage.sql.migrate import make_ready
make_ready(sys.argv[1])
"""

WITHOUT_DRIVER = """
import sys
sys.modules["psycopg"] = None
from codepush.server.storage.sql.store import SqlStore
SqlStore(sys.argv[1])
"""


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
async def test_every_spelling_of_the_scheme_means_postgresql(postgresql_url, scheme):
    """What libpq, other tools and SQLAlchemy write is understood."""
    store = SqlStore(postgresql_url.replace("postgresql", scheme, 1))
    await store.check()
    await store.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:hidden@host/db?nonsense=1",
        "postgresql://ada:hid@den@host/db",
        "postgresql://ada:hid/den@ho@st/db",
        "postgresql://ada:hidden@[::1/db",
    ],
)
async def test_a_url_that_makes_no_sense_is_refused(url):
    """The sentence says how to write one, and shows nothing of the password."""
    with pytest.raises(UnavailableError, match=r"Use postgresql://.*%40") as caught:
        SqlStore(url)
    assert not any(piece in str(caught.value) for piece in ("hid", "den", "ada"))


async def test_a_wrong_password_is_told_without_showing_it(postgresql_url):
    """The sentence says where, and that it was the password."""
    wrong = postgresql_url.replace("s3cr3t", "hidden")
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1.*password authentication failed") as from_store:
        await SqlStore(wrong).check()
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1.*password authentication failed") as from_upgrade:
        upgrade(wrong)
    assert "hidden" not in f"{from_store.value}{from_upgrade.value}"
    assert PASSWORD not in f"{from_store.value}{from_upgrade.value}"


async def test_a_database_that_does_not_exist_is_told(postgresql_server):
    """The sentence names it."""
    with pytest.raises(UnavailableError, match='"nowhere" does not exist'):
        await SqlStore(postgresql_server.url("nowhere")).check()


async def test_a_server_that_is_away_is_told():
    """Nobody listens there: the store is unavailable, and says where it looked."""
    store = SqlStore("postgresql://ada:hidden@127.0.0.1:1/db")
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1 cannot be reached"):
        await store.check()
    await store.close()


async def test_a_server_that_is_too_old_is_told(postgresql_url, monkeypatch):
    """The sentence says which version would do."""
    monkeypatch.setattr(connections, "OLDEST", 990000)
    with pytest.raises(UnavailableError, match="needs PostgreSQL 99 or newer"):
        await SqlStore(postgresql_url).check()
    with pytest.raises(UnavailableError, match="needs PostgreSQL 99 or newer"):
        upgrade(postgresql_url)


def test_without_the_driver_the_extra_is_named(postgresql_url):
    """A distribution without psycopg says what to install."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DRIVER, postgresql_url], capture_output=True, text=True, check=False
    )
    assert "pip install 'codepush[postgres]'" in done.stderr.splitlines()[-1]


async def test_an_empty_database_is_not_ready(postgresql_server):
    """A database without our tables does not pass for one that works."""
    store = SqlStore(postgresql_server.new_database())
    with pytest.raises(UnavailableError, match="does not exist"):
        await store.check()
    await store.close()


async def test_readers_cannot_write(postgresql_store):
    """A change in a reading block is refused and not made."""
    with pytest.raises(UnavailableError, match="read-only"):
        async with postgresql_store.read() as records:
            await add_account(records)
    async with postgresql_store.read() as records:
        assert await records.accounts.count() == 0


async def test_what_was_acknowledged_is_on_disk(postgresql_store):
    """Whatever the server's own setting says, our commits wait for the log."""
    async with postgresql_store.write() as records:
        assert await scalar(records, "SHOW synchronous_commit") == "on"
        assert await scalar(records, "SHOW idle_in_transaction_session_timeout") == "5s"
        assert await scalar(records, "SHOW statement_timeout") == "2min"
        left = await scalar(records, "SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout'")
        assert 0 < left <= 10_000


async def test_who_relies_on_what_was_read_is_alone(postgresql_stores):
    """Of two nodes that count and then add, the second one counts what the first one has added."""
    counts = []

    async def count_and_add(store):
        async with store.write() as records:
            counts.append(await records.accounts.count())
            await anyio.sleep(0.05)
            await add_account(records)

    async with anyio.create_task_group() as group:
        for store in postgresql_stores * 3:
            group.start_soon(count_and_add, store)
    assert counts == list(range(6))


async def test_who_relies_on_nothing_waits_for_nobody(postgresql_stores):
    """Reports and leases go on beside a transaction that takes its time."""
    slow, quick = postgresql_stores
    async with slow.write() as records:
        await add_account(records)
        with anyio.fail_after(5):
            async with quick.write(alone=False) as others:
                await others.jobs.add("diff", "{}", dedupe_key="a", at=1)


async def test_a_release_does_not_keep_reports_waiting(postgresql_stores):
    """Counting for a deployment goes on while a release to it is under way."""
    releasing, reporting = postgresql_stores
    ground = await lay_ground(releasing)
    async with releasing.write() as records:
        await records.deployments.lock(ground.deployment.id)
        await records.releases.add(ground.deployment.id, a_release(ground.package))
        with anyio.fail_after(5):
            async with reporting.write(alone=False) as others:
                await scalar(others, COUNT.format(ground.deployment.id))


async def test_waiting_for_others_ends(postgresql_url):
    """A node that holds its turn too long makes others unavailable, until it lets go."""
    store, other = SqlStore(postgresql_url, patience=0.1), SqlStore(postgresql_url)
    async with other.write():
        with pytest.raises(UnavailableError, match="lock timeout"):
            await lay_ground(store)
    await lay_ground(store)
    await store.close()
    await other.close()


async def test_all_waiting_writers_give_up_within_one_limit(postgresql_url):
    """Three writers that come at once wait for the same time, and not one after the other."""
    store, other = SqlStore(postgresql_url, patience=1.0), SqlStore(postgresql_url)
    async with other.write():
        assert await seconds_to_give_up(store, writers=3) < 2
    await lay_ground(store)
    await store.close()
    await other.close()


async def test_a_lock_within_a_transaction_has_the_same_limit(postgresql_url):
    """A lock on one deployment is waited for no longer than the turn."""
    store, other = SqlStore(postgresql_url, patience=1.0), SqlStore(postgresql_url)
    ground = await lay_ground(store)
    async with other.write(alone=False) as records:
        await records.deployments.lock(ground.deployment.id)
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="lock timeout"):
            await lock(store, ground.deployment)
        assert time.monotonic() - began < 2
    await store.close()
    await other.close()


async def lock(store, deployment):
    async with store.write() as records:
        await records.deployments.lock(deployment.id)


async def test_a_process_has_no_more_connections_than_it_was_told(postgresql_url):
    """Twenty readers share two connections."""
    store = SqlStore(postgresql_url, connections=2)
    most = 0

    async def read():
        nonlocal most
        async with store.read() as records:
            most = max(
                most, await scalar(records, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            )

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(read)
    assert most == 2
    await store.close()


async def test_a_cut_connection_costs_one_transaction(postgresql_store, postgresql_server, postgresql_url):
    """What was under way is undone and told; the next ones find new connections by themselves."""
    database = postgresql_url.rpartition("/")[2]

    async def add_across_a_cut():
        async with postgresql_store.write() as records:
            await add_account(records)
            terminate_all(postgresql_server, database)
            await add_account(records)

    with pytest.raises(UnavailableError):
        await add_across_a_cut()
    async with postgresql_store.read() as records:
        assert await records.accounts.count() == 0
    terminate_all(postgresql_server, database)
    await lay_ground(postgresql_store)


async def test_whoever_listens_is_told_to_look_after_a_cut(postgresql_stores, postgresql_server, postgresql_url):
    """When its connection is cut, it gets another one and looks, and hears of the next change again."""
    here, elsewhere = postgresql_stores
    ground = await lay_ground(elsewhere)
    database = postgresql_url.rpartition("/")[2]
    async with aclosing(here.changes()) as changes:
        with anyio.fail_after(20):
            assert await anext(changes) is None
            for (pid,) in postgresql_server.execute(LISTENERS, database):
                postgresql_server.execute(f"SELECT pg_terminate_backend({pid})")
            assert await anext(changes) is None  # the cut
            assert await anext(changes) is None  # the new connection
            async with elsewhere.write() as records:
                await records.releases.add(ground.deployment.id, a_release(ground.package))
            assert await anext(changes) == (ground.deployment.id,)


async def test_nonsense_on_the_channel_means_to_look(postgresql_store, postgresql_server, postgresql_url):
    """Whoever may connect can send anything; it does no harm."""
    database = postgresql_url.rpartition("/")[2]
    async with aclosing(postgresql_store.changes()) as changes:
        with anyio.fail_after(20):
            assert await anext(changes) is None
            for payload, heard in {"nonsense": None, "": None, "-1": None, "7": (7,)}.items():
                postgresql_server.execute(f"NOTIFY codepush_deployments, '{payload}'", database)
                assert await anext(changes) == heard


def test_an_older_schema_is_refused_until_somebody_migrates(postgresql_server, postgresql_url):
    """A start says which command to run and changes nothing; the command does it."""
    database = postgresql_url.rpartition("/")[2]
    undo_newest_migration(postgresql_server, postgresql_url)
    with pytest.raises(UnavailableError, match="codepush server migrate"):
        make_ready(postgresql_url)
    assert postgresql_server.execute("SELECT version_num FROM alembic_version", database) == [("0004",)]
    assert upgrade(postgresql_url)
    make_ready(postgresql_url)
    assert not upgrade(postgresql_url)


def test_a_newer_schema_is_refused(postgresql_server, postgresql_url):
    """A revision that this code does not know is left alone, with a sentence on what to do."""
    postgresql_server.execute("UPDATE alembic_version SET version_num = '9999'", postgresql_url.rpartition("/")[2])
    for attempt in (make_ready, upgrade):
        with pytest.raises(UnavailableError, match=r"schema 9999.*newer.*Install"):
            attempt(postgresql_url)


def test_a_database_of_something_else_is_refused(postgresql_server):
    """Tables of another program are left alone."""
    url = postgresql_server.new_database()
    postgresql_server.execute("CREATE TABLE bookmarks (url text)", url.rpartition("/")[2])
    with pytest.raises(UnavailableError, match="tables of another program"):
        make_ready(url)


def test_nodes_that_start_together_make_one_schema(postgresql_server):
    """Each of several starters finds a database with our schema, made once."""
    url = postgresql_server.new_database()
    processes = [subprocess.Popen([sys.executable, "-c", UPGRADE, url]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    make_ready(url)


async def test_a_start_does_not_wait_for_writes(postgresql_store, postgresql_url, monkeypatch):
    """A node starts beside others at work, without the lock that migrations take."""
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=100ms")
    async with postgresql_store.write():
        await anyio.to_thread.run_sync(make_ready, postgresql_url)


COUNT = "INSERT INTO counters (deployment_id, subject, kind, value) VALUES ({}, 'v1', 'active', 1) RETURNING value"


async def scalar(records, statement):
    return (await records.apps._connection.execute(text(statement))).scalar()


def terminate_all(server, database):
    """Cut every connection to a database but the one that asks for it."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database])

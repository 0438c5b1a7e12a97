"""``codepush server stop-updates`` and ``start-updates``, beside running servers and without any."""

import json
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest

from codepush.server.storage.sql.store import SqlStore
from e2e.test_nodes import add_app, check, package, running, wait_for_label, wait_until

INTERRUPTED = Path(__file__).with_name("interrupted_stop.py")
MANY = 450


@pytest.fixture(params=["one node of 2 workers on SQLite", "two nodes on PostgreSQL"])
def cluster(request, tmp_path):
    """Give two processes that answer, on each kind of database."""
    if "SQLite" in request.param:
        with running(tmp_path, "--workers", "2") as cluster:
            cluster.url = f"sqlite:///{tmp_path / 'node0' / 'codepush.db'}"
            yield cluster
    else:
        url = request.getfixturevalue("postgresql_server").new_database()
        with running(tmp_path, nodes=2, database_url=url) as cluster:
            cluster.url = url
            yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Give the folder and the database of a server that does not run."""
    if request.param == "sqlite":
        data = tmp_path / "data"
        server("account", "add", "ada@example.com", "--data", data)
        return data, f"sqlite:///{data / 'codepush.db'}"
    return tmp_path / "data", request.getfixturevalue("postgresql_server").migrated_database()


def server(*words):
    command = [Path(sys.executable).with_name("codepush"), "server", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def with_records(url, act):
    """Run a coroutine function with the records of a database, and return its result."""

    async def run():
        store = SqlStore(url)
        async with store.write() as records:
            result = await act(records)
        await store.close()
        return result

    return anyio.run(run)


def add_deployments(url, count):
    """Add an app with many deployments, of which its owner has stopped the first."""

    async def act(records):
        owner = await records.accounts.add(email="eve@example.com", name="Eve", created_at=1)
        app = await records.apps.add(owner_id=owner.id, name="Many", os=None, platform=None, created_at=1)
        made = [
            await records.deployments.add(
                app_id=app, name=f"D{number}", key=f"{number:020}", device_key=b"k", created_at=1
            )
            for number in range(count + 1)
        ]
        await records.deployments.stop(made[0].id, f"account:{owner.id}")

    with_records(url, act)


def stopped(url, actor="server:cli"):
    """Return how many deployments an actor has stopped."""

    async def act(records):
        return len(await records.deployments.stopped(actor, limit=10_000))

    return with_records(url, act)


def lines(url, kind):
    """Return the audit lines of a kind."""

    async def act(records):
        return [one for one in await records.events.page(limit=10_000) if one.kind == kind]

    return with_records(url, act)


def test_a_running_server_offers_nothing_until_updates_start_again(cluster):
    """Every process hears of it, releases and reports go on, and no device is sent back to the store's binary."""
    add_deployments(cluster.url, 250)
    with ExitStack() as stack:
        clients = cluster.clients(stack)
        path, key = add_app(clients[0])
        assert clients[0].post(f"{path}/release", files=package("script 1")).status_code == 201
        for client in clients * 4:  # every process has it in memory
            wait_for_label(client, key, "v1")

        stop = json.loads(cluster.nodes[0].run("stop-updates", "--note", "The login is broken.", "--json"))
        assert stop == {"stopped": 252}
        for client in clients * 4:
            wait_until(lambda client=client: not check(client, key)["isAvailable"])
        assert clients[0].post(f"{path}/release", files=package("script 2")).status_code == 201
        report = {"deploymentKey": key, "label": "v1", "clientUniqueId": "device"}
        assert clients[-1].post("/reportStatus/download", json=report).status_code == 200
        assert clients[0].get(f"{path}/metrics").json()["metrics"]["v1"]["downloaded"] == 1
        for client in clients * 4:
            told = check(client, key)
            assert (told["isAvailable"], told["shouldRunBinaryVersion"], told["updateAppVersion"]) == (False,) * 3

        assert json.loads(cluster.nodes[0].run("stop-updates", "--json")) == {"stopped": 0}
        assert json.loads(cluster.nodes[-1].run("start-updates", "--json")) == {"started": 252}
        for client in clients * 4:
            wait_for_label(client, key, "v2")
    assert stopped(cluster.url, actor="account:2") == 1


def test_killed_in_the_middle(place):
    """Whole transactions of up to 200 deployments are done then, with their audit lines; repeating does the rest."""
    data, url = place
    add_deployments(url, MANY)
    done = 200
    for command, counted, kind in (
        ("stop-updates", "stopped", "deployment.stop"),
        ("start-updates", "started", "deployment.start"),
    ):
        interrupted = [sys.executable, INTERRUPTED, command, url, data, "250"]
        assert subprocess.run(interrupted, timeout=120, check=False).returncode == -signal.SIGKILL
        changed = stopped(url) if counted == "stopped" else MANY - stopped(url)
        assert (changed, len(lines(url, kind))) == (done, done)
        flags = ["--json", "--data", data, "--database-url", url]
        assert json.loads(server(command, *flags)) == {counted: MANY - done}
        assert len({one.deployment_id for one in lines(url, kind)}) == len(lines(url, kind)) == MANY
    assert stopped(url) == 0


def test_without_a_running_server(place):
    """The commands work on the database, say in a sentence what they have done, and leave an owner's stop alone."""
    data, url = place
    add_deployments(url, 1)
    flags = ["--data", data, "--database-url", url]
    said = server("stop-updates", "--note", "Leaked key.", *flags)
    assert said == "Stopped the updates of 1 deployment. Start them with: codepush server start-updates\n"
    [line] = lines(url, "deployment.stop")
    assert (line.actor_kind, line.after) == ("server:cli", '{"note":"Leaked key."}')
    assert server("start-updates", *flags) == "Started the updates of 1 deployment.\n"
    assert server("start-updates", *flags) == "Started the updates of 0 deployments.\n"
    assert stopped(url, None) == 1

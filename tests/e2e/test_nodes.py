"""Several processes and several machines as one server: real ones, under parallel writes, on one database."""

import json
import time
from contextlib import ExitStack, contextmanager

import anyio
import httpx2
import psycopg
import pytest

from support.crash.server import KillableServer

pytestmark = pytest.mark.anyio

HEARD_SECONDS = 4
"""Less than the seconds after which a node looks for itself, so that what comes sooner was heard.

It is well below one on a machine that has time; how long it takes is measured by hand, not here.
"""

LISTENERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"


class Cluster:
    """Nodes that share a database and a folder, and one account that talks to all of them in turn."""

    def __init__(self, nodes, database_url):
        self.nodes = nodes
        self.database_url = database_url
        added = nodes[0].run("account", "add", "owner@example.test", "--json")
        self.headers = {"Authorization": f"Bearer {json.loads(added)['access_key']}"}

    def client(self, node, **options):
        return httpx2.AsyncClient(base_url=node.url, headers=self.headers, timeout=120, **options)

    def clients(self, stack):
        return [
            stack.enter_context(httpx2.Client(base_url=one.url, headers=self.headers, timeout=120))
            for one in self.nodes
        ]

    def query(self, statement):
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(statement).fetchall()


@contextmanager
def running(folder, *options, nodes=1, database_url=None):
    """Run nodes until the block ends."""
    flags = [*options, "--storage-url", (folder / "blobs").as_uri()]
    if database_url is not None:
        flags += ["--database-url", database_url]
    made = [KillableServer(folder / f"node{number}", *flags) for number in range(nodes)]
    with ExitStack() as stack:
        cluster = Cluster(made, database_url)
        for node in made:
            stack.callback(node.stop)
            node.start()
        yield cluster


@pytest.fixture(params=["one node of 4 workers on SQLite", "two nodes of 2 workers on PostgreSQL"])
def cluster(request, tmp_path):
    """Give four processes that answer, on each kind of database."""
    if "SQLite" in request.param:
        with running(tmp_path, "--workers", "4") as cluster:
            yield cluster
    else:
        url = request.getfixturevalue("postgresql_server").new_database()
        with running(tmp_path, "--workers", "2", nodes=2, database_url=url) as cluster:
            yield cluster


@pytest.fixture
def two_nodes(postgresql_server, tmp_path):
    """Give two nodes of one process each, on PostgreSQL."""
    with running(tmp_path, nodes=2, database_url=postgresql_server.new_database()) as cluster:
        yield cluster


def package(script, **info):
    return {"package": ("index.js", script), "packageInfo": (None, json.dumps({"appVersion": "1.0.0", **info}))}


def add_app(client):
    """Add an app and return the path and the key of its deployment Staging."""
    assert client.post("/apps", json={"name": "App"}).status_code == 201
    path = "/apps/App/deployments/Staging"
    return path, client.get(path).json()["deployment"]["key"]


def check(client, key):
    """Ask as a phone does, and return what it is told."""
    answer = client.get("/updateCheck", params={"deploymentKey": key, "appVersion": "1.0.0"})
    assert answer.status_code == 200, answer.text
    return answer.json()["updateInfo"]


async def test_parallel_writes_are_one_after_the_other(cluster):
    """Releases through every process at once get labels without a gap, and every report is counted."""
    with httpx2.Client(base_url=cluster.nodes[0].url, headers=cluster.headers, timeout=120) as client:
        path, key = add_app(client)
        assert client.post(f"{path}/release", files=package("script 0")).status_code == 201
    statuses = []

    async def release(http, number):
        status = 429
        while status == 429:  # the account uploads as much as it may
            status = (await http.post(f"{path}/release", files=package(f"script {number}"))).status_code
        statuses.append(status)

    async def report(http, number):
        body = {"deploymentKey": key, "label": "v1", "clientUniqueId": f"phone {number}"}
        statuses.append((await http.post("/reportStatus/download", json=body)).status_code)

    async with Clients(cluster) as clients, anyio.create_task_group() as group:
        for number in range(1, 20):
            group.start_soon(release, clients[number % len(clients)], number)
        for number in range(200):
            group.start_soon(report, clients[number % len(clients)], number)
    assert sorted(statuses) == [200] * 200 + [201] * 19
    with httpx2.Client(base_url=cluster.nodes[-1].url, headers=cluster.headers, timeout=120) as client:
        history = client.get(f"{path}/history").json()["history"]
        metrics = client.get(f"{path}/metrics").json()["metrics"]
    assert [one["label"] for one in history] == [f"v{number}" for number in range(1, 21)]
    assert metrics["v1"]["downloaded"] == 200


def test_a_release_on_one_node_is_what_phones_get_from_the_other(two_nodes):
    """Also right after the connections that listen were cut; and what a phone is told of can be downloaded."""
    with ExitStack() as stack:
        here, there = two_nodes.clients(stack)
        path, key = add_app(here)
        assert not check(there, key)["isAvailable"]
        for number in range(1, 5):
            if number == 3:
                wait_until(lambda: two_nodes.query(LISTENING) == [(2,)])
                two_nodes.query(LISTENERS)
            assert here.post(f"{path}/release", files=package(f"script {number}")).status_code == 201
            told = wait_for_label(there, key, f"v{number}")
            download = httpx2.get(told["downloadURL"])
            assert (download.status_code, download.text) == (200, f"script {number}")


def test_what_a_node_changes_besides_reaches_phones_too(two_nodes):
    """Patches, rollbacks and removals are heard of as releases are."""
    with ExitStack() as stack:
        here, there = two_nodes.clients(stack)
        path, key = add_app(here)
        for number in (1, 2):
            here.post(f"{path}/release", files=package(f"script {number}"))
        wait_for_label(there, key, "v2")
        assert here.patch(f"{path}/release", json={"packageInfo": {"isDisabled": True}}).status_code == 200
        wait_for_label(there, key, "v1")
        assert here.post(f"{path}/rollback").status_code == 201
        wait_for_label(there, key, "v3")
        assert here.delete("/apps/App").status_code == 204
        ask = {"deploymentKey": key, "appVersion": "1.0.0"}
        wait_until(lambda: there.get("/updateCheck", params=ask).status_code == 404)


def wait_for_label(client, key, label):
    """Ask until a phone is told of a label, and return what it is told."""
    told = {}

    def is_told():
        told.update(check(client, key))
        return told.get("label") == label

    wait_until(is_told)
    return told


def wait_until(is_so):
    deadline = time.monotonic() + HEARD_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Clients:
    """Clients of all nodes, each with connections enough to reach every worker."""

    def __init__(self, cluster):
        self._clients = [cluster.client(node) for node in cluster.nodes]

    async def __aenter__(self):
        return self._clients

    async def __aexit__(self, *_):
        for client in self._clients:
            await client.aclose()

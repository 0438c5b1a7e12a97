"""Two nodes whose links to the database are cut and healed, on machines of their own."""

import itertools
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx2
import pytest

from support.networks import need_root_on_linux, network
from support.postgresql import running_server

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]

COMMAND = [str(Path(sys.executable).with_name("codepush")), "server"]

REFUSED_SECONDS = 12
"""Within this time a node that is cut off says so: it first has to notice."""

HEALED_SECONDS = 15
"""Within this time after the link is back everything is as before."""

CUT_SECONDS = 25


class Node:
    """A server on a machine of its own."""

    def __init__(self, machine, folder, database_url):
        self.machine = machine
        self.url = f"http://{machine.address}:3000"
        self.log = folder / f"{machine.name}.log"
        self._places = ["--data", str(folder / machine.name), "--storage-url", (folder / "blobs").as_uri()]
        self._places += ["--database-url", database_url]

    def run(self, *arguments):
        command = [*self.machine.command, *COMMAND, *arguments, *self._places]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout

    @contextmanager
    def running(self):
        command = [*self.machine.command, *COMMAND, "start", "--host", self.machine.address, *self._places]
        with self.log.open("wb") as log:
            process = subprocess.Popen([*command, "--public-url", self.url], stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while not self._answers():
                assert process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(60)

    def _answers(self):
        try:
            return httpx2.get(f"{self.url}/health", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False


class Log:
    """What a client was answered: when it asked, how long that took, the status, and a label where there is one."""

    def __init__(self):
        self.entries = []

    def add(self, began, status, label=None):
        self.entries.append((began, time.monotonic() - began, status, label))

    def between(self, start, end=float("inf")):
        return [entry for entry in self.entries if start <= entry[0] < end]

    def labels(self):
        return [label for _, _, status, label in self.entries if status == 201]


@pytest.fixture
def nodes(tmp_path):
    """Give two nodes that run, and the server of their database."""
    need_root_on_linux()
    with (
        network() as lan,
        running_server(host=lan.database_address, machine=["ip", "netns", "exec", lan.switch]) as database,
    ):
        url = database.new_database()
        here, there = [Node(lan.add(), tmp_path, url) for _ in range(2)]
        with here.running(), there.running():
            yield here, there


@pytest.mark.parametrize("how", ["cut", "silence"])
async def test_a_node_that_is_cut_off_says_so_and_recovers(nodes, how):
    """It refuses management and goes on answering phones; the other node goes on; nothing acknowledged is lost."""
    lonely, _ = nodes
    key = json.loads(lonely.run("account", "add", "owner@example.test", "--json"))["access_key"]
    clients = [
        httpx2.AsyncClient(base_url=node.url, headers={"Authorization": f"Bearer {key}"}, timeout=60) for node in nodes
    ]
    on_lonely, on_healthy = clients
    await on_lonely.post("/apps", json={"name": "App"})
    path = "/apps/App/deployments/Staging"
    deployment_key = (await on_lonely.get(path)).json()["deployment"]["key"]
    assert await release(on_lonely, path, "first") == (201, "v1")
    releases, checks = [Log(), Log()], [Log(), Log()]
    enough = anyio.Event()
    async with anyio.create_task_group() as group:
        for number, client in enumerate(clients):
            group.start_soon(keep_releasing, client, path, releases[number], number, enough)
            group.start_soon(keep_checking, client, deployment_key, checks[number], enough)
        await anyio.sleep(5)
        cut_at = time.monotonic()
        getattr(lonely.machine, how)()
        await anyio.sleep(CUT_SECONDS - 5)
        ready = await on_lonely.get("/ready")
        last = await release(on_healthy, path, "while the other one was cut off")
        await anyio.sleep(5)
        healed_at = time.monotonic()
        lonely.machine.heal()
        await anyio.sleep(HEALED_SECONDS + 5)
        enough.set()  # what is under way is waited for
    end = time.monotonic()
    history = (await on_lonely.get(f"{path}/history")).json()["history"]
    for client in clients:
        await told_of(client, deployment_key, history[-1]["label"])
        await client.aclose()

    refused = [entry for entry in releases[0].between(cut_at, healed_at) if entry[2] != 201]
    went_on = [entry for entry in releases[1].between(cut_at, healed_at) if entry[2] == 201]
    answers = [entry for log in checks for entry in log.between(cut_at, healed_at)]
    recovered = [entry for entry in releases[0].between(healed_at, end) if entry[2] == 201]
    figures = {
        "refused": len(refused),
        "slowest refusal": max(entry[1] for entry in refused),
        "released on the other node": len(went_on),
        "its longest wait": max(entry[1] for entry in releases[1].between(cut_at, healed_at)),
        "checks answered": len(answers),
        "slowest check": max(entry[1] for entry in answers),
        "recovered after": recovered[0][0] + recovered[0][1] - healed_at,
    }
    print(how, figures)  # noqa: T201 - what `make test-long` is run to see
    assert {entry[2] for entry in refused} == {503}
    assert figures["slowest refusal"] < REFUSED_SECONDS
    assert ready.status_code == 503
    assert ready.json()["database"] != "ok"
    assert ready.json()["storage"] == "ok"
    assert last[0] == 201
    assert went_on
    assert {entry[2] for entry in answers} == {200}
    assert figures["recovered after"] < HEALED_SECONDS
    labels = [one["label"] for one in history]
    assert labels == [f"v{number}" for number in range(1, len(labels) + 1)]
    acknowledged = ["v1", last[1], *releases[0].labels(), *releases[1].labels()]
    assert set(acknowledged) <= set(labels)
    assert len(set(acknowledged)) == len(acknowledged)


async def release(client, path, script):
    """Release something; return the status, and the label if it succeeded."""
    parts = {"package": ("index.js", script), "packageInfo": (None, '{"appVersion":"1.0.0"}')}
    answer = await client.post(f"{path}/release", files=parts)
    return answer.status_code, answer.json()["package"]["label"] if answer.status_code == 201 else None


async def keep_releasing(client, path, log, number, enough):
    for count in itertools.count():
        if enough.is_set():
            break
        began = time.monotonic()
        log.add(began, *await release(client, path, f"release {count} of {number}"))
        await anyio.sleep(0.2)


async def check(client, deployment_key):
    ask = {"deploymentKey": deployment_key, "appVersion": "1.0.0"}
    answer = await client.get("/updateCheck", params=ask)
    return answer.json()["updateInfo"] | {"status": answer.status_code}


async def told_of(client, deployment_key, label):
    """Wait until phones are told of a release by a node."""
    for _ in range(100):
        told = (await check(client, deployment_key))["label"]
        if told == label:
            return
        await anyio.sleep(0.05)
    pytest.fail(f"Phones are told of {told}, not of {label}.")


async def keep_checking(client, deployment_key, log, enough):
    while not enough.is_set():
        began = time.monotonic()
        told = await check(client, deployment_key)
        assert told["isAvailable"]
        log.add(began, told["status"])
        await anyio.sleep(0.05)

"""The disk is full, the object store or the database is away or stuck: management is told so, phones notice nothing.

Afterwards everything goes on by itself, without a restart. A node that is cut off from its database by the network is
tried in ``tests/long``.
"""

import random
import re
import time
from contextlib import ExitStack

import httpx2
import pytest

from codepush import CodePush, ServerError
from codepush.models import UpdateCheck
from codepush.wire import acquisition
from support.crash.server import KillableServer
from support.links import linked
from support.packages import make_bundle
from support.postgresql import running_server

FILE_LIMIT = 4 * 1024 * 1024
PATIENCE = 60


@pytest.fixture
def start(tmp_path):
    """Start a server, release something that phones ask for, and give what the tests look at."""
    with ExitStack() as undo:

        def begin(*options, **settings):
            server = KillableServer(tmp_path / "data", *options, **settings)
            undo.callback(server.kill)
            server.start()
            installation = Installation(server, tmp_path)
            undo.callback(installation.client.close)
            return installation

        yield begin


class Installation:
    """A server with an app that has one release, and one phone that asks for it."""

    def __init__(self, server, folder):
        self.server = server
        self._folder = folder
        key = server.run("account", "add", "owner@example.test").strip()
        self.client = CodePush(key, server.url, max_retries=0, timeout=PATIENCE)
        self.client.add_app("App")
        self.client.add_deployment("App", "Quiet")
        self.key = self.client.get_deployment("App", "Production").key
        self.quiet_key = self.client.get_deployment("App", "Quiet").key
        self.release("first")
        assert self.told() == "v1"

    def release(self, script, size=0):
        """Release a script, with an asset of so many random bytes."""
        bundle = self._folder / script / "CodePush"
        if not bundle.exists():
            make_bundle(bundle.parent, script)
            (bundle / "asset.bin").write_bytes(random.Random(size).randbytes(size))
        return self.client.release("App", "Production", bundle, "1.0.0")

    def told(self, key=None):
        """Return which label a phone is told of."""
        check = UpdateCheck(deployment_key=key or self.key, app_version="1.0.0")
        answer = httpx2.get(acquisition.update_check_url(self.server.url, check), timeout=PATIENCE)
        assert answer.status_code == 200
        return acquisition.read_update(answer.content).label

    def _status_of(self, script):
        """Return the status that releasing something gets."""
        try:
            self.release(script)
        except ServerError as error:
            return error.status_code
        return 201

    def labels(self):
        """Return what is released."""
        return [one.label for one in self.client.get_deployment_history("App", "Production")]

    def ready(self):
        answer = httpx2.get(f"{self.server.url}/ready", timeout=PATIENCE)
        return answer.status_code, answer.json()

    def leftovers(self):
        """Return the files of uploads that were begun."""
        folder = self._folder / "data" / "tmp"
        return [path for path in folder.rglob("*") if path.is_file()]

    def recovers(self, script):
        """Release again until that goes through, without a restart; phones hear of it, and of nothing else."""
        statuses, deadline = [503], time.monotonic() + PATIENCE
        while statuses[-1] == 503 and time.monotonic() < deadline:
            statuses.append(self._status_of(script))
        assert statuses[-1] == 201, statuses
        assert self.labels() == ["v1", "v2"]
        assert self.told() == "v2"
        while self.ready()[0] != 200:  # a result is reported for two seconds
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_a_file_that_the_disk_has_no_room_for(start):
    """A package that cannot be written is refused with a 503, leaves nothing behind, and smaller ones go on."""
    installation = start(file_limit=FILE_LIMIT)
    with pytest.raises(ServerError) as caught:
        installation.release("large", size=2 * FILE_LIMIT)
    assert caught.value.status_code == 503
    assert installation.leftovers() == []
    assert installation.labels() == ["v1"]
    assert installation.told() == "v1"
    installation.recovers("small")


@pytest.mark.parametrize("state", ["cut", "stalled"])
def test_the_object_store_is_away(start, s3_url, state):
    """Releases get a 503 in bounded time and change nothing; phones are answered; later the release goes through."""
    port = int(re.search(r"127\.0\.0\.1:(\d+)", s3_url)[1])
    with linked(port) as link:
        installation = start("--storage-url", s3_url.replace(f":{port}", f":{link.port}"))
        link.state = state
        began = time.monotonic()
        with pytest.raises(ServerError) as caught:
            installation.release("second")
        assert caught.value.status_code == 503
        assert time.monotonic() - began < PATIENCE
        assert installation.told() == "v1"
        assert installation.labels() == ["v1"]
        status, said = installation.ready()
        assert (status, said["database"]) == (503, "ok")
        assert said["storage"] != "ok"
        link.state = "open"
        installation.recovers("second")


def test_the_database_is_away(start):
    """Management and reports get a 503; phones are told what was true, or that there is no update; then all goes on."""
    with running_server() as database, linked(database.port) as link:
        url = database.new_database().replace(f":{database.port}", f":{link.port}")
        installation = start("--database-url", url)
        link.state = "cut"
        with pytest.raises(ServerError) as caught:
            installation.release("second")
        assert caught.value.status_code == 503
        assert installation.told() == "v1"
        assert installation.told(installation.quiet_key) == ""
        report = {"deploymentKey": installation.key, "label": "v1", "clientUniqueId": "one"}
        told = httpx2.post(f"{installation.server.url}/reportStatus/download", json=report, timeout=PATIENCE)
        assert told.status_code == 503
        assert installation.ready()[0] == 503
        link.state = "open"
        installation.recovers("second")
        counted = installation.client.get_deployment_metrics("App", "Production")
        assert "v1" not in counted or not counted["v1"].downloaded

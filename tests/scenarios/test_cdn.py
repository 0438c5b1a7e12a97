"""A cache in front of the server answers update checks, and never for longer than it was told."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from codepush import PackageInfo
from codepush.rules import rollout
from codepush.testing import live_server
from support.nginx import nginx_before
from support.packages import make_bundle

DOCS = Path(__file__).parents[2] / "docs/cdn.md"
PATH = "/v0.1/public/codepush/update_check"


class Front:
    """nginx before a server with one deployment that has one release."""

    def __init__(self, code_push, client, cache, folder):
        self.code_push = code_push
        self.client = client
        self.cache = cache
        self._folder = folder
        code_push.add_app("App")
        self.release("v1")
        self.key = code_push.get_deployment("App", "Staging").key

    def release(self, label, **info):
        bundle = make_bundle(self._folder / label, f"console.log('{label}')\n")
        assert self.code_push.release("App", "Staging", bundle, "1.0.0", PackageInfo(**info)).label == label

    def ask(self, device="device", path=PATH, **sent):
        """Return which label a device is offered, and what nginx says of its cache."""
        parameters = {"deployment_key": self.key, "app_version": "1.0.0", "client_unique_id": device, **sent}
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        (info,) = answer.json().values()
        return info["label"], answer.headers["x-cache-status"]

    def kept(self, **sent):
        """Return which label devices are offered from the cache, as soon as it has a response.

        A response made while the server looks for changes in the database may not be cached; a later one is.
        """
        for _ in range(20):
            label, status = self.ask("another", **sent)
            if status == "HIT":
                return label
        raise AssertionError("nothing was cached")

    def forget(self, tag):
        """Purge what is kept under a tag, by the command that docs/cdn.md gives."""
        (command,) = re.findall(r"^grep .*$", DOCS.read_text(), re.MULTILINE)
        command = command.replace("/var/cache/nginx/checks", str(self.cache)).replace("TAG", tag)
        subprocess.run(command, shell=True, check=True)


@pytest.fixture
def front(tmp_path, request):
    """Give a server that lets caches answer for some seconds, a minute unless told, with nginx before it."""
    (tmp_path / "nginx").mkdir()
    with (
        live_server(tmp_path / "data", check_cache_seconds=getattr(request, "param", 60)) as server,
        server.client() as code_push,
        nginx_before(server.url, tmp_path / "nginx") as (client, cache),
    ):
        yield Front(code_push, client, cache, tmp_path)


def test_one_answer_serves_all_devices(front):
    """Who says the same gets what was kept, whatever the device; who says something else does not."""
    assert front.ask("one") == ("v1", "MISS")
    assert front.kept() == "v1"
    assert front.ask("one", app_version="1.0") == ("v1", "MISS")
    assert front.ask("one", label="") == ("v1", "MISS")
    assert front.ask("one", label="v1client_unique_id=x") == ("v1", "MISS")
    assert front.ask("one", path="/updateCheck") == ("v1", "MISS")


def test_the_order_of_parameters_makes_no_entry(front):
    """The cache key has the known parameters in a fixed order."""
    assert front.ask("one", label="v1") == ("v1", "MISS")
    for query in (
        f"label=v1&app_version=1.0.0&deployment_key={front.key}&client_unique_id=x",
        f"client_unique_id=&app_version=1.0.0&deployment_key={front.key}&label=v1",
    ):
        assert front.client.get(f"{PATH}?{query}").headers["x-cache-status"] == "HIT"


@pytest.mark.parametrize(
    "more", ["x=1", "utm_source=a", "lab%65l=v9", "label[]=v9", "Label=v9", "label=v1&label=v9", "appVersion=9.0.0", ""]
)
def test_other_queries_make_no_entry(front, more):
    """Unknown, encoded and repeated parameters go to the server each time, and change nothing for others."""
    known = f"{PATH}?deployment_key={front.key}&app_version=1.0.0"
    for _ in range(2):
        answer = front.client.get(f"{known}&{more}")
        assert answer.headers.get("x-cache-status") == ("BYPASS" if answer.status_code == 200 else None)
    assert [file for file in front.cache.rglob("*") if file.is_file()] == []
    front.release("v2")
    assert front.ask() == ("v2", "MISS")


def test_a_purge_after_a_release(front):
    """After the answers of a deployment or of its revision are purged, the next phone hears of the new release."""
    assert front.kept() == "v1"
    answer = front.client.get(PATH, params={"deployment_key": front.key, "app_version": "1.0.0"})
    assert "surrogate-key" not in answer.headers
    front.release("v2")
    assert front.ask() == ("v1", "HIT")
    front.forget(f"deployment-{front.key}")
    assert front.ask() == ("v2", "MISS")
    assert front.kept() == "v2"


def test_a_purge_by_revision_leaves_what_is_newer(front):
    """Purging the revision before a release forgets what was kept until then, and nothing that came after."""
    assert front.kept(label="v1") == "v1"
    (tag,) = {
        tag
        for file in front.cache.rglob("*")
        if file.is_file()
        for tag in re.findall(rb"revision-[\w-]+", file.read_bytes())
    }
    front.release("v2")
    assert front.kept() == "v2"
    front.forget(tag.decode())
    assert front.ask() == ("v2", "HIT")
    assert front.ask("one", label="v1") == ("v2", "MISS")


@pytest.mark.parametrize("front", [2], indirect=True)
def test_nothing_stale_after_the_bound(front):
    """Without a purge, whoever asks later than the set seconds after a release, and one more, hears of it."""
    front.ask()
    front.release("v2")
    acknowledged = time.monotonic()
    while time.monotonic() < acknowledged + 2 + 1:
        front.ask()
        time.sleep(0.1)
    assert front.ask()[0] == "v2"


def test_devices_are_told_apart_during_a_rollout(front):
    """What depends on the device is never kept, so that each hears what is meant for it; afterwards it is again."""
    front.release("v2", rollout=50)
    devices = [str(number) for number in range(40)]
    chosen = {device: rollout.is_selected(device, 50, "v2") for device in devices}
    assert len(set(chosen.values())) == 2
    for device in devices:
        assert front.ask(device) == ("v2" if chosen[device] else "v1", "MISS")
    front.code_push.patch_release("App", "Staging", "v2", PackageInfo(rollout=100))
    assert front.ask("one") == ("v2", "MISS")
    assert front.kept() == "v2"


@pytest.mark.parametrize("front", [0], indirect=True)
def test_nothing_is_kept_unless_told(front):
    """By default every check reaches the server."""
    for _ in range(3):
        assert front.ask() == ("v1", "MISS")

"""The fast and the standard path of an update check return the same bytes."""

import random
from urllib.parse import urlencode

import pytest
from msgspec.structs import asdict

from codepush.server.ports.histories import DeploymentHistory
from codepush.server.web import fastpath, requestlines
from contract.test_update_check import CASES
from contract.test_update_check_routes import RecordedHistories
from support.fast_path_parity import UpdateCheckPath
from support.held_releases import Histories, as_seen_by
from support.raw_requests import Maker

pytestmark = pytest.mark.anyio

REQUEST = (
    b"GET /v0.1/public/codepush/update_check?deployment_key=%b&app_version=1.0.0&label=v1&client_unique_id=%b HTTP/1.1"
    b"\r\nAccept: application/json\r\nUser-Agent: okhttp/4.9.2\r\nHost: localhost\r\nConnection: Keep-Alive\r\n\r\n"
)


async def both_paths(cases=CASES, **settings):
    """Return both paths to the same histories, all of which are in memory."""
    made = [UpdateCheckPath(RecordedHistories(cases), fast=fast, **settings) for fast in (True, False)]
    for path in made:
        for case in cases:
            await path.updates.find(case["deployment_key"])
    return made


async def differing(both, conversations):
    """Return the first conversations that differ between the two paths, with both results."""
    wrong = []
    for chunks in conversations:
        for waits in (True, False):
            found, wanted = [await path.talk(chunks, waits=waits) for path in both]
            if found != wanted and (waits or not is_cut_off(found, wanted)):
                wrong.append((chunks, waits, found, wanted))
    return wrong[:2]


def is_cut_off(found, wanted):
    """Return whether a malformed body has closed the standard path's connection before all responses were sent.

    The fast path had sent them by then, and goes on the same way.
    """
    return wanted[1] and found[0].startswith(wanted[0]) and found[0].endswith(b"Invalid HTTP request received.")


@pytest.mark.parametrize("cache_seconds", [0, 30])
async def test_recorded_checks(cache_seconds):
    """Every recorded request gets the same bytes on both paths, and most take the fast one."""
    fast, standard = await both_paths(cache_seconds=cache_seconds)
    urls = [exchange["url"].encode() for case in CASES for exchange in case["http"]]
    assert await differing((fast, standard), ([b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % url] for url in urls)) == []
    assert fast.answered_fast > len(urls)


class Stored:
    """Deployments by key: the port that the server's own come through."""

    def __init__(self):
        self.histories = {}

    def add(self, packages, *, is_stopped=False):
        number = len(self.histories) + 1
        key = f"deployment-{number}"
        self.histories[key] = DeploymentHistory(
            deployment_id=number, revision=1, packages=packages, is_stopped=is_stopped
        )
        return key

    async def load(self, deployment_key):
        return self.histories.get(deployment_key)


def request_of(check, key):
    """Return the request of a check to the deployment with a key; devices leave out what they do not have."""
    sent = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in (asdict(check) | {"deployment_key": key}).items()
        if value is not None and name != "applies_diffs"
    }
    return f"GET /v0.1/public/codepush/update_check?{urlencode(sent)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


@pytest.mark.parametrize("seed", range(4))
async def test_held_releases(seed):
    """Both paths send what they would send if a held release were finished, or disabled, in 3,000 histories."""
    histories, stored = Histories(random.Random(seed)), Stored()
    fast, standard = [UpdateCheckPath(stored, fast=fast) for fast in (True, False)]
    bodies, wrong = set(), []
    for _ in range(750):
        packages = histories.history()
        key = stored.add(packages)
        await fast.updates.find(key)
        for check in [histories.check(packages) for _ in range(2)]:
            model = stored.add(as_seen_by(packages, check.package_hash))
            wanted = await standard.talk([request_of(check, model)])
            found = [await path.talk([request_of(check, key)]) for path in (fast, standard)]
            bodies.add(wanted)
            if found != [wanted, wanted]:
                wrong.append((packages, check, found, wanted))
    assert wrong[:1] == []
    assert len(bodies) > 100
    assert fast.answered_fast > 1_000


async def test_stopped_deployments():
    """Both paths send the same "no update" for every check, whatever was released and whatever the device runs."""
    histories, stored = Histories(random.Random(5)), Stored()
    both = [UpdateCheckPath(stored, fast=fast) for fast in (True, False)]
    bodies = set()
    for _ in range(100):
        packages = histories.history()
        key = stored.add(packages, is_stopped=True)
        for path in both:
            await path.updates.find(key)
            bodies.add(await path.talk([request_of(histories.check(packages), key)]))
    [(sent, _, _)] = bodies
    assert b'"is_available":false' in sent
    assert b'"should_run_binary_version":false' in sent
    assert both[0].answered_fast == 100


async def test_split_anywhere():
    """A request that arrives in two parts, wherever it is split, between whole ones."""
    both = await both_paths(CASES[:1])
    request = REQUEST % (CASES[0]["deployment_key"].encode(), b"device")
    parts = ([request, request[:place], request[place:], request] for place in range(1, len(request)))
    assert await differing(both, parts) == []


@pytest.mark.parametrize("seed", range(4))
async def test_generated_requests(seed):
    """Requests of devices and arbitrary ones get the same bytes; many take the fast path."""
    fast, standard = await both_paths()
    maker = Maker(CASES, random.Random(seed))
    conversations = [maker.alone() if number % 2 else maker.conversation() for number in range(400)]
    assert await differing((fast, standard), conversations) == []
    assert fast.answered_fast > 200


async def test_request_lines_are_read_once(monkeypatch):
    """A line that was read is not read again, whatever the device."""
    lines = []
    monkeypatch.setattr(fastpath, "read_line", lambda line: lines.append(line) or requestlines.read_line(line))
    fast, _ = await both_paths(CASES[:3])
    for device in range(10):
        for case in CASES[:3]:
            await fast.talk([REQUEST % (case["deployment_key"].encode(), b"%d" % device)])
    assert fast.answered_fast == 30
    assert len(lines) == 3


async def test_unusual_requests_take_the_standard_path():
    """A plain check takes the fast path; one with any unusual part does not."""
    fast, _ = await both_paths(CASES[:1])
    plain = REQUEST % (CASES[0]["deployment_key"].encode(), b"device")
    await fast.talk([plain])
    assert fast.answered_fast == 1
    odd = [
        plain.replace(b"GET", b"HEAD"),
        plain.replace(b"HTTP/1.1", b"HTTP/1.0"),
        plain.replace(b"label=v1", b"label=v%31"),
        plain.replace(b"label=v1", b"label=v1&label=v1"),
        plain.replace(b"/v0.1/", b"http://h/v0.1/"),
        plain.replace(b"Keep-Alive", b"close"),
        plain.replace(b"Host: localhost", b"Host: a\r\nHost: b"),
        plain.replace(b"Accept", b"Expect"),
        plain.replace(b"Accept: application/json", b"Content-Length: 0"),
        plain.replace(b"Accept: application/json", b"Transfer-Encoding: chunked"),
        plain.replace(b"\r\n", b"\n"),
        plain.replace(b"app_version=1.0.0", b"app_version=one"),
        plain.replace(b"deployment_key=", b"deployment_key=another-"),
        b"\r\n" + plain,
        plain + plain,
    ]
    for request in odd:
        await fast.talk([request])
    assert fast.answered_fast == 1


@pytest.mark.parametrize("setting", [{"access_log": True}, {"root_path": "/below"}, {"limit_concurrency": 100}])
async def test_settings_that_concern_each_request(setting):
    """Where uvicorn does something with each request, the fast path is disabled and uvicorn responds."""
    fast, standard = await both_paths(CASES[:1], **setting)
    request = REQUEST % (CASES[0]["deployment_key"].encode(), b"device")
    assert await differing((fast, standard), [[request]]) == []
    assert fast.answered_fast == 0


async def test_upgraded_connections_are_left_alone():
    """After somebody asked to speak another protocol, nothing on that connection is taken for a check."""
    both = await both_paths(CASES[:1])
    request = REQUEST % (CASES[0]["deployment_key"].encode(), b"device")
    upgrade = request.replace(b"Connection: Keep-Alive", b"Connection: Upgrade\r\nUpgrade: h2c")
    assert await differing(both, [[upgrade, request], [request, upgrade, request]]) == []


async def test_a_client_that_does_not_read_is_not_written_to_for_ever():
    """While the client does not read, checks wait on the standard path, one by one."""
    fast, _ = await both_paths(CASES[:1])
    request = REQUEST % (CASES[0]["deployment_key"].encode(), b"device")
    connection, wire = fast.connect()
    connection.data_received(request)
    connection.pause_writing()
    for _ in range(5):
        connection.data_received(request)
        await fast.rest()
    taken = len(wire.written)
    assert fast.answered_fast == 1
    assert wire.is_reading_paused
    connection.resume_writing()
    await fast.settle()
    assert len(wire.written) == 6 * taken

"""Deployments in memory: read once however many ask, kept within bounds, and never held on to for too long."""

import asyncio

import anyio
import pytest

from codepush.models import Package, UpdateCheck
from codepush.server.ports.errors import UnavailableError
from codepush.server.ports.histories import DeploymentHistory
from codepush.server.services.phones import updates as module
from codepush.server.services.phones.updates import Updates
from codepush.server.web.check_responses import Checks

pytestmark = pytest.mark.anyio


class Histories:
    """Deployments by key, each with its releases; readings wait while the gate is closed."""

    def __init__(self, **releases):
        self.releases = releases
        self.gate = anyio.Event()
        self.gate.set()
        self.loads = []
        self.error = None

    async def load(self, deployment_key):
        self.loads.append(deployment_key)
        packages = self.releases.get(deployment_key)
        await self.gate.wait()
        if self.error:
            raise self.error
        if packages is None:
            return None
        return DeploymentHistory(
            deployment_id=sorted(self.releases).index(deployment_key), revision=len(packages), packages=tuple(packages)
        )


def a_release(number, **fields):
    standard = {"app_version": "*", "package_hash": f"hash{number}", "label": f"v{number}", "blob_url": f"/b{number}"}
    return Package(**standard | fields)


def a_check(**fields):
    return UpdateCheck(**{"deployment_key": "key", "app_version": "1.0.0"} | fields)


async def gather(updates, key, count):
    """Ask for a deployment several times at once, while its reading waits."""
    updates._histories.gate = gate = anyio.Event()
    asking = [asyncio.ensure_future(updates.find(key)) for _ in range(count)]
    await anyio.wait_all_tasks_blocked()
    return asking, gate


async def test_many_who_ask_at_once_wait_for_one_reading():
    """A thousand phones that ask for a deployment that is not in memory cost one reading."""
    histories = Histories(key=[a_release(1)])
    asking, gate = await gather(Updates(histories), "key", 1000)
    gate.set()
    assert len(set(await asyncio.gather(*asking))) == 1
    assert histories.loads == ["key"]


async def test_a_phone_that_hangs_up_does_not_break_off_the_reading():
    """When the phone that came first goes away, the others still get what is read."""
    asking, gate = await gather(Updates(Histories(key=[a_release(1)])), "key", 3)
    asking[0].cancel()
    gate.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1] is found[2] is not None


async def test_who_asks_after_a_change_gets_what_is_read_after_it():
    """What was being read when a release was committed is given to those who asked before, and is not kept."""
    histories = Histories(key=[a_release(1)])
    updates = Updates(histories)
    asking, gate = await gather(updates, "key", 2)
    histories.releases["key"] = [a_release(1), a_release(2)]
    updates.drop([0])
    later = asyncio.ensure_future(updates.find("key"))
    await anyio.wait_all_tasks_blocked()
    gate.set()
    assert {snapshot.revision for snapshot in await asyncio.gather(*asking)} == {1}
    assert (await later).revision == 2
    assert updates.current("key").revision == 2
    assert len(histories.loads) == 2


async def test_a_key_that_nobody_has_is_not_looked_up_each_time():
    """It is looked up once, and again after half a second, when a deployment made since is found."""
    now = 0.0
    histories = Histories()
    updates = Updates(histories, clock=lambda: now)
    for _ in range(100):
        assert await updates.find("key") is None
    assert histories.loads == ["key"]
    histories.releases["key"] = []
    now = 0.6
    assert await updates.find("key") is not None


async def test_keys_that_nobody_has_are_forgotten_in_the_end(monkeypatch):
    """However many keys are made up, a bounded number is remembered."""
    monkeypatch.setattr(module, "_ABSENT_BYTES", 2_000)
    updates = Updates(Histories())
    for number in range(95):
        await updates.find(f"key {number}")
    assert 1 <= len(updates._absent.values) <= 10
    assert updates._absent.size <= 2_000


async def test_no_more_is_read_at_once_than_the_database_can_follow(monkeypatch):
    """When too many deployments are waited for, further ones are unavailable, and available again afterwards."""
    monkeypatch.setattr(module, "_LOADING_LIMIT", 3)
    histories = Histories(key=[])
    updates = Updates(histories)
    histories.gate = gate = anyio.Event()
    asking = [asyncio.ensure_future(updates.find(f"key {number}")) for number in range(3)]
    await anyio.wait_all_tasks_blocked()
    with pytest.raises(UnavailableError):
        await updates.find("key")
    gate.set()
    await asyncio.gather(*asking)
    assert await updates.find("key") is not None


async def test_a_reading_that_fails_is_tried_again():
    """All who waited for a reading hear that it failed, and the next who asks begins another."""
    histories = Histories(key=[])
    updates = Updates(histories)
    histories.error = UnavailableError("gone")
    asking, gate = await gather(updates, "key", 3)
    gate.set()
    assert all(isinstance(one, UnavailableError) for one in await asyncio.gather(*asking, return_exceptions=True))
    histories.error = None
    assert await updates.find("key") is not None


async def kinds(releases, *checks):
    """Return how many kinds of checks there are among these."""
    snapshot = await Updates(Histories(key=releases)).find("key")
    return len({snapshot.kind(check) for check in checks})


async def test_hashes_that_nobody_knows_are_one_kind():
    """Hashes that the app never had are alike, also a missing one; an empty one and each known one are a kind."""
    releases = [a_release(1), a_release(2)]
    unknown = [a_check(label="", package_hash=sent) for sent in ("f" * 64, "g", None)]
    assert await kinds(releases, *unknown) == 1
    assert (
        await kinds(releases, *unknown, *(a_check(label="", package_hash=one) for one in ("", "hash1", "hash2"))) == 4
    )


async def test_labels_that_nobody_knows_are_one_kind():
    """Labels that no release has are alike; a missing and an empty one are kinds, as is each known one."""
    releases = [a_release(1), a_release(2)]
    unknown = [a_check(label=sent) for sent in ("v3", "nonsense")]
    assert await kinds(releases, *unknown) == 1
    assert await kinds(releases, *unknown, *(a_check(label=one) for one in (None, "", "v1", "v2"))) == 5


async def test_devices_are_no_kind():
    """The device's id makes no difference to what is remembered."""
    assert await kinds([a_release(1, rollout=50)], *(a_check(client_unique_id=one) for one in ("a", "b", None))) == 1


async def test_answers_are_made_once_for_a_kind_and_anew_after_a_change():
    """Phones of a kind are given the very same answer until the deployment changes."""
    histories, checks = Histories(key=[a_release(1)]), Checks()
    updates = Updates(histories)
    first, again = [checks.answer(await updates.find("key"), a_check(package_hash=one), camel=False) for one in "ab"]
    assert first is again
    updates.drop([0])
    assert not first.standing.is_current
    assert checks.answer(await updates.find("key"), a_check(), camel=False) is not first


async def test_what_was_true_before_is_not_given_to_caches():
    """A cache may keep what is true now; what is told only because the database is away, it may not."""
    checks = Checks(cache_seconds=60)
    snapshot = await Updates(Histories(key=[a_release(1)])).find("key")
    assert b"s-maxage=60" in checks.answer(snapshot, a_check(), camel=False).ready_for(None).tail
    snapshot.standing.is_current = False
    assert b"cache-control: no-cache" in checks.answer(snapshot, a_check(), camel=False).ready_for(None).tail

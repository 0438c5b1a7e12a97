"""The one writer of reports: what it acknowledges is on disk, and nobody suffers for somebody else's report."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing, suppress

import anyio
import pytest

from codepush.models import StatusReport
from codepush.server.counters import Durations
from codepush.server.ports.devices import STANDING
from codepush.server.ports.errors import UnavailableError
from codepush.server.services.phones.new_devices import NewDevices
from codepush.server.services.phones.reports import Reports
from unit.storage.factories import lay_ground, release_labels

pytestmark = pytest.mark.anyio

UNWRITABLE = "6.6.6"
"""A binary version that the database of a test rejects."""

REJECT = f"""
    CREATE TRIGGER reject BEFORE INSERT ON counters WHEN NEW.subject = '{UNWRITABLE}'
    BEGIN SELECT RAISE(ABORT, 'rejected'); END
"""

KEY = "a-deployment-key"


@asynccontextmanager
async def writing(reports):
    """Let the writer run until the block ends."""
    task = asyncio.create_task(reports.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def download(ground, label="v1"):
    return StatusReport(kind="download", deployment_key=ground.deployment.key, label=label, status="Downloaded")


def binary(ground, version, device=None):
    return StatusReport(
        kind="deploy", deployment_key=ground.deployment.key, app_version=version, client_unique_id=device
    )


async def released_ground(store):
    ground = await lay_ground(store)
    await release_labels(store, ground.deployment.id, ground.package.id, 2)
    return ground


async def counted(store, ground):
    async with store.read() as records:
        return {one.subject: one.value for one in await records.devices.counters(ground.deployment.id)}


async def active(store, ground):
    """Return the counters of active devices, by subject and kind, but for zeros."""
    async with store.read() as records:
        found = await records.devices.counters(ground.deployment.id)
    return {(one.subject, one.kind): one.value for one in found if one.kind in STANDING and one.value}


async def test_reports_that_come_at_once_are_committed_together_and_answered_after_that(store):
    """Each is counted when its sender hears of it, and there were far fewer commits than reports."""
    ground, commits = await released_ground(store), Durations()
    reports = Reports(store, commits=commits)
    seen = []

    async def send():
        await reports.take(download(ground))
        seen.append((await counted(store, ground))["v1"])

    async with writing(reports), anyio.create_task_group() as group:
        for _ in range(100):
            group.start_soon(send)
    assert await counted(store, ground) == {"v1": 100}
    assert len(seen) == 100
    assert min(seen) >= 1
    assert sum(commits.counts) <= 5


async def test_a_report_that_cannot_be_written_fails_alone(store, tmp_path, caplog):
    """Its sender gets the error, all others of its batch are counted, and the log has it."""
    with closing(sqlite3.connect(tmp_path / "codepush.db")) as database, database:
        database.execute(REJECT)
    ground, reports = await released_ground(store), Reports(store)
    told = [download(ground)] * 20 + [binary(ground, UNWRITABLE)] + [download(ground, "v2")] * 20
    async with writing(reports):
        answers = await asyncio.gather(*(reports.take(one) for one in told), return_exceptions=True)
    assert [isinstance(answer, Exception) for answer in answers] == [one.app_version == UNWRITABLE for one in told]
    assert await counted(store, ground) == {"v1": 20, "v2": 20}
    assert "A report could not be written." in caplog.text


async def test_devices_of_a_commit_that_failed_use_nothing_of_the_limit(store, tmp_path):
    """However often a batch is tried again for the sake of one report, each device counts once against the limit."""
    with closing(sqlite3.connect(tmp_path / "codepush.db")) as database, database:
        database.execute(REJECT)
    ground = await released_ground(store)
    reports = Reports(store, new_devices=NewDevices(20))
    told = [binary(ground, UNWRITABLE), *(binary(ground, "1.0.0", f"device {number}") for number in range(20))]
    async with writing(reports):
        await asyncio.gather(*(reports.take(one, address="192.0.2.1") for one in told), return_exceptions=True)
    assert await active(store, ground) == {("1.0.0", "active"): 20}


async def test_devices_beyond_the_limit_of_their_address_count_like_ones_without_an_id(store):
    """They are acknowledged and active, but not remembered; known devices and other addresses go on as before."""
    ground = await released_ground(store)
    reports = Reports(store, new_devices=NewDevices(10))

    async def send(version, numbers, address):
        told = [binary(ground, version, f"device {number}") for number in numbers]
        await asyncio.gather(*(reports.take(one, address=address) for one in told))

    async with writing(reports):
        await send("1.0.0", range(15), "192.0.2.1")
        assert await active(store, ground) == {("1.0.0", "active"): 10, ("1.0.0", "anonymous"): 5}
        await send("1.0.0", range(10), "192.0.2.1")
        await send("2.0.0", range(10), "192.0.2.1")
        assert await active(store, ground) == {("1.0.0", "anonymous"): 5, ("2.0.0", "active"): 10}
        await send("2.0.0", range(20, 24), "192.0.2.2")
        await send("2.0.0", range(30, 50), None)
    assert await active(store, ground) == {("1.0.0", "anonymous"): 5, ("2.0.0", "active"): 34}


async def test_a_report_that_no_deployment_can_count_costs_no_commit(store):
    """It is acknowledged without the database."""
    ground, reports = await released_ground(store), Reports(store)
    await reports.take(download(ground, "v" + "9" * 9000))
    await reports.take(binary(ground, "not a version"))
    await reports.take(StatusReport(kind="download", deployment_key="k" * 101, label="v1"))
    assert await counted(store, ground) == {}


async def test_nothing_is_acknowledged_when_the_database_is_gone_and_it_goes_on_when_it_is_back():
    """Reports are refused while nothing can be written, and taken afterwards."""
    store = Absent()
    reports = Reports(store)
    async with writing(reports):
        for _ in range(3):
            with pytest.raises(UnavailableError):
                await reports.take(StatusReport(kind="download", deployment_key=KEY, label="v1"))
        store.is_there = True
        await reports.take(StatusReport(kind="download", deployment_key=KEY, label="v1"))


class Absent:
    """A store that cannot be reached for a while, and knows no deployments afterwards."""

    is_there = False

    @asynccontextmanager
    async def write(self, **_):
        if not self.is_there:
            raise UnavailableError("gone")
        yield self

    @property
    def deployments(self):
        return self

    async def with_keys(self, _):
        return ()


async def test_memory_stays_bounded_while_nothing_is_written(store, monkeypatch):
    """When too many wait for their commit, more are refused at once."""
    monkeypatch.setattr("codepush.server.services.phones.reports._WAITING_LIMIT", 3)
    ground, reports = await released_ground(store), Reports(store)
    waiting = [asyncio.create_task(reports.take(download(ground))) for _ in range(3)]
    await anyio.wait_all_tasks_blocked()
    with pytest.raises(UnavailableError, match="Too many"):
        await reports.take(download(ground))
    async with writing(reports):
        await asyncio.gather(*waiting)
    assert await counted(store, ground) == {"v1": 3}


async def test_a_change_gets_its_turn_between_two_commits_of_reports(store):
    """However many reports are waiting, somebody's change waits for one commit of theirs and not for all of them."""
    ground, reports = await released_ground(store), Reports(store)
    waiting = [asyncio.create_task(reports.take(download(ground))) for _ in range(3_000)]
    await anyio.wait_all_tasks_blocked()
    async with writing(reports):
        async with store.write() as records:
            await records.deployments.rename(ground.deployment.id, "Renamed")
        assert not all(task.done() for task in waiting)
        await asyncio.gather(*waiting)
    assert await counted(store, ground) == {"v1": 3_000}

"""The one writer of reports: what it acknowledges is on disk, and nobody suffers for somebody else's report."""

import asyncio
from contextlib import asynccontextmanager, suppress

import anyio
import pytest

from codepush.models import StatusReport
from codepush.server.ports import UnavailableError
from codepush.server.services.reports import Reports
from codepush.server.tallies import Durations
from unit.storage.factories import lay_ground

pytestmark = pytest.mark.anyio

UNSTORABLE = "v\ud800"
"""No text: half of a character."""


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


async def counted(store, ground):
    async with store.read() as records:
        return {one.subject: one.value for one in await records.devices.counters(ground.deployment.id)}


async def test_reports_that_come_at_once_are_committed_together_and_answered_after_that(store):
    """Each is counted when its sender hears of it, and there were far fewer commits than reports."""
    ground, commits = await lay_ground(store), Durations()
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


async def test_a_report_that_cannot_be_written_fails_alone(store, caplog):
    """Whoever sent it hears of it, all others of its batch are counted, and the log tells of it."""
    ground, reports = await lay_ground(store), Reports(store)
    labels = ["v1"] * 20 + [UNSTORABLE] + ["v2"] * 20
    async with writing(reports):
        answers = await asyncio.gather(
            *(reports.take(download(ground, label)) for label in labels), return_exceptions=True
        )
    assert [isinstance(answer, UnicodeEncodeError) for answer in answers] == [label == UNSTORABLE for label in labels]
    assert await counted(store, ground) == {"v1": 20, "v2": 20}
    assert "A report could not be written." in caplog.text


async def test_nothing_is_acknowledged_when_the_database_is_gone_and_it_goes_on_when_it_is_back():
    """Reports are refused while nothing can be written, and taken afterwards."""
    store = Absent()
    reports = Reports(store)
    async with writing(reports):
        for _ in range(3):
            with pytest.raises(UnavailableError):
                await reports.take(StatusReport(kind="download", deployment_key="key", label="v1"))
        store.is_there = True
        await reports.take(StatusReport(kind="download", deployment_key="key", label="v1"))


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
    monkeypatch.setattr("codepush.server.services.reports._WAITING_LIMIT", 3)
    ground, reports = await lay_ground(store), Reports(store)
    waiting = [asyncio.create_task(reports.take(download(ground))) for _ in range(3)]
    await anyio.wait_all_tasks_blocked()
    with pytest.raises(UnavailableError, match="Too many"):
        await reports.take(download(ground))
    async with writing(reports):
        await asyncio.gather(*waiting)
    assert await counted(store, ground) == {"v1": 3}


async def test_a_change_gets_its_turn_between_two_commits_of_reports(store):
    """However many reports are waiting, somebody's change waits for one commit of theirs and not for all of them."""
    ground, reports = await lay_ground(store), Reports(store)
    waiting = [asyncio.create_task(reports.take(download(ground))) for _ in range(3_000)]
    await anyio.wait_all_tasks_blocked()
    async with writing(reports):
        async with store.write() as records:
            await records.deployments.rename(ground.deployment.id, "Renamed")
        assert not all(task.done() for task in waiting)
        await asyncio.gather(*waiting)
    assert await counted(store, ground) == {"v1": 3_000}

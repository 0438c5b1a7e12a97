"""What phones really run decides which diffs are queued, without a phone waiting for it."""

import asyncio

import anyio
import msgspec
import pytest
from sqlalchemy import select

from codepush.models import DiffPackage, Package, UpdateCheck
from codepush.server.ports.histories import DeploymentHistory
from codepush.server.services.packages import missing_diffs
from codepush.server.services.packages.diffs import DiffJob
from codepush.server.services.packages.missing_diffs import MissingDiffs
from codepush.server.services.phones.updates import Updates
from codepush.server.storage.sql import schema
from unit.storage.factories import lay_ground

pytestmark = pytest.mark.anyio

ARCHIVES = {"newest": 3, "diffed": 2, "ancient": 1}


class OneHistory:
    """A deployment whose newest release has a diff from one older package, in an app that has had others."""

    def __init__(self, packages=None, archives=None):
        self.history = DeploymentHistory(
            deployment_id=1,
            revision=1,
            packages=packages or (a_package("diffed"), a_package("newest", diffed="diffed")),
            archives=ARCHIVES if archives is None else archives,
        )

    async def load(self, _):
        return self.history

    async def revisions(self, deployment_ids):
        return dict.fromkeys(deployment_ids, 1)

    async def changes(self):
        return 1


def a_package(package_hash, *, diffed=None):
    diffs = {diffed: DiffPackage(size=1, url=f"http://h/blobs/{diffed}-{package_hash}")} if diffed else {}
    return Package(
        app_version="1.0.0",
        package_hash=package_hash,
        label=f"label of {package_hash}",
        blob_url=f"http://h/blobs/{package_hash}",
        size=100,
        diff_package_map=diffs,
    )


async def ask(updates, package_hash, app_version="1.0.0"):
    check = UpdateCheck(deployment_key="key", app_version=app_version, package_hash=package_hash, label="")
    snapshot = await updates.find("key")
    return snapshot.resolve(check)[0].original


async def test_a_phone_that_runs_something_known_misses_a_diff_once():
    """The whole package is offered, and the diff is noticed by the first of many such phones."""
    noticed = []
    updates = Updates(OneHistory(), missing=lambda job: noticed.append(job) or True)
    for _ in range(5):
        assert (await ask(updates, "ancient")).download_url == "http://h/blobs/newest"
    assert noticed == [DiffJob(3, "ancient")]


async def test_after_a_change_the_diff_is_noticed_anew():
    """Releases that were read again start without a memory; whether the diff was made is the database's to know."""
    noticed = []
    updates = Updates(OneHistory(), missing=lambda job: noticed.append(job) or True)
    for _ in range(2):
        await ask(updates, "ancient")
        updates.drop([1])
    assert len(noticed) == 2


@pytest.mark.parametrize("package_hash", ["never seen", "", None, "diffed", "newest"])
async def test_nothing_is_missed_where_there_can_be_no_other_diff(package_hash):
    """Hashes that the app never had, phones without one, and those that get a diff or nothing, miss nothing."""
    noticed = []
    await ask(Updates(OneHistory(), missing=lambda job: noticed.append(job) or True), package_hash)
    assert noticed == []


async def test_a_single_file_is_not_missed_as_a_diff():
    """A package without a manifest has no diffs."""
    noticed = []
    updates = Updates(OneHistory(archives={"ancient": 1}), missing=lambda job: noticed.append(job) or True)
    assert (await ask(updates, "ancient")).is_available
    assert noticed == []


async def test_a_phone_on_another_binary_version_misses_nothing():
    """Who is offered nothing could not have used a diff."""
    noticed = []
    await ask(Updates(OneHistory(), missing=lambda job: noticed.append(job) or True), "ancient", "2.0.0")
    assert noticed == []


async def test_what_found_no_room_is_noticed_later():
    """A diff that could not be taken note of is noticed again with the next check."""
    answers, noticed = [False, True, True], []
    updates = Updates(OneHistory(), missing=lambda job: noticed.append(job) or answers.pop(0))
    for _ in range(3):
        await ask(updates, "ancient")
    assert len(noticed) == 2


async def test_what_was_noticed_becomes_one_job_each(store):
    """Jobs are added in the background, whoever queues jobs is told, and the same diff is queued once."""
    ground, queued = await lay_ground(store), asyncio.Event()
    missing = MissingDiffs(store, queued=queued.set)
    wanted = [DiffJob(ground.package.id, f"old {number}") for number in range(250)]
    for job in (*wanted, *wanted):
        assert missing.notice(job)
    task = asyncio.create_task(missing.run())
    with anyio.fail_after(10):
        while missing._waiting:  # noqa: ASYNC110 - no event tells that nothing waits any more
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert queued.is_set()
    assert [msgspec.json.decode(payload, type=DiffJob) for payload in await payloads(store)] == wanted


async def test_a_diff_that_was_made_is_not_queued(store):
    """Neither one that is stored nor one that was not worth storing is made a second time."""
    ground = await lay_ground(store)
    async with store.write() as records:
        await records.diffs.add(ground.package.id, "too large", None, created_at=1)
    missing = MissingDiffs(store, queued=lambda: None)
    await missing._queue([DiffJob(ground.package.id, "too large")])
    assert await payloads(store) == []


async def test_memory_is_bounded(store):
    """When too many diffs wait to be queued, more are passed over, and taken again once there is room."""
    missing = MissingDiffs(store, queued=lambda: None)
    taken = [missing.notice(DiffJob(1, str(number))) for number in range(missing_diffs._LIMIT + 1)]
    assert taken == [True] * missing_diffs._LIMIT + [False]


async def payloads(store):
    async with store.read() as records:
        found = await records.jobs._connection.execute(select(schema.jobs.c.payload).order_by(schema.jobs.c.id))
        return found.scalars().all()

"""The worker: what becomes of jobs that work, fail, are interrupted, or kill who does them."""

import asyncio

import anyio
import pytest
from sqlalchemy import select, text

from codepush.errors import PackageError
from codepush.server.jobs.arrivals import Arrivals
from codepush.server.jobs.lanes import Lane
from codepush.server.jobs.worker import ATTEMPTS, LEASE, Worker
from codepush.server.jobs.workers import Workers
from codepush.server.storage.sql import schema

pytestmark = pytest.mark.anyio


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self):
        self.now = 1_000_000

    def __call__(self):
        return self.now


class Bench:
    """A worker with one kind of job, what it was given, and a script of what goes wrong each time."""

    def __init__(self, store, *errors):
        self.store = store
        self.errors = list(errors)
        self.clock = Clock()
        self.added = asyncio.Event()
        self.done = []
        self.worker = Worker(store, Lane("packing", {"diff": self.do}), added=self.added, clock=self.clock)

    async def do(self, payload):
        self.done.append(payload)
        if self.errors:
            raise self.errors.pop(0)

    async def add(self, *names, kind="diff"):
        async with self.store.write() as records:
            for name in names:
                await records.jobs.add(kind, name, dedupe_key=name, at=self.clock())

    async def jobs(self):
        async with self.store.read() as records:
            found = await records.jobs._connection.execute(select(schema.jobs).order_by(schema.jobs.c.id))
            return found.mappings().all()

    async def is_done(self):
        return not await self.jobs()

    async def run_due(self):
        """Do what can be done now."""
        await self.worker._run_due()


async def test_every_job_is_done_once_and_forgotten(store):
    """A worker that runs until nothing is left has done all jobs in order."""
    bench = Bench(store)
    await bench.add("one", "two", "three")
    await bench.worker.run_all()
    assert bench.done == ["one", "two", "three"]
    assert await bench.jobs() == []


async def test_a_job_of_this_process_is_done_at_once(store):
    """A worker that is told of a new job does it without waiting for its next look."""
    bench = Bench(store)
    task = asyncio.create_task(bench.worker.run())
    await asyncio.sleep(0.1)
    await bench.add("one")
    bench.added.set()
    with anyio.fail_after(0.8):  # less than the second after which it would look by itself
        await until(bench.is_done)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert bench.done == ["one"]


async def test_a_job_of_another_process_is_found_soon(store):
    """Nobody tells the worker, and it looks by itself."""
    bench = Bench(store)
    task = asyncio.create_task(bench.worker.run())
    await asyncio.sleep(0.1)
    await bench.add("one")
    with anyio.fail_after(5):
        await until(bench.is_done)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_job_that_fails_is_tried_again_later(store):
    """Each pause is longer than the one before, and what went wrong is kept meanwhile."""
    bench = Bench(store, OSError("busy"), OSError("busy"))
    await bench.add("one")
    pauses = []
    for _ in range(2):
        await bench.run_due()
        [job] = await bench.jobs()
        assert (job["state"], job["error"]) == ("waiting", "OSError: busy")
        pauses.append(job["run_after"] - bench.clock.now)
        bench.clock.now = job["run_after"]
    await bench.run_due()
    assert await bench.jobs() == []
    assert bench.done == ["one"] * 3
    assert 0 < pauses[0] < pauses[1]


async def test_a_job_that_keeps_failing_is_given_up(store):
    """After a bounded number of attempts the job stays with its error, and the worker goes on with others."""
    bench = Bench(store, *[OSError("busy")] * 100)
    await bench.add("one")
    for _ in range(20):
        await bench.run_due()
        bench.clock.now += 10**9
    [job] = await bench.jobs()
    assert (job["state"], job["attempt"], job["error"]) == ("failed", ATTEMPTS, "OSError: busy")
    assert len(bench.done) == ATTEMPTS
    bench.errors.clear()
    await bench.add("two")
    await bench.run_due()
    assert bench.done[-1] == "two"


async def test_a_damaged_package_is_not_tried_again(store):
    """What is wrong with a file stays wrong."""
    bench = Bench(store, PackageError("The archive is cut off."))
    await bench.add("one")
    await bench.run_due()
    [job] = await bench.jobs()
    assert (job["state"], job["attempt"], job["error"]) == ("failed", 1, "PackageError: The archive is cut off.")


async def test_a_job_that_kills_its_workers_is_given_up(store):
    """A job whose lease ran out again and again is not even begun once more."""
    bench = Bench(store)
    await bench.add("one")
    for _ in range(ATTEMPTS):
        async with store.write() as records:
            assert await records.jobs.claim("killed", ["diff"], now=bench.clock(), lease_until=bench.clock() + LEASE)
        bench.clock.now += LEASE
    await bench.run_due()
    [job] = await bench.jobs()
    assert job["state"] == "failed"
    assert bench.done == []


async def test_a_job_under_way_is_given_back(store):
    """A worker that is cancelled leaves its job to the next one at once, as if it had never begun it."""
    began = asyncio.Event()

    async def do(_):
        began.set()
        await asyncio.sleep(60)

    bench = Bench(store)
    await bench.add("one")
    task = asyncio.create_task(
        Worker(store, Lane("packing", {"diff": do}), added=asyncio.Event(), clock=bench.clock).run()
    )
    await began.wait()
    assert (await bench.jobs())[0]["state"] == "running"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    [job] = await bench.jobs()
    assert (job["state"], job["attempt"], job["owner"]) == ("waiting", 0, None)
    await bench.run_due()
    assert bench.done == ["one"]


async def test_a_cancelled_deadline_gives_the_job_back_too(store):
    """The same when the cancellation goes on cancelling while the worker is left."""
    bench = Bench(store)
    await bench.add("one")

    async def do(_):
        await asyncio.sleep(60)

    with anyio.move_on_after(0.3):
        await Worker(store, Lane("packing", {"diff": do}), added=asyncio.Event(), clock=bench.clock).run_all()
    [job] = await bench.jobs()
    assert (job["state"], job["attempt"]) == ("waiting", 0)


async def test_a_lease_is_renewed_while_its_job_is_done(store):
    """Another worker does not get a job that takes longer than a lease."""
    bench, lease = Bench(store), 150

    async def is_renewed():
        return (await bench.jobs())[0]["lease_until"] >= bench.clock.now + lease

    async def do(payload):
        bench.clock.now += lease - 1
        with anyio.fail_after(5):
            await until(is_renewed)
        bench.clock.now += 1
        async with store.write() as records:
            assert await records.jobs.claim("other", ["diff"], now=bench.clock(), lease_until=0) is None
        bench.done.append(payload)

    await bench.add("one")
    await Worker(store, Lane("packing", {"diff": do}), added=asyncio.Event(), lease=lease, clock=bench.clock).run_all()
    assert bench.done == ["one"]
    assert await bench.jobs() == []


async def test_a_slow_job_does_not_delay_another_lane(store):
    """The job of one lane waits for the job of the other, which was added later."""
    bench, is_sent, done = Bench(store), asyncio.Event(), []

    async def pack(payload):
        await is_sent.wait()
        done.append(payload)

    async def send(payload):
        done.append(payload)
        is_sent.set()

    await bench.add("slow")
    await bench.add("quick", kind="send")
    with anyio.fail_after(30):
        await two_lanes(store, pack, send).run_all()
    assert done == ["quick", "slow"]
    assert await bench.is_done()


async def test_all_lanes_notice_a_new_job():
    """One notification reaches the worker of each lane."""
    arrivals = Arrivals()
    events = [arrivals.subscribe() for _ in range(2)]
    arrivals.notify()
    events[0].clear()
    assert events[1].is_set()


async def test_run_all_waits_for_jobs_that_one_lane_adds_to_another(store):
    """All lanes are empty at the end, although the second one was empty at first."""
    bench, done = Bench(store), []

    async def pack(_):
        await bench.add("announcement", kind="send")

    async def send(payload):
        done.append(payload)

    await bench.add("package")
    with anyio.fail_after(30):
        await two_lanes(store, pack, send).run_all()
    assert done == ["announcement"]
    assert await bench.is_done()


async def test_every_lane_gives_its_job_back(store):
    """Cancelling the workers leaves no job claimed in any lane."""
    bench, begun = Bench(store), {"pack": asyncio.Event(), "send": asyncio.Event()}

    async def stall(name):
        begun[name].set()
        await anyio.sleep_forever()

    await bench.add("pack")
    await bench.add("send", kind="send")
    async with anyio.create_task_group() as group:
        group.start_soon(two_lanes(store, stall, stall).run)
        for event in begun.values():
            await event.wait()
        group.cancel_scope.cancel()
    assert [(job["state"], job["attempt"]) for job in await bench.jobs()] == [("waiting", 0)] * 2


async def test_jobs_stay_untouched_under_a_newer_schema(store, caplog):
    """A worker leaves all jobs to newer processes, and the reason is in the log once."""
    bench = Bench(store)
    await bench.add("one")
    async with store.write() as records:
        await records.jobs._connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for _ in range(3):
        await bench.run_due()
    assert bench.done == []
    assert len([one for one in caplog.records if "9999" in one.getMessage()]) == 1


async def test_jobs_of_an_unknown_kind_stay_untouched(store):
    """A job that a newer version has added waits for a worker that knows its kind, and ends no run."""
    bench = Bench(store)
    await bench.add("from the future", kind="teleport")
    await bench.add("one")
    await bench.run_due()
    await bench.worker.run_all()
    [job] = await bench.jobs()
    assert bench.done == ["one"]
    assert (job["kind"], job["state"], job["attempt"]) == ("teleport", "waiting", 0)


def two_lanes(store, pack, send):
    lanes = [Lane("packing", {"diff": pack}), Lane("sending", {"send": send})]
    return Workers(store, lanes, arrivals=Arrivals())


async def until(is_so):
    while not await is_so():  # noqa: ASYNC110 - the database has no event to wait for
        await asyncio.sleep(0.01)

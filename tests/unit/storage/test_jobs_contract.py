"""What every store does for work in the background: jobs, diffs and better archives."""

import re

import anyio
import pytest
from sqlalchemy import event, select, text

from codepush.server.ports.diffs import StoredDiff
from codepush.server.ports.errors import AlreadyExistsError, MissingError
from codepush.server.storage.sql import schema
from unit.storage.factories import a_blob, a_release, add_package, lay_ground

pytestmark = pytest.mark.anyio


async def test_a_job_is_claimed_once_and_gone_when_it_is_finished(store):
    """Its owner alone has it, with its payload; afterwards nothing is left to do."""
    await add_jobs(store, "one")
    assert (await claim(store, "ada")).payload == '"one"'
    assert await claim(store, "bob") is None
    async with store.write() as records:
        await records.jobs.finish(1, "ada")
    assert await claim(store, "bob", now=10**6) is None
    assert await next_due(store) is None


async def test_jobs_are_done_in_the_order_in_which_they_came(store):
    """The one that has waited longest is next."""
    await add_jobs(store, "late", at=5)
    await add_jobs(store, "early", at=1)
    await add_jobs(store, "later", at=5)
    claimed = [(await claim(store, "ada", now=9)).payload for _ in range(3)]
    assert claimed == ['"early"', '"late"', '"later"']


async def test_only_jobs_of_the_given_kinds_are_claimed(store):
    """Jobs of other kinds are neither claimed nor due, also when their lease has run out."""
    await add_jobs(store, "old", kind="repack", at=1)
    await add_jobs(store, "new", kind="diff", at=5)
    assert (await next_due(store, "diff"), await next_due(store, "repack", "diff")) == (5, 1)
    assert await next_due(store, "send") is None
    assert await claim(store, "ada", kinds=["send"]) is None
    claimed = await claim(store, "ada", kinds=["diff"], now=10, lease=10)
    assert (claimed.kind, claimed.payload) == ("diff", '"new"')
    assert await claim(store, "bob", kinds=["repack", "send"], now=30, lease=10**6) is not None
    assert await claim(store, "bob", kinds=["repack", "send"], now=30) is None
    assert (await claim(store, "bob", kinds=["diff", "repack"], now=30)).payload == '"new"'


async def test_jobs_that_failed_do_not_slow_claims_down(store):
    """Every statement finds jobs by the index of their state instead of reading the whole table."""
    async with store.write() as records:
        connection = records.jobs._connection
        run = statements_of(connection)
        await records.jobs.claim("ada", ["diff", "repack"], now=10, lease_until=20)
        await records.jobs.next_due(["diff", "repack"])
        plans = [await query_plan(connection, *statement) for statement in list(run)]
    assert len(plans) == 2
    for plan in plans:
        assert "ix_jobs_state_run_after" in plan
        assert not re.search(r"SCAN jobs|Seq Scan", plan)


async def test_a_job_that_is_there_is_not_added_again(store):
    """One key is one job while it waits, is under way, or has failed; once it is done it may be added anew."""
    await add_jobs(store, "one", "one")
    job = await claim(store, "ada")
    await add_jobs(store, "one")
    assert await claim(store, "bob") is None
    async with store.write() as records:
        await records.jobs.fail(job.id, "ada", "broken")
    await add_jobs(store, "one")
    assert await claim(store, "bob", now=10**6) is None
    await add_jobs(store, "two")
    job = await claim(store, "bob")
    async with store.write() as records:
        await records.jobs.finish(job.id, "bob")
    await add_jobs(store, "two")
    assert (await claim(store, "bob")).payload == '"two"'


async def test_a_job_is_not_done_before_its_time(store):
    """A job that is to be tried later is claimed then, and says how often it was tried."""
    await add_jobs(store, "one", at=10)
    assert await claim(store, "ada", now=9) is None
    assert await next_due(store) == 10
    job = await claim(store, "ada", now=10)
    async with store.write() as records:
        await records.jobs.retry(job.id, "ada", "busy", at=50)
    assert await next_due(store) == 50
    assert await claim(store, "ada", now=49) is None
    again = await claim(store, "bob", now=50)
    assert (job.attempt, again.attempt) == (1, 2)


async def test_a_lease_that_ran_out_can_be_claimed_by_another(store):
    """As long as the lease is extended nobody else gets the job; afterwards somebody does."""
    await add_jobs(store, "one")
    job = await claim(store, "ada", now=10, lease=10)
    async with store.write() as records:
        await records.jobs.extend(job.id, "ada", lease_until=40)
    assert await next_due(store) == 40
    assert await claim(store, "bob", now=39) is None
    taken = await claim(store, "bob", now=40)
    assert (taken.id, taken.attempt) == (job.id, 2)


async def test_who_lost_a_job_has_no_say_in_it(store):
    """A worker that comes back after its lease ran out changes nothing of what its successor does."""
    await add_jobs(store, "one")
    job = await claim(store, "ada", now=10, lease=10)
    await claim(store, "bob", now=20, lease=10)
    async with store.write() as records:
        await records.jobs.extend(job.id, "ada", lease_until=10**6)
        await records.jobs.retry(job.id, "ada", "late", at=0)
        await records.jobs.fail(job.id, "ada", "late")
        await records.jobs.finish(job.id, "ada")
        await records.jobs.give_back("ada")
    assert await claim(store, "eve", now=29) is None
    assert (await claim(store, "eve", now=30)).attempt == 3


async def test_jobs_given_back_wait_as_before(store):
    """Everything that an owner holds is to be had at once, and the attempt does not count."""
    await add_jobs(store, "one", "two", "three")
    kept = await claim(store, "bob")
    given = [await claim(store, "ada"), await claim(store, "ada")]
    async with store.write() as records:
        await records.jobs.give_back("ada")
    assert [await claim(store, "eve") for _ in range(3)] == [*given, None]
    assert kept.id not in {job.id for job in given}


async def test_a_job_that_failed_is_kept_with_its_error(sqlite_store):
    """It is never claimed again, and whoever looks finds out why."""
    await add_jobs(sqlite_store, "one")
    job = await claim(sqlite_store, "ada")
    async with sqlite_store.write() as records:
        await records.jobs.fail(job.id, "ada", "broken")
    assert await next_due(sqlite_store) is None
    assert await claim(sqlite_store, "ada", now=10**6) is None
    [row] = await select_rows(sqlite_store, select(schema.jobs))
    assert (row["state"], row["error"], row["owner"], row["lease_until"]) == ("failed", "broken", None, None)


async def test_two_processes_never_have_the_same_job(stores):
    """Forty jobs, claimed by two stores at once, are each claimed once."""
    await add_jobs(stores[0], *(f"job {number}" for number in range(40)))
    claimed = []

    async def work(store, owner):
        while (job := await claim(store, owner)) is not None:
            claimed.append(job.id)

    async with anyio.create_task_group() as group:
        for number, store in enumerate(stores):
            group.start_soon(work, store, f"owner {number}")
    assert sorted(claimed) == list(range(1, 41))


async def test_diffs_are_known_whether_they_were_stored_or_not(store):
    """Both kinds count as made; only a stored one comes with the releases of its package."""
    ground = await lay_ground(store)
    blob = a_blob()
    async with store.write() as records:
        await records.releases.add(ground.deployment.id, a_release(ground.package))
        await records.diffs.add(ground.package.id, "stored", blob, created_at=1)
        await records.diffs.add(ground.package.id, "too large", None, created_at=1)
    async with store.read() as records:
        known = [await records.diffs.known(ground.package.id, old) for old in ("stored", "too large", "other")]
        [release] = await records.releases.history(ground.deployment.id)
    assert known == [True, True, False]
    assert release.diffs == (StoredDiff(old_hash="stored", blob_id=blob.id, size=blob.size),)


async def test_a_diff_is_recorded_once(store):
    """A second one from the same hash is refused together with its archive; one to a package that is gone, too."""
    ground = await lay_ground(store)
    second = a_blob()
    async with store.write() as records:
        await records.diffs.add(ground.package.id, "old", a_blob(), created_at=1)
    with pytest.raises(AlreadyExistsError):
        async with store.write() as records:
            await records.diffs.add(ground.package.id, "old", second, created_at=1)
    with pytest.raises(MissingError):
        async with store.write() as records:
            await records.diffs.add(12345, "old", second, created_at=1)
    async with store.write() as records:
        await records.diffs.add(ground.package.id, "older", second, created_at=1)


async def test_every_deployment_with_a_package_is_bumped(store):
    """Those that release it rise by one, however often they do; the others stay."""
    ground, other = await lay_ground(store), await lay_ground(store)
    async with store.write() as records:
        for _ in range(2):
            await records.releases.add(ground.deployment.id, a_release(ground.package))
        await records.releases.add(other.deployment.id, a_release(other.package))
    ids = [ground.deployment.id, other.deployment.id]
    async with store.read() as records:
        before = await records.deployments.revisions(ids)
    async with store.write() as records:
        bumped = await records.deployments.bump_releasing(ground.package.id)
        assert await records.deployments.bump_releasing(12345) == ()
    async with store.read() as records:
        after = await records.deployments.revisions(ids)
    assert bumped == (ground.deployment.id,)
    assert after == {**before, ground.deployment.id: before[ground.deployment.id] + 1}


async def test_the_archives_of_an_app_are_those_with_a_manifest(store):
    """Single files and the contents of other apps are not among them."""
    ground, _ = await lay_ground(store), await lay_ground(store)
    async with store.write() as records:
        later = await add_package(records, ground.app_id)
        single = await records.packages.add(
            app_id=ground.app_id, package_hash="single", manifest=None, index=None, blob=a_blob(), created_at=1
        )
    async with store.read() as records:
        archives = await records.packages.archives(ground.app_id)
        assert await records.packages.get(single.id) == single
        assert await records.packages.get(12345) is None
    assert archives == {ground.package.hash: ground.package.id, later.hash: later.id}


async def test_a_repacked_package_has_another_archive_and_the_same_hash(sqlite_store):
    """Its releases point to the new archive; the one before is retired, with the time."""
    ground = await lay_ground(sqlite_store)
    blob = a_blob()
    async with sqlite_store.write() as records:
        await records.releases.add(ground.deployment.id, a_release(ground.package))
        await records.packages.repack(ground.package, blob, index=b"[1]", at=77)
    async with sqlite_store.read() as records:
        package = await records.packages.get(ground.package.id)
        [release] = await records.releases.history(ground.deployment.id)
    assert (package.hash, package.manifest) == (ground.package.hash, ground.package.manifest)
    assert (package.blob_id, package.size, package.index) == (blob.id, blob.size, b"[1]")
    assert (release.package_hash, release.blob_id) == (ground.package.hash, blob.id)
    rows = {row["id"]: row for row in await select_rows(sqlite_store, select(schema.blobs))}
    assert (rows[ground.package.blob_id]["state"], rows[ground.package.blob_id]["retired_at"]) == ("retired", 77)
    assert (rows[blob.id]["state"], rows[blob.id]["retired_at"]) == ("live", None)


async def test_a_package_is_repacked_once(store):
    """Who read the package before another one repacked it is told, and changes nothing."""
    ground = await lay_ground(store)
    first = a_blob()
    async with store.write() as records:
        await records.packages.repack(ground.package, first, index=b"[1]", at=1)
    with pytest.raises(MissingError):
        async with store.write() as records:
            await records.packages.repack(ground.package, a_blob(), index=b"[2]", at=2)
    async with store.read() as records:
        assert (await records.packages.get(ground.package.id)).blob_id == first.id


async def add_jobs(store, *names, kind="diff", at=0):
    """Add a job for each name, which is its key and its payload."""
    async with store.write() as records:
        for name in names:
            await records.jobs.add(kind, f'"{name}"', dedupe_key=name, at=at)


async def claim(store, owner, *, kinds=("diff",), now=10, lease=1000):
    async with store.write() as records:
        return await records.jobs.claim(owner, kinds, now=now, lease_until=now + lease)


async def next_due(store, *kinds):
    async with store.read() as records:
        return await records.jobs.next_due(kinds or ("diff",))


async def select_rows(store, statement):
    """Read what the ports cannot read."""
    async with store.read() as records:
        return (await records.jobs._connection.execute(statement)).mappings().all()


def statements_of(connection):
    """Return a list that grows by each statement of a connection, with its parameters."""
    found = []

    @event.listens_for(connection.sync_connection, "before_cursor_execute")
    def note(_connection, _cursor, statement, parameters, _context, _is_many):
        found.append((statement, parameters))

    return found


async def query_plan(connection, statement, parameters):
    """Return how the engine would run a statement, also if the table had many rows."""
    explain = "EXPLAIN QUERY PLAN"
    if connection.dialect.name == "postgresql":
        explain = "EXPLAIN"
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
    rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
    return "\n".join(str(row[-1]) for row in rows)

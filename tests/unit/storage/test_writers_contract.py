"""Writers that are cut short, killed, or many at once: what every store makes of them."""

import asyncio
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from codepush.server.ports.devices import Addition
from unit.storage.factories import a_release, lay_ground

pytestmark = pytest.mark.anyio

RELEASING_PROCESS = Path(__file__).with_name("releasing_process.py")


async def test_a_cancelled_write_is_undone_and_the_next_one_goes_on(store):
    """Whenever a task is cancelled, its transaction is there whole or not at all, and nobody waits for it."""
    ground = await lay_ground(store)
    dice = random.Random(1)
    promised = 0
    for _ in range(60):
        task = asyncio.create_task(release_and_count(store, ground))
        await asyncio.sleep(dice.uniform(0, 0.01))
        task.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        promised += int(outcome is None)
        assert outcome is None or isinstance(outcome, asyncio.CancelledError)
    await assert_whole(store, ground, promised)


async def test_a_write_that_takes_too_long_is_undone(store):
    """The same when the cancellation is a deadline, which goes on cancelling while the block is left."""
    ground = await lay_ground(store)
    dice = random.Random(2)
    promised = 0
    for _ in range(60):
        with anyio.move_on_after(dice.uniform(0, 0.01)):
            await release_and_count(store, ground)
            promised += 1
    await assert_whole(store, ground, promised)


async def test_writers_of_several_processes_take_turns(store, database_url):
    """Three processes and this one release at once: no label twice, none left out, every count there."""
    ground = await lay_ground(store)
    processes = [await start_releasing(database_url, ground, 15) for _ in range(3)]
    here = [await release_and_count(store, ground) for _ in range(15)]
    printed = [int(line) for process in processes for line in (await process.communicate())[0].split()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(printed) == 45
    await assert_whole(store, ground, len(printed) + len(here))


async def test_what_a_killed_process_was_promised_is_there(store, database_url):
    """After kill -9 in the middle of writing, every acknowledged release is there and no half of one."""
    ground = await lay_ground(store)
    promised = 0
    for lines in (1, 4, 9):
        process = await start_releasing(database_url, ground, 10**6)
        last = [int(await process.stdout.readline()) for _ in range(lines)][-1]
        process.kill()
        rest = (await process.communicate())[0].split(b"\n")[:-1]
        promised = int(rest[-1]) if rest else last
        numbers = await assert_whole(store, ground, promised)
        # One more may have been committed and not yet told; the check itself adds one.
        assert len(numbers) <= promised + 2
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def start_releasing(url, ground, count):
    arguments = [url, ground.deployment.id, ground.package.id, count]
    return await asyncio.create_subprocess_exec(
        sys.executable, str(RELEASING_PROCESS), *map(str, arguments), stdout=subprocess.PIPE
    )


async def release_and_count(store, ground):
    async with store.write() as records:
        await records.releases.add(ground.deployment.id, a_release(ground.package))
        await records.devices.count([Addition(ground.deployment.id, "v1", "downloaded", 1)], hour=0)


async def assert_whole(store, ground, promised):
    """Check that releases are gapless, at least as many as promised, and each with its count; return their numbers."""
    with anyio.fail_after(20):
        await release_and_count(store, ground)
    async with store.read() as records:
        numbers = [release.number for release in await records.releases.history(ground.deployment.id)]
        [downloaded] = await records.devices.counters(ground.deployment.id)
    assert numbers == list(range(1, len(numbers) + 1))
    assert downloaded.value == len(numbers)
    assert len(numbers) > promised
    return numbers

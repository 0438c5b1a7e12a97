"""Two processes look at 200 rollouts at once and are killed at random: each decision is made exactly once."""

import json
import random
import time

import anyio
import pytest
from msgspec.structs import replace

from codepush.server.services.clock import now
from codepush.server.storage.sql.migrate import upgrade
from codepush.server.storage.sql.store import SqlStore
from support.crash.server import KillableServer
from support.rollouts import HOUR, Stand
from unit.storage.factories import lay_ground

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(900)]

KILLS = 14
DEADLINE = 300
ABSENCE = 10 * HOUR
MOST_GAINED = 60_000
"""Milliseconds of an absence that may count."""

ADVANCING, CRASHING, SOAKING = range(3)
PLANS = {
    ADVANCING: ("5% 10s, 25% 10s, 60% 10s, 100% 10s", 140),
    CRASHING: ("50% 1h, 100%", 50),
    SOAKING: ("5% 5h, 100%", 10),
}
"""The plan of each kind, and how many rollouts have it."""

DECISIONS = {
    ADVANCING: [("start", 5), ("advance", 25), ("advance", 60), ("advance", 100), ("complete", 100)],
    CRASHING: [("start", 50), ("halt", 50)],
    SOAKING: [("start", 5)],
}


class Rollouts:
    """200 rollouts in deployments of their own, as the database has them."""

    def __init__(self, url):
        self.url = url
        self.store = SqlStore(url)
        self.stands = {kind: [] for kind in PLANS}
        self.crashed = 0

    async def begin(self):
        for kind, (text, count) in PLANS.items():
            for _ in range(count):
                stand = await Stand.of(self.store, await lay_ground(self.store), clock=now)
                plan = stand.spelled(text)
                await stand.release(rollout=plan.stages[0].percent)
                patience = plan.stages[0].soak if kind == ADVANCING else None
                await stand.rollouts.plan(*stand.place, "v1", replace(plan, patience=patience))
                self.stands[kind].append(stand)

    async def crash(self, count):
        """Report that three devices crash, for so many rollouts more."""
        for stand in self.stands[CRASHING][self.crashed : count]:
            await stand.report("v1", bad=3)
        self.crashed = count

    async def lines(self):
        """Return the audit lines of all rollouts by deployment, oldest first."""
        found = {}
        async with self.store.read() as records:
            for line in await records.events.page(limit=100_000):
                if line.kind.startswith("rollout."):
                    found.setdefault(line.deployment_id, []).append(line)
        return found

    async def count(self):
        return sum(len(lines) for lines in (await self.lines()).values())

    async def records(self, kind):
        async with self.store.read() as records:
            return [await records.rollouts.of_release(one.ground.deployment.id, 1) for one in self.stands[kind]]

    async def leave_alone(self):
        """Make it look as if no process had looked for hours."""
        for rollout in await self.records(SOAKING):
            async with self.store.write() as records:
                assert await records.rollouts.update(replace(rollout, looked_at=rollout.looked_at - ABSENCE))


@pytest.fixture(params=["one node of two workers on SQLite", "two nodes on PostgreSQL"])
async def world(request, tmp_path):
    """Give rollouts, and the nodes that look at them, not started yet."""
    if "SQLite" in request.param:
        (tmp_path / "data").mkdir()
        url, nodes = f"sqlite:///{tmp_path / 'data' / 'codepush.db'}", [("data", "--workers", "2")]
    else:
        url = request.getfixturevalue("postgresql_server").new_database()
        nodes = [("one", "--database-url", url), ("two", "--database-url", url)]
    await anyio.to_thread.run_sync(upgrade, url)
    blobs = ("--storage-url", (tmp_path / "blobs").as_uri())
    rollouts = Rollouts(url)
    yield rollouts, [KillableServer(tmp_path / name, *options, *blobs) for name, *options in nodes]
    await rollouts.store.close()


async def test_each_decision_is_made_once_whatever_is_killed(world):
    """The trail of each rollout is complete, and the time of no process counts."""
    rollouts, nodes = world
    dice = random.Random(1)
    await rollouts.begin()
    began = time.monotonic()
    await start(*nodes)
    try:
        for number in range(KILLS):
            killed = dice.choice(nodes)
            await rollouts.crash(len(rollouts.stands[CRASHING]) * number // KILLS)
            await wait_for_decisions(rollouts, dice.randint(0, 30), seconds=8)
            killed.kill()
            if number == KILLS // 2:
                await stay_away(rollouts, nodes, killed)
            await start(killed)
        await rollouts.crash(len(rollouts.stands[CRASHING]))
        await wait_for_the_end(rollouts)
        soaked = [one.soaked_ms for one in await rollouts.records(SOAKING)]
    finally:
        for node in nodes:
            node.stop()
    most = (time.monotonic() - began) * 1_000 + MOST_GAINED
    assert all(0 < one <= most for one in soaked), (soaked, most)
    await check(rollouts)


async def start(*nodes):
    for node in nodes:
        await anyio.to_thread.run_sync(node.start)


async def stay_away(rollouts, nodes, killed):
    """Stop the other nodes too, and start them again after what looks like hours."""
    others = [node for node in nodes if node is not killed]
    for node in others:
        node.kill()
    await rollouts.leave_alone()
    await start(*others)


async def wait_for_decisions(rollouts, more, *, seconds):
    """Return amid the steps of a look: once so many more decisions are made, or after some seconds."""
    enough = await rollouts.count() + more
    with anyio.move_on_after(seconds):
        while await rollouts.count() < enough:  # noqa: ASYNC110 - other processes make the decisions
            await anyio.sleep(0.01)


async def wait_for_the_end(rollouts):
    deadline = time.monotonic() + DEADLINE
    expected = sum(len(decisions) * PLANS[kind][1] for kind, decisions in DECISIONS.items())
    while (made := await rollouts.count()) < expected:
        assert time.monotonic() < deadline, (made, expected)
        await anyio.sleep(0.2)


async def check(rollouts):
    """Each rollout has its decisions once and in order, each goes on where the one before ended."""
    lines = await rollouts.lines()
    for kind, stands in rollouts.stands.items():
        for stand, rollout in zip(stands, await rollouts.records(kind), strict=True):
            found = lines[stand.ground.deployment.id]
            facts = [json.loads(one.after) for one in found]
            made = [
                (one.kind.removeprefix("rollout."), after["percent"]) for one, after in zip(found, facts, strict=True)
            ]
            assert made == DECISIONS[kind]
            stages = [json.loads(one.before)["stage"] for one in found[1:]]
            assert stages == [after["stage"] for after in facts[:-1]]
            assert (rollout.state, rollout.stage + 1) == (facts[-1]["state"], facts[-1]["stage"])
            release = await stand.shown("v1")
            assert (release.rollout or 100, release.is_held) == (facts[-1]["percent"], kind == CRASHING)

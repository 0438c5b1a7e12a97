"""A replay decides as the server does: what its devices report is reported to a server, and both decide the same."""

import pytest

from codepush.rules import labels, plans
from codepush.rules.replay import Faults, modelled, replay, run
from codepush.server.ports.trials import TrialAddition
from support.rollouts import MINUTE, Clock, Stand
from unit.storage.factories import lay_ground

pytestmark = pytest.mark.anyio

FLEET = modelled(4_000)
PLAN = "50% 30m, 75% 30m, 100% 30m"


@pytest.fixture
def recorded(monkeypatch):
    """Return what a replay counts before each of its looks, which here come every minute."""
    looks, counted = [], []
    add, look = run._Counts.add, run._Run._look

    def adding(self, at, kind, age):
        counted.append((at, kind, age))
        add(self, at, kind, age)

    def looking(self):
        looks.append((self._now, tuple(counted)))
        counted.clear()
        return look(self)

    monkeypatch.setattr(run, "_LOOK_WHEN_QUIET", MINUTE)
    monkeypatch.setattr(run, "_SOON", MINUTE)
    monkeypatch.setattr(run._Counts, "add", adding)
    monkeypatch.setattr(run._Run, "_look", looking)
    return looks


@pytest.mark.parametrize(
    "faults",
    [Faults(), Faults(failing=0.3), Faults(failing=1.0)],
    ids=["none", "failures", "crash"],
)
async def test_the_server_decides_as_the_replay(store, recorded, faults):
    ground = await lay_ground(store)
    clock = Clock(int(FLEET[0].at.timestamp() * 1000))
    stand = await Stand.of(store, ground, clock=clock)
    label = await stand.release(rollout=50)
    started = await stand.plan(label, PLAN)

    result = replay(FLEET, plans.parse(PLAN), faults=faults, baseline=started.baseline)
    for now, counted in recorded:
        clock.at = now
        await report(store, ground, label, counted)
        await stand.looking.look_all()

    rollout = await stand.get(label)
    expected = [
        (one.decision.at, one.decision.kind, one.decision.reason, one.decision.percent) for one in result.moments
    ]
    decided = [(one.at, one.kind, one.reason, one.percent) for one in reversed(await decisions(stand, label))]
    assert decided == expected
    assert (rollout.state, rollout.percent, rollout.limit) == (result.state, result.percent, result.limit)
    assert len(expected) > 1


async def decisions(stand, label):
    return await stand.rollouts.decisions(*stand.place, label)


async def report(store, ground, label, counted):
    """Count what a replay counted."""
    sums = {}
    for at, kind, age in counted:
        key = (at - at % (10 * MINUTE), kind, age)
        sums[key] = sums.get(key, 0) + 1
    if not sums:
        return
    async with store.write() as records:
        await records.trials.add(
            [
                TrialAddition(ground.deployment.id, labels.number(label), cohort, kind, age, "known", value)
                for (cohort, kind, age), value in sums.items()
            ]
        )

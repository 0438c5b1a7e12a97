"""Trials over time in every store: sums by span, points, and merging that keeps all sums."""

from typing import Final

import pytest
from msgspec.structs import replace

from codepush.insight_models import TrialTotals
from codepush.rollout_models import RolloutPlan, RolloutStage
from codepush.rules.series import DAY, HOUR
from codepush.rules.trials import COHORT
from codepush.server.ports.devices import DeviceRecord, LabelRecord, Named
from codepush.server.ports.errors import MissingError
from codepush.server.ports.rollouts import RolloutRecord
from codepush.server.ports.trials import Span, TrialAddition, TrialPoint
from codepush.server.services.releasing.thinning import IDLE_DEVICES_KEPT, forget_idle_devices, merge_trials
from unit.storage.factories import a_release, lay_ground, ran, release_labels

pytestmark = pytest.mark.anyio

NOW = 100 * DAY + 5 * HOUR
BEGAN: Final = ("began", "none", "known")
OK: Final = ("ok", "1h", "new")


async def add(store, ground, *cells, number=1):
    """Add to cohorts: pairs of a moment and a value."""
    async with store.write() as records:
        for cohort_at, (kind, age, standing), value in cells:
            await records.trials.add(
                [TrialAddition(ground.deployment.id, number, cohort_at, kind, age, standing, value)]
            )


async def points(store, ground, *, number=1, since=0, until=NOW):
    async with store.read() as records:
        found = await records.trials.points(ground.deployment.id, number, since=since, until=until)
    return [(point.cohort_at, point.kind, point.value) for point in found]


async def totals(store, *spans):
    async with store.read() as records:
        return [one.counts for one in await records.trials.totals(spans)]


def a_rollout(deployment_id, number=1, **facts):
    plan = RolloutPlan(stages=(RolloutStage(percent=5), RolloutStage(percent=100)))
    record = RolloutRecord(
        deployment_id=deployment_id,
        number=number,
        state="running",
        plan=plan,
        stage_at=1,
        evidence_since=1,
        looked_at=1,
    )
    return replace(record, **facts)


async def test_additions_add_up(store):
    """What is added to the same cohort, kind, age and standing is one row; labels and deployments stay apart."""
    ground, other = await lay_ground(store), await lay_ground(store)
    additions = [
        TrialAddition(ground.deployment.id, 1, COHORT, *BEGAN, 2),
        TrialAddition(ground.deployment.id, 1, COHORT, *OK, 3),
        TrialAddition(ground.deployment.id, 2, COHORT, *OK, 5),
        TrialAddition(other.deployment.id, 1, COHORT, *OK, 7),
    ]
    async with store.write() as records:
        await records.trials.add(additions)
        await records.trials.add([])
        await records.trials.add(additions[:2])
    async with store.read() as records:
        assert await records.trials.points(ground.deployment.id, 1, since=0, until=NOW) == [
            TrialPoint(COHORT, *BEGAN, 4),
            TrialPoint(COHORT, *OK, 6),
        ]
    assert await points(store, ground, number=2) == [(COHORT, "ok", 5)]
    assert await points(store, ground, since=COHORT + 1) == await points(store, ground, until=COHORT) == []


async def test_totals_are_of_each_span(store):
    """Spans may overlap, touch, repeat, contain each other, or be empty; their ends are not in them."""
    ground, other = await lay_ground(store), await lay_ground(store)
    await add(store, ground, *((number * COHORT, BEGAN, 10**number) for number in range(6)), (COHORT, OK, 7))
    await add(store, ground, (COHORT, BEGAN, 5), number=2)
    await add(store, other, (COHORT, BEGAN, 9))
    here, there = ground.deployment.id, other.deployment.id
    spans = [
        Span(here, 1, 0, 6 * COHORT),
        Span(here, 1, COHORT, 3 * COHORT),
        Span(here, 1, 2 * COHORT, 5 * COHORT),
        Span(here, 1, 3 * COHORT, 3 * COHORT + 1),
        Span(here, 1, COHORT, 3 * COHORT),
        Span(here, 1, 8 * COHORT, 9 * COHORT),
        Span(here, 1, COHORT, COHORT),
        Span(here, 1, 3 * COHORT, COHORT),
        Span(here, 2, 0, NOW),
        Span(there, 1, 0, NOW),
        Span(999, 1, 0, NOW),
    ]
    assert await totals(store, *spans) == [
        {BEGAN: 111_111, OK: 7},
        {BEGAN: 110, OK: 7},
        {BEGAN: 11_100},
        {BEGAN: 1_000},
        {BEGAN: 110, OK: 7},
        {},
        {},
        {},
        {BEGAN: 5},
        {BEGAN: 9},
        {},
    ]
    assert await totals(store) == []
    async with store.read() as records:
        [found] = await records.trials.totals(spans[:1])
    assert isinstance(found, TrialTotals)
    assert (found.began, found.verdicts) == (111_111, 7)


async def test_points_are_summed_by_a_span(store):
    """The ends of the time apply to cohorts; each sum is named by the beginning of its span."""
    ground = await lay_ground(store)
    await add(store, ground, *((number * COHORT + 5, BEGAN, 1) for number in range(12)), (7 * COHORT, OK, 3))
    async with store.read() as records:
        found = await records.trials.points(ground.deployment.id, 1, since=COHORT, until=9 * COHORT, span=HOUR)
    assert found == [TrialPoint(0, *BEGAN, 5), TrialPoint(HOUR, *BEGAN, 3), TrialPoint(HOUR, *OK, 3)]


async def test_the_first_failure_that_counts(store):
    """Strays are none, nor is what comes before the time asked for."""
    ground = await lay_ground(store)
    assert await first_failure(store, ground) is None
    stray, new = ("bad", "1h", "stray"), ("bad", "later", "new")
    await add(store, ground, (COHORT, stray, 1), (2 * COHORT, new, 1), (3 * COHORT, new, 1), (COHORT, OK, 1))
    assert await first_failure(store, ground) == 2 * COHORT
    assert await first_failure(store, ground, since=2 * COHORT + 1) == 3 * COHORT


async def first_failure(store, ground, since=0):
    async with store.read() as records:
        return await records.trials.first_failure(ground.deployment.id, 1, since=since)


async def test_merging_keeps_all_sums(store):
    """Cohorts become hours and then days; what comes late is added to them, and younger cohorts stay."""
    ground = await lay_ground(store)
    young, old, oldest = NOW - HOUR, 90 * DAY, 60 * DAY
    cells = [
        (young, BEGAN, 1),
        (young + COHORT + 5, OK, 1),
        *((old + number * COHORT + 7, BEGAN, 1) for number in range(9)),
        (old + HOUR, OK, 2),
        *((oldest + number * HOUR, BEGAN, 1) for number in range(30)),
    ]
    await add(store, ground, *cells)
    for _ in range(2):
        await merge_trials(store, at=NOW)
        assert await points(store, ground) == [
            (oldest, "began", 24),
            (oldest + DAY, "began", 6),
            (old, "began", 6),
            (old + HOUR, "began", 3),
            (old + HOUR, "ok", 2),
            (young, "began", 1),
            (young + COHORT + 5, "ok", 1),
        ]
    await add(store, ground, (old + COHORT, BEGAN, 1), (oldest + COHORT, OK, 1))
    await merge_trials(store, at=NOW)
    assert (await points(store, ground, until=old + 1)) == [
        (oldest, "began", 24),
        (oldest, "ok", 1),
        (oldest + DAY, "began", 6),
        (old, "began", 7),
    ]


async def test_labels_with_an_active_plan_are_not_merged(store):
    """Once the rollout is over, they are, and so are other labels of the deployment."""
    ground = await lay_ground(store)
    old = 90 * DAY + COHORT
    await add(store, ground, (old, BEGAN, 1))
    await add(store, ground, (old, BEGAN, 1), number=2)
    async with store.write() as records:
        rollout = await records.rollouts.add(a_rollout(ground.deployment.id))
    await merge_trials(store, at=NOW)
    assert await points(store, ground) == [(old, "began", 1)]
    assert await points(store, ground, number=2) == [(90 * DAY, "began", 1)]
    async with store.write() as records:
        await records.rollouts.update(replace(rollout, state="completed"))
    await merge_trials(store, at=NOW)
    assert await points(store, ground) == [(90 * DAY, "began", 1)]


async def test_trials_of_a_deployment_are_cleared(store):
    """Those of others stay; a removed deployment leaves none, and takes none."""
    ground, other = await lay_ground(store), await lay_ground(store)
    for one in (ground, other):
        await add(store, one, (COHORT, BEGAN, 1))
    async with store.write() as records:
        await records.trials.clear(ground.deployment.id)
    assert (len(await points(store, ground)), len(await points(store, other))) == (0, 1)
    async with store.write() as records:
        await records.deployments.remove(other.deployment.id)
    assert await points(store, other) == []
    with pytest.raises(MissingError):
        await add(store, other, (COHORT, BEGAN, 1))


async def test_counting_reads_what_it_needs_of_labels(store):
    """When they were released, and of those with a plan the percentage below 100 and since when evidence counts."""
    ground, other = await lay_ground(store), await lay_ground(store)
    here, there = ground.deployment.id, other.deployment.id
    await release_labels(store, here, ground.package.id, 2)
    async with store.write() as records:
        await records.releases.add(here, a_release(ground.package, upload_time=77, rollout=25))
        await records.rollouts.add(a_rollout(here, 2, evidence_since=50))
        asked = {here: Named(labels=frozenset({1, 2, 3, 4, 9_999_999_999})), there: Named(), 999: Named()}
        found = await records.devices.countable(asked)
        assert found.keys() == {here, there}
        assert (found[there].released, found[there].labels) == (0, {})
        assert found[here].released == 3
        assert found[here].labels == {
            1: LabelRecord(released_at=1),
            2: LabelRecord(released_at=1, evidence_since=50),
            3: LabelRecord(released_at=77),
        }
        await records.rollouts.add(a_rollout(here, 3, evidence_since=60))
        found = await records.devices.countable({here: Named(labels=frozenset({3}))})
        assert found[here].labels == {3: LabelRecord(released_at=77, percent=25, evidence_since=60)}


async def test_devices_that_ran_nothing_for_30_days_are_removed(store):
    """However many there are; those that run something stay."""
    ground = await lay_ground(store)
    idle = {(ground.deployment.id, number.to_bytes(4, "big")): DeviceRecord(trial=1) for number in range(2_500)}
    kept = (ground.deployment.id, b"kept")
    async with store.write() as records:
        await records.devices.remember(idle | ran("v1", kept), at=NOW - IDLE_DEVICES_KEPT - 1)
    await forget_idle_devices(store, at=NOW - 1)
    async with store.read() as records:
        assert len(await records.devices.remembered([*idle, kept])) == 2_501
    await forget_idle_devices(store, at=NOW)
    async with store.read() as records:
        assert list(await records.devices.remembered([*idle, kept])) == [kept]

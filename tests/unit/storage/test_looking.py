"""Rollouts with a plan: looks, steps and what people do, on each kind of database."""

from datetime import UTC, datetime, timedelta

import pytest

from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError
from support.rollouts import HOUR, MINUTE, Stand
from unit.storage.factories import lay_ground

pytestmark = pytest.mark.anyio


@pytest.fixture
async def stand(store):
    return await Stand.of(store, await lay_ground(store))


async def test_a_plan_advances_by_evidence_and_completes(stand):
    """The first stage needs its time and enough verdicts; 100 percent is stored as none, and is watched."""
    label = await stand.release(rollout=5)
    started = await stand.plan(label, "5% 1h, 25% 1h, 100% 2h")
    assert (started.state, started.stage, started.percent) == ("running", 1, 5)
    assert started.baseline.is_assumed
    await stand.report(label, ok=100)
    await stand.wait(HOUR + MINUTE)
    advanced = await stand.get(label)
    assert (advanced.stage, advanced.percent, (await stand.shown(label)).rollout) == (2, 25, 25)
    await stand.wait(HOUR + MINUTE)
    assert ((await stand.get(label)).percent, (await stand.shown(label)).rollout) == (100, None)
    await stand.wait(2 * HOUR + MINUTE)
    assert [(one.kind, one.percent) for one in (await stand.get(label)).decisions] == [
        ("complete", 100),
        ("advance", 100),
        ("advance", 25),
        ("start", 5),
    ]


async def test_without_verdicts_a_stage_waits(stand):
    """When its time is over and nobody reported, it holds without being held back from devices."""
    label = await stand.release(rollout=5)
    await stand.plan(label, "5% 1h, 100%")
    await stand.wait(HOUR + MINUTE)
    rollout = await stand.get(label)
    assert (rollout.state, rollout.reason, rollout.is_held) == ("holding", "inconclusive", False)
    await stand.report(label, ok=100)
    await stand.wait(HOUR)
    assert (await stand.get(label)).percent == 100


async def test_a_crash_is_halted_after_three_failures(stand):
    """Two failures are not enough for anything; three halt, and the release is held and not disabled."""
    label = await stand.release(rollout=50)
    await stand.plan(label, "50% 1h, 100%")
    await stand.report(label, bad=2)
    await stand.look()
    assert (await stand.get(label)).state == "running"
    await stand.report(label, bad=1)
    await stand.look()
    rollout, release = await stand.get(label), await stand.shown(label)
    assert (rollout.state, rollout.reason, rollout.is_held) == ("halted", "failures", True)
    assert (release.is_held, bool(release.is_disabled), release.rollout) == (True, False, 50)
    assert rollout.decisions[0].numbers["failures"] == 3
    assert stand.announced[-1].kinds == ("rollout.halt",)
    assert stand.announced[-1].deployments == {stand.ground.deployment.id}


async def test_a_suspicion_holds_and_ends_by_itself(stand):
    """The release is held from ten on, and goes on after two calm looks."""
    label = await stand.release(rollout=50)
    await stand.plan(label, "50% 1h, 100%", limit=0.1)
    await stand.report(label, bad=5, ok=5)
    await stand.look()
    assert (await stand.get(label)).reason == "suspect"
    assert (await stand.shown(label)).is_held
    await stand.report(label, ok=100)
    await stand.look()
    assert (await stand.get(label)).reason == "suspect"
    await stand.look()
    assert ((await stand.get(label)).state, (await stand.shown(label)).is_held) == ("running", False)


async def test_resuming_a_halt_begins_new_evidence(stand):
    """It needs a note, clears what the halt had set, and the failures of before count no more."""
    label = await stand.release(rollout=50)
    await stand.plan(label, "50% 1h, 100%", on_halt="disable")
    await stand.report(label, bad=3)
    await stand.look()
    assert (await stand.shown(label)).is_disabled
    with pytest.raises(InvalidError):
        await stand.act(label, "resume")
    resumed = await stand.act(label, "resume", note="A backend was down.")
    release = await stand.shown(label)
    assert (resumed.state, release.is_held, release.is_disabled) == ("running", False, False)
    assert (resumed.counts.bad, resumed.decisions[0].note) == (0, "A backend was down.")
    await stand.look()
    assert (await stand.get(label)).state == "running"


async def test_an_outdated_version_and_a_wrong_verb_are_refused(stand):
    """409, with what to do instead; nothing changes."""
    label = await stand.release(rollout=5)
    started = await stand.plan(label, "5% 1h, 100%")
    paused = await stand.act(label, "pause", expected_version=started.version)
    with pytest.raises(ConflictError) as outdated:
        await stand.act(label, "resume", expected_version=started.version)
    with pytest.raises(ConflictError) as wrong:
        await stand.act(label, "advance")
    assert (outdated.value.code, wrong.value.code) == ("version_moved", "wrong_state")
    assert (await stand.get(label)).version == paused.version


async def test_only_the_newest_release_gets_a_plan(stand):
    """An older one is 409, an unknown one 404, and one that reached all devices can only be watched."""
    old = await stand.release()
    new = await stand.release()
    for label, plan, expected in ((old, "100% 1h", ConflictError), ("v9", "100% 1h", NotFoundError)):
        with pytest.raises(expected):
            await stand.plan(label, plan)
    with pytest.raises(ConflictError):
        await stand.plan(new, "5% 1h, 100%")
    assert (await stand.plan(new, "100% 1h")).state == "running"


async def test_anyone_can_halt_a_release_without_a_plan(stand):
    """It gets a plan of its own percentage; resuming offers it to as many as before."""
    label = await stand.release(rollout=20)
    halted = await stand.act(label, "halt", note="Crash reports.")
    assert (halted.state, halted.reason, halted.percent, halted.is_held) == ("halted", "person", 20, True)
    resumed = await stand.act(label, "resume", note="Not ours.")
    assert (resumed.state, (await stand.shown(label)).rollout) == ("running", 20)


async def test_the_time_of_an_absent_server_does_not_count(stand):
    """A minute of it at most; a clock that goes back takes nothing away."""
    label = await stand.release(rollout=5)
    await stand.plan(label, "5% 1h, 100%", patience=None)
    await stand.look(after=5 * HOUR)
    assert (await stand.get(label)).soaked.total_seconds() == 60
    await stand.look(after=-2 * HOUR)
    assert (await stand.get(label)).soaked.total_seconds() == 60
    await stand.look(after=31_000)
    assert (await stand.get(label)).soaked.total_seconds() == 91


async def test_the_time_of_a_stopped_deployment_does_not_count(stand):
    """Neither while the rollout holds for that, nor while it holds for another reason."""
    label = await stand.release(rollout=5)
    await stand.plan(label, "5% 1m, 100%")
    await stand.wait(2 * MINUTE)
    before = (await stand.get(label)).soaked
    async with stand.store.write() as records:
        await records.deployments.stop(stand.ground.deployment.id, "account:1")
    await stand.wait(HOUR)
    assert (await stand.get(label)).soaked - before <= timedelta(seconds=30)


async def test_two_servers_take_a_step_once(stores):
    """Both find it due; one takes it, the other finds nothing to do."""
    ground = await lay_ground(stores[0])
    stand = await Stand.of(stores[0], ground)
    other = await Stand.of(stores[1], ground, clock=stand.clock)
    label = await stand.release(rollout=5)
    await stand.plan(label, "5% 10s, 25% 10s, 100%", patience=None)
    await stand.report(label, bad=3)
    stand.clock.pass_(11_000)
    for one in (stand, other, other):
        await one.looking.look_all()
    assert [one.kind for one in (await stand.get(label)).decisions] == ["halt", "start"]


async def test_a_halt_is_counted_with_its_time_since_the_first_failure(stand, caplog):
    """Once, in the process that decided it, and logged; a later look counts nothing."""
    label = await stand.release(rollout=50)
    await stand.plan(label, "50% 1h, 100%")
    await stand.report(label, bad=1)
    stand.clock.pass_(20 * MINUTE)
    await stand.report(label, bad=2)
    await stand.look(times=3)
    assert sum(stand.counts.halts.counts) == 1
    assert 20 * 60 <= stand.counts.halts.seconds <= 30 * 60
    assert stand.counts.looked_at > 0
    assert [one.getMessage().endswith("is halted: failures.") for one in caplog.records] == [True]


async def test_a_halt_by_a_person_is_logged_and_not_counted(stand, caplog):
    """The histogram is about what the server decides."""
    label = await stand.release(rollout=50)
    await stand.act(label, "halt")
    assert sum(stand.counts.halts.counts) == 0
    assert ["halted by a person" in one.getMessage() for one in caplog.records] == [True]


async def test_open_rollouts_are_counted_by_state(stand):
    """Those that are over are left out."""
    for verb in ("complete", "cancel", "pause"):
        label = await stand.release(rollout=50)
        await stand.plan(label, "50% 1h, 100%")
        await stand.act(label, verb)
    async with stand.store.read() as records:
        counts = await records.rollouts.counts()
    assert counts == {"scheduled": 0, "running": 0, "holding": 0, "paused": 1, "halted": 0}


async def test_a_plan_that_starts_later_changes_no_percentage_before_and_lowers_none(stand):
    """A release that devices have already stays at its percentage, and starts at the stage that fits it."""
    label = await stand.release(rollout=50)
    soon = datetime.fromtimestamp(stand.clock() / 1000, UTC) + timedelta(minutes=10)
    planned = await stand.plan(label, "5% 1h, 60% 1h, 100%", starts_at=soon)
    assert (planned.state, planned.percent) == ("scheduled", 50)
    await stand.look(after=11 * MINUTE)
    started = await stand.get(label)
    assert (started.state, started.percent, started.stage) == ("running", 50, 1)
    other = await stand.release(rollout=5)
    later = soon + timedelta(hours=1)
    assert (await stand.plan(other, "20% 1h, 100%", starts_at=later)).percent == 5
    await stand.look(after=2 * HOUR)
    assert (await stand.get(other)).percent == 20


async def test_a_suspect_release_stays_held_when_it_is_planned_again(stand):
    """After a cancellation, a person has to overrule the evidence with a note before devices get it."""
    label = await stand.release(rollout=50)
    await stand.plan(label, "50% 1h, 100%", limit=0.1)
    await stand.report(label, bad=5, ok=5)
    await stand.look()
    assert (await stand.act(label, "cancel")).is_held
    planned = await stand.plan(label, "50% 1h, 100%", limit=0.1)
    assert (planned.state, planned.reason, planned.is_held) == ("paused", "suspect", True)
    with pytest.raises(InvalidError):
        await stand.act(label, "resume")
    resumed = await stand.act(label, "resume", note="A test device.")
    assert (resumed.state, resumed.is_held) == ("running", False)


async def test_a_finished_release_whose_rollout_was_cancelled_can_only_be_watched(stand):
    """As one that never had a plan."""
    label = await stand.release()
    await stand.plan(label, "100% 1h")
    await stand.act(label, "cancel")
    with pytest.raises(ConflictError):
        await stand.plan(label, "5% 1h, 100%")
    assert (await stand.plan(label, "100% 1h")).state == "running"

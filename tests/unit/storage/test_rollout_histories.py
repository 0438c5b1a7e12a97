"""Rollouts of one deployment while looks, people and other tools act in any order, on a real database.

The table of states is checked from the outside: by what is stored, what the release looks like to other tools, and
what the audit trail says.
"""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hypothesis import Phase, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from codepush import NO_PLAN, PackageInfo
from codepush.models import COMPLETE_ROLLOUT
from codepush.rules import labels
from codepush.rules.actions import Clear, Patch, Promote, Rollback
from codepush.rules.duplicates import same_target
from codepush.server.assembly.parts import open_parts
from codepush.server.ports.rollouts import OPEN
from codepush.server.services.caller import Caller
from codepush.server.services.change import Changes
from codepush.server.services.errors import ServiceError
from codepush.server.services.releasing import steps
from codepush.server.services.releasing.stopping import Stopping
from codepush.server.settings import Settings
from support.rollouts import MINUTE, Clock, Stand
from unit.storage.factories import a_release, add_deployment, add_package, lay_ground

SOURCE = "Source"
PACKAGES = 25
"""Releases that a history can be made of."""

EXPLORED = settings(
    max_examples=20, stateful_step_count=40, deadline=None, derandomize=True, database=None, phases=[Phase.generate]
)

OVER = {"completed", "superseded"}
TABLE: dict[str, set[tuple[str | None, str]]] = {
    "rollout.start": {(None, "running"), ("scheduled", "running")},
    "rollout.plan": {(None, "scheduled"), (None, "paused"), ("cancelled", "running"), ("cancelled", "paused")}
    | {(state, state) for state in ("scheduled", "running", "holding", "paused")},
    "rollout.advance": {("running", "running"), ("holding", "running")},
    "rollout.hold": {("running", "holding"), ("holding", "holding"), ("paused", "paused")},
    "rollout.clear": {("holding", "running")},
    "rollout.halt": {("running", "halted"), ("holding", "halted"), ("paused", "halted")},
    "rollout.note": {("halted", "halted")},
    "rollout.pause": {("scheduled", "paused"), ("running", "paused"), ("holding", "paused"), ("paused", "paused")},
    "rollout.resume": {("halted", "running"), ("holding", "running"), ("paused", "running")},
    "rollout.complete": {(state, "completed") for state in ("scheduled", "running", "holding", "paused")},
    "rollout.supersede": {(state, "superseded") for state in OPEN},
    "rollout.cancel": {(state, "cancelled") for state in ("scheduled", "running", "holding", "paused")},
}
"""The states before and after each kind of decision."""

TEXTS = ("5% 1m, 25% 1m, 100% 2m", "10% 1m, wait, 100% 1m", "50% 1m, 100% 1m", "100% 2m", "30%, wait, 60%, 100%")


@st.composite
def a_plan(draw):
    """Return a plan's text and its other settings."""
    return draw(st.sampled_from(TEXTS)), {
        "on_halt": draw(st.sampled_from(["stop", "disable", "notify"])),
        "patience": draw(st.sampled_from([None, timedelta(minutes=3)])),
        "limit": draw(st.sampled_from([None, 0.1])),
    }


class Hall:
    """A database on which histories follow each other, each in a deployment of its own.

    Args:
        parts: The parts of a server.
        runner: Runs what is asynchronous.

    """

    def __init__(self, parts, runner):
        self.parts = parts
        self.run = runner.run
        self.clock = Clock()
        self.store = parts.foundation.store
        parts.changes = Changes(self.store, clock=self.clock)
        self.releases = parts.releasing.releases

    async def stand(self):
        """Return a new deployment, in an app that has a source to promote from."""
        ground = await lay_ground(self.store)
        async with self.store.write() as records:
            source = await add_deployment(records, ground.app_id, SOURCE)
            for _ in range(PACKAGES):
                await records.releases.add(source.id, a_release(await add_package(records, ground.app_id)))
        return await Stand.of(self.store, ground, clock=self.clock)


class Histories(RuleBasedStateMachine):
    """One deployment, its rollouts, and all who act on it."""

    def __init__(self, hall):
        super().__init__()
        self.hall = hall
        self.stand = hall.run(hall.stand())
        self.caller, self.app, self.deployment = self.stand.place
        self.stopping = Stopping(self.stand.changes)
        self.sources = iter(range(1, PACKAGES + 1))
        self.releases, self.rollouts = {}, {}

    def teardown(self):
        """Leave no rollout that the looks of the next history would find."""
        self.hall.run(self.clear())
        self.hall.clock.at = Clock().at

    def attempt(self, call):
        """Let somebody do something, which may be refused."""
        with suppress(ServiceError):
            self.hall.run(call)

    @property
    def newest(self):
        return labels.label(max(self.releases))

    def has_releases(self):
        return bool(self.releases)

    @initialize(default=st.one_of(st.none(), a_plan()), plan=a_plan(), starts_in=st.sampled_from([None, None, 10]))
    def begin(self, default, plan, starts_in):
        """Begin with a release whose rollout is under way, or is to start."""
        if default is not None:
            wanted = self.spelled(default, None)
            self.hall.run(self.stand.rollouts.set_default_plan(*self.stand.place, wanted))
        self.release(plan, None, "1.0.0", starts_in)

    @rule(
        plan=st.one_of(st.none(), st.just(NO_PLAN), a_plan()),
        rollout=st.sampled_from([None, None, 20, 100]),
        app_version=st.sampled_from(["1.0.0", "1.0.0", "1.0.0", "2.0.0"]),
        starts_in=st.sampled_from([None, None, None, 10]),
    )
    def release(self, plan, rollout, app_version, starts_in):
        number = next(self.sources, None)
        if number is None:
            return
        info = PackageInfo(label=labels.label(number), app_version=app_version, rollout=rollout)
        if isinstance(plan, tuple):
            info, plan = PackageInfo(label=info.label, app_version=app_version), self.spelled(plan, starts_in)
        promote = Promote(app=self.app, source=SOURCE, destination=self.deployment, info=info, plan=plan)
        self.attempt(self.hall.releases.run(self.caller, promote))

    def spelled(self, plan, starts_in):
        text, more = plan
        starts_at = None if starts_in is None else self.moment() + timedelta(minutes=starts_in)
        return self.stand.spelled(text, starts_at=starts_at, **more)

    def moment(self):
        return datetime.fromtimestamp(self.stand.clock() / 1000, UTC)

    @precondition(has_releases)
    @rule(plan=a_plan(), starts_in=st.sampled_from([None, None, 10]))
    def plan(self, plan, starts_in):
        wanted = self.spelled(plan, starts_in)
        self.attempt(self.stand.rollouts.plan(*self.stand.place, self.newest, wanted))

    @precondition(has_releases)
    @rule(
        verb=st.sampled_from(["pause", "resume", "resume", "advance", "halt", "complete", "cancel"]),
        note=st.sampled_from([None, "why"]),
        limit=st.sampled_from([None, None, 0.2]),
        force=st.booleans(),
    )
    def act(self, verb, note, limit, force):
        self.attempt(self.stand.act(self.newest, verb, note=note, limit=limit, force=force))

    @precondition(has_releases)
    @rule(
        rollout=st.sampled_from([1, 20, 30, 60, 99, 100, 100]),
        is_disabled=st.sampled_from([None, None, None, True, False]),
    )
    def patch(self, rollout, is_disabled):
        info = PackageInfo(rollout=rollout) if is_disabled is None else PackageInfo(is_disabled=is_disabled)
        self.attempt(self.hall.releases.run(self.caller, Patch(app=self.app, deployment=self.deployment, info=info)))

    @precondition(has_releases)
    @rule(what=st.sampled_from(["roll_back", "roll_back", "stop", "start", "start", "restore", "clear"]))
    def interrupt(self, what):
        self.attempt(getattr(self, what)())
        if what == "clear":
            self.releases, self.rollouts = {}, {}

    async def roll_back(self):
        await self.hall.releases.run(self.caller, Rollback(app=self.app, deployment=self.deployment))

    async def stop(self):
        await self.stopping.stop(self.caller, self.app, self.deployment, "why")

    async def start(self):
        await self.stopping.start(self.caller, self.app, self.deployment, "why")

    async def restore(self):
        async with self.stand.changes.by(Caller(kind="server:cli")) as change:
            await steps.pause_restored(change)

    async def clear(self):
        await self.hall.releases.run(self.caller, Clear(app=self.app, deployment=self.deployment))

    @precondition(has_releases)
    @rule(counts=st.sampled_from([(200, 0), (200, 0), (0, 3), (30, 3), (30, 3)]), looks=st.booleans())
    def report(self, counts, looks):
        ok, bad = counts
        self.hall.run(self.stand.report(self.newest, ok=ok, bad=bad))
        self.hall.run(self.stand.look(times=int(looks)))

    @rule(after=st.sampled_from([10_000, MINUTE, MINUTE, 45 * MINUTE]), times=st.integers(1, 4))
    def look(self, after, times):
        self.hall.run(self.stand.look(after=after, times=times))

    @invariant()
    def everything_agrees(self):
        releases, rollouts, lines = self.hall.run(self.stand.stored())
        self.check_releases(releases)
        for rollout in rollouts:
            self.check_rollout(rollout, releases[rollout.number])
            self.check_trail(rollout, [one for one in lines if json.loads(one.after)["rollout"] == rollout.id])
        self.check_together(rollouts, releases)
        self.releases, self.rollouts = releases, {one.id: one for one in rollouts}

    def check_releases(self, releases):
        """Percentages only rise, and none is 0."""
        for number, release in releases.items():
            assert release.rollout is None or 0 < release.rollout <= COMPLETE_ROLLOUT
            if number in self.releases:
                assert percent(release) >= percent(self.releases[number])

    def check_rollout(self, rollout, release):
        before = self.rollouts.get(rollout.id)
        if before is not None and before.state in OVER:
            assert rollout == before
        if before is not None:
            assert rollout.version >= before.version
        assert 0 <= rollout.stage < len(rollout.plan.stages)
        assert (rollout.reason is not None) == (rollout.state in {"holding", "paused", "halted", "cancelled"}) or (
            rollout.state == "completed"
        )
        assert self.is_held_rightly(rollout, release)
        if rollout.state in {"running", "holding"}:
            assert not release.is_disabled
        if rollout.state != "scheduled" and rollout.state in OPEN:
            assert rollout.failure_limit is not None
            assert rollout.plan.stages[rollout.stage].percent <= percent(release) or rollout.stage == 0

    def is_held_rightly(self, rollout, release):
        """Return whether the held flag of a release is what the state of its rollout allows."""
        match rollout.state, rollout.reason:
            case "halted", _:
                return release.is_held
            case "holding", "suspect":
                return release.is_held or rollout.plan.on_halt == "notify" or self.was_replanned(rollout)
            case (("running" | "scheduled" | "completed" | "holding"), _):
                return not release.is_held
        return True  # a pause, a cancellation and a newer release leave a suspect release held

    def was_replanned(self, rollout):
        """Return whether the plan may have been another one when the release became suspect."""
        before = self.rollouts.get(rollout.id)
        return before is None or before.state == "holding"

    def check_trail(self, rollout, lines):
        """There is one line for each version, each goes on where the one before ended, and each is in the table."""
        assert len(lines) == rollout.version
        state = None
        last = 0
        for line in lines:
            before, after = json.loads(line.before or "{}"), json.loads(line.after)
            assert before.get("state") == state
            assert after["state"] in {to for from_, to in TABLE[line.kind] if from_ == state}, line.kind
            assert last <= before.get("percent", 0) <= after["percent"]
            state, last = after["state"], after["percent"]
        assert (state, last) == (rollout.state, last)
        if rollout.state in OPEN:
            assert last <= percent(self.hall.run(self.stand.shown(labels.label(rollout.number))))

    def check_together(self, rollouts, releases):
        """Only the newest release can be on its way; others are for everybody and watched, for other versions."""
        for rollout in rollouts:
            later = [releases[number] for number in releases if number > rollout.number]
            if rollout.state in OPEN and later:
                release = releases[rollout.number]
                assert percent(release) == COMPLETE_ROLLOUT
                assert not any(same_target(one.app_version, release.app_version) for one in later)


def percent(release):
    return release.rollout or COMPLETE_ROLLOUT


def test_states_flags_percentages_and_the_trail_agree(tmp_path):
    """Whatever happens in whatever order, the table of states holds."""
    with asyncio.Runner() as runner:
        opened = open_parts(Settings.load({"data": tmp_path / "data"}, {}))
        hall = Hall(runner.run(opened.__aenter__()), runner)
        try:
            run_state_machine_as_test(
                lambda: Histories(hall),
                settings=EXPLORED,
            )
        finally:
            runner.run(opened.__aexit__(None, None, None))

"""A rollout by a plan, replayed look by look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from codepush.insight_models import TrialAge, TrialKind, TrialTotals
from codepush.rollout_models import RolloutBaseline, RolloutDecision, RolloutPlan, RolloutState
from codepush.rules import decisions, looks
from codepush.rules.baseline import limit as computed_limit
from codepush.rules.conductor import Look, Position, Step, by_hand, is_calm, is_soaking, next_step, weigh
from codepush.rules.replay.cohorts import Cohort, Device, Faults, as_baseline, devices, size
from codepush.rules.trials import COHORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.rules.looks import Window

__all__ = ["Moment", "Replay", "replay"]

_MINUTE: Final = 60 * 1000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_MOST_DEVICES: Final = 1_000_000
_SOON: Final = 10 * 1000
"""A look follows a failure within this time, as in the server."""

_LOOK_WHEN_QUIET: Final = 10 * _MINUTE
_CHECK_AGAIN: Final = _DAY
"""A device that is offered nothing checks again at the same time of the next day."""

_LONGEST_WAIT: Final = timedelta(days=8)
"""A replay ends after so long without a decision, if neither a soak time nor the patience is longer."""


class Moment(Struct, frozen=True, kw_only=True):
    """A decision of a replay.

    Attributes:
        after: The time since the start.
        reached: Devices that have downloaded the release.
        hurt: Those of them on which it fails, sooner or later, or that it silences.
        decision: The decision.

    """

    after: timedelta
    reached: int
    hurt: int
    decision: RolloutDecision


class Replay(Struct, frozen=True, kw_only=True):
    """What a plan would have done.

    Attributes:
        baseline: What the limit was computed from.
        limit: The share of failing devices that was tolerated.
        moments: The decisions, oldest first.
        state: The state at the end.
        percent: Whole percent of the devices at the end.
        reached: Devices that downloaded the release.
        hurt: Those of them on which it fails.
        after: The time from the start to the end.

    """

    baseline: RolloutBaseline
    limit: float
    moments: tuple[Moment, ...]
    state: RolloutState
    percent: int
    reached: int
    hurt: int
    after: timedelta


def replay(
    cohorts: Sequence[Cohort],
    plan: RolloutPlan,
    *,
    faults: Faults = Faults(),  # noqa: B008 - immutable
    baseline: RolloutBaseline | None = None,
    seed: int = 1,
) -> Replay:
    """Return what a plan would have done with a release.

    The recorded devices are those that the plan could have reached: a device downloads the release at the time of its
    recorded download, or at the same time of a later day if its turn came later. The rollout begins with the first
    cohort, whatever start the plan has, and persons approve at once.

    Args:
        cohorts: The recorded cohorts of the release, oldest first.
        plan: The plan.
        faults: Faults that are added to the release.
        baseline: What the limit is computed from; by default the recorded release itself.
        seed: For other draws of places, times and faults.

    Raises:
        ValueError: There are no cohorts, or they have more than a million devices.

    """
    if not cohorts:
        raise ValueError("A replay needs cohorts.")
    if sum(map(size, cohorts)) > _MOST_DEVICES:
        raise ValueError(f"A replay takes up to {_MOST_DEVICES:,} devices.")
    dice = Random(seed)  # noqa: S311 - the same replay every time; nothing here is secret
    fleet = _Fleet(list(devices(cohorts, faults, dice)), begins=_milliseconds(cohorts[0].at))
    run = _Run(fleet, replace(plan, starts_at=None), baseline or as_baseline("the recorded release", cohorts))
    return run.result()


class _Answer(NamedTuple):
    at: int
    cohort: int
    kind: TrialKind
    age: TrialAge


class _Counts:
    """Trials by cohort, as the server stores them.

    Args:
        begins: When the first cohort begins.

    """

    def __init__(self, begins: int) -> None:
        self._begins = begins
        self._columns: dict[tuple[TrialKind, TrialAge], list[int]] = {}

    def add(self, at: int, kind: TrialKind, age: TrialAge) -> None:
        """Count one in the cohort of a moment."""
        column, number = self._columns.setdefault((kind, age), []), (at - self._begins) // COHORT
        column.extend([0] * (number + 1 - len(column)))
        column[number] += 1

    def totals(self, window: Window) -> TrialTotals:
        """Return the sums of the cohorts that began in a window."""
        first, last = (max(0, -((self._begins - moment) // COHORT)) for moment in window)
        sums = {(kind, age): sum(column[first:last]) for (kind, age), column in self._columns.items()}
        return TrialTotals({(kind, age, "known"): count for (kind, age), count in sums.items() if count})


class _Fleet:
    """Devices that check for updates and report.

    Args:
        waiting: All devices.
        begins: When the rollout begins, in milliseconds since 1970.

    Attributes:
        begins: The same, at the begin of a cohort.
        counts: What was reported.
        reached: Devices that have downloaded the release.
        hurt: Those of them on which it fails.

    """

    def __init__(self, waiting: list[Device], *, begins: int) -> None:
        self.begins = begins - begins % COHORT
        self.counts = _Counts(self.begins)
        self.reached = 0
        self.hurt = 0
        self._waiting = waiting
        self._answers: list[_Answer] = []
        self._failures: list[int] = []
        heapify(waiting)

    def pause(self, now: int) -> int:
        """Return when to look again: within a minute, and soon after a failure."""
        failure = self._failures[0] if self._failures else now + _MINUTE
        return min(now + _MINUTE, max(now + _SOON, failure))

    def move(self, until: int, *, percent: int) -> bool:
        """Let devices check and report until a moment; return whether anything was counted.

        Args:
            until: The moment.
            percent: Of the devices, how many are offered the release.

        """
        reached = self.reached
        while self._waiting and self._waiting[0].checks_at <= until:
            device = heappop(self._waiting)
            if device.place < percent:
                self._download(device)
            else:
                heappush(self._waiting, device._replace(checks_at=device.checks_at + _CHECK_AGAIN))
        answered = False
        while self._answers and self._answers[0].at <= until:
            answer = heappop(self._answers)
            self.counts.add(answer.cohort, answer.kind, answer.age)
            answered = True
        while self._failures and self._failures[0] <= until:
            heappop(self._failures)
        return answered or self.reached > reached

    def _download(self, device: Device) -> None:
        at, after = device.checks_at, device.answers_after
        self.reached += 1
        self.hurt += device.is_hurt
        if device.downloads:
            self.counts.add(at, "began", "none")
        if after is not None:
            age: TrialAge = "1h" if after <= _HOUR else "24h" if after <= _DAY else "later"
            kind: TrialKind = "bad" if device.is_bad else "ok"
            heappush(self._answers, _Answer(at + after, at, kind, age if device.downloads else "none"))
            if device.is_bad:
                heappush(self._failures, at + after)


class _Run:
    """The rollout of a replay.

    Args:
        fleet: The devices.
        plan: The plan.
        baseline: What the limit is computed from.

    """

    def __init__(self, fleet: _Fleet, plan: RolloutPlan, baseline: RolloutBaseline) -> None:
        self._fleet = fleet
        self._baseline = baseline
        self._limit = computed_limit(baseline) if plan.limit is None else plan.limit
        self._position = Position(plan=plan, state="scheduled", percent=plan.stages[0].percent, is_disabled=True)
        self._now = fleet.begins
        self._soaked = timedelta(0)
        self._was_calm = False
        self._moments: list[Moment] = []
        self._patience = max([_LONGEST_WAIT, plan.patience or timedelta(0), *(one.soak for one in plan.stages)])

    def result(self) -> Replay:
        """Run, and return what came of it."""
        self._look()
        looked_at = decided_at = self._now
        while self._position.state in {"running", "holding"} and self._now - decided_at <= _length(self._patience):
            self._now = self._fleet.pause(self._now)
            moved = self._fleet.move(self._now, percent=self._offered())
            if moved or self._now - looked_at >= _LOOK_WHEN_QUIET:
                self._soak(self._now - looked_at)
                looked_at = self._now
                decided_at = self._now if self._look() else decided_at
        position, fleet = self._position, self._fleet
        return Replay(
            baseline=self._baseline,
            limit=self._limit,
            moments=tuple(self._moments),
            state=position.state,
            percent=position.percent,
            reached=fleet.reached,
            hurt=fleet.hurt,
            after=timedelta(milliseconds=self._now - fleet.begins),
        )

    def _offered(self) -> int:
        """Return the percentage of devices that are offered the release."""
        position = self._position
        return 0 if position.is_held or position.is_disabled else position.percent

    def _soak(self, milliseconds: int) -> None:
        position = self._position
        if is_soaking(position.state, position.reason):
            self._soaked += timedelta(milliseconds=milliseconds)

    def _look(self) -> bool:
        """Look, and take the step that is due; return whether there was one."""
        look = self._seen()
        self._was_calm = is_calm(weigh(self._position, look))
        step = next_step(self._position, look)
        if step is None:
            return False
        self._take(step, look)
        if self._position.reason == "approval":
            self._take(by_hand(self._position, look, "resume"), look, actor="person")
        return True

    def _seen(self) -> Look:
        """Return the look, built as the server builds it."""
        windows = looks.windows(self._now, since=self._fleet.begins, ripen=self._position.plan.ripen)
        sums = looks.Sums(*(self._fleet.counts.totals(window) for window in windows))
        return looks.look(self._now, self._soaked, sums, self._baseline, was_calm=self._was_calm)

    def _take(self, step: Step, look: Look, *, actor: str = "system:rollout") -> None:
        if step.position.limit is None:
            step = replace(step, position=replace(step.position, limit=self._limit))
        numbers = decisions.numbers(self._position, look, step, self._baseline)
        decision = RolloutDecision(
            at=datetime.fromtimestamp(self._now / 1000, UTC),
            actor=actor,
            kind=step.kind,
            reason=step.position.reason,
            stage=step.position.stage + 1,
            percent=step.position.percent,
            numbers=numbers,
        )
        self._moments.append(
            Moment(
                after=timedelta(milliseconds=self._now - self._fleet.begins),
                reached=self._fleet.reached,
                hurt=self._fleet.hurt,
                decision=replace(decision, text=decisions.explain(decision)),
            )
        )
        self._position = step.position
        if step.restarts_stage:
            self._soaked = timedelta(0)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _length(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)

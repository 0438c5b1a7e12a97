"""Rollouts to a simulated fleet: by a plan, as the product decides, and by time with other rules.

Time is in minutes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from fleet import COHORT, DAY, HOUR, Fleet, Release
from msgspec import Struct

from codepush.models import COMPLETE_ROLLOUT
from codepush.rules import plans
from codepush.rules.baseline import Age, Reference, baseline
from codepush.rules.conductor import Look, Position, Silence, is_calm, next_step, weigh
from codepush.rules.evidence import SETTLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from halting import Rule

LENGTH: Final = 3 * DAY
"""How long a run takes."""

BEGINS_AT: Final = 4 * HOUR
"""The time of day at which a rollout begins: when few devices check for updates, so that stages by time see little."""

_MIDNIGHT: Final = datetime(2026, 1, 5, tzinfo=UTC)
_SETTLE: Final = SETTLE // 60_000
_AGES: Final[dict[Age, int]] = {"1h": HOUR, "24h": DAY}
_REFERENCE_DEVICES: Final = 10_000


class Scene(Struct, frozen=True):
    """A fleet, a release for it, and the limit of its rollout."""

    devices: int
    release: Release
    limit: float
    begins_at: int = BEGINS_AT


class Outcome(Struct, frozen=True):
    """What came of a rollout: devices that failed, and when it was held first, halted, and offered to all devices."""

    hurt: int
    held_at: int | None = None
    halted_at: int | None = None
    complete_at: int | None = None


class Trials:
    """Counts of trials by cohort, as the product stores them."""

    def __init__(self) -> None:
        cohorts = LENGTH // COHORT
        self.began = [0] * cohorts
        self.verdicts = [0] * cohorts
        self.failures = [0] * cohorts
        self._answered = {age: [0] * cohorts for age in _AGES}

    def run(self, fleet: Fleet, minute: int, *, is_offered: bool = True) -> bool:
        """Count the events of a minute, and return whether a look is due."""
        if is_offered:
            self.began[minute // COHORT] += fleet.download(minute)
        verdicts = fleet.verdicts(minute)
        for downloaded_at, is_failure in verdicts:
            cohort = downloaded_at // COHORT
            self.verdicts[cohort] += 1
            self.failures[cohort] += is_failure
            for age, minutes in _AGES.items():
                self._answered[age][cohort] += minute - downloaded_at < minutes
        return bool(verdicts) or minute % COHORT == COHORT - 1

    def silence(self, age: Age, *, since: int, now: int) -> tuple[int, int]:
        """Return the downloads of cohorts that are older than an age, and those without a verdict within it."""
        window = slice(since // COHORT, max(0, now - _AGES[age]) // COHORT)
        began = sum(self.began[window])
        return began, began - sum(self._answered[age][window])

    def look(self, now: int, soaked: int, limits: Mapping[str, float], *, was_calm: bool) -> Look:
        """Return what a look of the product finds."""
        settled = slice(max(0, now - _SETTLE) // COHORT)
        silences = {
            age: Silence(began=began, gone=gone, limit=limits[age])
            for age in _AGES
            if age in limits
            for began, gone in [self.silence(age, since=max(0, now - DAY) if age == "1h" else 0, now=now)]
        }
        return Look(
            at=_MIDNIGHT + timedelta(minutes=now),
            soaked=timedelta(minutes=soaked),
            verdicts=sum(self.verdicts),
            failures=sum(self.failures),
            settled_verdicts=sum(self.verdicts[settled]),
            settled_failures=sum(self.failures[settled]),
            silence=silences.get("24h"),
            silence_1h=silences.get("1h"),
            was_calm=was_calm,
        )


def by_plan(scene: Scene, plan: str, seed: int) -> Outcome:
    """Roll a release out by a plan, as the product decides."""
    fleet, trials, limits = _fleet(scene, seed), Trials(), silence_limits(scene.begins_at)
    stages = plans.parse(plan)
    position = Position(plan=stages, state="running", percent=stages.stages[0].percent, limit=scene.limit)
    fleet.waiting = scene.devices * position.percent // 100
    stage_at, was_calm = 0, False
    times: dict[str, int] = {}
    for minute in range(LENGTH):
        if not trials.run(fleet, minute, is_offered=not position.is_held):
            continue
        now = minute + 1
        look = trials.look(now, now - stage_at, limits, was_calm=was_calm)
        was_calm = position.reason == "suspect" and is_calm(weigh(position, look))
        step = next_step(position, look)
        if step is None:
            continue
        fleet.waiting += scene.devices * (step.position.percent - position.percent) // 100
        position, stage_at = step.position, now if step.restarts_stage else stage_at
        times.setdefault(_event(position), now)
        if position.state in {"halted", "completed"}:
            break
    return Outcome(fleet.hurt, times.get("held"), times.get("halted"), times.get("complete"))


def by_time(scene: Scene, plan: str, rule: Rule | None, seed: int, *, of_downloads: bool = False) -> Outcome:
    """Roll a release out by the time of each stage, until a rule halts it.

    Args:
        scene: The fleet and the release.
        plan: Stages, whose times are all that counts.
        rule: When to halt; None: never.
        seed: Of the simulation.
        of_downloads: Whether failures are compared with downloads instead of verdicts.

    """
    fleet, trials = _fleet(scene, seed), Trials()
    begins, begin, percent = {}, 0, 0
    for stage in plans.parse(plan).stages:
        begins[begin] = stage.percent
        begin += stage.soak // timedelta(minutes=1)
    complete_at = max(begins)
    for minute in range(LENGTH):
        fleet.waiting += scene.devices * (begins.get(minute, percent) - percent) // 100
        percent = begins.get(minute, percent)
        trials.run(fleet, minute)
        if rule is None:
            continue
        attempts = sum(trials.began if of_downloads else trials.verdicts)
        if rule(sum(trials.failures), attempts):
            return Outcome(fleet.hurt, None, minute + 1, complete_at if minute >= complete_at else None)
    return Outcome(fleet.hurt, None, None, complete_at)


def halts_at_once(scene: Scene, rules: Sequence[Rule], seed: int) -> list[bool]:
    """Offer a release to all devices at once, apply rules after each failure, and return which of them halt it."""
    fleet = _fleet(scene, seed)
    fleet.waiting = scene.devices
    halted, failures, verdicts = [False for _ in rules], 0, 0
    for minute in range(LENGTH):
        fleet.download(minute)
        for verdict in fleet.verdicts(minute):
            failures, verdicts = failures + verdict.is_failure, verdicts + 1
            if verdict.is_failure:
                halted = [is_so or rule(failures, verdicts) for is_so, rule in zip(halted, rules, strict=True)]
    return halted


@lru_cache
def silence_limits(begins_at: int) -> Mapping[str, float]:
    """Return the limits of silence that a healthy release, offered to all devices at that time of day, leads to."""
    scene = Scene(_REFERENCE_DEVICES, Release(0.0), 1.0, begins_at)
    fleet, trials = _fleet(scene, seed=0), Trials()
    fleet.waiting = scene.devices
    for minute in range(LENGTH):
        trials.run(fleet, minute)
    day, day_gone = trials.silence("24h", since=0, now=LENGTH)
    hour, hour_gone = trials.silence("1h", since=0, now=LENGTH)
    reference = Reference(
        label="v1",
        verdicts=sum(trials.verdicts),
        failures=0,
        downloads_1h=hour,
        gone_1h=hour_gone,
        downloads_24h=day,
        gone_24h=day_gone,
    )
    return baseline([reference]).silence_limits


def _fleet(scene: Scene, seed: int) -> Fleet:
    return Fleet(scene.release, begins_at=scene.begins_at, until=LENGTH, seed=seed)


def _event(position: Position) -> str:
    """Return what a position is counted as."""
    if position.state == "halted":
        return "halted"
    if position.is_held:
        return "held"
    return "complete" if position.percent == COMPLETE_ROLLOUT else "other"

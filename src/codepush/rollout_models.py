"""The vocabulary of rollout plans: plans, rollouts and their decisions.

Shares and limits are fractions of 1; percentages of devices are whole percents. A *verdict* is a device's first
report of success or failure for a label.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct

from codepush.models import Answered
from codepush.rollout_plan import NO_PLAN, NoPlan, OnHalt, RolloutPlan, RolloutStage

__all__ = [
    "NO_PLAN",
    "NoPlan",
    "OnHalt",
    "Rollout",
    "RolloutBaseline",
    "RolloutCounts",
    "RolloutDecision",
    "RolloutEvidence",
    "RolloutGap",
    "RolloutPlan",
    "RolloutPreview",
    "RolloutReason",
    "RolloutStage",
    "RolloutState",
    "StagePreview",
]

RolloutState: TypeAlias = Literal[
    "scheduled", "running", "holding", "paused", "halted", "completed", "superseded", "cancelled"
]
"""The state of a rollout. The first four are active, the last three are over; a halted one can be resumed."""

RolloutReason: TypeAlias = Literal[
    "suspect",  # the evidence suffices to hold, not to halt
    "inconclusive",  # the soak time is over, and there are too few verdicts to advance
    "approval",  # the next stage needs a user's approval
    "window",  # advances are not allowed at this time
    "stopped",  # the deployment is stopped
    "failures",  # halted: more devices fail than the limit allows
    "silence",  # halted: more devices report nothing than before
    "person",  # a user requested it
    "patched",  # a percentage was set by hand
    "disabled",  # the release was disabled by hand
    "missed",  # the start was missed by more than a day
    "restored",  # the server was restored from a backup
]
"""Why a rollout is in its state."""


class RolloutBaseline(Struct, frozen=True, kw_only=True):
    """The expectation from earlier releases.

    Attributes:
        share: The upper bound of the share of devices that fail.
        verdicts: How many verdicts it is from.
        releases: The labels of the releases it is from, newest first.
        is_assumed: Whether there were too few verdicts, so that the share is an assumption.
        gaps: The share of downloads without a verdict by age, ``1h`` and ``24h``, where that is known.
        silence_limits: The share of them that is tolerated, likewise; without one, silence is not watched.
        strangers: The share of verdicts from devices that were unknown before their release, if known.

    """

    share: float
    verdicts: int = 0
    releases: tuple[str, ...] = ()
    is_assumed: bool = False
    gaps: Mapping[str, float] = {}
    silence_limits: Mapping[str, float] = {}
    strangers: float | None = None


class RolloutCounts(Struct, frozen=True, kw_only=True):
    """The reports about a release since its evidence began.

    Attributes:
        began: Devices that downloaded it.
        ok: Verdicts of success that count.
        bad: Verdicts of failure that count.
        interval: The share of failures of those that reported lies in here, always-valid at 95 percent.
        standing: All verdicts by standing: ``known`` and ``new`` count, ``stray`` and ``nameless`` do not.
        strangers: The share of verdicts from devices that were unknown before the release.

    """

    began: int = 0
    ok: int = 0
    bad: int = 0
    interval: tuple[float, float] = (0.0, 1.0)
    standing: Mapping[str, int] = {}
    strangers: float | None = None


class RolloutEvidence(Struct, frozen=True, kw_only=True):
    """How many times as likely what was seen is if the release is worse than allowed.

    Attributes:
        total: What decides: a rollout is held from 10 on, and halted from 100 on.
        failures: Of failures, against the limit.
        silence: Of devices that report nothing in 24 hours; ``None`` where there is nothing to compare with.
        silence_1h: The same for 1 hour.
        others: Of failures of other releases meanwhile, which points to a cause that they share.
        health: Of health: a rollout advances from 10 on.

    """

    total: float = 1.0
    failures: float = 1.0
    silence: float | None = None
    silence_1h: float | None = None
    others: float = 1.0
    health: float = 1.0


class RolloutGap(Struct, frozen=True, kw_only=True):
    """The share of downloads without a verdict at an age, and the same for the releases of the baseline.

    ``None``: no cohort is that old, or there is nothing to compare with.
    """

    age: Literal["1h", "24h"]
    share: float | None = None
    usual: float | None = None


class RolloutDecision(Struct, frozen=True, kw_only=True):
    """A decision, with the numbers it can be computed from.

    Attributes:
        at: When.
        actor: ``system:rollout``, or the user who made it.
        kind: The action, such as ``advance``, ``hold`` or ``halt``.
        reason: The reason, a `RolloutReason`; ``None`` if the kind implies it.
        stage: The stage, counted from 1.
        percent: Whole percent of the devices after it.
        note: The user's note.
        numbers: The counts, evidence and limits, under the names of the API; shares in percent.
        text: The decision in a sentence.

    """

    at: datetime
    actor: str
    kind: str
    reason: str | None = None
    stage: int = 1
    percent: int = 100
    note: str = ""
    numbers: Mapping[str, object] = {}
    text: str = ""


class Rollout(Answered, frozen=True, kw_only=True):
    """A rollout with a plan, and its state.

    Attributes:
        label: The release.
        state: Its state.
        reason: The reason for the state, if there are several.
        plan: Its plan.
        stage: The stage, counted from 1.
        percent: Whole percent of the devices that are offered the release; 100 for all.
        is_held: Whether no other devices are offered the release at the moment.
        limit: The share of failing devices that is tolerated; ``None`` before the rollout has started.
        baseline: The baseline of the limit; likewise.
        counts: Counts of reports.
        evidence: The evidence from them.
        gaps: Devices that report nothing.
        soaked: How long the stage has lasted, without the time that the server was away.
        waits_for: The condition of the next step, in a sentence; empty once it is over.
        decisions: The last decisions, newest first.
        started_at: When it started.
        version: Rises with every step; changes with an outdated version are rejected.

    """

    label: str
    state: RolloutState
    plan: RolloutPlan
    reason: RolloutReason | None = None
    stage: int = 1
    percent: int = 100
    is_held: bool = False
    limit: float | None = None
    baseline: RolloutBaseline | None = None
    counts: RolloutCounts = RolloutCounts()
    evidence: RolloutEvidence = RolloutEvidence()
    gaps: tuple[RolloutGap, ...] = ()
    soaked: timedelta = timedelta(0)
    waits_for: str = ""
    decisions: tuple[RolloutDecision, ...] = ()
    started_at: datetime | None = None
    version: int = 1


class StagePreview(Struct, frozen=True, kw_only=True):
    """The expected progress of a stage.

    Attributes:
        percent: Whole percent of the devices.
        devices: Approximate number of these devices.
        verdicts: Expected number of verdicts after so many hours; empty without earlier releases.
        needed: Verdicts without a failure that are needed to advance.

    """

    percent: int
    devices: int
    verdicts: Mapping[int, int] = {}
    needed: int = 0


class RolloutPreview(Answered, frozen=True, kw_only=True):
    """The expected progress of a plan, based on earlier releases.

    Attributes:
        plan: The plan as understood.
        baseline: What earlier releases lead to expect.
        limit: The share of failing devices that would be tolerated.
        audience: How many devices run a release for the same binary versions, or such a binary version itself.
        stages: The stages.
        noticed: Rises of the share of failures above the baseline that are noticed with a probability of 50 and 95
            percent within the expected verdicts, as ``{50: 0.012, 95: 0.03}``.
        warnings: What is likely to go wrong with the plan, in sentences.

    """

    plan: RolloutPlan
    baseline: RolloutBaseline
    limit: float
    audience: int = 0
    stages: tuple[StagePreview, ...] = ()
    noticed: Mapping[int, float] = {}
    warnings: tuple[str, ...] = ()

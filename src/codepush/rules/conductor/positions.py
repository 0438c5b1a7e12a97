"""Positions of a rollout, looks at its reports, and the steps between positions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from codepush.rollout_models import RolloutPlan, RolloutReason, RolloutState

__all__ = ["BASELINE_ROSE", "OVER", "Look", "Notice", "Position", "Silence", "Step", "StepKind", "Verb", "is_soaking"]

Verb: TypeAlias = Literal["pause", "resume", "advance", "halt", "complete", "cancel"]
"""Actions of a user on a rollout."""

Notice: TypeAlias = Literal["patched", "completed", "disabled", "enabled", "superseded", "restored"]
"""Changes of a release by any tool during its rollout."""

StepKind: TypeAlias = Literal[
    "plan",  # only written by the service: a rollout got its plan
    "start",
    "advance",
    "hold",
    "clear",
    "halt",
    "note",  # a halt gets a note afterwards
    "pause",
    "resume",
    "complete",
    "supersede",
    "cancel",
]
"""Kind of a step; the trail has it after ``rollout.``."""

BASELINE_ROSE: Final = "baseline_rose"
"""The note of a halt while other releases fail as well: a backend or the network is the likelier cause."""

OVER: Final = frozenset({"completed", "superseded", "cancelled"})
"""The states that a rollout never leaves."""


class Position(Struct, frozen=True, kw_only=True):
    """The position of a rollout.

    Attributes:
        plan: Its plan.
        state: Its state.
        reason: The reason for the state, if there are several.
        stage: The index of its stage in the plan.
        percent: Whole percent of the devices that are offered the release; 100 for all.
        is_held: Whether the release is withheld from devices that do not run it.
        is_disabled: Whether the release is disabled.
        limit: The share of failing devices that is tolerated; ``None`` before the rollout has started.

    """

    plan: RolloutPlan
    state: RolloutState
    reason: RolloutReason | None = None
    stage: int = 0
    percent: int = 100
    is_held: bool = False
    is_disabled: bool = False
    limit: float | None = None


def is_soaking(state: RolloutState, reason: RolloutReason | None) -> bool:
    """Return whether time counts for a stage: not while the release is withheld from devices that could take it."""
    return state == "running" or (state == "holding" and reason not in {"suspect", "stopped"})


class Silence(Struct, frozen=True, kw_only=True):
    """Devices that report nothing within a certain time after the download.

    Attributes:
        began: Downloads that are at least so old.
        gone: Those without a verdict within that time.
        limit: The share of them that is tolerated.

    """

    began: int
    gone: int
    limit: float


class Look(Struct, frozen=True, kw_only=True):
    """The reports about a rollout at a moment.

    Attributes:
        at: The moment.
        soaked: How long the rollout has been at its stage.
        verdicts: Verdicts that count, of trials since the evidence began.
        failures: Those that are failures.
        settled_verdicts: Verdicts of cohorts that ended so long ago that late failures are in (`evidence.SETTLE`).
        settled_failures: Those that are failures.
        silence: Silence after 24 hours; ``None`` where there is nothing to compare with.
        silence_1h: The same after 1 hour, of downloads of the last day.
        other_verdicts: Verdicts of other releases for the same binary versions in the meantime.
        other_failures: Those that are failures.
        is_stopped: Whether the deployment is stopped.
        was_calm: Whether the look before this one was calm (`is_calm`).
        since_halt: How long ago evidence halted the rollout; ``None`` for all others, and if the halt has a note.

    """

    at: datetime
    soaked: timedelta = timedelta(0)
    verdicts: int = 0
    failures: int = 0
    settled_verdicts: int = 0
    settled_failures: int = 0
    silence: Silence | None = None
    silence_1h: Silence | None = None
    other_verdicts: int = 0
    other_failures: int = 0
    is_stopped: bool = False
    was_calm: bool = False
    since_halt: timedelta | None = None


class Step(Struct, frozen=True, kw_only=True):
    """A change of a rollout.

    Attributes:
        kind: The action.
        position: The position after it. Approval of a stage changes the plan: the stage no longer needs it.
        restarts_stage: Whether the time at the stage begins at zero.
        restarts_evidence: Whether only trials that begin from now on count.
        note: `BASELINE_ROSE`, or empty. It does not repeat a user's note.

    """

    kind: StepKind
    position: Position
    restarts_stage: bool = False
    restarts_evidence: bool = False
    note: str = ""

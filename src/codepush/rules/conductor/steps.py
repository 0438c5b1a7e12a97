"""Steps that both the server and users take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from codepush.rules.conductor.positions import BASELINE_ROSE, Position, Step
from codepush.rules.evidence import SHARED_CAUSE

if TYPE_CHECKING:
    from codepush.rollout_models import RolloutEvidence, RolloutPlan, RolloutReason, RolloutStage

__all__ = ["advanced", "following", "halted", "stage_at"]


def following(position: Position) -> RolloutStage | None:
    """Return the stage after the present one."""
    return next(iter(position.plan.stages[position.stage + 1 :]), None)


def stage_at(plan: RolloutPlan, percent: int) -> int:
    """Return the index of the last stage whose percentage is at most this one; of the first one if none is."""
    return max((index for index, stage in enumerate(plan.stages) if stage.percent <= percent), default=0)


def advanced(position: Position) -> Step:
    """Advance a rollout by one stage; percentages never fall."""
    stage = position.stage + 1
    percent = max(position.percent, position.plan.stages[stage].percent)
    return Step(
        kind="advance",
        position=replace(position, state="running", reason=None, stage=stage, percent=percent),
        restarts_stage=True,
    )


def halted(position: Position, weighed: RolloutEvidence, reason: RolloutReason) -> Step:
    """Halt a rollout; devices are sent back only if the fault is likely to be in the release."""
    is_shared = weighed.others >= SHARED_CAUSE
    disables = position.plan.on_halt == "disable" and not is_shared
    return Step(
        kind="halt",
        position=replace(
            position,
            state="halted",
            reason=reason,
            is_held=True,
            is_disabled=position.is_disabled or disables,
        ),
        note=BASELINE_ROSE if is_shared else "",
    )

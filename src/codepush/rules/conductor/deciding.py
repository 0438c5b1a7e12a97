"""Steps that the server takes, and those that follow from changes of a release."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from codepush.models import COMPLETE_ROLLOUT
from codepush.rules.conductor.positions import BASELINE_ROSE, OVER, Look, Notice, Position, Step
from codepush.rules.conductor.steps import advanced, following, halted, stage_at
from codepush.rules.conductor.weighing import is_calm, is_suspect, weigh
from codepush.rules.evidence import ADVANCE, HALT, SHARED_CAUSE
from codepush.rules.plans import is_open

if TYPE_CHECKING:
    from codepush.rollout_models import RolloutEvidence, RolloutReason

__all__ = ["next_step", "noticed"]

_MOST_DELAY: Final = timedelta(days=1)
"""After a longer delay, a missed start needs a user's decision."""

_DOUBTED_FOR: Final = timedelta(hours=1)
"""For so long after a halt, failures of other releases are still a reason to doubt it."""


def next_step(position: Position, look: Look) -> Step | None:
    """Return the server's next step of a rollout, if one is due."""
    if position.state in OVER:
        return None
    if position.state == "scheduled":
        return _due(position, look)
    weighed = weigh(position, look)
    if position.state == "halted":
        return _doubted(position, look, weighed)
    guarded = _guarded(position, look, weighed)
    if guarded is not None or position.state == "paused":
        return guarded
    return (_ended if position.state == "holding" else _proceeding)(position, look, weighed)


def noticed(position: Position, what: Notice, percent: int | None = None) -> Step | None:
    """Return the step that follows from a change of the release by any tool, if any.

    A release that is held stays so when it is set to all devices: its rollout pauses, as a completed one could not be
    resumed.

    Args:
        position: Where it stood before the change.
        what: The change.
        percent: The percentage that was set; ``None`` and 100 for all devices.

    """
    if position.state in OVER or (position.state == "halted" and what != "superseded"):
        return None
    if what == "superseded":
        return Step(kind="supersede", position=replace(position, state="superseded", reason=None))
    if what in {"patched", "completed"}:
        return _raised(position, percent or COMPLETE_ROLLOUT)
    if position.state == "paused" or (what == "disabled" and position.state == "scheduled"):
        return None
    return Step(
        kind="pause",
        position=replace(
            position,
            state="paused",
            reason="patched" if what == "enabled" else what,
            is_disabled={"disabled": True, "enabled": False}.get(what, position.is_disabled),
        ),
    )


def _raised(position: Position, percent: int) -> Step | None:
    """Return the step that follows from a percentage that was set by hand."""
    if percent == COMPLETE_ROLLOUT and not position.is_held:
        return Step(kind="complete", position=replace(position, state="completed", reason="patched", percent=percent))
    if position.state == "paused":
        return None
    return Step(kind="pause", position=replace(position, state="paused", reason="patched", percent=percent))


def _due(position: Position, look: Look) -> Step | None:
    """Start a scheduled rollout when its time has come."""
    starts_at = position.plan.starts_at or look.at
    if look.at < starts_at:
        return None
    percent = max(position.percent, position.plan.stages[0].percent)
    first = replace(position, stage=stage_at(position.plan, percent), percent=percent)
    if look.at - starts_at > _MOST_DELAY:
        return Step(kind="pause", position=replace(first, state="paused", reason="missed"))
    return Step(
        kind="start",
        position=replace(first, state="running", reason=None, is_disabled=False),
        restarts_stage=True,
        restarts_evidence=True,
    )


def _guarded(position: Position, look: Look, weighed: RolloutEvidence) -> Step | None:
    """Hold or halt a rollout if the evidence suffices."""
    only_notifies = position.plan.on_halt == "notify"
    if weighed.total >= HALT and not only_notifies:
        return halted(position, weighed, _cause(position, look))
    is_held_already = position.reason == "suspect" or (position.state == "paused" and position.is_held)
    if is_held_already or not is_suspect(weighed):
        return None
    return Step(
        kind="hold",
        position=replace(
            position,
            state="paused" if position.state == "paused" else "holding",
            reason="suspect",
            is_held=position.is_held or not only_notifies,
        ),
    )


def _cause(position: Position, look: Look) -> RolloutReason:
    """Return which signal contributes more to the total evidence."""
    without_silence = weigh(position, replace(look, silence=replace(look.silence, gone=0))) if look.silence else None
    return "silence" if without_silence is not None and without_silence.total < HALT else "failures"


def _doubted(position: Position, look: Look, weighed: RolloutEvidence) -> Step | None:
    """Give a halt its note if other releases begin to fail soon after it."""
    if look.since_halt is None or look.since_halt > _DOUBTED_FOR or weighed.others < SHARED_CAUSE:
        return None
    is_disabled = position.is_disabled and position.plan.on_halt != "disable"
    return Step(kind="note", position=replace(position, is_disabled=is_disabled), note=BASELINE_ROSE)


def _ended(position: Position, look: Look, weighed: RolloutEvidence) -> Step | None:
    """Continue a rollout that is holding, if the reason is gone."""
    if position.reason == "suspect":
        is_gone = look.was_calm and is_calm(weighed)
    else:
        is_gone = position.reason not in _obstacles(position, look, weighed)
    if not is_gone:
        return None
    is_held = position.is_held and position.reason != "suspect"
    return Step(kind="clear", position=replace(position, state="running", reason=None, is_held=is_held))


def _proceeding(position: Position, look: Look, weighed: RolloutEvidence) -> Step | None:
    """Advance or complete a running rollout, or hold it if there is an obstacle."""
    stand = _obstacles(position, look, weighed)
    if "stopped" not in stand and look.soaked < position.plan.stages[position.stage].soak:
        return None
    if stand:
        return Step(kind="hold", position=replace(position, state="holding", reason=stand[0]))
    if following(position) is None:
        return Step(kind="complete", position=replace(position, state="completed", reason=None, percent=100))
    return advanced(position)


def _obstacles(position: Position, look: Look, weighed: RolloutEvidence) -> list[RolloutReason]:
    """Return the most urgent obstacle to the next stage, apart from its time."""
    plan, stage = position.plan, following(position)
    stand: list[RolloutReason] = ["stopped"] if look.is_stopped else []
    if stage is None:
        return stand
    is_patient = plan.patience is not None and look.soaked >= plan.patience
    if weighed.health < ADVANCE and not is_patient:
        stand.append("inconclusive")
    if stage.needs_approval:
        stand.append("approval")
    if plan.window is not None and not is_open(plan.window, look.at):
        stand.append("window")
    return stand

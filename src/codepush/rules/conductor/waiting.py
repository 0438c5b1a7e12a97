"""The condition that a rollout waits for, in a sentence."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from codepush.rules.conductor.positions import OVER, Look, Position
from codepush.rules.conductor.steps import following
from codepush.rules.conductor.weighing import weigh
from codepush.rules.evidence import CLEAR, verdicts_to_advance

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["waits_for"]

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))

_PAUSED_BECAUSE: Final[Mapping[str, str]] = {
    "suspect": "the release is suspect",
    "person": "it was paused by a person",
    "patched": "its percentage was set by hand",
    "disabled": "its release was disabled by hand",
    "missed": "its start was missed by more than a day",
    "restored": "the server was restored from a backup",
}


def waits_for(position: Position, look: Look) -> str:
    """Return the condition of the next step; empty once a rollout is over."""
    if position.state in OVER:
        return ""
    if position.state == "scheduled":
        starts_at = (position.plan.starts_at or look.at).astimezone(UTC)
        return f"Starts at {starts_at:%Y-%m-%d %H:%M} UTC."
    if position.state == "paused":
        because = _PAUSED_BECAUSE.get(position.reason or "", "it is paused")
        return f"Waits for a person to resume it: {because}."
    if position.state == "halted":
        return "Waits for a newer release, or for a person to resume it with a note."
    return _for_reason(position, look) if position.state == "holding" else _for_time(position, look)


def _for_time(position: Position, look: Look) -> str:
    """Return the condition that a running rollout waits for."""
    left = position.plan.stages[position.stage].soak - look.soaked
    after = f"in {_in_words(left)} at the earliest" if left > timedelta(0) else "at the next look"
    stage = following(position)
    if stage is None:
        return f"Completes {after}, unless too many devices fail."
    if stage.needs_approval:
        return f"Asks for approval of {stage.percent} % {after}."
    return f"Advances to {stage.percent} % {after}, if enough devices report success."


def _for_reason(position: Position, look: Look) -> str:
    """Return the conditions that end a hold."""
    stage = following(position)
    percent = 100 if stage is None else stage.percent
    sentences = {
        "suspect": f"Waits until the evidence against the release, now {weigh(position, look).total:.1f}, is below "
        f"{CLEAR:g}, or for a person to resume or halt it.",
        "inconclusive": f"Waits for more verdicts{_needed(position, look)}, or for a person to advance it.",
        "approval": f"Waits for a person to resume it, for {percent} %.",
        "window": f"Waits for its window: {position.plan.window}.",
        "stopped": "Waits for the deployment to be started.",
    }
    return sentences.get(position.reason or "", "")


def _needed(position: Position, look: Look) -> str:
    """Return the number of verdicts, and the number that would suffice."""
    if position.limit is None:
        return ""
    needed = verdicts_to_advance(position.limit)
    return f" ({look.settled_failures:,} of {look.settled_verdicts:,} failed; {needed:,} without a failure suffice)"


def _in_words(span: timedelta) -> str:
    """Return a time in its two largest units."""
    left, parts = max(1, int(span.total_seconds())), []
    for size, unit in _UNITS:
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2])

"""The evidence for and against a release in the counts of a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.rollout_models import RolloutEvidence
from codepush.rules.evidence import CLEAR, HOLD, evidence, health, is_failing, total, worst

if TYPE_CHECKING:
    from codepush.rules.conductor.positions import Look, Position, Silence

__all__ = ["is_calm", "is_suspect", "is_suspected", "weigh"]


def weigh(position: Position, look: Look) -> RolloutEvidence:
    """Return the evidence for and against a release.

    Counts with fewer than three failures, or with a share within the limit, add nothing to the total.
    """
    limit = position.limit
    if limit is None:
        return RolloutEvidence()
    failures = evidence(look.failures, look.verdicts, limit)
    silence, silence_1h = _silence(look.silence), _silence(look.silence_1h)
    return RolloutEvidence(
        total=total(
            failures if is_failing(look.failures, look.verdicts, limit) else min(failures, 1.0),
            silence,
        ),
        failures=failures,
        silence=silence,
        silence_1h=silence_1h,
        others=evidence(look.other_failures, look.other_verdicts, limit),
        health=health(look.settled_failures, look.settled_verdicts, worst(limit)),
    )


def is_suspect(weighed: RolloutEvidence) -> bool:
    """Return whether the evidence suffices to hold a release."""
    return max(weighed.total, weighed.silence_1h or 0.0) >= HOLD


def is_calm(weighed: RolloutEvidence) -> bool:
    """Return whether the evidence is low enough to end a suspicion, if the next look is calm too."""
    return max(weighed.total, weighed.silence_1h or 0.0) < CLEAR


def is_suspected(position: Position, weighed: RolloutEvidence) -> bool:
    """Return whether a release is suspect, or was and the evidence is still too high to end that."""
    was_suspect = position.is_held or position.reason == "suspect"
    return is_suspect(weighed) or (was_suspect and not is_calm(weighed))


def _silence(silence: Silence | None) -> float | None:
    """Return the evidence of silence."""
    if silence is None:
        return None
    weighed = evidence(silence.gone, silence.began, silence.limit)
    return weighed if is_failing(silence.gone, silence.began, silence.limit) else min(weighed, 1.0)

"""The conductor: the next step of a release with a rollout plan.

A `Position` describes a rollout, and a `Look` its reports at a moment. Both determine at most one `Step`: by the server
(`next_step`), by a user (`by_hand`), or after a change of the release by another tool (`noticed`). There is no clock
and no I/O here: the same position and look always give the same step, so that a decision can be repeated inside the
transaction that stores it, and computed again from its numbers.

The guard comes first: while a rollout is running, holding or paused, evidence of `evidence.HOLD` withholds the release
from more devices, and evidence of `evidence.HALT` halts it.
"""

from __future__ import annotations

from codepush.rules.conductor.deciding import next_step, noticed
from codepush.rules.conductor.positions import (
    BASELINE_ROSE,
    Look,
    Notice,
    Position,
    Silence,
    Step,
    StepKind,
    Verb,
    is_soaking,
)
from codepush.rules.conductor.steps import stage_at
from codepush.rules.conductor.verbs import NoteNeededError, WrongStateError, by_hand
from codepush.rules.conductor.waiting import waits_for
from codepush.rules.conductor.weighing import is_calm, is_suspect, weigh

__all__ = [
    "BASELINE_ROSE",
    "Look",
    "NoteNeededError",
    "Notice",
    "Position",
    "Silence",
    "Step",
    "StepKind",
    "Verb",
    "WrongStateError",
    "by_hand",
    "is_calm",
    "is_soaking",
    "is_suspect",
    "next_step",
    "noticed",
    "stage_at",
    "waits_for",
    "weigh",
]

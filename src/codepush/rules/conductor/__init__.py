"""The conductor: what happens next with a release that has a rollout plan.

A rollout is described by a `Position`, and what is known of it at a moment by a `Look`. From both follows at most one
`Step`, whether the server decides (`next_step`), a person does (`by_hand`), or another tool has changed the release
(`noticed`). There is no clock and no I/O here: the same position and look always give the same step, so that a
decision can be repeated inside the transaction that stores it, and computed again by anyone who has its numbers.

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

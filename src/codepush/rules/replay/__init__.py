"""Replays: what a rollout plan would have decided about a release, from the cohorts of its trials.

No server is needed. The conductor decides and looks are built exactly as they are in the server; only the devices are
simulated. Without recorded cohorts, a model of a fleet gives some.
"""

from __future__ import annotations

from codepush.rules.replay.cohorts import Cohort, Faults, as_baseline, size
from codepush.rules.replay.model import modelled
from codepush.rules.replay.recorded import recorded
from codepush.rules.replay.run import Moment, Replay, replay

__all__ = ["Cohort", "Faults", "Moment", "Replay", "as_baseline", "modelled", "recorded", "replay", "size"]

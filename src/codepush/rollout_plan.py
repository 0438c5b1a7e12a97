"""Rollout plans: the stages in which a release reaches all devices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from msgspec import Struct

__all__ = ["NO_PLAN", "NoPlan", "OnHalt", "RolloutPlan", "RolloutStage"]

OnHalt: TypeAlias = Literal["stop", "disable", "notify"]
"""Effect of a halt: offer the release to no other device, also take it back, or only report it."""


class RolloutStage(Struct, frozen=True, kw_only=True):
    """A stage of a plan.

    Attributes:
        percent: Whole percent of the devices, 1 to 100.
        soak: The least time that the rollout stays at the stage; of the last one: how long it is still watched.
        needs_approval: Whether a user must resume the rollout before the stage begins.

    """

    percent: int
    soak: timedelta = timedelta(0)
    needs_approval: bool = False


class RolloutPlan(Struct, frozen=True, kw_only=True):
    """How a release reaches all devices.

    Attributes:
        stages: The stages, with rising percents; the last is 100.
        limit: The share of failing devices that is tolerated, 0 to 1; ``None``: computed from earlier releases.
        on_halt: What a halt does.
        starts_at: When the first stage begins; ``None``: immediately.
        window: When the rollout may advance, such as ``Mon-Thu 09:00-17:00 Europe/Berlin``; ``None``: always.
        patience: After how long a stage with too few verdicts advances anyway; ``None``: it waits for a user.
        ripen: Cohorts that ended less than this ago do not count, for apps that report success late.

    """

    stages: tuple[RolloutStage, ...]
    limit: float | None = None
    on_halt: OnHalt = "stop"
    starts_at: datetime | None = None
    window: str | None = None
    patience: timedelta | None = None
    ripen: timedelta = timedelta(0)


class NoPlan(Struct, frozen=True):
    """The value of `NO_PLAN`."""


NO_PLAN: Final = NoPlan()
"""In place of a plan: the release gets none, not even the default plan of its deployment."""

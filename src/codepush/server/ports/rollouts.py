"""Rollouts with a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from codepush.rollout_models import RolloutBaseline, RolloutPlan, RolloutReason, RolloutState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ACTIVE", "OPEN", "ActiveRollout", "RolloutRecord", "Rollouts"]

ACTIVE: Final[tuple[RolloutState, ...]] = ("scheduled", "running", "holding", "paused")
"""The states in which a rollout is looked at."""


OPEN: Final[tuple[RolloutState, ...]] = (*ACTIVE, "halted")
"""The states of a rollout that is not over."""


class RolloutRecord(Struct, frozen=True, kw_only=True):
    """A release with a plan, and where its rollout stands. Times are milliseconds since 1970.

    Attributes:
        id: Its number; 0 before it is stored.
        deployment_id: The deployment.
        number: The number of the release's label.
        state: Its state.
        reason: Why it is in that state.
        plan: Its plan.
        stage: The index of its stage in the plan.
        soaked_ms: How long it has been at the stage, up to ``looked_at``.
        stage_at: When the stage began.
        started_at: When the first stage began.
        evidence_since: Trials that began before this do not count.
        looked_at: When the time at the stage was last added up. Of a halted rollout: when it was halted; 0 once the
            halt has a note.
        failure_limit: The share of failing devices that is tolerated; ``None`` before it has started.
        baseline: What the limit was computed from; likewise.
        version: Rises with every step.

    """

    id: int = 0
    deployment_id: int
    number: int
    state: RolloutState
    reason: RolloutReason | None = None
    plan: RolloutPlan
    stage: int = 0
    soaked_ms: int = 0
    stage_at: int
    started_at: int | None = None
    evidence_since: int
    looked_at: int
    failure_limit: float | None = None
    baseline: RolloutBaseline | None = None
    version: int = 1


class ActiveRollout(Struct, frozen=True, kw_only=True):
    """A rollout that is looked at, with what its release and deployment are at the moment.

    Attributes:
        record: The rollout.
        rollout: The percentage of the release; ``None`` for all devices.
        is_held: Whether the release is held.
        is_disabled: Whether it is disabled.
        is_stopped: Whether the deployment is stopped.

    """

    record: RolloutRecord
    rollout: int | None
    is_held: bool
    is_disabled: bool | None
    is_stopped: bool


class Rollouts(Protocol):
    """Records of rollouts with a plan, at most one for each release."""

    async def add(self, rollout: RolloutRecord) -> RolloutRecord:
        """Record a rollout; `AlreadyExistsError` when the release has one."""

    async def of_release(self, deployment_id: int, number: int) -> RolloutRecord | None:
        """Return the rollout of a release."""

    async def of_deployment(self, deployment_id: int, *, limit: int) -> Sequence[RolloutRecord]:
        """Return the newest rollouts of a deployment, newest release first."""

    async def open(self, deployment_id: int) -> Sequence[RolloutRecord]:
        """Return the rollouts of a deployment that are active or halted, newest release first."""

    async def active(self, *, halted_since: int) -> Sequence[ActiveRollout]:
        """Return the rollouts of all deployments in one of the states in `ACTIVE`, and those halted since a moment."""

    async def counts(self) -> Mapping[RolloutState, int]:
        """Return how many rollouts of all deployments are in each of the states in `OPEN`."""

    async def update(self, rollout: RolloutRecord) -> RolloutRecord | None:
        """Record a step: all fields except those that identify the rollout.

        Returns:
            The rollout with its new version; ``None``, and nothing is changed, unless the rollout still has the
            version it was read with.

        """

    async def soak(self, *, at: int, every: int, most: int) -> None:
        """Add the time since the last look to every rollout that soaks, and record the time of this look.

        A rollout soaks while it is running, or holding and still offered to new devices, and its deployment is not
        stopped. Those whose last look is
        not more than ``every`` milliseconds ago are left as they are, and no more than ``most`` are added.
        """

    async def clear(self, deployment_id: int) -> None:
        """Remove a deployment's rollouts."""

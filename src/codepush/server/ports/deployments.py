"""Deployments of apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from codepush.rollout_models import RolloutPlan

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["DeploymentRecord", "Deployments"]


class DeploymentRecord(Struct, frozen=True, kw_only=True):
    """A deployment.

    Attributes:
        id: Its number.
        app_id: The app it belongs to.
        name: Its name.
        key: Its deployment key.
        revision: Rises with everything that changes the response to an update check.
        device_key: The secret with which its devices' ids are hashed.
        stopped_by: The actor who stopped all updates; ``None``: they are not stopped.
        default_plan: The rollout plan of releases that come without one.

    """

    id: int
    app_id: int
    name: str
    key: str
    revision: int
    device_key: bytes
    stopped_by: str | None = None
    default_plan: RolloutPlan | None = None


class Deployments(Protocol):
    """Records of deployments."""

    async def add(self, *, app_id: int, name: str, key: str, device_key: bytes, created_at: int) -> DeploymentRecord:
        """Record a deployment; `AlreadyExistsError` when the name or the key is taken."""

    async def of_app(self, app_id: int) -> Sequence[DeploymentRecord]:
        """Return an app's deployments by name."""

    async def names(self, app_ids: Sequence[int]) -> Sequence[tuple[int, str]]:
        """Return (app id, deployment name) of several apps at once."""

    async def named(self, app_id: int, name: str) -> DeploymentRecord | None:
        """Return the deployment of this app with exactly this name."""

    async def with_id(self, deployment_id: int) -> DeploymentRecord | None:
        """Return the deployment with this number."""

    async def with_key(self, key: str) -> DeploymentRecord | None:
        """Return the deployment with this deployment key."""

    async def with_keys(self, keys: Collection[str]) -> Sequence[DeploymentRecord]:
        """Return the deployments with these deployment keys."""

    async def rename(self, deployment_id: int, name: str) -> None:
        """Rename a deployment; `AlreadyExistsError` when the app has one of this name."""

    async def remove(self, deployment_id: int) -> None:
        """Remove a deployment with its releases and metrics; the app's packages stay."""

    async def lock(self, deployment_id: int) -> None:
        """Keep every other writer away from this deployment until the transaction ends."""

    async def stop(self, deployment_id: int, actor: str | None) -> None:
        """Record the actor who stopped a deployment's updates (``None``: not stopped), and raise its revision."""

    async def set_default_plan(self, deployment_id: int, plan: RolloutPlan | None) -> None:
        """Record the rollout plan of releases that come without one."""

    async def stopped(self, actor: str | None, *, after: int = 0, limit: int) -> Sequence[DeploymentRecord]:
        """Return deployments with ids above ``after``, by id, that this actor stopped; ``None``: not stopped."""

    async def revisions(self, deployment_ids: Sequence[int]) -> dict[int, int]:
        """Return the revisions of those deployments that still exist."""

    async def state(self) -> tuple[int, int, int]:
        """Return three numbers that are the same only while no deployment is added, changed or removed."""

    async def bump_releasing(self, package_id: int) -> Sequence[int]:
        """Raise the revision of every deployment with a release of this package, and return their ids.

        Every process then drops its snapshots of them.
        """

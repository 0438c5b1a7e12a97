"""Deployment histories, the source of update checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from codepush.models import Package

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Hashable, Sequence

__all__ = ["DeploymentHistory", "Histories"]


class DeploymentHistory(Struct, frozen=True, kw_only=True):
    """All releases of a deployment, oldest first, at one revision.

    ``archives`` are the app's contents that have a manifest, as in :meth:`Packages.archives`: diffs exist only
    between those. ``is_stopped``: no device is offered an update.
    """

    deployment_id: int
    revision: int
    packages: tuple[Package, ...]
    archives: dict[str, int] = {}
    is_stopped: bool = False


class Histories(Protocol):
    """Releases of deployments by their keys, for update checks."""

    async def load(self, deployment_key: str) -> DeploymentHistory | None:
        """Return the releases of the deployment with this key; ``None`` when no deployment has it."""

    async def revisions(self, deployment_ids: Sequence[int]) -> dict[int, int]:
        """Return the revisions of those deployments that still exist."""

    async def state(self) -> Hashable:
        """Return a value that is the same only while no deployment is added, changed or removed."""

    def changes(self) -> AsyncIterator[Collection[int] | None]:
        """Yield the IDs of changed deployments, as `Store.changes` does."""

"""Releases for update checks, read from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.server.ports.histories import DeploymentHistory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Hashable, Sequence

    from codepush.server.ports.store import Store
    from codepush.server.services.packages.links import Links

__all__ = ["StoredHistories"]


class StoredHistories:
    """The releases of deployments in the store. Implements `codepush.server.ports.histories.Histories`."""

    def __init__(self, store: Store, links: Links) -> None:
        self._store = store
        self._links = links

    async def load(self, deployment_key: str) -> DeploymentHistory | None:
        """Return the releases of the deployment with this key, oldest first."""
        async with self._store.read() as records:
            deployment = await records.deployments.with_key(deployment_key)
            if deployment is None:
                return None
            history = await records.releases.history(deployment.id)
            archives = await records.packages.archives(deployment.app_id)
        packages = tuple(self._links.package(release) for release in history)
        return DeploymentHistory(
            deployment_id=deployment.id,
            revision=deployment.revision,
            packages=packages,
            archives=archives,
            is_stopped=deployment.stopped_by is not None,
        )

    async def revisions(self, deployment_ids: Sequence[int]) -> dict[int, int]:
        """Return the revisions of those deployments that still exist."""
        async with self._store.read() as records:
            return await records.deployments.revisions(deployment_ids)

    async def state(self) -> Hashable:
        """Return a value that is the same only while no deployment is added, changed or removed."""
        async with self._store.read() as records:
            return await records.deployments.state()

    def changes(self) -> AsyncIterator[Collection[int] | None]:
        """Yield the IDs of changed deployments; ``None``: any may have changed."""
        return self._store.changes()

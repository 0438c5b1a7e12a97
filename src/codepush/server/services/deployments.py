"""Deployments: the channels of an app, and the keys that phones carry."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from codepush.models import Deployment
from codepush.server.ports import AlreadyExistsError, EventRecord
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import ConflictError
from codepush.server.services.names import alphabetical, find_app, find_deployment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.models import Package
    from codepush.server.ports import AccountRecord, DeploymentRecord, Records, ReleaseRecord, Store
    from codepush.server.services.links import Links

__all__ = ["Deployments", "create"]


async def create(
    records: Records, app_id: int, name: str, *, created_at: int, key: str | None = None
) -> DeploymentRecord:
    """Record a deployment, with a key of 256 random bits unless one was chosen."""
    return await records.deployments.add(
        app_id=app_id,
        name=name,
        key=key or secrets.token_urlsafe(32),
        device_key=secrets.token_bytes(32),
        created_at=created_at,
    )


class Deployments:
    """Listing and adding deployments, and showing what was released to them."""

    def __init__(self, store: Store, links: Links, *, clock: Clock = now) -> None:
        self._store = store
        self._links = links
        self._clock = clock

    async def list(self, caller: AccountRecord, app_name: str) -> Sequence[Deployment]:
        """Return an app's deployments by name, each with its newest release."""
        async with self._store.read() as records:
            app = await find_app(records, caller, app_name, "view_deployment")
            deployments = await records.deployments.of_app(app.id)
            latest = await records.releases.latest([deployment.id for deployment in deployments])
        return [
            self._show(deployment, latest.get(deployment.id))
            for deployment in sorted(deployments, key=lambda deployment: alphabetical(deployment.name))
        ]

    async def get(self, caller: AccountRecord, app_name: str, name: str) -> Deployment:
        """Return one deployment with its newest release."""
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, name, "view_deployment")
            latest = await records.releases.latest([deployment.id])
        return self._show(deployment, latest.get(deployment.id))

    async def add(self, caller: AccountRecord, app_name: str, name: str, *, key: str | None = None) -> Deployment:
        """Create a deployment; the caller may choose its key.

        Raises:
            ConflictError: the app has a deployment of this name, or the key is used by another
                one. A key that two deployments shared would steal the first one's phones.

        """
        async with self._store.write() as records:
            app = await find_app(records, caller, app_name, "add_deployment")
            if await records.deployments.named(app.id, name) is not None:
                raise ConflictError(f"A deployment named '{name}' already exists.", code="deployment_exists")
            deployment = await self._create(records, app.id, name, key)
            await records.events.add(
                EventRecord(
                    at=self._clock(),
                    actor=caller.email,
                    kind="deployment.add",
                    app_id=app.id,
                    deployment_id=deployment.id,
                    after=name,
                )
            )
        return self._show(deployment, None)

    async def _create(self, records: Records, app_id: int, name: str, key: str | None) -> DeploymentRecord:
        try:
            return await create(records, app_id, name, created_at=self._clock(), key=key)
        except AlreadyExistsError as error:
            raise ConflictError(
                "The deployment key is in use already; choose another one, or none.", code="deployment_key_exists"
            ) from error

    async def history(self, caller: AccountRecord, app_name: str, name: str) -> Sequence[Package]:
        """Return the releases of a deployment, oldest first."""
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, name, "view_deployment")
            history = await records.releases.history(deployment.id)
        return [self._links.package(release) for release in history]

    def _show(self, deployment: DeploymentRecord, latest: ReleaseRecord | None) -> Deployment:
        package = None if latest is None else self._links.package(latest)
        return Deployment(name=deployment.name, key=deployment.key, package=package)

"""Deployments: the channels of an app, and the keys that installed apps contain."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from msgspec import structs

from codepush.models import Deployment
from codepush.rules.collation import alphabetical
from codepush.server.ports.errors import AlreadyExistsError
from codepush.server.services.access.resolution import check_addressable, find_app, find_deployment
from codepush.server.services.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.models import Package
    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.ports.releases import ReleaseRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.caller import Caller
    from codepush.server.services.change import Change, Changes
    from codepush.server.services.packages.links import Links

__all__ = ["Deployments", "create"]


async def create(
    records: Records, app_id: int, name: str, *, created_at: int, key: str | None = None
) -> DeploymentRecord:
    """Record a deployment, with a key of 256 random bits by default."""
    return await records.deployments.add(
        app_id=app_id,
        name=name,
        key=key or secrets.token_urlsafe(32),
        device_key=secrets.token_bytes(32),
        created_at=created_at,
    )


class Deployments:
    """Listing, creating, renaming and removing deployments, and showing their releases."""

    def __init__(self, store: Store, changes: Changes, links: Links) -> None:
        self._store = store
        self._changes = changes
        self._links = links

    async def list(self, caller: Caller, app_name: str) -> Sequence[Deployment]:
        """Return an app's deployments by name, each with its newest release."""
        async with self._store.read() as records:
            app = await find_app(records, caller, app_name, "view_deployment")
            deployments = await records.deployments.of_app(app.id)
            latest = await records.releases.latest([deployment.id for deployment in deployments])
        return [
            self._show(deployment, latest.get(deployment.id))
            for deployment in sorted(deployments, key=lambda deployment: alphabetical(deployment.name))
        ]

    async def get(self, caller: Caller, app_name: str, name: str) -> Deployment:
        """Return one deployment with its newest release."""
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, name, "view_deployment")
            latest = await records.releases.latest([deployment.id])
        return self._show(deployment, latest.get(deployment.id))

    async def add(self, caller: Caller, app_name: str, name: str, *, key: str | None = None) -> Deployment:
        """Create a deployment; the caller may choose its key.

        Raises:
            InvalidError: The name has a special meaning in URLs.
            ConflictError: The app has a deployment of this name, or another deployment uses the key: its devices
                would follow the new deployment.

        """
        check_addressable(name)
        async with self._changes.by(caller) as change:
            app = await change.app(app_name, "add_deployment")
            if await change.records.deployments.named(app.id, name) is not None:
                raise _exists(name)
            deployment = await self._create(change, app.id, name, key)
            await change.note("deployment.add", deployment, after={"name": name})
        return self._show(deployment, None)

    async def _create(self, change: Change, app_id: int, name: str, key: str | None) -> DeploymentRecord:
        try:
            return await create(change.records, app_id, name, created_at=change.at, key=key)
        except AlreadyExistsError as error:
            raise ConflictError(
                "The deployment key is in use already; choose another one, or none.", code="deployment_key_exists"
            ) from error

    async def rename(self, caller: Caller, app_name: str, name: str, new_name: str | None) -> Deployment:
        """Rename a deployment, if a name is given; its key stays.

        Raises:
            InvalidError: The name has a special meaning in URLs.
            NotFoundError: The caller has access to no such app, or the app has no such deployment.
            ForbiddenError: The caller lacks the permission on the app.
            ConflictError: The app has another deployment of this name.

        """
        if new_name is not None:
            check_addressable(new_name)
        async with self._changes.by(caller) as change:
            deployment = await change.deployment(app_name, name, "rename_deployment")
            if new_name is not None and new_name != name:
                await self._rename(change.records, deployment, new_name)
                await change.note("deployment.rename", deployment, before={"name": name}, after={"name": new_name})
                deployment = structs.replace(deployment, name=new_name)
            latest = await change.records.releases.latest([deployment.id])
        return self._show(deployment, latest.get(deployment.id))

    async def _rename(self, records: Records, deployment: DeploymentRecord, name: str) -> None:
        try:
            await records.deployments.rename(deployment.id, name)
        except AlreadyExistsError as error:
            raise _exists(name) from error

    async def remove(self, caller: Caller, app_name: str, name: str) -> None:
        """Remove a deployment with its releases and metrics; its key is unknown from then on."""
        async with self._changes.by(caller) as change:
            deployment = await change.deployment(app_name, name, "remove_deployment")
            await change.records.devices.lock([deployment.id])
            await change.records.deployments.remove(deployment.id)
            await change.note("deployment.remove", deployment, before={"name": name})
            change.touches(deployment.id)

    async def history(self, caller: Caller, app_name: str, name: str) -> Sequence[Package]:
        """Return the releases of a deployment, oldest first."""
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, name, "view_deployment")
            history = await records.releases.history(deployment.id)
        return [self._links.package(release) for release in history]

    def _show(self, deployment: DeploymentRecord, latest: ReleaseRecord | None) -> Deployment:
        package = None if latest is None else self._links.package(latest)
        return Deployment(name=deployment.name, key=deployment.key, package=package)


def _exists(name: str) -> ConflictError:
    return ConflictError(f"A deployment named '{name}' already exists.", code="deployment_exists")

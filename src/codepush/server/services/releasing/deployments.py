"""Deployments: the channels of an app, and the keys that phones carry."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from msgspec import structs

from codepush.models import Deployment
from codepush.rules.collation import alphabetical
from codepush.server.ports.errors import AlreadyExistsError
from codepush.server.ports.events import EventRecord
from codepush.server.services.access.resolution import check_addressable, find_app, find_deployment
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from codepush.models import Package
    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.ports.releases import ReleaseRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.caller import Caller
    from codepush.server.services.packages.links import Links

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
    """Listing, adding, renaming and removing deployments, and showing and clearing what was released to them."""

    def __init__(
        self, store: Store, links: Links, *, changed: Callable[[Iterable[int]], None], clock: Clock = now
    ) -> None:
        """``changed`` is told the ids of deployments whose answers to phones have changed."""
        self._store = store
        self._links = links
        self._changed = changed
        self._clock = clock

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
            InvalidError: see `check_addressable`.
            ConflictError: the app has a deployment of this name, or the key is used by another
                one. A key that two deployments shared would steal the first one's phones.

        """
        check_addressable(name)
        async with self._store.write() as records:
            app = await find_app(records, caller, app_name, "add_deployment")
            if await records.deployments.named(app.id, name) is not None:
                raise _exists(name)
            deployment = await self._create(records, app.id, name, key)
            await self._log(records, caller, "deployment.add", deployment, after=name)
        return self._show(deployment, None)

    async def _create(self, records: Records, app_id: int, name: str, key: str | None) -> DeploymentRecord:
        try:
            return await create(records, app_id, name, created_at=self._clock(), key=key)
        except AlreadyExistsError as error:
            raise ConflictError(
                "The deployment key is in use already; choose another one, or none.", code="deployment_key_exists"
            ) from error

    async def rename(self, caller: Caller, app_name: str, name: str, new_name: str | None) -> Deployment:
        """Give a deployment another name, if one is given; its key stays.

        Raises:
            InvalidError: see `check_addressable`.
            NotFoundError, ForbiddenError: see `find_deployment`.
            ConflictError: the app has another deployment of this name.

        """
        if new_name is not None:
            check_addressable(new_name)
        async with self._store.write() as records:
            _, deployment = await find_deployment(records, caller, app_name, name, "rename_deployment")
            if new_name is not None and new_name != name:
                await self._rename(records, deployment, new_name)
                await self._log(records, caller, "deployment.rename", deployment, before=name, after=new_name)
                deployment = structs.replace(deployment, name=new_name)
            latest = await records.releases.latest([deployment.id])
        return self._show(deployment, latest.get(deployment.id))

    async def _rename(self, records: Records, deployment: DeploymentRecord, name: str) -> None:
        try:
            await records.deployments.rename(deployment.id, name)
        except AlreadyExistsError as error:
            raise _exists(name) from error

    async def remove(self, caller: Caller, app_name: str, name: str) -> None:
        """Remove a deployment with its releases and metrics; phones with its key get no answer any more."""
        async with self._store.write() as records:
            _, deployment = await find_deployment(records, caller, app_name, name, "remove_deployment")
            await records.devices.lock([deployment.id])
            await records.deployments.remove(deployment.id)
            await self._log(records, caller, "deployment.remove", deployment, before=name)
        self._changed([deployment.id])

    async def clear_history(self, caller: Caller, app_name: str, name: str) -> None:
        """Remove all releases and metrics of a deployment; the next release is ``v1`` again."""
        async with self._store.write() as records:
            _, deployment = await find_deployment(records, caller, app_name, name, "clear_history")
            await records.releases.clear(deployment.id)
            await records.devices.clear(deployment.id)
            await self._log(records, caller, "deployment.clear", deployment)
        self._changed([deployment.id])

    async def history(self, caller: Caller, app_name: str, name: str) -> Sequence[Package]:
        """Return the releases of a deployment, oldest first."""
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, name, "view_deployment")
            history = await records.releases.history(deployment.id)
        return [self._links.package(release) for release in history]

    async def _log(
        self,
        records: Records,
        caller: Caller,
        kind: str,
        deployment: DeploymentRecord,
        *,
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        await records.events.add(
            EventRecord(
                at=self._clock(),
                actor=caller.account.email,
                kind=kind,
                app_id=deployment.app_id,
                deployment_id=deployment.id,
                before=before,
                after=after,
            )
        )

    def _show(self, deployment: DeploymentRecord, latest: ReleaseRecord | None) -> Deployment:
        package = None if latest is None else self._links.package(latest)
        return Deployment(name=deployment.name, key=deployment.key, package=package)


def _exists(name: str) -> ConflictError:
    return ConflictError(f"A deployment named '{name}' already exists.", code="deployment_exists")

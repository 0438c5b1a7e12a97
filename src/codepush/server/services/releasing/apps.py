"""Apps: listing, creating, renaming and removing them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from codepush.models import App
from codepush.rules.collation import alphabetical
from codepush.server.ports.errors import AlreadyExistsError
from codepush.server.services.access.resolution import check_addressable, find_app, is_own, owner_of
from codepush.server.services.errors import ConflictError
from codepush.server.services.releasing import collaborators, deployments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codepush.rules.permissions import Action
    from codepush.server.ports.apps import AppRecord, OwnerKind
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.caller import Caller
    from codepush.server.services.change import Change, Changes

__all__ = ["Apps"]

FIRST_DEPLOYMENTS: Final = ("Production", "Staging")
"""Deployments of a new app, unless its creator provisions deployments manually."""


class Apps:
    """Listing, creating, renaming and removing apps."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store = store
        self._changes = changes

    async def visible(self, caller: Caller) -> Sequence[AppRecord]:
        """Return the records of every app the caller belongs to, oldest first."""
        async with self._store.read() as records:
            return sorted(await records.apps.visible_to(caller.account.id), key=lambda app: (app.created_at, app.id))

    async def find(self, caller: Caller, name: str) -> AppRecord:
        """Return the record of one app.

        Raises:
            NotFoundError: The caller has access to no such app.

        """
        async with self._store.read() as records:
            return await find_app(records, caller, name, "view_app")

    async def check(self, caller: Caller, name: str, action: Action) -> None:
        """Check that the caller may perform an action on an app.

        Raises:
            NotFoundError: The caller has access to no such app.
            ForbiddenError: The caller lacks the permission for the action.

        """
        async with self._store.read() as records:
            await find_app(records, caller, name, action)

    async def list(self, caller: Caller) -> Sequence[App]:
        """Return every app the caller belongs to, by name.

        If two share a name, those of other owners are shown as ``owner@example.com:name`` or ``organization:name``.
        """
        async with self._store.read() as records:
            visible = await records.apps.visible_to(caller.account.id)
            names = await records.deployments.names([app.id for app in visible])
        shared = Counter(app.name for app in visible)
        return [
            _show(app, caller, _display_name(app, caller, shared), (name for of, name in names if of == app.id))
            for app in sorted(visible, key=lambda app: alphabetical(app.name))
        ]

    async def get(self, caller: Caller, name: str) -> App:
        """Return one app, under the name in the request."""
        async with self._store.read() as records:
            app = await find_app(records, caller, name, "view_app")
            names = await records.deployments.names([app.id])
        return _show(app, caller, name, (deployment for _, deployment in names))

    async def add(
        self,
        caller: Caller,
        name: str,
        *,
        os: str | None,
        platform: str | None,
        manual: bool = False,
        organization: str | None = None,
        display_name: str | None = None,
    ) -> App:
        """Create an app of the caller or of an organization, with its first deployments unless ``manual``.

        Without a ``display_name``, the display name is ``name``.

        Raises:
            InvalidError: The name has a special meaning in URLs.
            NotFoundError: The caller belongs to no such organization.
            ForbiddenError: The caller may not create apps in the organization.
            ConflictError: The owner has an app of this name.

        """
        check_addressable(name)
        first = () if manual else FIRST_DEPLOYMENTS
        async with self._changes.by(caller) as change:
            records = change.records
            owner_id, owner_kind = await _owner(change, organization)
            try:
                app_id = await records.apps.add(
                    owner_id=owner_id,
                    owner_kind=owner_kind,
                    name=name,
                    os=os,
                    platform=platform,
                    created_at=change.at,
                    display_name=display_name,
                )
            except AlreadyExistsError as error:
                raise _exists(name) from error
            for deployment in first:
                await deployments.create(records, app_id, deployment, created_at=change.at)
            app = await records.apps.get(app_id)
            assert app is not None  # just added
            await change.note("app.add", app, after=_facts(app))
        return _show(app, caller, name if organization is None else f"{owner_of(app)}:{name}", first)

    async def rename(self, caller: Caller, name: str, new_name: str | None, *, display_name: str | None = None) -> App:
        """Change the name of an app, its display name, or both; return it under its new name.

        A display name that was set explicitly stays when the name changes. ``None`` changes nothing.

        Raises:
            InvalidError: The name has a special meaning in URLs.
            NotFoundError: The caller has access to no such app.
            ForbiddenError: The caller lacks the permission on the app.
            ConflictError: The owner has another app of this name.

        """
        if new_name is not None:
            check_addressable(new_name)
        async with self._changes.by(caller) as change:
            records = change.records
            app = await change.app(name, "rename_app")
            if new_name is not None and new_name != app.name:
                await self._rename(records, app, new_name)
                name = new_name
            if display_name not in (None, app.display_name):
                await records.apps.set_display_name(app.id, display_name)
            before, app = app, await records.apps.get(app.id) or app
            if app != before:
                await change.note("app.rename", app, before=_facts(before), after=_facts(app))
            names = await records.deployments.names([app.id])
        return _show(app, caller, name, (deployment for _, deployment in names))

    async def _rename(self, records: Records, app: AppRecord, name: str) -> None:
        try:
            await records.apps.rename(app.id, name)
        except AlreadyExistsError as error:
            raise _exists(name) from error

    async def remove(self, caller: Caller, name: str) -> None:
        """Remove an app with its deployments, releases and metrics."""
        async with self._changes.by(caller) as change:
            app = await change.app(name, "remove_app")
            removed = await change.records.deployments.of_app(app.id)
            await change.records.devices.lock([deployment.id for deployment in removed])
            await change.records.apps.remove(app.id)
            names = [deployment.name for deployment in removed]
            await change.note("app.remove", app, before=_facts(app) | {"deployments": names})
            change.touches(*(deployment.id for deployment in removed))


async def _owner(change: Change, organization: str | None) -> tuple[int, OwnerKind]:
    if organization is None:
        return change.caller.account.id, "user"
    return (await change.organization(organization, "own_apps")).organization.id, "org"


def _facts(app: AppRecord) -> dict[str, object]:
    """Return the fields of an app for the audit trail."""
    return {
        "name": app.name,
        "displayName": app.display_name,
        "owner": owner_of(app),
        "os": app.os,
        "platform": app.platform,
    }


def _exists(name: str) -> ConflictError:
    return ConflictError(f"An app named '{name}' already exists.", code="app_exists")


def _display_name(app: AppRecord, caller: Caller, shared: Counter[str]) -> str:
    return app.name if shared[app.name] == 1 or is_own(app, caller.account) else f"{owner_of(app)}:{app.name}"


def _show(app: AppRecord, caller: Caller, name: str, deployment_names: Iterable[str]) -> App:
    return App(
        name=name,
        collaborators=collaborators.show(app, caller),
        deployments=tuple(sorted(deployment_names, key=alphabetical)),
        os=app.os,
        platform=app.platform,
    )

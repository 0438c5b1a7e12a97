"""Resolution: which app, deployment or organization a name means to a caller, and whether the caller may act on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.models import Role
from codepush.rules import permissions
from codepush.server.ports.organizations import MemberRecord, OrganizationRecord
from codepush.server.services.access.roles import permission_of
from codepush.server.services.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, UnstorableError

if TYPE_CHECKING:
    from codepush.rules.permissions import Action, OrganizationAction
    from codepush.server.ports.accounts import AccountRecord
    from codepush.server.ports.apps import AppRecord
    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.ports.store import Records
    from codepush.server.services.caller import Caller

__all__ = ["check_addressable", "find_app", "find_deployment", "is_own", "owner_of"]


_LISTED: Final = 10
"""Number of full names that a message lists."""


def check_addressable(name: str, *, field: str = "name") -> None:
    """Reject a name that no client could use in a path.

    Clients resolve ``.`` and ``..``, and write ``~~`` for the slash between owner and app. ``field`` is the name's
    field in the request.

    Raises:
        InvalidError: The name is one of these.

    """
    if name in {".", ".."} or "~~" in name:
        raise InvalidError(
            f'The name "{name}" could not be found again: "." and ".." have a meaning of their own in addresses, and '
            '"~~" stands for a slash. Choose another one.',
            code="invalid_name",
            field=field,
        )


class Membership(Struct, frozen=True):
    """An organization from the view of one of its members."""

    organization: OrganizationRecord
    members: Sequence[MemberRecord]
    role: Role


async def find_app(records: Records, caller: Caller, name: str, action: Action) -> AppRecord:
    """Return the app that a name means to the caller, who must have permission for the action.

    Raises:
        NotFoundError: The caller has access to no such app; the app may exist.
        ConflictError: The caller owns no app of this name and has access to several of others.
        ForbiddenError: The caller has access to the app, but not permission for the action.

    """
    app = await _resolve(records, caller, name)
    if app is None:
        raise NotFoundError(f'App "{name}" does not exist.', code="app_not_found")
    if not permissions.may(permission_of(app, caller.account.id), action):
        raise ForbiddenError(
            f"This action requires {permissions.NEEDED[action]} permissions on the app!", code="permission_denied"
        )
    return app


async def find_deployment(
    records: Records, caller: Caller, app_name: str, name: str, action: Action
) -> tuple[AppRecord, DeploymentRecord]:
    """Return an app of the caller and its deployment of this name.

    Raises:
        NotFoundError, ForbiddenError: As `find_app`; also when the app has no such deployment.

    """
    app = await find_app(records, caller, app_name, action)
    return app, await deployment_of(records, app, name)


async def find_organization(records: Records, caller: Caller, name: str, action: OrganizationAction) -> Membership:
    """Return the organization of this name, in any letter case, in which the caller has the role for the action.

    Raises:
        NotFoundError: The caller belongs to no organization of this name; one may exist.
        ForbiddenError: The caller belongs to it, but lacks the role for the action.

    """
    organization = await records.organizations.by_slug(name.lower())
    members = [] if organization is None else await records.organizations.members(organization.id)
    role = next((one.role for one in members if one.account_id == caller.account.id), None)
    if organization is None or role is None:
        raise NotFoundError(f'Organization "{name}" does not exist.', code="organization_not_found")
    if not permissions.may_in_organization(role, action):
        needed = permissions.NEEDED_ROLE[action]
        raise ForbiddenError(f"This action requires the role {needed} in the organization!", code="permission_denied")
    return Membership(organization, members, role)


async def deployment_of(records: Records, app: AppRecord, name: str) -> DeploymentRecord:
    """Return an app's deployment of exactly this name, or raise `NotFoundError`."""
    deployment = await records.deployments.named(app.id, name)
    if deployment is None:
        raise NotFoundError(f'Deployment "{name}" does not exist.', code="deployment_not_found")
    return deployment


async def _resolve(records: Records, caller: Caller, name: str) -> AppRecord | None:
    """Apply the rules of name resolution (standalone management API, section 3).

    SDKs of App Center's time write ``owner/app`` for ``owner:app`` (clients in the field, section 4);
    app names contain neither sign. An owner is named by email address, or by the slug of
    an account or organization. A name without an owner means the caller's own app, if there is one.

    Raises:
        ConflictError: The name has no owner, and several apps of others have it.

    """
    owner, separator, raw = name.replace("/", ":").rpartition(":")
    if ":" in owner:
        return None
    try:
        if separator:
            found = await records.apps.named(caller.account.id, raw, owner=owner)
        else:
            found = await _own(records, caller, raw) or await records.apps.named(caller.account.id, raw)
    except UnstorableError:  # no app can have such a name
        return None
    if len(found) > 1 and not separator:
        raise _ambiguous(name, found)
    return next(iter(found), None)


async def _own(records: Records, caller: Caller, name: str) -> Sequence[AppRecord]:
    return [
        app
        for app in await records.apps.named(caller.account.id, name, owner=caller.account.email)
        if is_own(app, caller.account)
    ]


def _ambiguous(name: str, apps: Sequence[AppRecord]) -> ConflictError:
    full = [f"{owner_of(app)}:{app.name}" for app in apps]
    listed = ", ".join(full[:_LISTED]) + (f" and {len(full) - _LISTED} more" if len(full) > _LISTED else "")
    return ConflictError(
        f'The app name "{name}" is ambiguous: you have access to {len(full)} apps of this name. Use the full name of '
        f"one of them: {listed}.",
        code="ambiguous_app",
    )


def is_own(app: AppRecord, account: AccountRecord) -> bool:
    """Return whether the caller is the owner of an app: the account itself, not its organization."""
    return app.owner.kind == "user" and app.owner.id == account.id


def owner_of(app: AppRecord) -> str:
    """Return the prefix of an app's name: its owner's email address, or the name of an organization."""
    return app.owner.email or app.owner.slug

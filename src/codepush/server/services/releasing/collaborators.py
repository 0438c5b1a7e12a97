"""Collaborators and owners of apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import structs

from codepush.models import Collaborator
from codepush.rules.permissions import strongest
from codepush.server.ports.apps import OwnerRecord
from codepush.server.ports.errors import AlreadyExistsError
from codepush.server.services.access.organizations import account_unknown
from codepush.server.services.access.resolution import find_app, is_own, owner_of
from codepush.server.services.access.roles import parts, permission_of
from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush.models import Permission
    from codepush.server.ports.accounts import AccountRecord
    from codepush.server.ports.apps import AppRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.caller import Caller
    from codepush.server.services.change import Change, Changes

__all__ = ["Collaborators", "show"]

_RESERVED: Final = frozenset({"__proto__", "constructor", "prototype"})
"""Words that the original rejects as addresses, because they are properties of all JavaScript objects."""


class Collaborators:
    """Listing, adding and removing the collaborators of an app, and transferring the app."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store = store
        self._changes = changes

    async def list(self, caller: Caller, app_name: str) -> Mapping[str, Collaborator]:
        """Return all permissions on an app by email address, in the order of addresses."""
        async with self._store.read() as records:
            return show(await find_app(records, caller, app_name, "view_collaborators"), caller)

    async def add(self, caller: Caller, app_name: str, email: str, permission: Permission = "Collaborator") -> None:
        """Add a collaborator to an app. The email address matches in any letter case.

        A member of the app's organization can get a stronger permission on this app than on the others.

        Raises:
            InvalidError: The address is a reserved word.
            NotFoundError: The caller has access to no such app, or no account has this address.
            ForbiddenError: The caller may not manage collaborators.
            ConflictError: The account is a collaborator, owns the app, or has this permission as a member.

        """
        _refuse_reserved(email)
        async with self._changes.by(caller) as change:
            records = change.records
            app = await change.app(app_name, "add_collaborator")
            account = await _account(records, email)
            has = permission_of(app, account.id)
            if _is_collaborator(app, account) or (has is not None and strongest([has, permission]) == has):
                raise ConflictError(
                    "The given account is already a collaborator for this app.", code="collaborator_exists"
                )
            await records.apps.add_collaborator(app.id, account.id, permission)
            await change.note("collaborator.add", app, after={"email": account.email, "permission": permission})

    async def change(self, caller: Caller, app_name: str, email: str, permission: Permission) -> None:
        """Change the permission of a collaborator.

        Raises:
            InvalidError: The address is a reserved word.
            NotFoundError: The caller has access to no such app, or the app has no such collaborator.
            ForbiddenError: The caller may not manage collaborators.
            ConflictError: The account owns the app, or has a stronger permission as a member of its organization.

        """
        _refuse_reserved(email)
        async with self._changes.by(caller) as change:
            records = change.records
            app = await change.app(app_name, "change_collaborator")
            account = await _collaborator(records, app, email)
            if is_own(app, account):
                raise ConflictError(
                    "Cannot change the permission of the owner of the app; transfer the app instead.",
                    code="owner_permission",
                )
            as_member = permission_of(structs.replace(app, collaborators=()), account.id)
            if as_member is not None and strongest([as_member, permission]) != permission:
                raise _by_organization(app)
            if _is_collaborator(app, account):
                await records.apps.set_permission(app.id, account.id, permission)
            else:
                await records.apps.add_collaborator(app.id, account.id, permission)
            before = {"email": account.email, "permission": permission_of(app, account.id)}
            await change.note("collaborator.change", app, before=before, after=before | {"permission": permission})

    async def remove(self, caller: Caller, app_name: str, email: str) -> None:
        """Remove a collaborator from an app; all may leave, except the owner.

        Raises:
            InvalidError: The address is a reserved word.
            NotFoundError: The caller has access to no such app, or the app has no such collaborator.
            ForbiddenError: The caller may not manage collaborators, and removes another one.
            ConflictError: The account owns the app, or has access only as a member of its organization.

        """
        _refuse_reserved(email)
        leaves = email.casefold() == caller.account.email.casefold()
        async with self._changes.by(caller) as change:
            records = change.records
            app = await change.app(app_name, "leave_app" if leaves else "remove_collaborator")
            account = await _collaborator(records, app, email)
            if is_own(app, account):
                raise ConflictError(
                    "Cannot remove the owner of the app from collaborator list.", code="owner_cannot_leave"
                )
            if not _is_collaborator(app, account):
                raise _by_organization(app)
            await records.apps.remove_collaborator(app.id, account.id)
            had = {"email": account.email, "permission": permission_of(app, account.id)}
            await change.note("collaborator.remove", app, before=had)

    async def transfer(self, caller: Caller, app_name: str, to: str) -> AppRecord:
        """Transfer an app to another account or an organization; return the changed app.

        The previous owner and the caller become collaborators, unless they keep access otherwise.

        Args:
            caller: The caller.
            app_name: The app.
            to: The email address or slug of an account, or the slug of an organization.

        Raises:
            InvalidError: The address is a reserved word.
            NotFoundError: The caller has access to no such app, or belongs to no such organization, or no account has
                this name.
            ForbiddenError: The caller may not transfer the app, or is not a manager of the organization.
            ConflictError: The new owner owns the app already, or another one of this name.

        """
        _refuse_reserved(to)
        async with self._changes.by(caller) as change:
            records = change.records
            app = await change.app(app_name, "transfer_app")
            owner = await _owner_named(change, to)
            if (owner.kind, owner.id) == (app.owner.kind, app.owner.id):
                raise ConflictError("The given account already owns the app.", code="owns_already")
            await self._give(records, app, owner)
            await self._keep_access(records, app, owner, caller)
            given = await records.apps.get(app.id)
            assert given is not None  # just changed
            await change.note("app.transfer", given, before={"owner": owner_of(app)}, after={"owner": owner_of(given)})
            return given

    async def _keep_access(self, records: Records, app: AppRecord, owner: OwnerRecord, caller: Caller) -> None:
        """Add collaborators for the previous owner and the caller where they would lose access to the app."""
        former = {app.owner.id} if app.owner.kind == "user" else set()
        there = {one.account_id for one in app.collaborators} - former
        if owner.kind == "user":
            await records.apps.remove_collaborator(app.id, owner.id)
            there.add(owner.id)
        else:
            there |= {one.account_id for one in await records.organizations.members(owner.id)}
        for account_id in sorted((former | {caller.account.id}) - there):
            await records.apps.add_collaborator(app.id, account_id)

    async def _give(self, records: Records, app: AppRecord, owner: OwnerRecord) -> None:
        try:
            await records.apps.give(app.id, owner.id, owner.kind)
        except AlreadyExistsError as error:
            raise ConflictError(
                f'Cannot transfer ownership. An app with name "{app.name}" already exists for the given collaborator.',
                code="app_exists",
            ) from error


def show(app: AppRecord, caller: Caller) -> Mapping[str, Collaborator]:
    """Return all permissions on an app by email address, as the caller sees them."""
    return {
        one.email: Collaborator(permission=one.permission, is_current_account=one.account_id == caller.account.id)
        for one in parts(app)
    }


async def _account(records: Records, email: str) -> AccountRecord:
    account = await records.accounts.by_email(email)
    if account is None:
        raise account_unknown()
    return account


async def _owner_named(change: Change, name: str) -> OwnerRecord:
    """Return the account with this name, or the organization that the caller manages.

    An organization that the caller does not belong to is reported as unknown.
    """
    accounts = change.records.accounts
    account = await accounts.by_email(name) or await accounts.by_slug(name.lower())
    if account is not None:
        return OwnerRecord(kind="user", id=account.id, slug=account.slug, name=account.name, email=account.email)
    try:
        organization = (await change.organization(name, "own_apps")).organization
    except NotFoundError:
        raise account_unknown() from None
    return OwnerRecord(kind="org", id=organization.id, slug=organization.slug, name=organization.name, email=None)


async def _collaborator(records: Records, app: AppRecord, email: str) -> AccountRecord:
    """Return the account of this address that has a permission on an app."""
    account = await records.accounts.by_email(email)
    if account is None or permission_of(app, account.id) is None:
        raise NotFoundError("The given email is not a collaborator for this app.", code="collaborator_not_found")
    return account


def _is_collaborator(app: AppRecord, account: AccountRecord) -> bool:
    """Return whether an account is a collaborator of an app, not only a member of its organization."""
    return any(one.account_id == account.id for one in app.collaborators)


def _by_organization(app: AppRecord) -> ConflictError:
    return ConflictError(
        f"The given account works on this app as a member of the organization {app.owner.slug}; change that there.",
        code="organization_member",
    )


def _refuse_reserved(email: str) -> None:
    if email in _RESERVED:
        raise InvalidError("Invalid email parameter", code="invalid_email", field="email")

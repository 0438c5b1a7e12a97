"""Collaborators: who may work on an app, and whose it is."""

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
"""Words that the original refuses as addresses, because JavaScript's objects have them already."""


class Collaborators:
    """Listing, adding and removing the people of an app, and handing the app over."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store = store
        self._changes = changes

    async def list(self, caller: Caller, app_name: str) -> Mapping[str, Collaborator]:
        """Return everyone's part in an app by e-mail address, in the order of addresses."""
        async with self._store.read() as records:
            return show(await find_app(records, caller, app_name, "view_collaborators"), caller)

    async def add(self, caller: Caller, app_name: str, email: str, permission: Permission = "Collaborator") -> None:
        """Let an account work on an app. Its address is found in any letter case.

        A member of the app's organization can be let do more with this app than with the others.

        Raises:
            InvalidError: the address is a reserved word.
            NotFoundError, ForbiddenError: see `find_app`; also when nobody has this address.
            ConflictError: the account was let in to the app already, owns it, or may do as much as a member.

        """
        _refuse_reserved(email)
        async with self._changes.by(caller) as change:
            records = change.records
            app = await change.app(app_name, "add_collaborator")
            account = await _account(records, email)
            has = permission_of(app, account.id)
            if _was_let_in(app, account) or (has is not None and strongest([has, permission]) == has):
                raise ConflictError(
                    "The given account is already a collaborator for this app.", code="collaborator_exists"
                )
            await records.apps.add_collaborator(app.id, account.id, permission)
            await change.note("collaborator.add", app, after={"email": account.email, "permission": permission})

    async def change(self, caller: Caller, app_name: str, email: str, permission: Permission) -> None:
        """Change what somebody may do with an app.

        Raises:
            InvalidError: the address is a reserved word.
            NotFoundError, ForbiddenError: see `find_app`; also when nobody of this address works on the app.
            ConflictError: the account owns the app, or may do more as a member of its organization.

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
            if _was_let_in(app, account):
                await records.apps.set_permission(app.id, account.id, permission)
            else:
                await records.apps.add_collaborator(app.id, account.id, permission)
            before = {"email": account.email, "permission": permission_of(app, account.id)}
            await change.note("collaborator.change", app, before=before, after=before | {"permission": permission})

    async def remove(self, caller: Caller, app_name: str, email: str) -> None:
        """Let an account work on an app no longer; everyone may leave, except the owner.

        Raises:
            InvalidError: the address is a reserved word.
            NotFoundError, ForbiddenError: see `find_app`; also when nobody of this address works on the app.
            ConflictError: the account owns the app, or is there as a member of its organization only.

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
            if not _was_let_in(app, account):
                raise _by_organization(app)
            await records.apps.remove_collaborator(app.id, account.id)
            had = {"email": account.email, "permission": permission_of(app, account.id)}
            await change.note("collaborator.remove", app, before=had)

    async def transfer(self, caller: Caller, app_name: str, to: str) -> AppRecord:
        """Let another account or an organization own an app; return what it is then.

        Who owned it, and who transfers it, works on it from now on.

        Args:
            caller: who transfers it.
            app_name: the app.
            to: the e-mail address of an account, or the name in addresses of an account or organization.

        Raises:
            InvalidError: the address is a reserved word.
            NotFoundError, ForbiddenError: see `find_app` and `find_organization`; also when nobody has this address.
            ConflictError: that is the app's owner already, or has another one of this name.

        """
        _refuse_reserved(to)
        async with self._changes.by(caller) as change:
            records = change.records
            app = await change.app(app_name, "transfer_app")
            owner = await _owner_named(change, to)
            if (owner.kind, owner.id) == (app.owner.kind, app.owner.id):
                raise ConflictError("The given account already owns the app.", code="owns_already")
            await self._give(records, app, owner)
            await self._keep(records, app, owner, caller)
            given = await records.apps.get(app.id)
            assert given is not None  # just changed
            await change.note("app.transfer", given, before={"owner": owner_of(app)}, after={"owner": owner_of(given)})
            return given

    async def _keep(self, records: Records, app: AppRecord, owner: OwnerRecord, caller: Caller) -> None:
        """Let those work on an app that has a new owner who would have no part in it any more."""
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
    """Return everyone's part in an app by e-mail address, as the caller sees it."""
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
    """Return the account, or the organization that the caller manages, that has this name.

    An organization that the caller does not belong to is as unknown as one that does not exist.
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
    """Return the account of this address that has a part in an app."""
    account = await records.accounts.by_email(email)
    if account is None or permission_of(app, account.id) is None:
        raise NotFoundError("The given email is not a collaborator for this app.", code="collaborator_not_found")
    return account


def _was_let_in(app: AppRecord, account: AccountRecord) -> bool:
    """Return whether an account has a part in an app of its own, not only as a member of an organization."""
    return any(one.account_id == account.id for one in app.collaborators)


def _by_organization(app: AppRecord) -> ConflictError:
    return ConflictError(
        f"The given account works on this app as a member of the organization {app.owner.slug}; change that there.",
        code="organization_member",
    )


def _refuse_reserved(email: str) -> None:
    if email in _RESERVED:
        raise InvalidError("Invalid email parameter", code="invalid_email", field="email")

"""Organizations: groups of users that own apps together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from codepush.server.ports.errors import AlreadyExistsError
from codepush.server.services.access.resolution import Membership, find_organization
from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.models import Role
    from codepush.rules.permissions import OrganizationAction
    from codepush.server.ports.organizations import MemberRecord, OrganizationRecord
    from codepush.server.ports.store import Store
    from codepush.server.services.caller import Caller
    from codepush.server.services.change import Changes

__all__ = ["Organizations", "account_unknown"]

_SLUG: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")
_DOTS: Final = frozenset({".", ".."})


class Organizations:
    """Creating, changing and removing organizations and their members."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store = store
        self._changes = changes

    async def list(self, caller: Caller) -> Sequence[OrganizationRecord]:
        """Return the organizations that the caller belongs to, by name."""
        async with self._store.read() as records:
            return await records.organizations.of_account(caller.account.id)

    async def get(self, caller: Caller, name: str) -> Membership:
        """Return an organization that the caller belongs to.

        Raises:
            NotFoundError: The caller belongs to no organization of this name.

        """
        async with self._store.read() as records:
            return await find_organization(records, caller, name, "view")

    async def check(self, caller: Caller, name: str, action: OrganizationAction) -> None:
        """Check that the caller may perform an action on an organization.

        Raises:
            NotFoundError: The caller belongs to no organization of this name.
            ForbiddenError: The caller's role does not allow the action.

        """
        async with self._store.read() as records:
            await find_organization(records, caller, name, action)

    async def add(
        self, caller: Caller, *, name: str | None = None, display_name: str | None = None
    ) -> OrganizationRecord:
        """Create an organization whose first manager is the caller; a missing name is derived from the other one.

        Args:
            caller: Its creator.
            name: Its name in URLs, which is stored in lower case.
            display_name: Its name for users.

        Raises:
            InvalidError: It has no name, or none that is valid in a URL.
            ConflictError: An account or organization has the name.

        """
        called = display_name or name or ""
        slug = _slug(name or re.sub(r"[^A-Za-z0-9._-]+", "-", called).strip("-."))
        async with self._changes.by(caller) as change:
            records = change.records
            try:
                organization = await records.organizations.add(slug=slug, name=called, created_at=change.at)
            except AlreadyExistsError as error:
                raise _exists(slug) from error
            await records.organizations.add_member(organization.id, caller.account.id, "manager")
            await change.note("organization.add", organization, after=_facts(organization))
        return organization

    async def change(
        self, caller: Caller, name: str, *, new_name: str | None = None, display_name: str | None = None
    ) -> OrganizationRecord:
        """Change the name of an organization in URLs, its display name, or both.

        Raises:
            InvalidError: The name is not valid in a URL.
            NotFoundError: The caller belongs to no organization of this name.
            ForbiddenError: The caller is not a manager.
            ConflictError: An account or another organization has the name.

        """
        async with self._changes.by(caller) as change:
            records = change.records
            before = (await change.organization(name, "change")).organization
            slug = before.slug if new_name is None else _slug(new_name)
            try:
                await records.organizations.change(before.id, slug=slug, name=display_name or before.name)
            except AlreadyExistsError as error:
                raise _exists(slug) from error
            after = (await change.organization(slug, "view")).organization
            if after != before:
                await change.note("organization.change", after, before=_facts(before), after=_facts(after))
            return after

    async def remove(self, caller: Caller, name: str) -> None:
        """Remove an organization.

        Raises:
            NotFoundError: The caller belongs to no organization of this name.
            ForbiddenError: The caller is not a manager.
            ConflictError: It owns apps.

        """
        async with self._changes.by(caller) as change:
            records = change.records
            organization = (await change.organization(name, "remove")).organization
            if await records.organizations.owns_apps(organization.id):
                raise ConflictError(
                    "The organization owns apps; transfer or remove them first.", code="organization_owns_apps"
                )
            await records.organizations.remove(organization.id)
            await change.note("organization.remove", organization, before=_facts(organization))

    async def add_member(self, caller: Caller, name: str, email: str, role: Role) -> None:
        """Add an account to an organization.

        Raises:
            NotFoundError: The caller belongs to no organization of this name, or no account has this address.
            ForbiddenError: The caller is not a manager.
            ConflictError: The account belongs to it already.

        """
        async with self._changes.by(caller) as change:
            records = change.records
            organization = (await change.organization(name, "manage_members")).organization
            account = await records.accounts.by_email(email)
            if account is None:
                raise account_unknown()
            try:
                await records.organizations.add_member(organization.id, account.id, role)
            except AlreadyExistsError as error:
                raise ConflictError(
                    "The given account is already a member of this organization.", code="member_exists"
                ) from error
            await change.note("member.add", organization, after={"email": account.email, "role": role})

    async def set_role(self, caller: Caller, name: str, person: str, role: Role) -> MemberRecord:
        """Change the role of a member; ``person`` is their email address or their slug.

        Raises:
            NotFoundError: The caller belongs to no organization of this name, or it has no such member.
            ForbiddenError: The caller is not a manager.
            ConflictError: The organization would have no manager.

        """
        async with self._changes.by(caller) as change:
            records = change.records
            found = await change.organization(name, "manage_members")
            member = _member(found, person)
            if role != "manager":
                _refuse_last_manager(found, member)
            await records.organizations.set_role(found.organization.id, member.account_id, role)
            before = {"email": member.email, "role": member.role}
            await change.note("member.change", found.organization, before=before, after=before | {"role": role})
            return _member(await change.organization(name, "view"), person)

    async def remove_member(self, caller: Caller, name: str, person: str) -> None:
        """Remove a member from an organization; all members may leave, except the last manager.

        Raises:
            NotFoundError: The caller belongs to no organization of this name, or it has no such member.
            ForbiddenError: The caller is not a manager, and removes another member.
            ConflictError: The organization would have no manager.

        """
        leaves = person.casefold() in {caller.account.email.casefold(), caller.account.slug}
        async with self._changes.by(caller) as change:
            records = change.records
            found = await change.organization(name, "leave" if leaves else "manage_members")
            member = _member(found, person)
            _refuse_last_manager(found, member)
            await records.organizations.remove_member(found.organization.id, member.account_id)
            had = {"email": member.email, "role": member.role}
            await change.note("member.remove", found.organization, before=had)


def account_unknown() -> NotFoundError:
    """Return the error for an address without an account, with the original's message."""
    return NotFoundError("The specified e-mail address doesn't represent a registered user", code="account_not_found")


def _facts(organization: OrganizationRecord) -> dict[str, str]:
    """Return the fields of an organization for the audit trail."""
    return {"name": organization.slug, "displayName": organization.name}


def _member(membership: Membership, person: str) -> MemberRecord:
    """Return the member with this email address or slug."""
    name = person.casefold()
    for member in membership.members:
        if name in {member.email.casefold(), member.slug}:
            return member
    raise NotFoundError("The given account is not a member of this organization.", code="member_not_found")


def _refuse_last_manager(membership: Membership, member: MemberRecord) -> None:
    """Reject the removal of the last manager: the organization could never be changed again."""
    managers = [one for one in membership.members if one.role == "manager"]
    if managers == [member]:
        raise ConflictError(
            "The organization would have no manager; make another member a manager first.", code="last_manager"
        )


def _slug(name: str) -> str:
    if not _SLUG.fullmatch(name) or name in _DOTS:
        raise InvalidError(
            "An organization needs a name of 1 to 100 letters, digits, dots, hyphens and underscores.",
            code="invalid_name",
            field="name",
        )
    return name.lower()


def _exists(slug: str) -> ConflictError:
    return ConflictError(
        f"An account or organization named '{slug}' already exists; choose another name.", code="organization_exists"
    )

"""Organizations and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from codepush.models import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MemberRecord", "OrganizationRecord", "Organizations"]


class MemberRecord(Struct, frozen=True, kw_only=True):
    """An account's role in an organization."""

    account_id: int
    email: str
    slug: str
    name: str
    role: Role


class OrganizationRecord(Struct, frozen=True, kw_only=True):
    """A group of users that own apps together. ``slug`` is its name in URLs, ``name`` its display name."""

    id: int
    slug: str
    name: str
    created_at: int


class Organizations(Protocol):
    """Records of organizations and their members. Slugs are in lower case."""

    async def add(self, *, slug: str, name: str, created_at: int) -> OrganizationRecord:
        """Record an organization without members; `AlreadyExistsError` if the slug is taken."""

    async def by_slug(self, slug: str) -> OrganizationRecord | None:
        """Return the organization with this slug, in lower case."""

    async def of_account(self, account_id: int) -> Sequence[OrganizationRecord]:
        """Return the organizations that an account belongs to, by slug."""

    async def change(self, organization_id: int, *, slug: str, name: str) -> None:
        """Change an organization's names; `AlreadyExistsError` if the slug is taken."""

    async def owns_apps(self, organization_id: int) -> bool:
        """Return whether the organization owns an app."""

    async def remove(self, organization_id: int) -> None:
        """Remove an organization that owns no app."""

    async def members(self, organization_id: int) -> Sequence[MemberRecord]:
        """Return the members of an organization, by email address."""

    async def add_member(self, organization_id: int, account_id: int, role: Role) -> None:
        """Add a member to an organization; `AlreadyExistsError` when the account is one."""

    async def set_role(self, organization_id: int, account_id: int, role: Role) -> None:
        """Change the role of a member; `MissingError` when the account is none."""

    async def remove_member(self, organization_id: int, account_id: int) -> None:
        """Remove a member from an organization, if the account is one."""

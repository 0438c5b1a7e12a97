"""Organizations and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from codepush.models import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MemberRecord", "OrganizationRecord", "Organizations"]


class MemberRecord(Struct, frozen=True, kw_only=True):
    """An account's part in an organization."""

    account_id: int
    email: str
    slug: str
    name: str
    role: Role


class OrganizationRecord(Struct, frozen=True, kw_only=True):
    """A group of people that own apps together. ``slug`` is its name in addresses, ``name`` what people call it."""

    id: int
    slug: str
    name: str
    created_at: int


class Organizations(Protocol):
    """Records of organizations and their members. Slugs are found in lower case."""

    async def add(self, *, slug: str, name: str, created_at: int) -> OrganizationRecord:
        """Record an organization without members; `AlreadyExistsError` if the slug is taken."""

    async def by_slug(self, slug: str) -> OrganizationRecord | None:
        """Return the organization with this name in addresses, in lower case."""

    async def of_account(self, account_id: int) -> Sequence[OrganizationRecord]:
        """Return the organizations that an account belongs to, by slug."""

    async def change(self, organization_id: int, *, slug: str, name: str) -> None:
        """Give an organization other names; `AlreadyExistsError` if the slug is taken."""

    async def owns_apps(self, organization_id: int) -> bool:
        """Return whether an app belongs to the organization."""

    async def remove(self, organization_id: int) -> None:
        """Remove an organization that owns no app."""

    async def members(self, organization_id: int) -> Sequence[MemberRecord]:
        """Return the members of an organization, by address."""

    async def add_member(self, organization_id: int, account_id: int, role: Role) -> None:
        """Let an account belong to an organization; `AlreadyExistsError` when it does."""

    async def set_role(self, organization_id: int, account_id: int, role: Role) -> None:
        """Change what a member may do; `MissingError` when the account is none."""

    async def remove_member(self, organization_id: int, account_id: int) -> None:
        """Let an account belong to an organization no longer, if it did."""

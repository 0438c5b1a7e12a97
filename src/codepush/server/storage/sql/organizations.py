"""Records of organizations and their members."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, delete, exists, insert, select, update

from codepush.server.ports.errors import AlreadyExistsError
from codepush.server.ports.organizations import MemberRecord, OrganizationRecord
from codepush.server.storage.sql.accounts import WITH_SLUG
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import accounts, apps, organization_members, organizations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.models import Role

RECORD: Final = select(organizations.c.id, organizations.c.slug, organizations.c.name, organizations.c.created_at)

ADD: Final = insert(organizations).returning(organizations.c.id)
BY_SLUG: Final = RECORD.where(organizations.c.slug == bindparam("slug"))
OF_ACCOUNT: Final = (
    RECORD.join_from(organizations, organization_members)
    .where(organization_members.c.account_id == bindparam("account_id"))
    .order_by(organizations.c.slug)
)

_THIS: Final = organizations.c.id == bindparam("organization_id")
CHANGE: Final = update(organizations).where(_THIS)
REMOVE: Final = delete(organizations).where(_THIS)
OWNS_APPS: Final = select(exists().where(apps.c.organization_id == bindparam("organization_id")))

MEMBERS: Final = (
    select(
        organization_members.c.account_id,
        accounts.c.email,
        accounts.c.slug,
        accounts.c.name,
        organization_members.c.role,
    )
    .join_from(organization_members, accounts)
    .where(organization_members.c.organization_id == bindparam("organization_id"))
    .order_by(accounts.c.email)
)

_MEMBER: Final = and_(
    organization_members.c.organization_id == bindparam("of_organization"),
    organization_members.c.account_id == bindparam("of_account"),
)
ADD_MEMBER: Final = insert(organization_members)
CHANGE_MEMBER: Final = update(organization_members).where(_MEMBER)
REMOVE_MEMBER: Final = delete(organization_members).where(_MEMBER)


class SqlOrganizations(Queries):
    """Organizations, as :class:`codepush.server.ports.organizations.Organizations` describes them."""

    async def add(self, *, slug: str, name: str, created_at: int) -> OrganizationRecord:
        await self._refuse_taken(slug)
        organization_id = await self._value(ADD, slug=slug, name=name, created_at=created_at)
        return OrganizationRecord(id=organization_id, slug=slug, name=name, created_at=created_at)

    async def by_slug(self, slug: str) -> OrganizationRecord | None:
        row = await self._first(BY_SLUG, slug=slug)
        return OrganizationRecord(**row) if row else None

    async def of_account(self, account_id: int) -> Sequence[OrganizationRecord]:
        return [OrganizationRecord(**row) for row in await self._all(OF_ACCOUNT, account_id=account_id)]

    async def change(self, organization_id: int, *, slug: str, name: str) -> None:
        known = await self.by_slug(slug)
        if known is None or known.id != organization_id:
            await self._refuse_taken(slug)
        await self._change(CHANGE, organization_id=organization_id, slug=slug, name=name)

    async def owns_apps(self, organization_id: int) -> bool:
        return bool(await self._value(OWNS_APPS, organization_id=organization_id))

    async def remove(self, organization_id: int) -> None:
        await self._change(REMOVE, organization_id=organization_id)

    async def members(self, organization_id: int) -> Sequence[MemberRecord]:
        return [MemberRecord(**row) for row in await self._all(MEMBERS, organization_id=organization_id)]

    async def add_member(self, organization_id: int, account_id: int, role: Role) -> None:
        await self._run(ADD_MEMBER, organization_id=organization_id, account_id=account_id, role=role)

    async def set_role(self, organization_id: int, account_id: int, role: Role) -> None:
        await self._change(CHANGE_MEMBER, of_organization=organization_id, of_account=account_id, role=role)

    async def remove_member(self, organization_id: int, account_id: int) -> None:
        await self._run(REMOVE_MEMBER, of_organization=organization_id, of_account=account_id)

    async def _refuse_taken(self, slug: str) -> None:
        """Reject a slug that an account has: accounts are in another table, so no constraint covers it."""
        if await self._first(WITH_SLUG, slug=slug) is not None:
            raise AlreadyExistsError(f"The name {slug} is taken.")

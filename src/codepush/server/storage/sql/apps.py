"""Records of apps, and of who may see them."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, delete, func, insert, literal, select, union, union_all, update

from codepush.server.ports.apps import AppRecord, CollaboratorRecord, OwnerRecord
from codepush.server.ports.organizations import MemberRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import (
    accounts,
    apps,
    blobs,
    collaborators,
    deployments,
    diffs,
    organization_members,
    organizations,
    packages,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from codepush.models import Permission
    from codepush.server.ports.apps import OwnerKind

ADD: Final = insert(apps).returning(apps.c.id)

ITS_OWN: Final = select(apps.c.id).where(apps.c.owner_account_id == bindparam("account_id"))
SHARED: Final = select(collaborators.c.app_id).where(collaborators.c.account_id == bindparam("account_id"))
OF_ITS_ORGANIZATIONS: Final = (
    select(apps.c.id)
    .join_from(apps, organization_members, apps.c.organization_id == organization_members.c.organization_id)
    .where(organization_members.c.account_id == bindparam("account_id"))
)
VISIBLE: Final = union(ITS_OWN, SHARED, OF_ITS_ORGANIZATIONS)

# One of the two owners is there, the other one's columns are null.
VISIBLE_APPS: Final = (
    select(
        apps.c.id,
        apps.c.name,
        func.coalesce(apps.c.display_name, apps.c.name).label("display_name"),
        apps.c.os,
        apps.c.platform,
        apps.c.created_at,
        apps.c.owner_account_id,
        apps.c.organization_id,
        accounts.c.email.label("owner_email"),
        func.coalesce(accounts.c.slug, organizations.c.slug).label("owner_slug"),
        func.coalesce(accounts.c.name, organizations.c.name).label("owner_name"),
    )
    .select_from(apps.outerjoin(accounts).outerjoin(organizations))
    .where(apps.c.id.in_(VISIBLE))
    .order_by(apps.c.name, apps.c.id)
)

# Everyone who was let in to the visible apps: the owner first, then the others by address.
PEOPLE: Final = union_all(
    select(
        apps.c.id.label("app_id"),
        accounts.c.id.label("account_id"),
        accounts.c.email,
        accounts.c.slug,
        accounts.c.name,
        literal("Owner").label("permission"),
        literal(0).label("place"),
    )
    .join_from(apps, accounts)
    .where(apps.c.id.in_(VISIBLE)),
    select(
        collaborators.c.app_id,
        accounts.c.id,
        accounts.c.email,
        accounts.c.slug,
        accounts.c.name,
        collaborators.c.permission,
        literal(1),
    )
    .join_from(collaborators, accounts)
    .where(collaborators.c.app_id.in_(VISIBLE)),
).order_by("place", "email")

# Members by organization, not by app: an organization may have many of both.
MEMBERS: Final = (
    select(
        organization_members.c.organization_id,
        organization_members.c.account_id,
        accounts.c.email,
        accounts.c.slug,
        accounts.c.name,
        organization_members.c.role,
    )
    .join_from(organization_members, accounts)
    .where(organization_members.c.organization_id.in_(select(apps.c.organization_id).where(apps.c.id.in_(VISIBLE))))
    .order_by(accounts.c.email)
)

ITS_PACKAGES: Final = select(packages.c.id).where(packages.c.app_id == bindparam("app_id"))

# The archives of an app outlive its records: their files are removed later.
RETIRE_BLOBS: Final = (
    update(blobs)
    .where(
        blobs.c.id.in_(
            union(
                select(packages.c.blob_id).where(packages.c.app_id == bindparam("app_id")),
                select(diffs.c.blob_id).where(diffs.c.package_id.in_(ITS_PACKAGES)),
            )
        )
    )
    .values(state="retired")
)

CHANGE: Final = update(apps).where(apps.c.id == bindparam("of_app"))

_COLLABORATOR: Final = and_(
    collaborators.c.app_id == bindparam("of_app"), collaborators.c.account_id == bindparam("of_account")
)
ADD_COLLABORATOR: Final = insert(collaborators)
CHANGE_COLLABORATOR: Final = update(collaborators).where(_COLLABORATOR)
REMOVE_COLLABORATOR: Final = delete(collaborators).where(_COLLABORATOR)

# Releases first, by way of their deployments: no package may go while a release needs it.
REMOVE_DEPLOYMENTS: Final = delete(deployments).where(deployments.c.app_id == bindparam("app_id"))
REMOVE: Final = delete(apps).where(apps.c.id == bindparam("app_id"))


class SqlApps(Queries):
    """Apps, as :class:`codepush.server.ports.apps.Apps` describes them."""

    async def add(
        self,
        *,
        owner_id: int,
        owner_kind: OwnerKind = "user",
        name: str,
        os: str | None,
        platform: str | None,
        created_at: int,
        display_name: str | None = None,
    ) -> int:
        fields = _owned_by(owner_id, owner_kind) | {"name": name, "display_name": display_name}
        return int(await self._value(ADD, **fields, os=os, platform=platform, created_at=created_at))

    async def visible_to(self, account_id: int) -> Sequence[AppRecord]:
        rows = await self._all(VISIBLE_APPS, account_id=account_id)
        people = await self._people(account_id)
        members = await self._members(account_id) if any(row["organization_id"] for row in rows) else {}
        return tuple(_record(row, people[row["id"]], members.get(row["organization_id"], ())) for row in rows)

    async def rename(self, app_id: int, name: str) -> None:
        await self._change(CHANGE, of_app=app_id, name=name)

    async def set_display_name(self, app_id: int, display_name: str) -> None:
        await self._change(CHANGE, of_app=app_id, display_name=display_name)

    async def give(self, app_id: int, owner_id: int, owner_kind: OwnerKind = "user") -> None:
        await self._change(CHANGE, of_app=app_id, **_owned_by(owner_id, owner_kind))

    async def add_collaborator(self, app_id: int, account_id: int, permission: Permission = "Collaborator") -> None:
        await self._run(ADD_COLLABORATOR, app_id=app_id, account_id=account_id, permission=permission)

    async def set_permission(self, app_id: int, account_id: int, permission: Permission) -> None:
        await self._change(CHANGE_COLLABORATOR, of_app=app_id, of_account=account_id, permission=permission)

    async def remove_collaborator(self, app_id: int, account_id: int) -> None:
        await self._run(REMOVE_COLLABORATOR, of_app=app_id, of_account=account_id)

    async def remove(self, app_id: int) -> None:
        await self._run(RETIRE_BLOBS, app_id=app_id, retired_at=time.time_ns() // 1_000_000)
        await self._run(REMOVE_DEPLOYMENTS, app_id=app_id)
        await self._change(REMOVE, app_id=app_id)

    async def _people(self, account_id: int) -> Mapping[int, tuple[CollaboratorRecord, ...]]:
        people: dict[int, tuple[CollaboratorRecord, ...]] = defaultdict(tuple)
        for row in await self._all(PEOPLE, account_id=account_id):
            fields = {field: row[field] for field in CollaboratorRecord.__struct_fields__}
            people[row["app_id"]] += (CollaboratorRecord(**fields),)
        return people

    async def _members(self, account_id: int) -> Mapping[int, tuple[MemberRecord, ...]]:
        members: dict[int, list[MemberRecord]] = defaultdict(list)
        for row in await self._all(MEMBERS, account_id=account_id):
            fields = dict(row)
            members[fields.pop("organization_id")].append(MemberRecord(**fields))
        return {organization_id: tuple(people) for organization_id, people in members.items()}


def _owned_by(owner_id: int, kind: OwnerKind) -> dict[str, int | None]:
    """Return both columns of the owner, of which one is null."""
    return {
        "owner_account_id": owner_id if kind == "user" else None,
        "organization_id": owner_id if kind == "org" else None,
    }


def _record(
    row: Mapping[Any, Any], people: tuple[CollaboratorRecord, ...], members: tuple[MemberRecord, ...]
) -> AppRecord:
    organization_id = row["organization_id"]
    owner = OwnerRecord(
        kind="user" if organization_id is None else "org",
        id=organization_id or row["owner_account_id"],
        slug=row["owner_slug"],
        name=row["owner_name"],
        email=row["owner_email"],
    )
    fields = {field: row[field] for field in ("id", "name", "display_name", "os", "platform", "created_at")}
    return AppRecord(**fields, owner=owner, collaborators=people, members=members)

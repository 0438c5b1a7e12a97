"""Records of apps, and of the accounts that may see them."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, delete, func, insert, literal, or_, select, union, union_all, update

from codepush.server.ports.apps import AppRecord, CollaboratorRecord, OwnerRecord
from codepush.server.ports.organizations import MemberRecord
from codepush.server.storage.sql.queries import Queries, batches
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

    from sqlalchemy import ColumnElement, CompoundSelect, Select

    from codepush.models import Permission
    from codepush.server.ports.apps import OwnerKind

ADD: Final = insert(apps).returning(apps.c.id)

_OWN: Final = select(apps.c.id).where(apps.c.owner_account_id == bindparam("account_id"))
_SHARED: Final = (
    select(apps.c.id).join_from(collaborators, apps).where(collaborators.c.account_id == bindparam("account_id"))
)
_OF_ORGANIZATIONS: Final = (
    select(apps.c.id)
    .join_from(organization_members, apps, apps.c.organization_id == organization_members.c.organization_id)
    .where(organization_members.c.account_id == bindparam("account_id"))
)


def _visible(*conditions: ColumnElement[bool]) -> CompoundSelect[Any]:
    """Select the IDs of the apps that an account sees; each part of the union can use an index for the conditions."""
    return union(*(part.where(*conditions) for part in (_OWN, _SHARED, _OF_ORGANIZATIONS)))


_OWNER_SLUG: Final = func.coalesce(accounts.c.slug, organizations.c.slug)

# One of the two owners exists; the columns of the other one are null.
_RECORD: Final = (
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
        _OWNER_SLUG.label("owner_slug"),
        func.coalesce(accounts.c.name, organizations.c.name).label("owner_name"),
    )
    .select_from(apps.outerjoin(accounts).outerjoin(organizations))
    .order_by(apps.c.name, apps.c.id)
)

VISIBLE: Final = _RECORD.where(apps.c.id.in_(_visible()))
NAMED: Final = _RECORD.where(apps.c.id.in_(_visible(apps.c.name == bindparam("name"))))
NAMED_OF_OWNER: Final = NAMED.where(or_(accounts.c.email == bindparam("owner"), bindparam("owner_slug") == _OWNER_SLUG))
BY_ID: Final = _RECORD.where(apps.c.id == bindparam("app_id"))

_THESE: Final = apps.c.id.in_(bindparam("app_ids", expanding=True))

# The owner and the collaborators of some apps: the owner first, then the others by address.
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
    .where(_THESE),
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
    .where(collaborators.c.app_id.in_(bindparam("app_ids", expanding=True))),
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
    .where(organization_members.c.organization_id.in_(bindparam("organization_ids", expanding=True)))
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

# Releases first, by their deployments: a package cannot be removed while a release needs it.
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
        return await self._records(VISIBLE, account_id=account_id)

    async def named(self, account_id: int, name: str, *, owner: str | None = None) -> Sequence[AppRecord]:
        if owner is None:
            return await self._records(NAMED, account_id=account_id, name=name)
        return await self._records(
            NAMED_OF_OWNER, account_id=account_id, name=name, owner=owner, owner_slug=owner.lower()
        )

    async def get(self, app_id: int) -> AppRecord | None:
        return next(iter(await self._records(BY_ID, app_id=app_id)), None)

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

    async def _records(self, statement: Select[Any], **values: object) -> tuple[AppRecord, ...]:
        rows = await self._all(statement, **values)
        people = await self._collaborators([row["id"] for row in rows])
        members = await self._members(sorted({row["organization_id"] for row in rows} - {None}))
        return tuple(_record(row, people[row["id"]], members.get(row["organization_id"], ())) for row in rows)

    async def _collaborators(self, app_ids: Sequence[int]) -> Mapping[int, tuple[CollaboratorRecord, ...]]:
        people: dict[int, tuple[CollaboratorRecord, ...]] = defaultdict(tuple)
        for some in batches(app_ids):
            for row in await self._all(PEOPLE, app_ids=some):
                fields = {field: row[field] for field in CollaboratorRecord.__struct_fields__}
                people[row["app_id"]] += (CollaboratorRecord(**fields),)
        return people

    async def _members(self, organization_ids: Sequence[int]) -> Mapping[int, tuple[MemberRecord, ...]]:
        members: dict[int, list[MemberRecord]] = defaultdict(list)
        for some in batches(organization_ids):
            for row in await self._all(MEMBERS, organization_ids=some):
                fields = dict(row)
                members[fields.pop("organization_id")].append(MemberRecord(**fields))
        return {organization_id: tuple(people) for organization_id, people in members.items()}


def _owned_by(owner_id: int, kind: OwnerKind) -> dict[str, int | None]:
    """Return both columns of the owner; one of them is null."""
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

"""Records of apps, and of who may see them."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, literal, select, union, union_all, update

from codepush.server.ports import AppRecord, CollaboratorRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import accounts, apps, blobs, collaborators, deployments, diffs, packages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ADD: Final = insert(apps).returning(apps.c.id)

ITS_OWN: Final = select(apps.c.id).where(apps.c.owner_account_id == bindparam("account_id"))
SHARED: Final = select(collaborators.c.app_id).where(collaborators.c.account_id == bindparam("account_id"))
VISIBLE: Final = union(ITS_OWN, SHARED)

VISIBLE_APPS: Final = (
    select(apps.c.id, apps.c.name, apps.c.os, apps.c.platform)
    .where(apps.c.id.in_(VISIBLE))
    .order_by(apps.c.name, apps.c.id)
)

# Everyone's part in the visible apps: the owner first, then the others by address.
PEOPLE: Final = union_all(
    select(
        apps.c.id.label("app_id"),
        accounts.c.id.label("account_id"),
        accounts.c.email,
        literal("Owner").label("permission"),
        literal(0).label("place"),
    )
    .join_from(apps, accounts)
    .where(apps.c.id.in_(VISIBLE)),
    select(
        collaborators.c.app_id,
        accounts.c.id,
        accounts.c.email,
        collaborators.c.permission,
        literal(1),
    )
    .join_from(collaborators, accounts)
    .where(collaborators.c.app_id.in_(VISIBLE)),
).order_by("place", "email")

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

ADD_COLLABORATOR: Final = insert(collaborators)
REMOVE_COLLABORATOR: Final = delete(collaborators).where(
    collaborators.c.app_id == bindparam("app_id"), collaborators.c.account_id == bindparam("account_id")
)

# Releases first, by way of their deployments: no package may go while a release needs it.
REMOVE_DEPLOYMENTS: Final = delete(deployments).where(deployments.c.app_id == bindparam("app_id"))
REMOVE: Final = delete(apps).where(apps.c.id == bindparam("app_id"))


class SqlApps(Queries):
    """Apps, as :class:`codepush.server.ports.Apps` describes them."""

    async def add(self, *, owner_id: int, name: str, os: str | None, platform: str | None, created_at: int) -> int:
        return int(
            await self._value(
                ADD, owner_account_id=owner_id, name=name, os=os, platform=platform, created_at=created_at
            )
        )

    async def visible_to(self, account_id: int) -> Sequence[AppRecord]:
        rows = await self._all(VISIBLE_APPS, account_id=account_id)
        people = await self._people(account_id)
        return tuple(AppRecord(**row, collaborators=people[row["id"]]) for row in rows)

    async def rename(self, app_id: int, name: str) -> None:
        await self._change(CHANGE, of_app=app_id, name=name)

    async def give(self, app_id: int, owner_id: int) -> None:
        await self._change(CHANGE, of_app=app_id, owner_account_id=owner_id)

    async def add_collaborator(self, app_id: int, account_id: int) -> None:
        await self._run(ADD_COLLABORATOR, app_id=app_id, account_id=account_id, permission="Collaborator")

    async def remove_collaborator(self, app_id: int, account_id: int) -> None:
        await self._run(REMOVE_COLLABORATOR, app_id=app_id, account_id=account_id)

    async def remove(self, app_id: int) -> None:
        await self._run(RETIRE_BLOBS, app_id=app_id, retired_at=time.time_ns() // 1_000_000)
        await self._run(REMOVE_DEPLOYMENTS, app_id=app_id)
        await self._change(REMOVE, app_id=app_id)

    async def _people(self, account_id: int) -> Mapping[int, tuple[CollaboratorRecord, ...]]:
        people: dict[int, tuple[CollaboratorRecord, ...]] = defaultdict(tuple)
        for row in await self._all(PEOPLE, account_id=account_id):
            person = CollaboratorRecord(account_id=row["account_id"], email=row["email"], permission=row["permission"])
            people[row["app_id"]] += (person,)
        return people

"""Queries over all stored data, for administrators."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, case, delete, exists, func, or_, select, union_all
from sqlalchemy.sql import literal_column

from codepush.server.ports.inventory import CounterGap, DiffFact, KnownBlob, LabelGap, PackageFact
from codepush.server.storage.sql.queries import Queries, batches
from codepush.server.storage.sql.schema import (
    apps,
    blobs,
    counters,
    deployments,
    devices,
    diffs,
    packages,
    releases,
    upload_chunks,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from sqlalchemy import BindParameter

_IN_PACKAGE: Final = exists().where(packages.c.blob_id == blobs.c.id)
_IN_DIFF: Final = exists().where(diffs.c.blob_id == blobs.c.id)
_IS_USED: Final = or_(_IN_PACKAGE, _IN_DIFF)

BLOBS: Final = select(
    blobs.c.id,
    blobs.c.size,
    blobs.c.sha256,
    (blobs.c.state == "live").label("is_live"),
    case((_IS_USED, 1), else_=0).label("is_used"),
).order_by(blobs.c.id)
# A blob gets its record in the transaction that uses it. So a live one without a use is a leftover.
RETIRED: Final = BLOBS.where(or_(blobs.c.state == "live", blobs.c.retired_at <= bindparam("until")), ~_IS_USED)
SIZE: Final = select(blobs.c.size).where(blobs.c.id == bindparam("blob_id"))
FORGET_BLOB: Final = delete(blobs).where(blobs.c.id == bindparam("blob_id"), ~_IS_USED)

CHUNKS: Final = select(upload_chunks.c.location).order_by(upload_chunks.c.location)

_ASKED: Final[BindParameter[Any]] = bindparam("asked", expanding=True)
KNOWN: Final = union_all(
    select(blobs.c.id).where(blobs.c.id.in_(_ASKED)),
    select(upload_chunks.c.location).where(upload_chunks.c.location.in_(_ASKED)),
)

PACKAGES: Final = (
    select(
        packages.c.id,
        packages.c.app_id,
        packages.c.hash,
        packages.c.blob_id,
        apps.c.name.label("app"),
        deployments.c.name.label("deployment"),
        releases.c.number,
    )
    .join_from(packages, apps, packages.c.app_id == apps.c.id)
    .outerjoin(releases, releases.c.package_id == packages.c.id)
    .outerjoin(deployments, deployments.c.id == releases.c.deployment_id)
    .order_by(packages.c.id, deployments.c.name, releases.c.number)
)

DIFFS: Final = (
    select(diffs.c.package_id, diffs.c.old_hash, diffs.c.blob_id)
    .where(diffs.c.blob_id.is_not(None))
    .order_by(diffs.c.package_id, diffs.c.old_hash)
)

_DEPLOYMENTS: Final = select(apps.c.name.label("app"), deployments.c.name.label("deployment")).join_from(
    deployments, apps, deployments.c.app_id == apps.c.id
)

# Numbers are unique in a deployment, so n of them from 1 to n have no gap.
LABELS: Final = (
    _DEPLOYMENTS.add_columns(deployments.c.id, deployments.c.next_label)
    .outerjoin(releases, releases.c.deployment_id == deployments.c.id)
    .group_by(deployments.c.id, apps.c.name, deployments.c.name, deployments.c.next_label)
    .having(
        or_(
            func.count(releases.c.id) != deployments.c.next_label - 1,
            and_(func.count(releases.c.id) > 0, func.min(releases.c.number) != 1),
            and_(func.count(releases.c.id) > 0, func.max(releases.c.number) != func.count(releases.c.id)),
        )
    )
    .order_by(apps.c.name, deployments.c.name)
)
NUMBERS: Final = (
    select(releases.c.number).where(releases.c.deployment_id == bindparam("deployment_id")).order_by(releases.c.number)
)

_PARTS: Final = union_all(
    select(
        devices.c.deployment_id,
        devices.c.subject,
        literal_column("0").label("active"),
        func.count().label("remembered"),
        literal_column("0").label("anonymous"),
    )
    .where(devices.c.subject != "")
    .group_by(devices.c.deployment_id, devices.c.subject),
    select(
        counters.c.deployment_id,
        counters.c.subject,
        case((counters.c.kind == "active", counters.c.value), else_=0),
        literal_column("0"),
        case((counters.c.kind == "anonymous", counters.c.value), else_=0),
    ).where(counters.c.kind.in_(["active", "anonymous"])),
).subquery("parts")
COUNTERS: Final = (
    _DEPLOYMENTS.add_columns(
        _PARTS.c.subject,
        func.sum(_PARTS.c.active).label("active"),
        func.sum(_PARTS.c.remembered).label("remembered"),
        func.sum(_PARTS.c.anonymous).label("anonymous"),
    )
    .join(_PARTS, _PARTS.c.deployment_id == deployments.c.id)
    .group_by(deployments.c.id, apps.c.name, deployments.c.name, _PARTS.c.subject)
    .having(func.sum(_PARTS.c.active) != func.sum(_PARTS.c.remembered) + func.sum(_PARTS.c.anonymous))
    .order_by(apps.c.name, deployments.c.name, _PARTS.c.subject)
)


class SqlInventory(Queries):
    """All stored data, as :class:`codepush.server.ports.inventory.Inventory` describes it."""

    async def blobs(self) -> Sequence[KnownBlob]:
        return [KnownBlob(**{**row, "is_used": bool(row["is_used"])}) for row in await self._all(BLOBS)]

    async def size(self, blob_id: str) -> int | None:
        size: int | None = await self._value(SIZE, blob_id=blob_id)
        return size

    async def chunks(self) -> Sequence[str]:
        return [row["location"] for row in await self._all(CHUNKS)]

    async def known(self, blob_ids: Collection[str]) -> set[str]:
        found: set[str] = set()
        for some in batches(sorted(blob_ids)):
            found.update(row["id"] for row in await self._all(KNOWN, asked=some))
        return found

    async def packages(self) -> Sequence[PackageFact]:
        found = []
        for _, rows in groupby(await self._all(PACKAGES), key=lambda row: row["id"]):
            several = list(rows)
            first = several[0]
            where = tuple(
                f"{row['app']}/{row['deployment']} v{row['number']}" for row in several if row["number"] is not None
            )
            found.append(
                PackageFact(
                    id=first["id"],
                    app_id=first["app_id"],
                    hash=first["hash"],
                    blob_id=first["blob_id"],
                    releases=where or (f"{first['app']}, released nowhere now",),
                )
            )
        return found

    async def diffs(self) -> Sequence[DiffFact]:
        return [DiffFact(**row) for row in await self._all(DIFFS)]

    async def label_gaps(self) -> Sequence[LabelGap]:
        return [
            LabelGap(
                deployment=f"{row['app']}/{row['deployment']}",
                next_number=row["next_label"],
                numbers=tuple(one["number"] for one in await self._all(NUMBERS, deployment_id=row["id"])),
            )
            for row in await self._all(LABELS)
        ]

    async def counter_gaps(self) -> Sequence[CounterGap]:
        return [
            CounterGap(
                deployment=f"{row['app']}/{row['deployment']}",
                subject=row["subject"],
                active=int(row["active"]),
                remembered=int(row["remembered"]),
                anonymous=int(row["anonymous"]),
            )
            for row in await self._all(COUNTERS)
        ]

    async def retired(self, until: int) -> Sequence[KnownBlob]:
        rows = await self._all(RETIRED, until=until)
        return [KnownBlob(**{**row, "is_used": bool(row["is_used"])}) for row in rows]

    async def forget_blobs(self, blob_ids: Sequence[str]) -> None:
        await self._run_each(FORGET_BLOB, [{"blob_id": blob_id} for blob_id in blob_ids])

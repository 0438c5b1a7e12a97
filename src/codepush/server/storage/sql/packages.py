"""Records of the contents of releases, and of the archives that hold them."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import bindparam, insert, select, update

from codepush.server.ports.packages import PackageRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import blobs, packages

if TYPE_CHECKING:
    from codepush.server.ports.blobs import BlobRecord

RECORD: Final = select(
    packages.c.id,
    packages.c.app_id,
    packages.c.hash,
    packages.c.manifest,
    packages.c.index,
    packages.c.blob_id,
    blobs.c.size,
).join_from(packages, blobs)

GET: Final = RECORD.where(packages.c.id == bindparam("package_id"))
# Contents that differ only in a signature share a package hash; the newest represents all.
WITH_HASH: Final = RECORD.where(
    packages.c.app_id == bindparam("app_id"), packages.c.hash == bindparam("package_hash")
).order_by(packages.c.id.desc())
WITH_CONTENT: Final = WITH_HASH.where(packages.c.manifest.is_not_distinct_from(bindparam("manifest")))

ARCHIVES: Final = (
    select(packages.c.hash, packages.c.id)
    .where(packages.c.app_id == bindparam("app_id"), packages.c.manifest.is_not(None))
    .order_by(packages.c.id)
)

ADD_BLOB: Final = insert(blobs)
ADD: Final = insert(packages).returning(packages.c.id)

# Two workers may have packed the same content: the second change has no effect.
REPACK: Final = update(packages).where(
    packages.c.id == bindparam("package_id"), packages.c.blob_id == bindparam("old_blob_id")
)
RETIRE_BLOB: Final = update(blobs).where(blobs.c.id == bindparam("old_blob_id")).values(state="retired")


class SqlPackages(Queries):
    """Packages, as :class:`codepush.server.ports.packages.Packages` describes them."""

    async def get(self, package_id: int) -> PackageRecord | None:
        row = await self._first(GET, package_id=package_id)
        return PackageRecord(**row) if row else None

    async def with_hash(self, app_id: int, package_hash: str) -> PackageRecord | None:
        row = await self._first(WITH_HASH, app_id=app_id, package_hash=package_hash)
        return PackageRecord(**row) if row else None

    async def with_content(self, app_id: int, package_hash: str, manifest: bytes | None) -> PackageRecord | None:
        row = await self._first(WITH_CONTENT, app_id=app_id, package_hash=package_hash, manifest=manifest)
        return PackageRecord(**row) if row else None

    async def archives(self, app_id: int) -> dict[str, int]:
        return {row["hash"]: row["id"] for row in await self._all(ARCHIVES, app_id=app_id)}

    async def add(
        self,
        *,
        app_id: int,
        package_hash: str,
        manifest: bytes | None,
        index: bytes | None,
        blob: BlobRecord,
        created_at: int,
    ) -> PackageRecord:
        await self._run(ADD_BLOB, **blob_values(blob, "package", created_at))
        package_id = await self._value(
            ADD,
            app_id=app_id,
            hash=package_hash,
            manifest=manifest,
            index=index,
            blob_id=blob.id,
            created_at=created_at,
        )
        return PackageRecord(
            id=package_id,
            app_id=app_id,
            hash=package_hash,
            manifest=manifest,
            index=index,
            blob_id=blob.id,
            size=blob.size,
        )

    async def repack(self, package: PackageRecord, blob: BlobRecord, *, index: bytes | None, at: int) -> None:
        await self._run(ADD_BLOB, **blob_values(blob, "package", at))
        await self._change(REPACK, package_id=package.id, old_blob_id=package.blob_id, blob_id=blob.id, index=index)
        await self._change(RETIRE_BLOB, old_blob_id=package.blob_id, retired_at=at)


def blob_values(blob: BlobRecord, kind: str, created_at: int) -> dict[str, object]:
    """Return the row of an archive in use."""
    return {**msgspec.structs.asdict(blob), "kind": kind, "state": "live", "created_at": created_at}

"""Records of the contents of releases, and of the archives that hold them."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, insert, select

from codepush.server.ports import PackageRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import blobs, packages

if TYPE_CHECKING:
    from codepush.server.ports import BlobRecord

WITH_HASH: Final = (
    select(
        packages.c.id,
        packages.c.app_id,
        packages.c.hash,
        packages.c.manifest,
        packages.c.index,
        packages.c.blob_id,
        blobs.c.size,
    )
    .join_from(packages, blobs)
    .where(packages.c.app_id == bindparam("app_id"), packages.c.hash == bindparam("package_hash"))
)

ADD_BLOB: Final = insert(blobs)
ADD: Final = insert(packages).returning(packages.c.id)


class SqlPackages(Queries):
    """Packages, as :class:`codepush.server.ports.Packages` describes them."""

    async def with_hash(self, app_id: int, package_hash: str) -> PackageRecord | None:
        row = await self._first(WITH_HASH, app_id=app_id, package_hash=package_hash)
        return PackageRecord(**row) if row else None

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
        await self._run(
            ADD_BLOB,
            id=blob.id,
            kind="package",
            size=blob.size,
            sha256=blob.sha256,
            state="live",
            created_at=created_at,
        )
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

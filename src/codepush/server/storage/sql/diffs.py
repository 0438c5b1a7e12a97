"""Records of diffs, including those that were built but not worth storing."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, delete, insert, literal, select, update

from codepush.server.ports.diffs import UnknownFit
from codepush.server.storage.sql.packages import ADD_BLOB, blob_values
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import diffs, packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.server.ports.blobs import BlobRecord

KNOWN: Final = select(literal(1)).where(
    diffs.c.package_id == bindparam("package_id"), diffs.c.old_hash == bindparam("old_hash")
)
ADD: Final = insert(diffs)

_old: Final = packages.alias("old")
UNKNOWN_FITS: Final = (
    select(diffs.c.package_id, diffs.c.old_hash, _old.c.manifest)
    .join_from(diffs, packages)
    .join(_old, and_(_old.c.app_id == packages.c.app_id, _old.c.hash == diffs.c.old_hash))
    .where(diffs.c.fits_binary.is_(None), diffs.c.blob_id.is_not(None), _old.c.manifest.is_not(None))
    .limit(bindparam("most"))
)
SET_FIT: Final = update(diffs).where(
    diffs.c.package_id == bindparam("of_package"), diffs.c.old_hash == bindparam("of_hash")
)

REMOVE: Final = delete(diffs).where(
    diffs.c.package_id == bindparam("package_id"), diffs.c.old_hash == bindparam("old_hash")
)


class SqlDiffs(Queries):
    """Diffs, as :class:`codepush.server.ports.diffs.Diffs` describes them."""

    async def known(self, package_id: int, old_hash: str) -> bool:
        return await self._value(KNOWN, package_id=package_id, old_hash=old_hash) is not None

    async def add(
        self,
        package_id: int,
        old_hash: str,
        blob: BlobRecord | None,
        *,
        created_at: int,
        fits_binary: bool | None = None,
    ) -> None:
        blob_id, size = (blob.id, blob.size) if blob else (None, None)
        if blob is not None:
            await self._run(ADD_BLOB, **blob_values(blob, "diff", created_at))
        await self._run(
            ADD,
            package_id=package_id,
            old_hash=old_hash,
            blob_id=blob_id,
            size=size,
            created_at=created_at,
            fits_binary=fits_binary,
        )

    async def unknown_fits(self, limit: int) -> Sequence[UnknownFit]:
        return [UnknownFit(**row) for row in await self._all(UNKNOWN_FITS, most=limit)]

    async def set_fit(self, package_id: int, old_hash: str, *, fits_binary: bool) -> None:
        await self._run(SET_FIT, of_package=package_id, of_hash=old_hash, fits_binary=fits_binary)

    async def remove(self, package_id: int, old_hash: str) -> None:
        await self._run(REMOVE, package_id=package_id, old_hash=old_hash)

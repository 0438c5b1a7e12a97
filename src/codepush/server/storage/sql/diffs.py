"""Records of diffs, also of those that were made and not worth storing."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert, literal, select

from codepush.server.storage.sql.packages import ADD_BLOB, blob_values
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import diffs

if TYPE_CHECKING:
    from codepush.server.ports import BlobRecord

KNOWN: Final = select(literal(1)).where(
    diffs.c.package_id == bindparam("package_id"), diffs.c.old_hash == bindparam("old_hash")
)
ADD: Final = insert(diffs)

REMOVE: Final = delete(diffs).where(
    diffs.c.package_id == bindparam("package_id"), diffs.c.old_hash == bindparam("old_hash")
)


class SqlDiffs(Queries):
    """Diffs, as :class:`codepush.server.ports.Diffs` describes them."""

    async def known(self, package_id: int, old_hash: str) -> bool:
        return await self._value(KNOWN, package_id=package_id, old_hash=old_hash) is not None

    async def add(self, package_id: int, old_hash: str, blob: BlobRecord | None, *, created_at: int) -> None:
        blob_id, size = (blob.id, blob.size) if blob else (None, None)
        if blob is not None:
            await self._run(ADD_BLOB, **blob_values(blob, "diff", created_at))
        await self._run(
            ADD, package_id=package_id, old_hash=old_hash, blob_id=blob_id, size=size, created_at=created_at
        )

    async def remove(self, package_id: int, old_hash: str) -> None:
        await self._run(REMOVE, package_id=package_id, old_hash=old_hash)

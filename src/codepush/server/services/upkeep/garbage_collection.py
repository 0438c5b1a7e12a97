"""Garbage collection of unreferenced and expired data. Safe while servers run, and interruptible at any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from anyio import to_thread
from msgspec import Struct

from codepush.server.folders import leftovers, remove_leftovers
from codepush.server.services.clock import Clock, now
from codepush.server.services.releasing.idempotency import KEPT_MS
from codepush.server.services.upkeep.integrity import SAFE_AGE_MS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from codepush.server.ports.blobs import BlobEntry, Blobs
    from codepush.server.ports.inventory import KnownBlob
    from codepush.server.ports.store import Store
    from codepush.server.services.releasing.uploads import Uploads

__all__ = ["RETIRED_DAYS", "Cleaned", "GarbageCollection"]

RETIRED_DAYS: Final = 30
"""For how many days an archive is kept that releases no longer point to: phones may have been told its address."""

_DAY_MS: Final = 24 * 60 * 60 * 1000
_BATCH: Final = 1000


class Cleaned(Struct, frozen=True, kw_only=True):
    """What was removed, or would be.

    Attributes:
        retired: archives that releases have not pointed to for long enough.
        orphans: archives that nothing ever came to point to.
        bytes: how many bytes these archives have.
        uploads: Expired uploads.
        leftovers: files and folders that killed processes left in this machine's workspace.
        leftover_bytes: the bytes in them.

    """

    retired: int
    orphans: int
    bytes: int
    uploads: int
    leftovers: int
    leftover_bytes: int


class GarbageCollection:
    """Removing retired and orphaned archives, and what has expired.

    Args:
        store: the records.
        blobs: the archives.
        uploads: uploads under way.
        workspace: the folder for uploads and packing on this machine.
        clock: the time.

    """

    def __init__(self, store: Store, blobs: Blobs, uploads: Uploads, *, workspace: Path, clock: Clock = now) -> None:
        self._workspace = workspace
        self._store = store
        self._blobs = blobs
        self._uploads = uploads
        self._clock = clock

    async def clean(self, *, retired_days: int = RETIRED_DAYS, dry_run: bool = False) -> Cleaned:
        """Remove everything that is not needed.

        Args:
            retired_days: for how many days retired archives are kept.
            dry_run: only tell what would be removed.

        Raises:
            UnavailableError: see the ports. What was not removed will be the next time.

        """
        async with self._store.read() as records:
            retired = await records.inventory.retired(self._clock() - retired_days * _DAY_MS)
            expired = await records.uploads.expired(self._clock())
        if not dry_run:
            await self._remove_retired(retired)
            await self._remove_expired()
        orphans = await self._orphans()
        if not dry_run:
            for entry in orphans:
                await self._blobs.remove(entry.id)
        left = await to_thread.run_sync(leftovers if dry_run else remove_leftovers, self._workspace)
        return Cleaned(
            retired=len(retired),
            orphans=len(orphans),
            bytes=sum(blob.size for blob in retired) + sum(entry.size for entry in orphans),
            uploads=len(expired),
            leftovers=len(left),
            leftover_bytes=sum(leftover.size for leftover in left),
        )

    async def _remove_retired(self, retired: Sequence[KnownBlob]) -> None:
        """Remove the blobs first: a record whose blob is gone is found again the next time."""
        for start in range(0, len(retired), _BATCH):
            some = [blob.id for blob in retired[start : start + _BATCH]]
            for blob_id in some:
                await self._blobs.remove(blob_id)
            async with self._store.write() as records:
                await records.inventory.forget_blobs(some)

    async def _remove_expired(self) -> None:
        await self._uploads.sweep()
        await self._blobs.sweep(self._clock() - SAFE_AGE_MS)
        async with self._store.write() as records:
            await records.responses.forget(until=self._clock() - KEPT_MS)
            await records.login_codes.remove_expired(self._clock())

    async def _orphans(self) -> Sequence[BlobEntry]:
        """Return the blobs that no record knows.

        They are listed first and asked for afterwards, and only those that are old: whatever puts a blob records it
        soon, or never.
        """
        oldest = self._clock() - SAFE_AGE_MS
        old = {entry.id: entry async for entry in self._blobs.entries() if entry.put_at < oldest}
        async with self._store.read() as records:
            known = await records.inventory.known(old.keys())
        return [entry for entry in old.values() if entry.id not in known]

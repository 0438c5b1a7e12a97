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
"""Days for which an archive is kept after its last use in a release: devices may still have its URL."""

_DAY_MS: Final = 24 * 60 * 60 * 1000
_BATCH: Final = 1000


class Cleaned(Struct, frozen=True, kw_only=True):
    """The numbers of items that were removed, or would be.

    Attributes:
        retired: Archives that releases have not used for long enough.
        orphans: Archives that no record ever referred to.
        bytes: Total size of these archives.
        uploads: Expired uploads.
        leftovers: Files and folders that killed processes left in this machine's workspace.
        leftover_bytes: Total size of those.

    """

    retired: int
    orphans: int
    bytes: int
    uploads: int
    leftovers: int
    leftover_bytes: int


class GarbageCollection:
    """Removal of retired and orphaned archives, and of expired data.

    Args:
        store: The records.
        blobs: The archives.
        uploads: Uploads in progress.
        workspace: The folder for uploads and packing on this machine.
        clock: The current time.

    """

    def __init__(self, store: Store, blobs: Blobs, uploads: Uploads, *, workspace: Path, clock: Clock = now) -> None:
        self._workspace = workspace
        self._store = store
        self._blobs = blobs
        self._uploads = uploads
        self._clock = clock

    async def clean(self, *, retired_days: int = RETIRED_DAYS, dry_run: bool = False) -> Cleaned:
        """Remove everything that is no longer needed.

        Args:
            retired_days: Days for which retired archives are kept.
            dry_run: Whether to report what would be removed, without removing it.

        Raises:
            UnavailableError: The database or the archives cannot be reached. The next call removes the rest.

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
        """Return the blobs without a record.

        They are listed before their records are looked up, and only old ones count: a process that stores a blob
        records it soon, or never.
        """
        oldest = self._clock() - SAFE_AGE_MS
        old = {entry.id: entry async for entry in self._blobs.entries() if entry.put_at < oldest}
        async with self._store.read() as records:
            known = await records.inventory.known(old.keys())
        return [entry for entry in old.values() if entry.id not in known]

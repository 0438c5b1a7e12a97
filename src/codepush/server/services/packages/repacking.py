"""Repacking: the smallest archive of a content, built in the background.

A release is compressed at a level that is worth its time. A job compresses it again at the best level, and the
content gets a new blob under its unchanged hash. The old blob stays for devices that have its URL, and diffs that
were copied from it stay valid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio.to_thread
import msgspec
from msgspec import Struct

from codepush.errors import PackageError
from codepush.packaging import archive
from codepush.server.folders import work_folder
from codepush.server.ports.errors import MissingError
from codepush.server.services.clock import Clock, now
from codepush.server.services.packages.drafts import describe, draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from io import BufferedRandom
    from pathlib import Path

    from codepush.packaging.archive import ArchiveIndex
    from codepush.server.ports.blobs import BlobRecord, Blobs
    from codepush.server.ports.jobs import JobKind
    from codepush.server.ports.packages import PackageRecord
    from codepush.server.ports.store import Records, Store

__all__ = ["BEST_LEVEL", "KIND", "RepackJob", "Repacking"]

KIND: Final[JobKind] = "repack"

BEST_LEVEL: Final = 12
"""The libdeflate level that produces the smallest archives."""


class RepackJob(Struct, frozen=True):
    """A package to recompress. The payload of jobs of this kind."""

    package_id: int


class Repacking:
    """Recompression of packages.

    Args:
        store: The records.
        blobs: The archives.
        workspace: The folder to write archives in.
        changed: Called with the IDs of deployments whose update checks have changed.
        clock: The current time.

    """

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        *,
        workspace: Path,
        changed: Callable[[Iterable[int]], None],
        clock: Clock = now,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._workspace = workspace
        self._changed = changed
        self._clock = clock

    async def queue(self, records: Records, package: PackageRecord) -> None:
        """Add the job for a new content, in the transaction that records it. A single file needs none."""
        if package.index is not None:
            payload = msgspec.json.encode(RepackJob(package.id)).decode()
            await records.jobs.add(KIND, payload, dedupe_key=f"{KIND}:{package.id}", at=self._clock())

    async def repack(self, job: RepackJob) -> None:
        """Compress a package at the best level and, if that is smaller, switch its releases to the new archive.

        Raises:
            PackageError: The stored archive is damaged.
            MissingError, UnavailableError: A port fails.

        """
        async with self._store.read() as records:
            package = await records.packages.get(job.package_id)
        if package is None or package.index is None:  # the app is gone
            return
        async with self._blobs.fetch(package.blob_id) as stored:
            await self._recompress(package, stored)

    async def _recompress(self, package: PackageRecord, stored: Path) -> None:
        with draft(work_folder(self._workspace, "repack", size=package.size)) as new:
            index, blob = await anyio.to_thread.run_sync(_pack, package, stored, new.file, abandon_on_cancel=True)
            if blob.size >= package.size:
                return
            await self._blobs.put(blob.id, new.path)
        await self._record(package, index, blob)

    async def _record(self, package: PackageRecord, index: ArchiveIndex, blob: BlobRecord) -> None:
        try:
            changed = await self._swap(package, index, blob)
        except MissingError:  # another worker was faster, or the app is gone
            await self._blobs.remove(blob.id)
        else:
            self._changed(changed)

    async def _swap(self, package: PackageRecord, index: ArchiveIndex, blob: BlobRecord) -> Sequence[int]:
        async with self._store.write() as records:
            await records.packages.repack(package, blob, index=msgspec.json.encode(index), at=self._clock())
            return await records.deployments.bump_releasing(package.id)


def _pack(package: PackageRecord, stored: Path, target: BufferedRandom) -> tuple[ArchiveIndex, BlobRecord]:
    with stored.open("rb") as source:
        index = archive.normalise(source, target, level=BEST_LEVEL)
    if index.manifest.package_hash != package.hash:
        raise PackageError("The stored archive does not contain the content of its release. Restore it from a backup.")
    return index, describe(target)

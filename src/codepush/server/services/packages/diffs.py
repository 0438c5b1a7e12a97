"""Diffs: smaller downloads for devices that have an older package.

Background jobs build them. A job is added with the release or promotion that needs the diff
(:meth:`Diffs.queue`), and when a device that runs another package checks for an update
(:mod:`codepush.server.services.packages.missing_diffs`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, BinaryIO, Final

import anyio.to_thread
import msgspec
from msgspec import Struct

from codepush.packaging import diff
from codepush.packaging.archive import ArchiveIndex
from codepush.packaging.manifest import Manifest
from codepush.rules import diffs as rules
from codepush.server.folders import work_folder
from codepush.server.ports.errors import AlreadyExistsError, MissingError, UnavailableError
from codepush.server.services.clock import Clock, now
from codepush.server.services.packages.drafts import describe, draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from io import BufferedRandom
    from pathlib import Path

    from codepush.models import Package
    from codepush.server.ports.blobs import BlobRecord, Blobs
    from codepush.server.ports.jobs import JobKind
    from codepush.server.ports.packages import PackageRecord
    from codepush.server.ports.store import Records, Store

__all__ = ["KIND", "DiffJob", "Diffs", "add_job"]

KIND: Final[JobKind] = "diff"

_PAUSE: Final = 5.0
"""Seconds to wait when the database is unavailable."""

_BATCH: Final = 20
"""Diffs judged in one transaction; each comes with a manifest."""

_log = logging.getLogger(__name__)


class DiffJob(Struct, frozen=True):
    """A diff to build: the package it leads to, and the hash it starts from. The payload of jobs of this kind."""

    package_id: int
    old_hash: str


async def add_job(records: Records, job: DiffJob, at: int) -> None:
    """Add the job that builds a diff, unless the diff or the job exists."""
    if not await records.diffs.known(job.package_id, job.old_hash):
        key = f"{KIND}:{job.package_id}:{job.old_hash}"
        await records.jobs.add(KIND, msgspec.json.encode(job).decode(), dedupe_key=key, at=at)


class Diffs:
    """Selection and construction of the diffs that a release needs.

    Args:
        store: The records.
        blobs: The archives.
        workspace: The folder to write diffs in.
        count: The number of older releases from which diffs lead to a new one.
        changed: Called with the IDs of deployments whose update checks have changed.
        clock: The current time.

    """

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        *,
        workspace: Path,
        count: int,
        changed: Callable[[Iterable[int]], None],
        clock: Clock = now,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._workspace = workspace
        self._count = count
        self._changed = changed
        self._clock = clock

    async def queue(self, records: Records, app_id: int, package_id: int, history: Sequence[Package]) -> None:
        """Add the jobs for a deployment's newest release, in the transaction that records it.

        Args:
            records: The transaction.
            app_id: The app.
            package_id: The content of that release.
            history: The deployment's releases, oldest first, the new one at the end.

        """
        archives = await records.packages.archives(app_id)
        if history[-1].package_hash not in archives:
            return
        for base in rules.bases(history, history[-1], limit=self._count):
            if base.package_hash in archives:
                await add_job(records, DiffJob(package_id, base.package_hash), self._clock())

    async def make(self, job: DiffJob) -> None:
        """Build a diff and store it, unless it saves too little or another worker has built it.

        Raises:
            PackageError: The stored archive is damaged.
            MissingError, UnavailableError: A port fails.

        """
        async with self._store.read() as records:
            package = await records.packages.get(job.package_id)
            old = None if package is None else await records.packages.with_hash(package.app_id, job.old_hash)
            is_known = await records.diffs.known(job.package_id, job.old_hash)
        if package is None or old is None or is_known:  # the app is gone, or the work is done
            return
        async with self._blobs.fetch(package.blob_id) as archive:
            blob = await self._store_diff(package, old, archive)
        await self._record(job, blob, fits_binary=None if old.manifest is None else _fits_binary(old.manifest))

    async def judge(self) -> None:
        """Determine whether diffs of earlier versions fit a store build; runs until cancelled."""
        is_done = False
        while not is_done:
            try:
                is_done = not await self._judge_some()
            except UnavailableError as error:
                _log.warning("Diffs cannot be judged yet: %s", error)
                await anyio.sleep(_PAUSE)
        await anyio.sleep_forever()

    async def _judge_some(self) -> bool:
        """Judge some of these diffs; return whether there were any."""
        async with self._store.read() as records:
            unknown = await records.diffs.unknown_fits(_BATCH)
        if not unknown:
            return False
        changed: set[int] = set()
        async with self._store.write() as records:
            for one in unknown:
                fits = _fits_binary(one.manifest)
                await records.diffs.set_fit(one.package_id, one.old_hash, fits_binary=fits)
                if fits:  # until now it counted as one that does not
                    changed.update(await records.deployments.bump_releasing(one.package_id))
        self._changed(changed)
        return True

    async def _store_diff(self, package: PackageRecord, old: PackageRecord, archive: Path) -> BlobRecord | None:
        with draft(work_folder(self._workspace, "diff", size=package.size)) as new:
            blob = await anyio.to_thread.run_sync(_write, package, old, archive, new.file, abandon_on_cancel=True)
            if blob is not None:
                await self._blobs.put(blob.id, new.path)
            return blob

    async def _record(self, job: DiffJob, blob: BlobRecord | None, *, fits_binary: bool | None) -> None:
        try:
            changed = await self._add(job, blob, fits_binary=fits_binary)
        except (AlreadyExistsError, MissingError):  # another worker was faster, or the app is gone
            if blob is not None:
                await self._blobs.remove(blob.id)
        else:
            self._changed(changed)

    async def _add(self, job: DiffJob, blob: BlobRecord | None, *, fits_binary: bool | None) -> Sequence[int]:
        async with self._store.write() as records:
            await records.diffs.add(
                job.package_id, job.old_hash, blob, created_at=self._clock(), fits_binary=fits_binary
            )
            return () if blob is None else await records.deployments.bump_releasing(job.package_id)


def _fits_binary(manifest: bytes) -> bool:
    return rules.fits_binary(Manifest.from_json(manifest).files.keys())


def _write(package: PackageRecord, old: PackageRecord, archive: Path, target: BufferedRandom) -> BlobRecord | None:
    """Write a diff and return the record of its blob; ``None`` if there is none, or it saves too little."""
    if package.index is None or old.manifest is None:
        return None
    index = msgspec.json.decode(package.index, type=ArchiveIndex)
    changes = diff.find_changes(index, Manifest.from_json(old.manifest))
    if changes is None:
        return None
    with archive.open("rb") as source:
        written = diff.write_diff(changes, _reader(source), target)
    return describe(target) if diff.is_worth_storing(written.size, package.size) else None


def _reader(source: BinaryIO) -> diff.Read:
    def read(offset: int, size: int) -> bytes:
        source.seek(offset)
        return source.read(size)

    return read

"""Contents of releases: packing and storing an upload, and recording what it holds.

A content is stored and synced before the transaction that releases it begins. So a release that was acknowledged is
on disk, and a rejected one leaves nothing behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
import msgspec

from codepush.errors import PackageError
from codepush.packaging import archive
from codepush.rules.actions import Content
from codepush.server.counters import Releases as ReleaseCounters
from codepush.server.ports.blobs import BlobRecord
from codepush.server.ports.errors import MissingError
from codepush.server.services.errors import InvalidError
from codepush.server.services.packages.drafts import describe
from codepush.server.services.packages.repacking import BEST_LEVEL
from codepush.server.tracing import NO_SPANS

if TYPE_CHECKING:
    from pathlib import Path

    from codepush.server.ports.blobs import Blobs
    from codepush.server.ports.packages import PackageRecord
    from codepush.server.ports.store import Records
    from codepush.server.services.change import Change
    from codepush.server.services.packages.repacking import Repacking
    from codepush.server.services.releasing.workspace import Workspace
    from codepush.server.tracing import Spans

__all__ = ["Contents"]

_WINDOWS: Final = "windows"
"""The operating system of an app, in any letter case, that cannot store every file name."""


class Contents:
    """Stores uploads as packages.

    Args:
        blobs: The archives.
        workspace: The folder for packing uploads, one of each account at a time.
        repacking: Recompresses archives that are not at the best level.
        pack_level: The libdeflate level for packing, 1 (fast) to 12 (small).
        counters: Counter of uploads and their bytes.
        spans: Creates a span for each stage.

    """

    def __init__(
        self,
        blobs: Blobs,
        workspace: Workspace,
        repacking: Repacking,
        *,
        pack_level: int,
        counters: ReleaseCounters | None = None,
        spans: Spans = NO_SPANS,
    ) -> None:
        self._blobs = blobs
        self._workspace = workspace
        self._repacking = repacking
        self._pack_level = pack_level
        self._counters = counters or ReleaseCounters()
        self._spans = spans

    async def store(self, upload: Path, *, account_id: int, app_os: str | None) -> Content:
        """Pack an uploaded file, a zip archive or a single file, and store it.

        Args:
            upload: The file.
            account_id: The account that releases it.
            app_os: The operating system of the app, which limits file names.

        Raises:
            InvalidError: The archive is unsafe, damaged, empty, or has file names that the system cannot store.

        """
        self._counters.uploads += 1
        self._counters.upload_bytes += (await anyio.Path(upload).stat()).st_size
        async with self._workspace.packing(account_id) as folder:
            packed = folder / "package"
            with self._spans.span("release.pack"):
                content = await anyio.to_thread.run_sync(_pack, upload, packed, self._pack_level, app_os)
            with self._spans.span("release.store", **{"blob.size": content.size}):
                await self._blobs.put(content.blob_id, packed)
        return content

    async def discard(self, content: Content) -> None:
        """Remove the archive of a content that nothing refers to."""
        await self._blobs.remove(content.blob_id)

    async def lost(self, records: Records, app_id: int, content: Content) -> PackageRecord | None:
        """Return the app's record of this content if its archive is lost."""
        known = await _known(records, app_id, content)
        if known is None:
            return None
        try:
            await self._blobs.locate(known.blob_id)
        except MissingError:
            return known
        return None

    async def replace(self, change: Change, package: PackageRecord, content: Content) -> None:
        """Replace the archive of a package by this content's archive.

        Raises:
            MissingError: The package is gone, or another archive has replaced it first.

        """
        records = change.records
        await records.packages.repack(package, _blob(content), index=content.index, at=change.at)
        await self._queue(records, package)
        change.touches(*await records.deployments.bump_releasing(package.id))

    async def record(self, change: Change, app_id: int, content: Content) -> PackageRecord:
        """Return the record of this content in the app; its first archive is kept."""
        records = change.records
        known = await _known(records, app_id, content)
        if known is not None:
            return known
        added = await records.packages.add(
            app_id=app_id,
            package_hash=content.package_hash,
            manifest=content.manifest,
            index=content.index,
            blob=_blob(content),
            created_at=change.at,
        )
        await self._queue(records, added)
        return added

    async def _queue(self, records: Records, package: PackageRecord) -> None:
        if self._pack_level < BEST_LEVEL:
            await self._repacking.queue(records, package)


async def _known(records: Records, app_id: int, content: Content) -> PackageRecord | None:
    return await records.packages.with_content(app_id, content.package_hash, content.manifest)


def _blob(content: Content) -> BlobRecord:
    return BlobRecord(id=content.blob_id, size=content.size, sha256=content.sha256)


def _pack(upload: Path, packed: Path, level: int, app_os: str | None) -> Content:
    for_windows = (app_os or "").casefold() == _WINDOWS
    try:
        stored = archive.store_package(upload, packed, level=level, for_windows=for_windows)
    except PackageError as error:
        raise InvalidError(error.message, code="invalid_package", field="package") from error
    with packed.open("rb") as file:
        blob = describe(file)
    manifest = stored.manifest
    return Content(
        package_hash=stored.hash,
        manifest=None if manifest is None else manifest.to_json().encode(),
        index=None if manifest is None else msgspec.json.encode(stored.index),
        blob_id=blob.id,
        size=blob.size,
        sha256=blob.sha256,
    )

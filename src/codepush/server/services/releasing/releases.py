"""Releases: uploading, patching, promoting and rolling back packages.

What may follow what is told by the protocol pages (standalone management API, section 7). A
release is: package stored and synced, then one transaction, then the answer; so whatever was
acknowledged is on disk, and a refusal leaves nothing behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio.to_thread
import msgspec

from codepush.errors import PackageError
from codepush.models import COMPLETE_ROLLOUT, PackageInfo
from codepush.packaging import archive
from codepush.packaging.archive import StoredPackage
from codepush.rules import duplicates, labels, rollout
from codepush.server.counters import Releases as ReleaseCounts
from codepush.server.ports.blobs import BlobRecord
from codepush.server.ports.errors import AlreadyExistsError, MissingError
from codepush.server.ports.events import EventRecord
from codepush.server.ports.releases import NewRelease
from codepush.server.services.access.resolution import deployment_of, find_app, find_deployment
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError, ServiceError
from codepush.server.services.packages.drafts import describe
from codepush.server.services.packages.repacking import BEST_LEVEL
from codepush.server.services.releasing import rollbacks
from codepush.server.tracing import NO_SPANS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from codepush.models import Package
    from codepush.server.ports.apps import AppRecord
    from codepush.server.ports.blobs import Blobs
    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.ports.packages import PackageRecord
    from codepush.server.ports.releases import ReleaseRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.caller import Caller
    from codepush.server.services.packages.diffs import Diffs
    from codepush.server.services.packages.links import Links
    from codepush.server.services.packages.repacking import Repacking
    from codepush.server.services.releasing.idempotency import Receipt
    from codepush.server.services.releasing.workspace import Workspace
    from codepush.server.tracing import Spans

__all__ = ["Releases"]

_IDENTICAL_RELEASE: Final = (
    "The uploaded package was not released because it is identical to the contents of the specified deployment's "
    "current release."
)
_IDENTICAL_PROMOTE: Final = (
    "The uploaded package was not promoted because it is identical to the contents of the targeted deployment's "
    "current release."
)
_UNFINISHED_RELEASE: Final = "Please update the previous release to 100% rollout before releasing a new package."
_UNFINISHED_PROMOTE: Final = "Cannot promote to an unfinished rollout release unless it is already disabled."
_NOTHING_TO_PROMOTE: Final = "Cannot promote from a deployment with no enabled releases."

_WINDOWS: Final = "windows"
"""The operating system of an app, in any letter case, that does not store every name."""


class _Content(msgspec.Struct, frozen=True):
    """An upload, packed and stored: what it holds, and the blob that holds it."""

    stored: StoredPackage
    blob: BlobRecord


class Releases:
    """Adding releases to deployments and changing what may be changed of them.

    Args:
        store: the records.
        blobs: the archives.
        links: makes addresses of downloads.
        workspace: where uploads are packed, one of each account at a time.
        pack_level: the libdeflate level for packing, 1 (fast) to 12 (small).
        diffs: decides which diffs a release needs.
        repacking: packs again what was not packed at the best level.
        changed: is told the ids of deployments whose answers to phones have changed.
        queued: is called when jobs may have been added.
        counts: counts releases and uploads.
        spans: is told of the stages of a release.
        clock: the time.

    """

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        links: Links,
        *,
        workspace: Workspace,
        pack_level: int,
        diffs: Diffs,
        repacking: Repacking,
        changed: Callable[[Iterable[int]], None],
        queued: Callable[[], None],
        counts: ReleaseCounts | None = None,
        spans: Spans = NO_SPANS,
        clock: Clock = now,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._links = links
        self._workspace = workspace
        self._pack_level = pack_level
        self._diffs = diffs
        self._repacking = repacking
        self._changed = changed
        self._queued = queued
        self._counts = counts or ReleaseCounts()
        self._spans = spans
        self._clock = clock

    async def check_may_release(self, caller: Caller, app_name: str, deployment_name: str) -> None:
        """Check that an account may release to a deployment, which is enough to return a recorded response.

        Raises:
            NotFoundError: The account has no such app, or the app no such deployment.
            ForbiddenError: The account may not release to the app.

        """
        async with self._store.read() as records:
            await find_deployment(records, caller, app_name, deployment_name, "release")

    async def check_can_release(self, caller: Caller, app_name: str, deployment_name: str) -> None:
        """Check that an account can release to a deployment now, before it uploads anything.

        Raises:
            NotFoundError, ForbiddenError: As `check_may_release` raises them.
            ConflictError: The rollout of the deployment's newest release is unfinished.

        """
        async with self._store.read() as records:
            await _releasable(records, caller, app_name, deployment_name)

    async def release(
        self,
        caller: Caller,
        app_name: str,
        deployment_name: str,
        upload: Path,
        info: PackageInfo,
        *,
        receipt: Receipt | None = None,
    ) -> Package:
        """Release an uploaded file: a zip archive, or a single file as it is.

        ``info.app_version`` is required. The rules are checked before the archive is read, so that
        a refusal comes early, and again in the transaction, since others may have been quicker. A
        ``receipt`` is given what was made before that is committed, and can still prevent it.

        Raises:
            InvalidError: the archive is unsafe, broken, empty, or not fit for the system of the app.
            NotFoundError, ForbiddenError: see `find_deployment`.
            ConflictError: a rollout is unfinished, or the content is released there already.

        """
        async with self._store.read() as records:
            app, deployment = await _releasable(records, caller, app_name, deployment_name)
        async with self._workspace.packing(caller.account.id) as folder:
            content = await self._store_content(upload, folder / "package", app)
        mended = await self._mend(app.id, content)
        try:
            with self._spans.span("release.commit"):
                async with self._store.write() as records:
                    found = await find_deployment(records, caller, app_name, deployment_name, "release")
                    release = await self._record_upload(records, caller, *found, content=content, info=info)
                    await self._confirm(records, release, receipt)
        except (AlreadyExistsError, ServiceError):
            if not mended:
                await self._blobs.remove(content.blob.id)  # the transaction was undone: nothing points there
            raise
        if release.blob_id != content.blob.id:
            await self._blobs.remove(content.blob.id)  # the app had this content already
        self._counts.uploaded += 1
        self._changed([deployment.id])
        self._queued()
        return self._links.package(release)

    async def _store_content(self, upload: Path, packed: Path, app: AppRecord) -> _Content:
        self._counts.uploads += 1
        self._counts.upload_bytes += (await anyio.Path(upload).stat()).st_size
        with self._spans.span("release.pack"):
            content = await anyio.to_thread.run_sync(_pack, upload, packed, self._pack_level, app.os)
        with self._spans.span("release.store", **{"blob.size": content.blob.size}):
            await self._blobs.put(content.blob.id, packed)
        return content

    async def _mend(self, app_id: int, content: _Content) -> bool:
        """Let this archive hold a content that the app has already, if the one that did was lost."""
        async with self._store.read() as records:
            known = await records.packages.with_content(app_id, content.stored.hash, _manifest(content))
        if known is None or await self._is_there(known.blob_id):
            return False
        try:
            async with self._store.write() as records:
                await records.packages.repack(known, content.blob, index=_index(content), at=self._clock())
                if self._pack_level < BEST_LEVEL:
                    await self._repacking.queue(records, known)
                changed = await records.deployments.bump_releasing(known.id)
        except MissingError:  # somebody else was quicker
            return False
        self._changed(changed)
        return True

    async def _is_there(self, blob_id: str) -> bool:
        try:
            await self._blobs.locate(blob_id)
        except MissingError:
            return False
        return True

    async def _record_upload(
        self,
        records: Records,
        caller: Caller,
        app: AppRecord,
        deployment: DeploymentRecord,
        *,
        content: _Content,
        info: PackageInfo,
    ) -> ReleaseRecord:
        await records.deployments.lock(deployment.id)
        history = await records.releases.history(deployment.id)
        _refuse_unfinished(_pick(history, None), _UNFINISHED_RELEASE)
        app_version = info.app_version or ""
        self._refuse_identical(history, app_version, content.stored.hash, _IDENTICAL_RELEASE)
        package = await self._package(records, app.id, content)
        release = NewRelease(
            package_id=package.id,
            app_version=app_version,
            description=info.description,
            is_disabled=info.is_disabled,
            is_mandatory=info.is_mandatory,
            rollout=info.rollout,
            upload_time=self._clock(),
            release_method="Upload",
            released_by=caller.account.email,
        )
        return await self._add(records, caller, deployment, history, release)

    async def _package(self, records: Records, app_id: int, content: _Content) -> PackageRecord:
        """Return the record of this content; the first archive that held it is kept."""
        stored, manifest = content.stored, _manifest(content)
        known = await records.packages.with_content(app_id, stored.hash, manifest)
        if known is not None:
            return known
        added = await records.packages.add(
            app_id=app_id,
            package_hash=stored.hash,
            manifest=manifest,
            index=_index(content),
            blob=content.blob,
            created_at=self._clock(),
        )
        if self._pack_level < BEST_LEVEL:
            await self._repacking.queue(records, added)
        return added

    async def promote(
        self,
        caller: Caller,
        app_name: str,
        source_name: str,
        destination_name: str,
        info: PackageInfo,
        *,
        receipt: Receipt | None = None,
    ) -> Package:
        """Release a deployment's package to another deployment of the app.

        ``info.label`` picks the release, else the newest one is taken; what ``info`` says
        overrides what the source says, but the rollout is never inherited. ``receipt`` is as in `release`.

        Raises:
            NotFoundError, ForbiddenError: see `find_deployment`; also when there is nothing to promote.
            ConflictError: the destination's rollout is unfinished, or it has the content already.

        """
        async with self._store.write() as records:
            app = await find_app(records, caller, app_name, "promote")
            source = await deployment_of(records, app, source_name)
            destination = await deployment_of(records, app, destination_name)
            await records.deployments.lock(destination.id)
            promoted = _pick(await records.releases.history(source.id), info.label)
            if promoted is None:
                raise NotFoundError(_NOTHING_TO_PROMOTE, code="nothing_to_promote")
            history = await records.releases.history(destination.id)
            _refuse_unfinished(_pick(history, None), _UNFINISHED_PROMOTE)
            self._refuse_identical(history, promoted.app_version, promoted.package_hash, _IDENTICAL_PROMOTE)
            promotion = self._promotion(caller, promoted, source_name, info)
            release = await self._add(records, caller, destination, history, promotion)
            await self._confirm(records, release, receipt)
        self._counts.promoted += 1
        self._changed([destination.id])
        self._queued()
        return self._links.package(release)

    def _promotion(self, caller: Caller, promoted: ReleaseRecord, source_name: str, info: PackageInfo) -> NewRelease:
        return NewRelease(
            package_id=promoted.package_id,
            app_version=info.app_version or promoted.app_version,
            description=info.description or promoted.description,
            is_disabled=promoted.is_disabled if info.is_disabled is None else info.is_disabled,
            is_mandatory=promoted.is_mandatory if info.is_mandatory is None else info.is_mandatory,
            rollout=info.rollout,
            upload_time=self._clock(),
            release_method="Promote",
            original_label=labels.label(promoted.number),
            original_deployment=source_name,
            released_by=caller.account.email,
        )

    async def rollback(
        self,
        caller: Caller,
        app_name: str,
        deployment_name: str,
        label: str | None = None,
        *,
        receipt: Receipt | None = None,
    ) -> Package:
        """Release again what an older release of the deployment held: the one before the newest, unless told.

        It has the flags of the older release and is for every phone; a rollout under way ends with it.
        ``receipt`` is as in `release`.

        Raises:
            NotFoundError, ForbiddenError: see `find_deployment`; also when there is no such release.
            ConflictError: that release is the newest one, or for another binary version.

        """
        async with self._store.write() as records:
            _, deployment = await find_deployment(records, caller, app_name, deployment_name, "rollback")
            await records.deployments.lock(deployment.id)
            history = await records.releases.history(deployment.id)
            repeated = rollbacks.target(history, label)
            release = await self._add(records, caller, deployment, history, self._repetition(caller, repeated))
            await self._confirm(records, release, receipt)
        self._counts.rolled_back += 1
        self._changed([deployment.id])
        self._queued()
        return self._links.package(release)

    def _repetition(self, caller: Caller, repeated: ReleaseRecord) -> NewRelease:
        return NewRelease(
            package_id=repeated.package_id,
            app_version=repeated.app_version,
            description=repeated.description,
            is_disabled=repeated.is_disabled,
            is_mandatory=repeated.is_mandatory,
            upload_time=self._clock(),
            release_method="Rollback",
            original_label=labels.label(repeated.number),
            released_by=caller.account.email,
        )

    async def patch(self, caller: Caller, app_name: str, deployment_name: str, info: PackageInfo) -> Package | None:
        """Change a release: the one with ``info.label``, else the newest. ``None``: nothing changed.

        Empty texts change nothing, and a refused rollout aborts all other changes.

        Raises:
            NotFoundError, ForbiddenError: see `find_deployment`; also when there is no such release.
            ConflictError: the rollout is complete, or would not grow.

        """
        async with self._store.write() as records:
            _, deployment = await find_deployment(records, caller, app_name, deployment_name, "patch_release")
            await records.deployments.lock(deployment.id)
            before = _patchable(await records.releases.history(deployment.id), info.label)
            after = msgspec.structs.replace(
                before,
                app_version=info.app_version or before.app_version,
                description=info.description or before.description,
                is_disabled=before.is_disabled if info.is_disabled is None else info.is_disabled,
                is_mandatory=before.is_mandatory if info.is_mandatory is None else info.is_mandatory,
                rollout=_patched_rollout(before.rollout, info.rollout),
            )
            if after == before:
                return None
            await records.releases.update(
                deployment.id,
                after.number,
                app_version=after.app_version,
                description=after.description,
                is_disabled=after.is_disabled,
                is_mandatory=after.is_mandatory,
                rollout=after.rollout,
            )
            await self._log(records, caller, "release.patch", deployment, before=before, after=after)
        self._changed([deployment.id])
        return self._links.package(after)

    def _refuse_identical(
        self, history: Sequence[ReleaseRecord], app_version: str, package_hash: str, sentence: str
    ) -> None:
        current = duplicates.current_hash([self._links.package(release) for release in history], app_version)
        if current == package_hash:
            raise ConflictError(sentence, code="identical_package")

    async def _add(
        self,
        records: Records,
        caller: Caller,
        deployment: DeploymentRecord,
        history: Sequence[ReleaseRecord],
        release: NewRelease,
    ) -> ReleaseRecord:
        """Record a release that comes after a history, with the jobs that make diffs to it."""
        added = await records.releases.add(deployment.id, release)
        packages = [self._links.package(one) for one in (*history, added)]
        await self._diffs.queue(records, deployment.app_id, release.package_id, packages)
        kind = f"release.{release.release_method.lower()}"
        await self._log(records, caller, kind, deployment, before=None, after=added)
        return added

    async def _confirm(self, records: Records, release: ReleaseRecord, receipt: Receipt | None) -> None:
        if receipt is not None:
            await receipt(records, self._links.package(release))

    async def _log(
        self,
        records: Records,
        caller: Caller,
        kind: str,
        deployment: DeploymentRecord,
        *,
        before: ReleaseRecord | None,
        after: ReleaseRecord,
    ) -> None:
        await records.events.add(
            EventRecord(
                at=self._clock(),
                actor=caller.account.email,
                kind=kind,
                app_id=deployment.app_id,
                deployment_id=deployment.id,
                before=None if before is None else msgspec.json.encode(before).decode(),
                after=msgspec.json.encode(after).decode(),
            )
        )


def _manifest(content: _Content) -> bytes | None:
    return None if content.stored.manifest is None else content.stored.manifest.to_json().encode()


def _index(content: _Content) -> bytes | None:
    return None if content.stored.manifest is None else msgspec.json.encode(content.stored.index)


def _pack(upload: Path, packed: Path, level: int, app_os: str | None) -> _Content:
    for_windows = (app_os or "").casefold() == _WINDOWS
    try:
        stored = archive.store_package(upload, packed, level=level, for_windows=for_windows)
    except PackageError as error:
        raise InvalidError(error.message, code="invalid_package", field="package") from error
    with packed.open("rb") as file:
        return _Content(stored, describe(file))


async def _releasable(
    records: Records, caller: Caller, app_name: str, deployment_name: str
) -> tuple[AppRecord, DeploymentRecord]:
    """Return an app and its deployment that can receive a release; raises as `Releases.check_can_release` does."""
    app, deployment = await find_deployment(records, caller, app_name, deployment_name, "release")
    latest = await records.releases.latest([deployment.id])
    _refuse_unfinished(latest.get(deployment.id), _UNFINISHED_RELEASE)
    return app, deployment


def _refuse_unfinished(latest: ReleaseRecord | None, sentence: str) -> None:
    if latest is not None and rollout.is_unfinished(latest.rollout) and not latest.is_disabled:
        raise ConflictError(sentence, code="unfinished_rollout")


def _pick(history: Sequence[ReleaseRecord], label: str | None) -> ReleaseRecord | None:
    """Return the release with this label; the newest one when no label is given."""
    if label is None:
        return history[-1] if history else None
    return next((release for release in history if labels.label(release.number) == label), None)


def _patchable(history: Sequence[ReleaseRecord], label: str | None) -> ReleaseRecord:
    if not history:
        raise NotFoundError("Deployment has no releases.", code="no_releases")
    release = _pick(history, label)
    if release is None:
        raise NotFoundError("Release not found for given label.", code="release_not_found", field="label")
    return release


def _patched_rollout(current: int | None, wanted: int | None) -> int | None:
    """Return the rollout after a patch: it only grows, and ``None`` says that it is complete."""
    if wanted is None:
        return current
    if not rollout.is_unfinished(current) or current is None:
        raise ConflictError(
            "Cannot update rollout value for a completed rollout release.", code="rollout_complete", field="rollout"
        )
    if wanted <= current:
        raise ConflictError(
            f'Rollout value must be greater than "{current}", the existing value.',
            code="rollout_not_greater",
            field="rollout",
        )
    return None if wanted == COMPLETE_ROLLOUT else wanted

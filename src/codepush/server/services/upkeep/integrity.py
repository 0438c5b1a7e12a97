"""Integrity checks: records against each other, and against the stored archives."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from anyio import to_thread
from msgspec import Struct

from codepush.errors import PackageError
from codepush.packaging.inspection import leads_to, stored_hash
from codepush.packaging.manifest import Manifest
from codepush.server.folders import leftovers
from codepush.server.ports.errors import MissingError
from codepush.server.ports.inventory import CounterGap, DiffFact, KnownBlob, LabelGap, PackageFact
from codepush.server.services.clock import Clock, now
from codepush.server.services.packages.diffs import DiffJob, add_job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from codepush.server.ports.blobs import BlobEntry, Blobs
    from codepush.server.ports.packages import PackageRecord
    from codepush.server.ports.store import Records, Store

__all__ = ["SAFE_AGE_MS", "Finding", "Findings", "Integrity"]

SAFE_AGE_MS: Final = 24 * 60 * 60 * 1000
"""Age below which a blob without a record is expected: a release stores its blob first."""

_REPAIR: Final = "Release the same content again, or restore the archive from a backup."
_REPAIR_DIFF: Final = "Devices that need it get no update. Check with --repair to create it again."
_REPAIRED: Final = "It is being created again; until then, devices get the whole package."


class Finding(Struct, frozen=True):
    """A problem: its kind, its subject, a message, and whether it was repaired."""

    kind: str
    subject: str
    message: str
    repaired: bool = False


class Findings(Struct, frozen=True, kw_only=True):
    """The result of a check.

    Attributes:
        problems: The problems.
        orphans: Blobs without references; harmless, and removed by cleaning.
        leftovers: Entries of this machine's workspace that no process uses; harmless, and removed by cleaning.
        counts: The numbers of checked packages, diffs and deployments.

    """

    problems: tuple[Finding, ...]
    orphans: tuple[str, ...]
    leftovers: tuple[str, ...]
    counts: dict[str, int]

    @property
    def ok(self) -> bool:
        """Whether no problem is left."""
        return all(problem.repaired for problem in self.problems)


class _Facts(Struct, frozen=True):
    """The records, all at one moment."""

    blobs: Mapping[str, KnownBlob]
    chunks: Sequence[str]
    packages: Sequence[PackageFact]
    diffs: Sequence[DiffFact]
    label_gaps: Sequence[LabelGap]
    counter_gaps: Sequence[CounterGap]


class Integrity:
    """The search for lost, damaged and inconsistent data. Servers may run at the same time."""

    def __init__(self, store: Store, blobs: Blobs, *, workspace: Path, clock: Clock = now) -> None:
        self._store = store
        self._blobs = blobs
        self._workspace = workspace
        self._clock = clock

    async def check(self, *, deep: bool = True, repair: bool = False) -> Findings:
        """Check all data.

        Args:
            deep: Whether to read every archive and verify its hashes instead of checking only that it exists.
            repair: Whether to create lost or damaged diffs again. By default, nothing is changed.

        Raises:
            UnavailableError: The database or the archives cannot be reached.

        """
        async with self._store.read() as records:
            facts = await _facts(records)
        listed = {entry.id: entry async for entry in self._blobs.entries()}
        problems = [*map(_label_gap, facts.label_gaps), *map(_counter_gap, facts.counter_gaps)]
        problems += [found async for found in self._packages(facts, listed, deep=deep)]
        problems += [found async for found in self._diffs(facts, listed, deep=deep, repair=repair)]
        return Findings(
            problems=tuple(problems),
            orphans=self._orphans(facts, listed),
            leftovers=tuple(str(leftover.path) for leftover in await to_thread.run_sync(leftovers, self._workspace)),
            counts={"packages": len(facts.packages), "diffs": len(facts.diffs), "blobs": len(listed)},
        )

    def _orphans(self, facts: _Facts, listed: Mapping[str, BlobEntry]) -> tuple[str, ...]:
        """Return blobs without a record, except for recent ones, and records of blobs that nothing uses."""
        oldest = self._clock() - SAFE_AGE_MS
        expected = facts.blobs.keys() | set(facts.chunks)
        unknown = {entry.id for entry in listed.values() if entry.id not in expected and entry.put_at < oldest}
        unused = {blob.id for blob in facts.blobs.values() if blob.is_live and not blob.is_used}
        return tuple(sorted(unknown | unused))

    async def _packages(self, facts: _Facts, listed: Mapping[str, BlobEntry], *, deep: bool) -> AsyncIterator[Finding]:
        for package in facts.packages:
            subject = ", ".join(package.releases)
            wrong = _look(facts.blobs[package.blob_id], listed) or (
                await self._read_package(package, facts) if deep else None
            )
            if wrong is not None:
                kind, sentence = wrong
                yield Finding(
                    f"package_{kind}", subject, f"The archive {package.blob_id} of {subject} {sentence}. {_REPAIR}"
                )

    async def _read_package(self, package: PackageFact, facts: _Facts) -> tuple[str, str] | None:
        def compare(path: Path) -> tuple[str, str] | None:
            if stored_hash(path) != package.hash:
                return "damaged", "does not contain the released content"
            return None

        return await self._read(facts.blobs[package.blob_id], compare)

    async def _diffs(
        self, facts: _Facts, listed: Mapping[str, BlobEntry], *, deep: bool, repair: bool
    ) -> AsyncIterator[Finding]:
        packages = {package.id: package for package in facts.packages}
        for diff in facts.diffs:
            subject = f"{', '.join(packages[diff.package_id].releases)} from {diff.old_hash}"
            wrong = _look(facts.blobs[diff.blob_id], listed) or (await self._read_diff(diff, facts) if deep else None)
            if wrong is not None:
                kind, sentence = wrong
                if repair:
                    await self._rebuild(diff)
                remedy = _REPAIRED if repair else _REPAIR_DIFF
                message = f"The diff {diff.blob_id} to {subject} {sentence}. {remedy}"
                yield Finding(f"diff_{kind}", subject, message, repaired=repair)

    async def _rebuild(self, diff: DiffFact) -> None:
        """Stop offering a diff and queue its rebuild. Garbage collection removes the file."""
        async with self._store.write() as records:
            await records.diffs.remove(diff.package_id, diff.old_hash)
            await add_job(records, DiffJob(diff.package_id, diff.old_hash), self._clock())
            await records.deployments.bump_releasing(diff.package_id)

    async def _read_diff(self, diff: DiffFact, facts: _Facts) -> tuple[str, str] | None:
        async with self._store.read() as records:
            new = await records.packages.get(diff.package_id)
            old = None if new is None else await records.packages.with_hash(new.app_id, diff.old_hash)
        if new is None or old is None:
            return None if new is None else ("useless", "starts from a content that the app no longer has")

        def compare(path: Path) -> tuple[str, str] | None:
            if not leads_to(path, _manifest(old), _manifest(new)):
                return "wrong", "does not lead to the package"
            return None

        return await self._read(facts.blobs[diff.blob_id], compare)

    async def _read(self, blob: KnownBlob, compare: Callable[[Path], tuple[str, str] | None]) -> tuple[str, str] | None:
        def look(path: Path) -> tuple[str, str] | None:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != blob.sha256:
                    return "damaged", "is damaged: its checksum is wrong"
            try:
                return compare(path)
            except PackageError as error:
                return "damaged", f"is damaged: {error.message.rstrip('.')}"

        try:
            async with self._blobs.fetch(blob.id) as path:
                return await to_thread.run_sync(look, path)
        except MissingError:  # the app or the blob was removed meanwhile
            return None


async def _facts(records: Records) -> _Facts:
    inventory = records.inventory
    return _Facts(
        blobs={blob.id: blob for blob in await inventory.blobs()},
        chunks=await inventory.chunks(),
        packages=await inventory.packages(),
        diffs=await inventory.diffs(),
        label_gaps=await inventory.label_gaps(),
        counter_gaps=await inventory.counter_gaps(),
    )


def _look(blob: KnownBlob, listed: Mapping[str, BlobEntry]) -> tuple[str, str] | None:
    entry = listed.get(blob.id)
    if entry is None:
        return "missing", "is missing"
    if entry.size != blob.size:
        return "damaged", f"is damaged: it has {entry.size} bytes instead of {blob.size}"
    return None


def _manifest(package: PackageRecord) -> Manifest:
    return Manifest({}) if package.manifest is None else Manifest.from_json(package.manifest)


def _label_gap(gap: LabelGap) -> Finding:
    labels = ", ".join(f"v{number}" for number in gap.numbers) or "none"
    return Finding(
        "label_gap",
        gap.deployment,
        f"The labels of {gap.deployment} are {labels}; they should be all from v1 to v{gap.next_number - 1}.",
    )


def _counter_gap(gap: CounterGap) -> Finding:
    return Finding(
        "counter_wrong",
        f"{gap.deployment} {gap.subject}",
        f"{gap.deployment} counts {gap.active} active devices on {gap.subject}, but stores {gap.remembered} "
        f"and counts {gap.anonymous} without an ID.",
    )

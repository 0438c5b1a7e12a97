"""Update checks.

Devices never wait for the database: each deployment's releases are read once, prepared, and cached until they change
(a :class:`Snapshot`). The process that commits a change drops the snapshot immediately (:meth:`Updates.drop`); other
processes notice the change within a second (:meth:`Updates.watch`). The old snapshot serves devices until the new one
is read, also while the database is unavailable.

A device that could use a missing diff gets the whole package. The missing diff is recorded when the response is
prepared, once per reading.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import anyio

from codepush.rules import selection
from codepush.server.cache import ENTRY, BoundedCache
from codepush.server.counters import Held, Snapshots
from codepush.server.ports.errors import UnavailableError
from codepush.server.services.packages.diffs import DiffJob

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from codepush.models import UpdateCheck
    from codepush.rules.selection import Decision
    from codepush.server.ports.histories import DeploymentHistory, Histories

__all__ = ["Kind", "Snapshot", "Standing", "Updates"]

_RETRY: Final = 0.5
"""Seconds until the next attempt to read changes from an unavailable database."""

_MEGABYTE: Final = 1024 * 1024

SNAPSHOT_BYTES: Final = 256 * _MEGABYTE
"""Default limit on the memory of the cached deployments, in bytes."""

_DEPLOYMENT_BYTES: Final = 3_000
_RELEASE_BYTES: Final = 1_100
_DIFF_BYTES: Final = 500
_ARCHIVE_BYTES: Final = 350
"""Bytes of a deployment, and of each release, diff and package of its app, besides descriptions."""

_FORMER_BYTES: Final = 32 * _MEGABYTE
_FORMER_SECONDS: Final = 1.0
"""Bytes of the snapshots from before a change, and the time that a device waits for the new one."""

_ABSENT_BYTES: Final = 2 * _MEGABYTE
_ABSENT_SECONDS: Final = 0.5
"""Bytes of the unknown keys that are cached, and for how long: a new deployment is found after that."""

_LOADING_LIMIT: Final = 1_000
"""Deployments that are read at the same time; others are unavailable meanwhile."""

_NOTICED_BYTES: Final = 2 * _MEGABYTE
"""Bytes of the missing diffs that are recorded; others are recorded again."""

_STRING_BYTES: Final = 49
_NOTE_BYTES: Final = 300
"""Bytes of an empty string, and of a missing diff."""


class Kind(NamedTuple):
    """The parts of an update check that affect the response. Checks of one kind differ only in rollouts."""

    app_version: str
    package_hash: str | None
    label: str | None
    is_companion: bool
    applies_diffs: bool


class Standing:
    """The status of a snapshot. Prepared responses refer to it instead of the snapshot itself.

    Attributes:
        is_current: Whether it is up to date, as far as is known. Once false, it stays false.
        is_asked_for: Whether a device has used it recently. Callers that respond without :class:`Updates` set it,
            because it protects the snapshot from eviction.

    """

    __slots__ = ("is_asked_for", "is_current")

    def __init__(self) -> None:
        self.is_current = True
        self.is_asked_for = False


class Snapshot:
    """A deployment at one revision.

    Attributes:
        key: Its deployment key.
        deployment_id, revision: The deployment, and its revision.
        weight: Its memory, in bytes.
        standing: Its status.

    """

    __slots__ = (
        "_archives",
        "_candidates",
        "_missing",
        "_whole",
        "deployment_id",
        "key",
        "revision",
        "standing",
        "weight",
    )

    def __init__(self, key: str, history: DeploymentHistory, missing: Callable[[Standing, DiffJob], bool]) -> None:
        self.key = key
        self.deployment_id = history.deployment_id
        self.revision = history.revision
        self.weight = _weight(history)
        self.standing = Standing()
        self._candidates = selection.candidates(history.packages, is_stopped=history.is_stopped)
        # Contents that diffs can start from and lead to, by hash; and their releases, by the URL of the whole package.
        self._archives = history.archives
        self._whole = {one.blob_url: one for one in self._candidates.releases if one.package_hash in history.archives}
        self._missing = partial(missing, self.standing)

    def kind(self, check: UpdateCheck) -> Kind:
        """Return the parts of a check that affect the response here, except for the device.

        All unknown hashes are alike, and so are labels that no release has. Empty and missing ones are kinds of their
        own.
        """
        seen, known = selection.as_received(check), self._candidates
        package_hash, label = seen.package_hash, seen.label
        is_known = package_hash in known.hashes or package_hash in self._archives
        return Kind(
            app_version=check.app_version,
            package_hash=package_hash if not package_hash or is_known else None,
            label=label if label in {"", selection.NOT_SENT} or label in known.labels else None,
            is_companion=check.is_companion,
            applies_diffs=check.applies_diffs,
        )

    def resolve(self, check: UpdateCheck) -> tuple[Decision, bool]:
        """Decide for all devices that send checks of a kind; return also whether the decision may be cached.

        It may not if there was no room to record a missing diff, so that the next check records it.

        Raises:
            ValueError: The binary version is not a version, even when missing parts are filled in.

        """
        decision = selection.resolve(self._candidates, check)
        offers = [decision.original, *([decision.rollout_package] if decision.rollout_package else [])]
        noticed = [self._notice(check, offer.download_url) for offer in offers]
        return decision, all(noticed)

    def _notice(self, check: UpdateCheck, download_url: str) -> bool:
        """Record the diff that a device could have used, if any; return ``False`` if there was no room for it."""
        offered, old_hash = self._whole.get(download_url), check.package_hash
        if offered is None or old_hash not in self._archives or not check.applies_diffs:
            return True
        if old_hash in offered.diff_package_map:  # one that the store build cannot apply
            return True
        return self._missing(DiffJob(self._archives[offered.package_hash], old_hash))


def _weight(history: DeploymentHistory) -> int:
    releases = sum(
        _RELEASE_BYTES + sys.getsizeof(one.description or "") + _DIFF_BYTES * len(one.diff_package_map)
        for one in history.packages
    )
    return _DEPLOYMENT_BYTES + releases + _ARCHIVE_BYTES * len(history.archives)


def _ignore(_: DiffJob) -> bool:
    return True


def _snapshot_cost(key: str, snapshot: Snapshot) -> int:
    return ENTRY + _STRING_BYTES + len(key) + snapshot.weight


def _key_cost(key: str, _: float) -> int:
    return ENTRY + _STRING_BYTES + len(key)


def _note_cost(_: tuple[Standing, DiffJob], __: DiffJob) -> int:
    return ENTRY + _NOTE_BYTES


class Updates:
    """The current state of deployments, for update checks.

    Args:
        histories: The releases of deployments.
        missing: Records a missing diff without waiting; returns whether it did.
        limit: Bytes of the cached deployments. Those that no device has used recently are evicted first.
        counts: Counter of readings.
        clock: Seconds that never go backwards.

    """

    def __init__(
        self,
        histories: Histories,
        *,
        missing: Callable[[DiffJob], bool] = _ignore,
        limit: int = SNAPSHOT_BYTES,
        counts: Snapshots | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._histories = histories
        self._missing = missing
        self._limit = limit
        self._counts = counts or Snapshots()
        self._behind_since = 0.0
        self._kept: dict[str, Snapshot] = {}
        self._keys: dict[int, str] = {}
        self._weight = 0
        self._former: BoundedCache[str, Snapshot] = BoundedCache(_FORMER_BYTES, _snapshot_cost)
        self._loading: dict[str, asyncio.Task[Snapshot | None]] = {}
        self._readings = 0
        self._absent: BoundedCache[str, float] = BoundedCache(_ABSENT_BYTES, _key_cost)
        self._noticed: BoundedCache[tuple[Standing, DiffJob], DiffJob] = BoundedCache(_NOTICED_BYTES, _note_cost)
        self._epoch = 0
        self._verified: Hashable = None

    def held(self) -> Held:
        """Return the number of deployments in memory, and since when changes are unknown."""
        return Held(len(self._kept), self._behind_since)

    def current(self, deployment_key: str) -> Snapshot | None:
        """Return a deployment if it is cached."""
        snapshot = self._kept.get(deployment_key)
        if snapshot is not None:
            snapshot.standing.is_asked_for = True
        return snapshot

    async def find(self, deployment_key: str) -> Snapshot | None:
        """Return a deployment, read if necessary; ``None`` when no deployment has the key.

        Concurrent calls for the same deployment share one reading. A changed deployment is returned in its old state
        if the database does not return the new one in time.

        Raises:
            UnavailableError: The database does not respond, or too many deployments are being read.

        """
        snapshot = self.current(deployment_key)
        if snapshot is not None or self._is_absent(deployment_key):
            return snapshot
        former = self._former.get(deployment_key)
        try:
            async with asyncio.timeout(None if former is None else _FORMER_SECONDS):
                loading = self._loading.get(deployment_key) or self._begin(deployment_key)
                return await asyncio.shield(loading)
        except (UnavailableError, TimeoutError):
            if former is None:
                raise
            return former

    def _begin(self, deployment_key: str) -> asyncio.Task[Snapshot | None]:
        if self._readings >= _LOADING_LIMIT:
            raise UnavailableError("Too many deployments are waited for.")
        self._readings += 1
        loading = asyncio.ensure_future(self._load(deployment_key))
        self._loading[deployment_key] = loading
        loading.add_done_callback(lambda done: self._finish(deployment_key, done))
        return loading

    def _finish(self, deployment_key: str, done: asyncio.Task[Snapshot | None]) -> None:
        self._readings -= 1
        if self._loading.get(deployment_key) is done:
            del self._loading[deployment_key]
        if not done.cancelled():
            done.exception()  # avoids a warning: the waiters have received the error

    def _is_absent(self, deployment_key: str) -> bool:
        return (self._absent.get(deployment_key) or 0) > self._clock()

    async def _load(self, deployment_key: str) -> Snapshot | None:
        epoch = self._epoch
        history = await self._read(deployment_key)
        snapshot = Snapshot(deployment_key, history, self._notice) if history else None
        self._former.pop(deployment_key)
        if epoch == self._epoch:  # else it may have changed while it was read: the next check reads again
            self._keep(deployment_key, snapshot)
        elif snapshot:
            snapshot.standing.is_current = False
        return snapshot

    def _notice(self, standing: Standing, job: DiffJob) -> bool:
        """Record a missing diff once per reading of a deployment; return whether it was recorded."""
        if self._noticed.get((standing, job)) is None:
            if not self._missing(job):
                return False
            self._noticed.add((standing, job), job)
        return True

    async def _read(self, deployment_key: str) -> DeploymentHistory | None:
        self._counts.loads += 1
        try:
            return await self._histories.load(deployment_key)
        except UnavailableError:
            self._counts.errors += 1
            raise

    def _keep(self, deployment_key: str, snapshot: Snapshot | None) -> None:
        if snapshot is None:
            self._absent.add(deployment_key, self._clock() + _ABSENT_SECONDS)
            return
        self._evict(deployment_key)
        self._kept[deployment_key] = snapshot
        self._keys[snapshot.deployment_id] = deployment_key
        self._weight += snapshot.weight
        while self._weight > self._limit and len(self._kept) > 1:
            self._make_room()

    def _make_room(self) -> None:
        """Evict the deployment cached longest; one that was used since gets a second chance."""
        key, snapshot = next(iter(self._kept.items()))
        if snapshot.standing.is_asked_for:
            snapshot.standing.is_asked_for = False
            self._kept[key] = self._kept.pop(key)
        else:
            self._evict(key)

    def _evict(self, deployment_key: str) -> Snapshot | None:
        snapshot = self._kept.pop(deployment_key, None)
        if snapshot is not None:
            snapshot.standing.is_current = False
            self._weight -= snapshot.weight
            del self._keys[snapshot.deployment_id]
        return snapshot

    def drop(self, deployment_ids: Iterable[int]) -> None:
        """Drop the snapshots of these deployments; the old ones still serve while the new ones cannot be read."""
        self._begin_epoch()
        for deployment_id in deployment_ids:
            if deployment_id in self._keys:
                self._put_aside(self._keys[deployment_id])

    def _put_aside(self, deployment_key: str) -> None:
        snapshot = self._evict(deployment_key)
        if snapshot is not None:
            self._former.add(deployment_key, snapshot)

    def _begin_epoch(self) -> None:
        """Cache nothing that was read before now."""
        self._epoch += 1
        self._loading.clear()
        self._absent.clear()

    async def watch(self) -> None:
        """Drop the snapshots that other processes have changed; runs until it is cancelled."""
        async for changed in self._histories.changes():
            if changed is None:
                await self._verify()
            else:
                self.drop(changed)

    async def _verify(self) -> None:
        """Drop the snapshots that may have changed unnoticed, as soon as the database responds."""
        while True:
            self._begin_epoch()
            with suppress(UnavailableError):
                await self._drop_stale()
                self._behind_since = 0.0
                return
            self._behind_since = self._behind_since or time.time()
            await anyio.sleep(_RETRY)

    async def _drop_stale(self) -> None:
        """Compare revisions, unless nothing has changed since the last time: most commits are reports."""
        state = await self._histories.state()
        if state == self._verified:
            return
        kept = {snapshot.deployment_id: snapshot.revision for snapshot in self._kept.values()}
        current = await self._histories.revisions(list(kept))
        self.drop([one for one, revision in kept.items() if current.get(one) != revision])
        self._verified = state

"""Answering phones: is there an update?

Phones never wait for the database: each deployment's releases are read once, prepared, and kept
until they change (a :class:`Snapshot`). The process that commits a change drops them at once
(:meth:`Updates.drop`); other processes hear of it within a second (:meth:`Updates.watch`). What has changed is
at hand until it was read anew: should the database be away just then, phones are told what was true before.

A phone that is offered a whole package although the app knows what it runs is answered with that; the
diff it could have used is noticed when the answer is made, once per reading.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Hashable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

import anyio

from codepush.rules import selection
from codepush.server.ports import UnavailableError
from codepush.server.services.diffs import DiffJob
from codepush.server.tallies import Held, Snapshots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codepush.models import UpdateCheck
    from codepush.rules.selection import Decision
    from codepush.server.ports import DeploymentHistory, Histories

__all__ = ["Kind", "Snapshot", "Standing", "Updates"]

_RETRY: Final = 0.5
"""Seconds until a database that was away is asked again what has changed."""

RELEASES_KEPT: Final = 300_000
"""How many releases are kept in memory by default, over all deployments; each deployment counts as some more."""

_DEPLOYMENT_WEIGHT: Final = 4
"""How many releases a deployment costs as much memory as, besides its own."""

_FORMER_LIMIT: Final = 1_000
_FORMER_SECONDS: Final = 1.0
"""How many deployments that have changed are at hand as they were, and for how long a phone waits for what they are."""

_ABSENT_LIMIT: Final = 10_000
_ABSENT_SECONDS: Final = 0.5
"""How many deployment keys that nobody has are remembered, and for how long: a deployment made since is found then."""

_LOADING_LIMIT: Final = 1_000
"""Deployments that may be waited for at once; others are unavailable meanwhile."""

_NOTICED_LIMIT: Final = 1_000
"""Missing diffs that are remembered of one reading, and so noticed, at most."""

Kind: TypeAlias = Hashable
"""Checks of one kind are answered alike."""


class Standing:
    """How a snapshot stands; what was made from it keeps this at hand, and not the snapshot itself.

    Attributes:
        is_current: whether nothing has changed since, as far as is known. It never becomes true again.
        is_asked_for: whether a phone has asked for it lately. Those who answer without asking
            :class:`Updates` set it, as it keeps what is asked for.

    """

    __slots__ = ("is_asked_for", "is_current")

    def __init__(self) -> None:
        self.is_current = True
        self.is_asked_for = False


class Snapshot:
    """A deployment as it was at one revision.

    Attributes:
        key: its deployment key.
        deployment_id, revision: what was read, and when in its history.
        weight: how many releases it costs as much memory as.
        standing: whether it is current.

    """

    __slots__ = (
        "_archives",
        "_candidates",
        "_missing",
        "_noticed",
        "_whole",
        "deployment_id",
        "key",
        "revision",
        "standing",
        "weight",
    )

    def __init__(self, key: str, history: DeploymentHistory, missing: Callable[[DiffJob], bool]) -> None:
        self.key = key
        self.deployment_id = history.deployment_id
        self.revision = history.revision
        self.weight = _DEPLOYMENT_WEIGHT + len(history.packages)
        self.standing = Standing()
        self._candidates = selection.candidates(history.packages)
        # What diffs can be made from and to, by hash; and the same of what is released here, by address.
        self._archives = history.archives
        self._whole = {
            one.blob_url: history.archives[one.package_hash]
            for one in history.packages
            if one.package_hash in history.archives
        }
        self._missing = missing
        self._noticed: set[DiffJob] = set()

    def kind(self, check: UpdateCheck) -> Kind:
        """Return what of a check can make a difference here, but for the device.

        Hashes that nothing is known of are all alike, and so are labels that no release has.
        """
        seen, known = selection.as_received(check), self._candidates
        package_hash, label = seen.package_hash, seen.label
        return (
            check.app_version,
            package_hash if package_hash in known.hashes or package_hash in self._archives else None,
            label if not label or label in known.labels else None,
            check.is_companion,
        )

    def resolve(self, check: UpdateCheck) -> tuple[Decision, bool]:
        """Decide for all phones that send checks of a kind; return with it whether that may be remembered.

        It may not while a missing diff could not be taken note of, so that the next phone is noticed instead.

        Raises:
            ValueError: the binary version is not a version, even when missing places are filled in.

        """
        decision = selection.resolve(self._candidates, check)
        offers = [decision.original, *([decision.rollout_package] if decision.rollout_package else [])]
        noticed = [self._notice(check.package_hash, offer.download_url) for offer in offers]
        return decision, all(noticed)

    def _notice(self, old_hash: str | None, download_url: str) -> bool:
        """Take note of the diff that a phone could have used, if it is sent to a whole package."""
        package_id = self._whole.get(download_url)
        if package_id is None or old_hash is None or old_hash not in self._archives:
            return True
        job = DiffJob(package_id, old_hash)
        if job in self._noticed or len(self._noticed) >= _NOTICED_LIMIT:
            return True
        if not self._missing(job):
            return False
        self._noticed.add(job)
        return True


def _nobody(_: DiffJob) -> bool:
    return True


class Updates:
    """The deployments that phones ask for, as they are now.

    Args:
        histories: where the releases of deployments come from.
        missing: takes note of a diff that a phone could have used, without waiting for anything; returns
            whether it did.
        limit: how many releases are kept at most. Deployments that nobody has asked for lately go first.
        counts: counts readings.
        clock: seconds from any moment on, never going back.

    """

    def __init__(
        self,
        histories: Histories,
        *,
        missing: Callable[[DiffJob], bool] = _nobody,
        limit: int = RELEASES_KEPT,
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
        self._former: dict[str, Snapshot] = {}
        self._loading: dict[str, asyncio.Task[Snapshot | None]] = {}
        self._readings = 0
        self._absent: dict[str, float] = {}
        self._epoch = 0
        self._verified: Hashable = None

    def held(self) -> Held:
        """Return how many deployments are in memory, and since when it is not known what has changed."""
        return Held(len(self._kept), self._behind_since)

    def current(self, deployment_key: str) -> Snapshot | None:
        """Return a deployment if it is in memory."""
        snapshot = self._kept.get(deployment_key)
        if snapshot is not None:
            snapshot.standing.is_asked_for = True
        return snapshot

    async def find(self, deployment_key: str) -> Snapshot | None:
        """Return a deployment, read if need be; ``None`` when no deployment has the key.

        Those who ask at once for the same one wait for the same reading. One that has changed is returned as it
        was, when the database does not say in time what it is now.

        Raises:
            UnavailableError: it would have to be read, and the database does not answer or is too far behind.

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
            done.exception()  # whoever waited has got it; nobody may be left who does

    def _is_absent(self, deployment_key: str) -> bool:
        return self._absent.get(deployment_key, 0) > self._clock()

    async def _load(self, deployment_key: str) -> Snapshot | None:
        epoch = self._epoch
        history = await self._read(deployment_key)
        snapshot = Snapshot(deployment_key, history, self._missing) if history else None
        self._former.pop(deployment_key, None)
        if epoch == self._epoch:  # else it may have changed while it was read: the next check reads again
            self._keep(deployment_key, snapshot)
        elif snapshot:
            snapshot.standing.is_current = False
        return snapshot

    async def _read(self, deployment_key: str) -> DeploymentHistory | None:
        self._counts.loads += 1
        try:
            return await self._histories.load(deployment_key)
        except UnavailableError:
            self._counts.errors += 1
            raise

    def _keep(self, deployment_key: str, snapshot: Snapshot | None) -> None:
        if snapshot is None:
            if len(self._absent) >= _ABSENT_LIMIT:
                self._absent.clear()
            self._absent[deployment_key] = self._clock() + _ABSENT_SECONDS
            return
        self._let_go(deployment_key)
        self._kept[deployment_key] = snapshot
        self._keys[snapshot.deployment_id] = deployment_key
        self._weight += snapshot.weight
        while self._weight > self._limit and len(self._kept) > 1:
            self._make_room()

    def _make_room(self) -> None:
        """Let go of the deployment kept longest; one that was asked for since gets a second chance."""
        key, snapshot = next(iter(self._kept.items()))
        if snapshot.standing.is_asked_for:
            snapshot.standing.is_asked_for = False
            self._kept[key] = self._kept.pop(key)
        else:
            self._let_go(key)

    def _let_go(self, deployment_key: str) -> Snapshot | None:
        snapshot = self._kept.pop(deployment_key, None)
        if snapshot is not None:
            snapshot.standing.is_current = False
            self._weight -= snapshot.weight
            del self._keys[snapshot.deployment_id]
        return snapshot

    def drop(self, deployment_ids: Iterable[int]) -> None:
        """Tell phones no longer what was prepared for these deployments, unless there is nothing else to tell."""
        self._begin_epoch()
        for deployment_id in deployment_ids:
            if deployment_id in self._keys:
                self._put_aside(self._keys[deployment_id])

    def _put_aside(self, deployment_key: str) -> None:
        snapshot = self._let_go(deployment_key)
        if snapshot is not None:
            self._former[deployment_key] = snapshot
            if len(self._former) > _FORMER_LIMIT:
                del self._former[next(iter(self._former))]

    def _begin_epoch(self) -> None:
        """Let nothing be kept that was read before now."""
        self._epoch += 1
        self._loading.clear()
        self._absent.clear()

    async def watch(self) -> None:
        """Drop what other processes have changed; runs until it is cancelled."""
        async for changed in self._histories.changes():
            if changed is None:
                await self._verify()
            else:
                self.drop(changed)

    async def _verify(self) -> None:
        """Drop what has changed without being told, as soon as the database can say what that is."""
        while True:
            self._begin_epoch()
            with suppress(UnavailableError):
                await self._drop_stale()
                self._behind_since = 0.0
                return
            self._behind_since = self._behind_since or time.time()
            await anyio.sleep(_RETRY)

    async def _drop_stale(self) -> None:
        """Compare revisions, unless nothing has changed since that was done: most commits are reports."""
        state = await self._histories.state()
        if state == self._verified:
            return
        kept = {snapshot.deployment_id: snapshot.revision for snapshot in self._kept.values()}
        current = await self._histories.revisions(list(kept))
        self.drop([one for one, revision in kept.items() if current.get(one) != revision])
        self._verified = state

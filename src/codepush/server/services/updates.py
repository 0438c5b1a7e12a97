"""Answering phones: is there an update?

Phones never wait for the database: each deployment's releases are read once, prepared, and kept
until they change. The process that commits a change drops them at once (:meth:`Updates.drop`);
other processes hear of it within a second (:meth:`Updates.watch`).

A phone that is offered a whole package although the app knows what it runs is answered with that; the
diff it could have used is noticed, once per reading.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import anyio
from msgspec import Struct

from codepush.models import UpdateCheck, UpdateInfo
from codepush.rules import selection
from codepush.rules.selection import Candidate
from codepush.server.ports import UnavailableError
from codepush.server.services.diffs import DiffJob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codepush.server.ports import DeploymentHistory, Histories

__all__ = ["Updates"]

_RETRY: Final = 0.5
"""Seconds until a database that was away is asked again what has changed."""

_NOTICED_LIMIT: Final = 1_000
"""Missing diffs that are remembered of one reading, and so noticed, at most."""

_NOTHING: Final = UpdateInfo()

_log = logging.getLogger(__name__)


class _Prepared(Struct, frozen=True):
    """A deployment as it was at one revision.

    ``archives`` are the packages that diffs can be made from and to, by hash, and ``whole`` the same of
    those released here, by address. ``noticed`` are the diffs that phones have missed since it was read.
    """

    deployment_id: int
    revision: int
    candidates: tuple[Candidate, ...]
    archives: Mapping[str, int]
    whole: Mapping[str, int]
    noticed: set[DiffJob]


def _nobody(_: DiffJob) -> bool:
    return True


class Updates:
    """The answers to update checks, from prepared histories.

    Args:
        histories: where the releases of deployments come from.
        missing: takes note of a diff that a phone could have used, without waiting for anything; returns
            whether it did.
        limit: how many deployments are kept at most; the one asked for longest ago goes first.

    """

    def __init__(
        self, histories: Histories, *, missing: Callable[[DiffJob], bool] = _nobody, limit: int = 10_000
    ) -> None:
        self._histories = histories
        self._missing = missing
        self._limit = limit
        self._prepared: OrderedDict[str, _Prepared] = OrderedDict()
        self._drops = 0

    async def check(self, check: UpdateCheck) -> UpdateInfo | None:
        """Return what a phone is told; ``None`` when no deployment has its key.

        When the database is gone, deployments seen before are still answered for, and the others
        are told that there is no update: a phone must never see an error for it.
        """
        prepared = self._prepared.get(check.deployment_key)
        if prepared is None:
            try:
                prepared = await self._prepare(check.deployment_key)
            except UnavailableError:
                _log.warning("The database is unavailable: a phone was told that there is no update.")
                return _NOTHING
        else:
            self._prepared.move_to_end(check.deployment_key)
        if prepared is None:
            return None
        told = selection.answer(prepared.candidates, check)
        self._notice(prepared, check.package_hash, told.download_url)
        return told

    def _notice(self, prepared: _Prepared, old_hash: str | None, download_url: str) -> None:
        """Take note of the diff that a phone could have used, if it is sent to a whole package."""
        package_id = prepared.whole.get(download_url)
        if package_id is None or old_hash is None or old_hash not in prepared.archives:
            return
        job, noticed = DiffJob(package_id, old_hash), prepared.noticed
        if job not in noticed and len(noticed) < _NOTICED_LIMIT and self._missing(job):
            noticed.add(job)

    async def _prepare(self, deployment_key: str) -> _Prepared | None:
        drops = self._drops
        history = await self._histories.load(deployment_key)
        if history is None:
            return None
        prepared = _prepare(history)
        if drops == self._drops:  # else it may have changed while it was read: the next check reads again
            self._keep(deployment_key, prepared)
        return prepared

    def _keep(self, deployment_key: str, prepared: _Prepared) -> None:
        self._prepared[deployment_key] = prepared
        if len(self._prepared) > self._limit:
            self._prepared.popitem(last=False)

    def drop(self, deployment_ids: Iterable[int]) -> None:
        """Forget what was prepared for these deployments."""
        self._drops += 1
        gone = set(deployment_ids)
        for key in [key for key, prepared in self._prepared.items() if prepared.deployment_id in gone]:
            del self._prepared[key]

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
            with suppress(UnavailableError):
                return await self._drop_stale()
            await anyio.sleep(_RETRY)

    async def _drop_stale(self) -> None:
        kept = {prepared.deployment_id: prepared.revision for prepared in self._prepared.values()}
        current = await self._histories.revisions(list(kept))
        self.drop(one for one, revision in kept.items() if current.get(one) != revision)


def _prepare(history: DeploymentHistory) -> _Prepared:
    archives = history.archives
    return _Prepared(
        history.deployment_id,
        history.revision,
        selection.candidates(history.packages),
        archives=archives,
        whole={one.blob_url: archives[one.package_hash] for one in history.packages if one.package_hash in archives},
        noticed=set(),
    )

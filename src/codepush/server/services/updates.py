"""Answering phones: is there an update?

Phones never wait for the database: each deployment's releases are read once, prepared, and kept
until they change. The process that commits a change drops them at once (:meth:`Updates.drop`);
other processes notice within :data:`WATCH_INTERVAL` (:meth:`Updates.watch`).
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import anyio
from msgspec import Struct

from codepush.models import UpdateCheck, UpdateInfo
from codepush.rules import selection
from codepush.rules.selection import Candidate
from codepush.server.ports import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codepush.server.ports import DeploymentHistory, Histories

__all__ = ["Updates"]

WATCH_INTERVAL: Final = 0.5
"""Seconds between two looks at whether another process has changed something."""

_NOTHING: Final = UpdateInfo()

_log = logging.getLogger(__name__)


class _Prepared(Struct, frozen=True):
    deployment_id: int
    revision: int
    candidates: tuple[Candidate, ...]


class Updates:
    """The answers to update checks, from prepared histories.

    At most ``limit`` deployments are kept; the one asked for longest ago goes first.
    """

    def __init__(self, histories: Histories, *, limit: int = 10_000) -> None:
        self._histories = histories
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
        return None if prepared is None else selection.answer(prepared.candidates, check)

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
        seen: int | None = None
        while True:
            try:
                seen = await self._drop_stale(seen)
            except UnavailableError:
                seen = None  # look again once the database is back: the number may have started anew
            await anyio.sleep(WATCH_INTERVAL)

    async def _drop_stale(self, seen: int | None) -> int:
        changes = await self._histories.changes()
        if changes != seen:
            kept = {prepared.deployment_id: prepared.revision for prepared in self._prepared.values()}
            current = await self._histories.revisions(list(kept))
            self.drop(one for one, revision in kept.items() if current.get(one) != revision)
        return changes


def _prepare(history: DeploymentHistory) -> _Prepared:
    return _Prepared(history.deployment_id, history.revision, selection.candidates(history.packages))

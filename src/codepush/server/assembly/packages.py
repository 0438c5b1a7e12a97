"""The services that create diffs and better compressed archives, and the workers that run them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from codepush.server.jobs.arrivals import Arrivals
from codepush.server.jobs.lanes import lanes
from codepush.server.jobs.workers import Workers
from codepush.server.services.packages.diffs import Diffs
from codepush.server.services.packages.missing_diffs import MissingDiffs
from codepush.server.services.packages.repacking import Repacking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from codepush.server.assembly.foundation import Foundation

__all__ = ["Packages"]


class Packages:
    """The services that create diffs and better compressed archives, and the workers that run them.

    Args:
        foundation: Settings, records and archives.
        changed: Called with the IDs of deployments whose update checks may have changed.

    """

    def __init__(self, foundation: Foundation, *, changed: Callable[[Iterable[int]], None]) -> None:
        self._foundation = foundation
        self._store = foundation.store
        self._changed = changed
        self.arrivals = Arrivals()

    @cached_property
    def diffs(self) -> Diffs:
        """Diffs between releases."""
        return Diffs(
            self._store,
            self._foundation.blobs,
            workspace=self._foundation.settings.workspace,
            count=self._foundation.settings.diff_count,
            changed=self._changed,
        )

    @cached_property
    def missing_diffs(self) -> MissingDiffs:
        """Diffs that update checks could have used."""
        return MissingDiffs(self._store, queued=self.arrivals.notify)

    @cached_property
    def repacking(self) -> Repacking:
        """Archives at the best compression level."""
        return Repacking(
            self._store, self._foundation.blobs, workspace=self._foundation.settings.workspace, changed=self._changed
        )

    @cached_property
    def workers(self) -> Workers:
        """A worker for each lane of jobs."""
        return Workers(
            self._store,
            lanes(self.diffs, self.repacking),
            arrivals=self.arrivals,
            counts=self._foundation.counters.jobs,
            spans=self._foundation.spans,
        )

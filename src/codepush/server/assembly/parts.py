"""All parts of one server, and their dependencies."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from codepush.server.assembly.foundation import Foundation
from codepush.server.services.change import Changes, Committed
from codepush.server.services.upkeep.first_start import FirstStart

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from pathlib import Path

    from codepush.server.assembly.access import Access
    from codepush.server.assembly.devices import Devices
    from codepush.server.assembly.packages import Packages
    from codepush.server.assembly.releasing import Releasing
    from codepush.server.assembly.upkeep import Upkeep
    from codepush.server.multiprocess import SharedCounters
    from codepush.server.settings import Settings

__all__ = ["Parts", "open_parts"]


class Parts:
    """The parts of one server, each built on first use.

    Args:
        settings: The server's settings.
        peers: The folder in which the worker processes of one server share their counters.

    Raises:
        UnavailableError: The database URL is not one this server can use.

    """

    def __init__(self, settings: Settings, *, peers: Path | None = None) -> None:
        self.settings = settings
        self.foundation = Foundation(settings)
        self.changes = Changes(self.foundation.store, self._announce)
        self._peers = peers

    @cached_property
    def first_start(self) -> FirstStart:
        """The check that an empty database is expected."""
        return FirstStart(
            self.foundation.store, self.changes, lambda: self.foundation.blobs, place=self.settings.place.shown
        )

    @cached_property
    def access(self) -> Access:
        """Accounts, keys, logins and organizations."""
        from codepush.server.assembly.access import Access

        return Access(self.foundation, self.changes)

    @cached_property
    def packages(self) -> Packages:
        """Diffs, better compressed archives, and the workers that create them."""
        from codepush.server.assembly.packages import Packages

        return Packages(self.foundation, changed=self._drop)

    @cached_property
    def devices(self) -> Devices:
        """Update checks, reports and downloads."""
        from codepush.server.assembly.devices import Devices

        return Devices(self.foundation, missing=self.packages.missing_diffs.notice)

    @cached_property
    def releasing(self) -> Releasing:
        """Apps, deployments and releases."""
        from codepush.server.assembly.releasing import Releasing

        return Releasing(self.foundation, self.changes, self.packages)

    @cached_property
    def upkeep(self) -> Upkeep:
        """Checks, garbage collection and backups."""
        from codepush.server.assembly.upkeep import Upkeep

        return Upkeep(self.foundation, self.releasing)

    @cached_property
    def shared_counters(self) -> SharedCounters:
        """The counters of all worker processes of this server."""
        from codepush.server.multiprocess import SharedCounters

        return SharedCounters(self.foundation.counters, self._peers, held=self.devices.updates.held)

    @property
    def background(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """The tasks of a server, each of which runs until it is cancelled."""
        return (
            self.devices.updates.watch,
            self.devices.reports.run,
            self.packages.missing_diffs.run,
            self.packages.diffs.judge,
            *self.packages.workers.tasks,
            self.releasing.uploads.run,
            self.releasing.series.run,
            self.releasing.looking.run,
            self.shared_counters.run,
        )

    async def create(self) -> None:
        """Create folders and database if they are missing, and upgrade an embedded database.

        Raises:
            UnavailableError: A folder or the database cannot be used.

        """
        await self.foundation.create()

    async def prepare(self) -> None:
        """Create missing folders and databases, but reject an empty database if there are archives.

        Raises:
            UnavailableError: A folder, the database or the archives cannot be used.
            ConflictError: There are archives, but no records.

        """
        await self.create()
        await self.first_start.check()

    async def prepare_existing(self) -> None:
        """Prepare as `prepare` does, but reject a missing database too.

        Raises:
            UnavailableError: There is no database, or a folder, the database or the archives cannot be used.
            ConflictError: There are archives, but no records.

        """
        await self.foundation.store.check()
        await self.prepare()

    def _announce(self, committed: Committed) -> None:
        """Notify the parts that depend on a committed change: snapshots, jobs and counters."""
        if committed.deployments:
            self._drop(committed.deployments)
            self.packages.arrivals.notify()
        self.foundation.counters.releases.add(committed.kinds)

    def _drop(self, deployments: Iterable[int]) -> None:
        self.devices.updates.drop(deployments)


@asynccontextmanager
async def open_parts(
    settings: Settings, prepare: Callable[[Parts], Awaitable[None]] = Parts.prepare
) -> AsyncIterator[Parts]:
    """Yield the parts of a server for commands that run beside it, and close them at the end.

    Args:
        settings: The server's settings.
        prepare: The first step, one of the methods of :class:`Parts`.

    Raises:
        UnavailableError: The database URL is not one this server can use; or raised by ``prepare``.
        ConflictError: Raised by ``prepare``.

    """
    parts = Parts(settings)
    try:
        await prepare(parts)
        yield parts
    finally:
        await parts.foundation.close()

"""The services for devices: update checks, reports and downloads."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from codepush.server.services.phones.downloads import Downloads
from codepush.server.services.phones.histories import StoredHistories
from codepush.server.services.phones.new_devices import NewDevices
from codepush.server.services.phones.reports import Reports
from codepush.server.services.phones.updates import Updates

if TYPE_CHECKING:
    from collections.abc import Callable

    from codepush.server.assembly.foundation import Foundation
    from codepush.server.services.packages.diffs import DiffJob

__all__ = ["Devices"]


class Devices:
    """The services for devices.

    Args:
        foundation: Settings, counters, records and archives.
        missing: Records a diff that an update check could have used; returns whether there was room for it.

    """

    def __init__(self, foundation: Foundation, *, missing: Callable[[DiffJob], bool]) -> None:
        self._foundation = foundation
        self._settings = foundation.settings
        self._missing = missing

    @cached_property
    def updates(self) -> Updates:
        """Update checks."""
        histories = StoredHistories(self._foundation.store, self._foundation.links)
        return Updates(histories, missing=self._missing, counts=self._foundation.counters.snapshots)

    @cached_property
    def reports(self) -> Reports:
        """Status reports."""
        limit = self._settings.new_devices_per_hour if self._settings.rate_limits else None
        return Reports(
            self._foundation.store,
            new_devices=NewDevices(limit),
            commits=self._foundation.counters.reports.commits,
            spans=self._foundation.spans,
        )

    @cached_property
    def downloads(self) -> Downloads:
        """Downloads of archives."""
        return Downloads(
            self._foundation.blobs,
            self._foundation.store,
            download_url=self._settings.download_url,
            redirects=self._settings.redirect_downloads,
        )

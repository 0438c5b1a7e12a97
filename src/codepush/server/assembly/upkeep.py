"""The services for all data of a server: checks, garbage collection and backups."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from codepush.server.services.upkeep.backups import Backups
from codepush.server.services.upkeep.garbage_collection import GarbageCollection
from codepush.server.services.upkeep.integrity import Integrity

if TYPE_CHECKING:
    from codepush.server.assembly.foundation import Foundation
    from codepush.server.assembly.releasing import Releasing

__all__ = ["Upkeep"]


class Upkeep:
    """The services for all data of a server."""

    def __init__(self, foundation: Foundation, releasing: Releasing) -> None:
        self._store = foundation.store
        self._blobs = foundation.blobs
        self._workspace = foundation.settings.workspace
        self._releasing = releasing

    @cached_property
    def integrity(self) -> Integrity:
        """Checks of records and archives."""
        return Integrity(self._store, self._blobs, workspace=self._workspace)

    @cached_property
    def garbage_collection(self) -> GarbageCollection:
        """Removal of unneeded data."""
        return GarbageCollection(self._store, self._blobs, self._releasing.uploads, workspace=self._workspace)

    @cached_property
    def backups(self) -> Backups:
        """Backups and their restoration."""
        return Backups(self._store, self._blobs, workspace=self._workspace)

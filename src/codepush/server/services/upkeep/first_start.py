"""The first start of a server: an empty database is expected only where there are no archives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.server.services.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable

    from codepush.server.ports.blobs import Blobs
    from codepush.server.ports.store import Store
    from codepush.server.services.caller import Caller
    from codepush.server.services.change import Changes

__all__ = ["FirstStart"]


class FirstStart:
    """Distinguishes a first start from one whose database was lost.

    Args:
        store: The records.
        changes: Opens changes.
        open_blobs: Returns the archives; called only if there are no records.
        place: The location of the archives, as messages show it.

    """

    def __init__(self, store: Store, changes: Changes, open_blobs: Callable[[], Blobs], *, place: str) -> None:
        self._store = store
        self._changes = changes
        self._open_blobs = open_blobs
        self._place = place

    async def check(self) -> None:
        """Return if there are records, or neither records nor archives.

        Raises:
            ConflictError: There are archives, but no records.
            UnavailableError: The database or the archives cannot be reached.

        """
        if await self._is_lost():
            raise ConflictError(
                f"The database is empty, but {self._place} holds archives of releases. Without their records, "
                "installed apps get no updates. If another database was meant, correct --data or --database-url. "
                "If the records are lost, restore a backup with: codepush server restore FILE. "
                "To start without the old releases, run once: codepush server start --new",
                code="records_lost",
            )

    async def accept(self, caller: Caller) -> None:
        """Start without the records of existing archives; later checks succeed.

        Args:
            caller: The administrator.

        Raises:
            UnavailableError: The database or the archives cannot be reached.

        """
        if await self._is_lost():
            async with self._changes.by(caller) as change:
                await change.note("server.new", after={"storage": self._place})

    async def _is_lost(self) -> bool:
        async with self._store.read() as records:
            if await records.rows.any():
                return False
        async for _ in self._open_blobs().entries():
            return True
        return False

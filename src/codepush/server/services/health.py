"""Health, in two depths: alive (the process answers) and ready (what it needs answers too)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.server.ports import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from codepush.server.ports import Blobs, Store

__all__ = ["OK", "Health"]

OK: Final = "ok"
"""What a part that works is reported as."""


class Health:
    """Asking the database and the blob store how they are."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs

    async def parts(self) -> Mapping[str, str]:
        """Return ``ok`` or the trouble, in a sentence, for ``database`` and ``storage``."""
        return {"database": await _state(self._store.check), "storage": await _state(self._blobs.check)}


async def _state(check: Callable[[], Awaitable[None]]) -> str:
    try:
        await check()
    except UnavailableError as error:
        return str(error) or "unavailable"
    return OK

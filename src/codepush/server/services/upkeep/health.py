"""Health, in two depths: alive (the process responds) and ready (its dependencies respond too)."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from codepush.server.ports.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from codepush.server.ports.blobs import Blobs
    from codepush.server.ports.store import Store

__all__ = ["OK", "Health"]

OK: Final = "ok"
"""The reported state of a working component."""

_UNAVAILABLE: Final = "unavailable"
"""The reported state of a failing component; the log has the details."""

_VALID_SECONDS: Final = 2.0
"""How long a result is valid without another check."""

_TIMEOUT: Final = 12.0
"""Seconds after which a check counts as failed; object stores may take ten."""

_log = logging.getLogger(__name__)


class Health:
    """The state of the database and the blob store.

    Args:
        store: The database.
        blobs: The blob store.
        clock: Seconds that never go backwards.

    """

    def __init__(self, store: Store, blobs: Blobs, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = _Part("database", store.check, clock)
        self._storage = _Part("storage", blobs.check, clock)

    async def parts(self) -> Mapping[str, str]:
        """Return ``ok`` or ``unavailable`` for ``database`` and ``storage``, at most two seconds old."""
        database, storage = await asyncio.gather(self._database.state(), self._storage.state())
        return {"database": database, "storage": storage}


class _Part:
    """A component whose state is checked at most every two seconds, by one check at a time."""

    def __init__(self, name: str, check: Callable[[], Awaitable[None]], clock: Callable[[], float]) -> None:
        self._name = name
        self._check = check
        self._clock = clock
        self._running: asyncio.Task[None] | None = None
        self._trouble: str | None = None
        self._valid_until = clock()

    async def state(self) -> str:
        """Return the state, after a check if the last result is too old."""
        if self._clock() >= self._valid_until:
            if self._running is None:
                self._running = asyncio.create_task(self._run())
            _, pending = await asyncio.wait([self._running], timeout=_TIMEOUT)
            if pending:  # the check continues: a stuck disk holds one thread, not one per request
                self._note(f"no response within {_TIMEOUT:g} seconds")
        return _UNAVAILABLE if self._trouble else OK

    async def _run(self) -> None:
        try:
            await self._check()
        except UnavailableError as error:
            self._note(str(error) or _UNAVAILABLE)
        else:
            self._note(None)
        finally:
            self._running = None

    def _note(self, trouble: str | None) -> None:
        """Store a result, and log it if it differs from the previous one."""
        self._valid_until = self._clock() + _VALID_SECONDS
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if trouble is None:
            _log.info("The %s is available again.", self._name)
        else:
            _log.warning("The %s is unavailable: %s", self._name, trouble)

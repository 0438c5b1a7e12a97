"""What goes on beside requests, for as long as the server runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from codepush.server.counters import Failures

__all__ = ["keep_running"]

_PAUSE: Final = 1.0
"""Seconds until something that failed begins again."""

_log = logging.getLogger(__name__)


async def keep_running(run: Callable[[], Awaitable[None]], failures: Failures, *, pause: float = _PAUSE) -> None:
    """Run a part of the server until it is cancelled.

    Each part expects its own troubles. One that it did not expect must not end it unseen, or devices would get no
    release any more, or reports wait for ever: it is logged and counted, and the part begins again.

    Args:
        run: runs until it is cancelled.
        failures: counts what was not expected.
        pause: seconds until it begins again.

    """
    while True:
        try:
            await run()
        except Exception:  # noqa: BLE001 - whatever it is, phones and reports must not wait for a part that is gone
            failures.server += 1
            _log.exception("A part of the server failed, and begins again: %s", getattr(run, "__qualname__", run))
        await anyio.sleep(pause)

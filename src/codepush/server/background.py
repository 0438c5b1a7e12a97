"""Background tasks, which run as long as the server."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from codepush.server.counters import Failures

__all__ = ["keep_running"]

_PAUSE: Final = 1.0
"""Seconds until a failed task starts again."""

_log = logging.getLogger(__name__)


async def keep_running(run: Callable[[], Awaitable[None]], failures: Failures, *, pause: float = _PAUSE) -> None:
    """Run a background task until it is cancelled.

    Each task handles the errors that it expects. Any other error is logged and counted, and the task starts again:
    without it, devices would receive no new releases, or reports would wait for ever.

    Args:
        run: Runs until it is cancelled.
        failures: Counter of the unexpected errors.
        pause: Seconds until the task starts again.

    """
    while True:
        try:
            await run()
        except Exception:  # noqa: BLE001 - devices and reports depend on the task
            failures.server += 1
            _log.exception("A background task failed and starts again: %s", getattr(run, "__qualname__", run))
        await anyio.sleep(pause)

"""The differences between waiting in a thread and on an event loop."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["aside", "async_aside", "async_sleep", "sleep"]

P = ParamSpec("P")
T = TypeVar("T")


async def async_sleep(seconds: float) -> None:
    """Wait without blocking the event loop."""
    await anyio.sleep(seconds)


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


async def async_aside(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a slow function in a worker thread and return its result.

    If the wait is cancelled, the thread continues to its end.
    """
    return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), abandon_on_cancel=True)


def aside(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a slow function and return its result."""
    return function(*args, **kwargs)

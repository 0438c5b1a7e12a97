"""The time, as services receive it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["Clock", "now"]

Clock: TypeAlias = Callable[[], int]
"""Returns milliseconds since 1970 in UTC. Tests pass their own."""


def now() -> int:
    """Return the current time, in milliseconds since 1970 in UTC."""
    return time.time_ns() // 1_000_000

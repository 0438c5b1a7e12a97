"""A cache with a lifetime."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Memory(Generic[T]):
    """A bounded number of values by name, each for a number of seconds; the oldest are evicted first."""

    def __init__(self, size: int, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._values: dict[str, tuple[float, T]] = {}

    def get(self, name: str) -> T | None:
        """Return the value of a name; ``None`` if it is missing or too old."""
        kept_at, value = self._values.get(name, (None, None))
        return value if kept_at is not None and self._clock() - kept_at < self._seconds else None

    def keep(self, name: str, value: T) -> None:
        """Store a value, and evict the oldest one if there are too many."""
        self._values.pop(name, None)
        self._values[name] = (self._clock(), value)
        if len(self._values) > self._size:
            del self._values[next(iter(self._values))]

    def forget(self, name: str) -> None:
        """Remove the value of a name."""
        self._values.pop(name, None)

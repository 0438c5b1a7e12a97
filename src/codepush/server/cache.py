"""A cache of bounded size, in bytes, that evicts the oldest entries."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ENTRY", "BoundedCache"]

K = TypeVar("K")
V = TypeVar("V")

ENTRY: Final = 128
"""Bytes that a dictionary needs for an entry, besides its key and value."""

_BATCH: Final = 64
"""Share of the entries evicted at a time (1 in 64): a dictionary finds its oldest entry by skipping removed ones."""


class BoundedCache(Generic[K, V]):
    """The newest entries, up to a number of bytes. The oldest ones are evicted first, used or not.

    A read is therefore a single look-up. An evicted entry that is still in use is built and added again.

    Args:
        limit: Bytes of all entries together. A larger entry is not stored.
        cost: Returns the bytes of an entry; constant while the entry is stored.

    Attributes:
        values: The entries, oldest first. Read them directly where a method call is too slow.
        size: Bytes of all entries.

    """

    __slots__ = ("_cost", "_limit", "size", "values")

    def __init__(self, limit: int, cost: Callable[[K, V], int]) -> None:
        self._limit = limit
        self._cost = cost
        self.values: dict[K, V] = {}
        self.size = 0

    def get(self, key: K) -> V | None:
        """Return a value; ``None`` if it is not cached."""
        return self.values.get(key)

    def add(self, key: K, value: V) -> None:
        """Store a value (not ``None``) as the newest; it replaces an earlier one with this key."""
        self.pop(key)
        self.values[key] = value
        self.size += self._cost(key, value)
        while self.size > self._limit:
            for oldest in list(islice(self.values, 1 + len(self.values) // _BATCH)):
                self.pop(oldest)

    def pop(self, key: K) -> V | None:
        """Remove a value and return it; ``None`` if it is not cached."""
        value = self.values.pop(key, None)
        if value is not None:
            self.size -= self._cost(key, value)
        return value

    def clear(self) -> None:
        """Remove all values."""
        self.values.clear()
        self.size = 0

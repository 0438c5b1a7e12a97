"""A cache of bounded size: what was added last, in so many bytes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ENTRY", "BoundedCache"]

K = TypeVar("K")
V = TypeVar("V")

ENTRY: Final = 128
"""Bytes that a dictionary needs for an entry, besides its key and value, at its emptiest."""

_BATCH: Final = 64
"""One entry in so many is evicted at a time, since a dictionary finds its oldest entry by passing the removed ones."""


class BoundedCache(Generic[K, V]):
    """Keeps what was added last, up to a number of bytes. The oldest entries are evicted first, used or not.

    So reading costs one look-up and nothing more. An entry that is still in use is built and added again.

    Args:
        limit: bytes that all entries may take together. An entry that is larger is not kept.
        cost: returns the bytes that an entry takes, and the same for as long as it is kept.

    Attributes:
        values: the entries, oldest first. Read them directly where a method call costs too much.
        size: bytes that they take.

    """

    __slots__ = ("_cost", "_limit", "size", "values")

    def __init__(self, limit: int, cost: Callable[[K, V], int]) -> None:
        self._limit = limit
        self._cost = cost
        self.values: dict[K, V] = {}
        self.size = 0

    def get(self, key: K) -> V | None:
        """Return a value if it is still there."""
        return self.values.get(key)

    def add(self, key: K, value: V) -> None:
        """Keep a value (not ``None``) as the newest, in place of an earlier one with this key."""
        self.pop(key)
        self.values[key] = value
        self.size += self._cost(key, value)
        while self.size > self._limit:
            for oldest in list(islice(self.values, 1 + len(self.values) // _BATCH)):
                self.pop(oldest)

    def pop(self, key: K) -> V | None:
        """Remove a value and return it, if it is there."""
        value = self.values.pop(key, None)
        if value is not None:
            self.size -= self._cost(key, value)
        return value

    def clear(self) -> None:
        """Remove all values."""
        self.values.clear()
        self.size = 0

"""What was made lately, in bounded memory."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Recent"]

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps what was used lately, at most ``2 * size`` values, at the cost of one or two look-ups.

    There are two generations. What is added or found goes into the young one; when that is full it
    becomes the old one, and the old one is forgotten. So whatever is used once in ``size`` additions stays.

    Attributes:
        young, old: the generations. Whoever is in a hurry may look into ``young`` directly.

    """

    __slots__ = ("_size", "old", "young")

    def __init__(self, size: int) -> None:
        self._size = size
        self.young: dict[K, V] = {}
        self.old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return a value if it is still there."""
        value = self.young.get(key)
        if value is None:
            value = self.old.pop(key, None)
            if value is not None:
                self.add(key, value)
        return value

    def add(self, key: K, value: V) -> None:
        """Keep a value (not ``None``), in the place of the one before."""
        if len(self.young) >= self._size and key not in self.young:
            self.old, self.young = self.young, {}
        self.young[key] = value

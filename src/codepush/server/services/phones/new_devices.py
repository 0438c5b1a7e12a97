"""The limit on new devices that one address may add in an hour.

A device ID is any string that a client sends, and each one is a row in the database. Beyond the limit a report counts
like one without an ID, so devices that share an address, as those of a mobile carrier do, never get an error.

This is not the rate limit of requests, which refills steadily: here the number in an hour is exact, and a transaction
that fails uses nothing. The count is this process's own: several workers allow as many times the number.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Admissions", "NewDevices"]

_HOUR: Final = 3600.0
_ADDRESSES: Final = 10_000


class NewDevices:
    """How many new devices each address has added in its current hour, which begins with the first of them.

    Args:
        per_hour: Number of new devices per address; ``None`` for no limit.
        addresses: Number of addresses to store; beyond it, the one whose hour began first is evicted.
        clock: Seconds since any moment, never going back.

    """

    def __init__(
        self, per_hour: int | None, *, addresses: int = _ADDRESSES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_hour = per_hour
        self._addresses = addresses
        self._clock = clock
        self._hours: dict[str, tuple[float, int]] = {}

    def begin(self) -> Admissions:
        """Return the admissions of one transaction."""
        return Admissions(self)

    def room(self, address: str) -> float:
        """Return how many new devices an address may still add in its current hour."""
        if self._per_hour is None:
            return float("inf")
        began_at, count = self._hours.get(address, (self._clock(), 0))
        return self._per_hour - (count if self._clock() < began_at + _HOUR else 0)

    def add(self, address: str, count: int) -> None:
        """Count new devices of an address."""
        if self._per_hour is None:
            return
        now = self._clock()
        began_at, before = self._hours.get(address, (now, 0))
        if now < began_at + _HOUR:
            self._hours[address] = (began_at, before + count)
        else:  # keep the order of beginnings
            del self._hours[address]
            self._hours[address] = (now, count)
        if len(self._hours) > self._addresses:
            del self._hours[next(iter(self._hours))]


class Admissions:
    """The new devices that one transaction adds; they count against the limit once it is committed."""

    def __init__(self, limit: NewDevices) -> None:
        self._limit = limit
        self._admitted: Counter[str] = Counter()

    def admit(self, address: str | None) -> bool:
        """Return whether a new device may be added.

        Args:
            address: The address as limits count it; ``None`` if no limit applies to it.

        """
        if address is None:
            return True
        if self._limit.room(address) <= self._admitted[address]:
            return False
        self._admitted[address] += 1
        return True

    def confirm(self) -> None:
        """Count the devices, after the transaction was committed."""
        for address, count in self._admitted.items():
            self._limit.add(address, count)

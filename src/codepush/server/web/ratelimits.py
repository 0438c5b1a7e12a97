"""Rate limits, so that one client cannot block the server for others.

Each process counts on its own: with several workers, a client has a multiple of the limit. That suffices against
runaway scripts, the purpose of the limit; it protects no secret.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

from codepush.server.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RateLimit", "RateLimitedError"]

_MINUTE: Final = 60.0

_CROWD: Final = 10_000
"""Number of subjects to store; beyond it, the one with the oldest last request is evicted."""


class RateLimitedError(ServiceError):
    """Too many requests from one subject. ``retry_after`` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many requests, please try again later.", code="rate_limited")
        self.retry_after = retry_after


class RateLimit:
    """Allows each subject a number of requests per minute, in a burst or one by one.

    One time per subject is stored: when its requests so far are used up at the steady rate. A request exceeds the limit
    if that time is more than a minute ahead.

    Args:
        per_minute: The number of requests; at least 1.
        clock: Seconds that never go backwards.

    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = _MINUTE / per_minute
        self._clock = clock
        self._used_up_at: dict[str, float] = {}

    def check(self, subject: str) -> None:
        """Count a request of a subject.

        Raises:
            RateLimitedError: The request exceeds the limit, and was not counted.

        """
        now = self._clock()
        used_up_at = self._next(subject, now)
        self._used_up_at.pop(subject, None)
        if len(self._used_up_at) >= _CROWD:
            del self._used_up_at[next(iter(self._used_up_at))]
        self._used_up_at[subject] = used_up_at  # moves to the end, so that the oldest comes first

    def refuse_exhausted(self, subject: str) -> None:
        """Reject a subject whose next request would exceed the limit, without counting it.

        Raises:
            RateLimitedError: The next request would exceed the limit.

        """
        self._next(subject, self._clock())

    def _next(self, subject: str, now: float) -> float:
        """Return when a subject's requests are used up after the next one, which must be within the limit."""
        used_up_at = max(self._used_up_at.get(subject, now), now) + self._interval
        wait = used_up_at - now - _MINUTE
        if wait > _ROUNDING:
            raise RateLimitedError(math.ceil(wait))
        return used_up_at


_ROUNDING: Final = 1e-6
"""Rounding error of sums of intervals, in seconds."""

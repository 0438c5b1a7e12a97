"""Rate limits, so that one client cannot block the server for others.

The count is this process's own: with several workers a client has as many times the limit. That is
enough against a script that runs wild, which is what the limit is for; nothing is secret behind it.
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
"""How many subjects are remembered; beyond it, the one that has been silent for longest is forgotten."""


class RateLimitedError(ServiceError):
    """Too many requests came from there. ``retry_after`` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many requests, please try again later.", code="rate_limited")
        self.retry_after = retry_after


class RateLimit:
    """Lets a subject make a number of requests a minute, all at once or one by one.

    Of each subject one moment is remembered: when its requests so far are used up at the steady rate.
    A request is one too many when that moment lies more than a minute ahead.

    Args:
        per_minute: how many requests; at least 1.
        clock: seconds from any moment on, never going back.

    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = _MINUTE / per_minute
        self._clock = clock
        self._used_up_at: dict[str, float] = {}

    def check(self, subject: str) -> None:
        """Count a request of a subject's.

        Raises:
            RateLimitedError: it is one too many, and was not counted.

        """
        now = self._clock()
        used_up_at = self._next(subject, now)
        self._used_up_at.pop(subject, None)
        if len(self._used_up_at) >= _CROWD:
            del self._used_up_at[next(iter(self._used_up_at))]
        self._used_up_at[subject] = used_up_at  # at the end, so that the first one has been silent for longest

    def refuse_exhausted(self, subject: str) -> None:
        """Reject a subject whose next request would be one too many, without counting anything.

        Raises:
            RateLimitedError: the next request would be one too many.

        """
        self._next(subject, self._clock())

    def _next(self, subject: str, now: float) -> float:
        """Return when a subject's requests are used up with the next one, which must not be one too many."""
        used_up_at = max(self._used_up_at.get(subject, now), now) + self._interval
        wait = used_up_at - now - _MINUTE
        if wait > _ROUNDING:
            raise RateLimitedError(math.ceil(wait))
        return used_up_at


_ROUNDING: Final = 1e-6
"""Seconds by which sums of intervals may be wrong."""

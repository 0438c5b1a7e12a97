"""Decisions of a call, without I/O.

``perform`` is a generator: it yields requests and pauses, receives their outcomes, and returns the
result or raises an error. A driver does the I/O, so both clients share these decisions, and tests
need neither network nor clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from codepush.errors import APIError, CodePushError, DecodeError
from codepush.wire.gateways import PAGE_MESSAGE, is_page
from codepush.wire.messages import Request, Response
from codepush.wire.standalone import error_from, honours_keys, server_honours_keys

if TYPE_CHECKING:
    from codepush.wire.standalone import Call

__all__ = ["Failure", "Outcome", "Pause", "Policy", "Send", "Step", "perform"]

T = TypeVar("T")

_BUSY: Final = frozenset({429, 502, 503, 504})
"""Statuses of temporary failures."""

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0
_LONGEST_ASKED_PAUSE: Final = 60.0


class Send(Struct, frozen=True):
    """Send a request and return its outcome."""

    request: Request


class Pause(Struct, frozen=True):
    """Wait for some seconds."""

    seconds: float


class Failure(Struct, frozen=True, kw_only=True):
    """No response arrived.

    ``sent``: the server may have received part of the request. ``lasting``: a retry would fail too.
    """

    error: CodePushError
    sent: bool = True
    lasting: bool = False


Step: TypeAlias = Send | Pause
Outcome: TypeAlias = Response | Failure


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Policy(Struct, frozen=True, kw_only=True):
    """Retry policy; ``dice`` returns a random number from 0 up to 1, ``now`` the time in UTC."""

    max_retries: int = 3
    dice: Callable[[], float] = random.random
    now: Callable[[], datetime] = _utc_now

    def pause(self, attempt: int, error: CodePushError) -> float | None:
        """Return the seconds to wait after an attempt (counted from 0), or ``None`` to give up.

        The wait is random, up to half a second at first and doubling each time, so that clients do not
        retry in step. It is added to ``Retry-After``. If that is more than a minute, the call fails instead.
        """
        asked = (error.retry_after if isinstance(error, APIError) else None) or 0.0
        if attempt >= self.max_retries or asked > _LONGEST_ASKED_PAUSE:
            return None
        return asked + self.dice() * min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(attempt, 10))

    def after(self, attempt: int) -> Policy:
        """Return the policy with one retry less."""
        return replace(self, max_retries=self.max_retries - attempt - 1)


def perform(call: Call[T], policy: Policy) -> Generator[Step, Outcome | None, T]:
    """Yield the steps of a call, expecting an outcome for each ``Send`` and ``None`` for each ``Pause``.

    Returns:
        The decoded response.

    Raises:
        CodePushError: The last failure, or the error of the last response.

    """
    for attempt in count():
        outcome = yield Send(call.request)
        assert outcome is not None
        if isinstance(outcome, Response) and outcome.status // 100 == 2:  # noqa: PLR2004 - 2xx is success in HTTP
            return _read(call, outcome)
        error = outcome.error if isinstance(outcome, Failure) else error_from(outcome, policy.now())
        pause = policy.pause(attempt, error) if _may_repeat(call, outcome) else None
        if pause is None:
            raise error
        yield Pause(pause)
        if _may_happen_twice(call, outcome) and not (yield from _asked_for_keys(policy.after(attempt))):
            raise error
    raise AssertionError


def _read(call: Call[T], response: Response) -> T:
    if is_page(response.body):
        raise DecodeError(PAGE_MESSAGE)
    return call.read(response)


def _may_repeat(call: Call[T], outcome: Outcome) -> bool:
    harmless = call.repeatable or call.is_keyed
    if isinstance(outcome, Failure):
        return not outcome.lasting and (harmless or not outcome.sent)
    return harmless and outcome.status in _BUSY


def _may_happen_twice(call: Call[T], outcome: Outcome) -> bool:
    """Return whether a retry may repeat a change, unless the server supports idempotency keys."""
    if call.repeatable:
        return False
    return outcome.sent if isinstance(outcome, Failure) else not honours_keys(outcome)


def _asked_for_keys(policy: Policy) -> Generator[Step, Outcome | None, bool]:
    """Check whether the server supports idempotency keys; without a response, it counts as no."""
    try:
        return (yield from perform(server_honours_keys(), policy))
    except CodePushError:
        return False

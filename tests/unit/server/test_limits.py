"""Limits on how many requests may come, and how long one may take."""

import asyncio

import pytest

from codepush.server.web.ratelimits import RateLimit, RateLimitedError
from codepush.server.web.timelimits import TookTooLongError, at_most


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


def taken(limit, subject, times):
    """Return how many of so many requests are taken."""
    count = 0
    for _ in range(times):
        try:
            limit.check(subject)
        except RateLimitedError:
            continue
        count += 1
    return count


@pytest.mark.parametrize("per_minute", [1, 7, 60, 1200])
def test_a_minute_s_worth_may_come_at_once(per_minute):
    """So many are taken, and not one more."""
    limit = RateLimit(per_minute, clock=Clock())
    assert taken(limit, "ada", per_minute * 2) == per_minute


def test_room_grows_back_steadily():
    """After half a minute half of the requests may come again."""
    clock = Clock()
    limit = RateLimit(60, clock=clock)
    taken(limit, "ada", 60)
    clock.time += 30
    assert taken(limit, "ada", 60) == 30
    clock.time += 3600
    assert taken(limit, "ada", 200) == 60


def test_who_waits_as_told_is_taken():
    """The refusal says for how many whole seconds to wait, and that is enough."""
    clock = Clock()
    limit = RateLimit(7, clock=clock)
    taken(limit, "ada", 7)
    for _ in range(20):
        with pytest.raises(RateLimitedError) as caught:
            limit.check("ada")
        assert caught.value.retry_after >= 1
        clock.time += caught.value.retry_after
        limit.check("ada")


def test_one_does_not_use_up_the_room_of_another():
    """Each subject has a count of its own."""
    limit = RateLimit(3, clock=Clock())
    assert (taken(limit, "ada", 5), taken(limit, "bob", 5)) == (3, 3)


def test_a_crowd_is_not_remembered_for_ever():
    """However many come, memory is bounded: the one that has been silent for longest is forgotten."""
    limit = RateLimit(2, clock=Clock())
    taken(limit, "ada", 2)
    for number in range(30_000):
        limit.check(str(number))
    assert len(limit._used_up_at) == 10_000
    assert taken(limit, "29999", 2) == 1
    assert taken(limit, "ada", 2) == 2


def test_looking_at_a_limit_counts_nothing():
    """Whether the next request would be rejected can be asked any number of times."""
    limit = RateLimit(1, clock=Clock())
    for _ in range(5):
        limit.refuse_exhausted("ada")
    limit.check("ada")
    with pytest.raises(RateLimitedError):
        limit.refuse_exhausted("ada")


@pytest.mark.anyio
async def test_what_takes_too_long_is_given_up():
    """The block is cancelled, and the refusal says after how long."""
    with pytest.raises(TookTooLongError, match=r"longer than 0\.01 seconds"):
        async with at_most(0.01):
            await asyncio.sleep(10)


@pytest.mark.anyio
async def test_another_timeout_stays_what_it_is():
    """A TimeoutError that the block raises by itself is not taken for the limit."""
    with pytest.raises(TimeoutError, match="mine"):
        async with at_most(10):
            raise TimeoutError("mine")

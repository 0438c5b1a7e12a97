"""The pace at which requests start."""

import asyncio

import pytest

from codepush.server.web.pace import Pace

pytestmark = pytest.mark.anyio


async def test_few_requests_start_in_one_iteration():
    """All of them start, in their order, and the loop does other work in between."""
    pace, loop, started, seen = Pace(3), asyncio.get_running_loop(), [], []
    for number in range(10):
        pace.start(lambda number=number: started.append(number), loop)
    while len(started) < 10:
        seen.append(len(started))
        await asyncio.sleep(0)
    assert started == list(range(10))
    assert seen == [3, 6, 9]


async def test_a_request_starts_immediately_while_others_are_few():
    """Without a crowd nothing waits, in whatever iteration it comes."""
    pace, loop, started = Pace(3), asyncio.get_running_loop(), []
    for number in range(5):
        pace.start(lambda number=number: started.append(number), loop)
        assert started[-1] == number
        await asyncio.sleep(0)

"""The two roads of an update check, compared at length; see `contract.test_roads`."""

import random

import pytest

from contract.test_roads import differing, roads
from contract.test_update_check import CASES
from support.raw_requests import Maker

pytestmark = pytest.mark.anyio

CONVERSATIONS = 6_500


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1000, 1010))
async def test_generated_requests(seed):
    """A hundred thousand requests in all get the same bytes on both roads; the fast one takes a good part of them."""
    fast, ordinary = await roads()
    maker = Maker(CASES, random.Random(seed))
    conversations = (maker.alone() if number % 2 else maker.conversation() for number in range(CONVERSATIONS))
    assert await differing((fast, ordinary), conversations) == []
    assert maker.made > 10_000
    assert fast.answered_fast > CONVERSATIONS / 2

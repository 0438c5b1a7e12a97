"""The two paths of an update check, compared at length; see `contract.test_fast_path_parity`."""

import random

import pytest

from contract.test_fast_path_parity import both_paths, differing
from contract.test_update_check import CASES
from support.raw_requests import Maker

pytestmark = pytest.mark.anyio

CONVERSATIONS = 6_500


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1000, 1010))
async def test_generated_requests(seed):
    """A hundred thousand requests in all get the same bytes on both paths; many take the fast one."""
    fast, standard = await both_paths()
    maker = Maker(CASES, random.Random(seed))
    conversations = (maker.alone() if number % 2 else maker.conversation() for number in range(CONVERSATIONS))
    assert await differing((fast, standard), conversations) == []
    assert maker.made > 10_000
    assert fast.answered_fast > CONVERSATIONS / 2

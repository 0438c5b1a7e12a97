"""What was acknowledged survives ``kill -9``: a short run of what ``make test-long`` does hundreds of times."""

import pytest

from support.crash.ordeal import undergo
from support.crash.server import KillableServer

pytestmark = pytest.mark.anyio

KILLS = 3


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request, tmp_path):
    options = []
    if request.param == "postgresql":
        options = ["--database-url", request.getfixturevalue("postgresql_url")]
    server = KillableServer(tmp_path / "data", *options)
    yield server
    server.kill()


async def test_nothing_acknowledged_is_lost(server, tmp_path):
    """Killed again and again under load, the server has all it acknowledged, no half of anything, and every archive."""
    outcome = await undergo(server, tmp_path, kills=KILLS, seed=1)
    assert outcome.kills == KILLS
    assert min(outcome.changes, outcome.reports, outcome.downloads, outcome.releases, outcome.diffs) > 0, outcome

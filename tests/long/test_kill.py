"""What was acknowledged survives ``kill -9`` at hundreds of moments, with one process that answers and with several."""

import pytest

from support.crash.ordeal import undergo
from support.crash.server import KillableServer

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(3600)]

KILLS = 100

EMBEDDED, DATABASE, FLEET = "SQLite and a folder", "PostgreSQL and a folder", "PostgreSQL and S3"


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("places", [EMBEDDED, DATABASE, FLEET])
async def test_nothing_acknowledged_is_lost(tmp_path, request, places, workers):
    """However often it is killed, the server has all it acknowledged, no half of anything, and every archive."""
    options = ["--workers", f"{workers}"]
    if places != EMBEDDED:
        options += ["--database-url", request.getfixturevalue("postgresql_url")]
    if places == FLEET:
        options += ["--storage-url", request.getfixturevalue("s3_url")]
    server = KillableServer(tmp_path / "data", *options)
    try:
        outcome = await undergo(server, tmp_path, kills=KILLS, seed=workers)
    finally:
        server.kill()
    print(outcome)  # noqa: T201 - what `make test-long` is run to see
    assert outcome.kills == KILLS
    assert min(outcome.changes, outcome.reports, outcome.downloads, outcome.releases, outcome.diffs) > 0, outcome

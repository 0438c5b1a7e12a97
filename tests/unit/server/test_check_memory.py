"""How much memory update checks take, whatever is sent."""

import gc
import tracemalloc

import pytest

from codepush.models import Package
from codepush.server.counters import Checks as Counts
from codepush.server.ports.histories import DeploymentHistory
from codepush.server.services.phones.updates import Updates
from codepush.server.web.check_responses import ANSWER_BYTES, Checks
from codepush.server.web.fastpath import HEAD_BYTES, LINE_BYTES, FastPath
from contract.test_update_check_routes import RecordedHistories

pytestmark = pytest.mark.anyio

DIFFERENT = 150_000
KEY = "a-deployment-key"


@pytest.mark.no_cover  # traces of coverage count as memory, and take minutes
async def test_different_checks_stay_within_the_documented_bytes():
    """150,000 checks of different versions, hashes, labels and headers take less than all limits together."""
    packages = [
        Package(app_version="*", package_hash=f"{number:064x}", label=f"v{number}", blob_url=f"http://h/{number}")
        for number in range(1, 40)
    ]
    packages.append(Package(app_version="*", package_hash="f" * 64, label="v40", blob_url="http://h/40", rollout=25))
    histories = RecordedHistories([])
    histories.histories = {KEY: DeploymentHistory(deployment_id=1, revision=1, packages=tuple(packages))}
    updates, checks = Updates(histories), Checks()
    fast = FastPath(updates, checks, Counts())
    await updates.find(KEY)
    gc.collect()
    tracemalloc.start()
    try:
        answered = sum(fast.answer(request(number), []) is not None for number in range(DIFFERENT))
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    limits = LINE_BYTES + ANSWER_BYTES + HEAD_BYTES
    assert answered == DIFFERENT
    assert limits / 4 < taken < limits
    assert fast._lines.size <= LINE_BYTES
    assert checks._answers.size <= ANSWER_BYTES
    assert fast._lines.size + fast._heads.size + checks._answers.size > limits / 2


def request(number):
    """Return an update check that was not sent before."""
    line = (
        f"GET /v0.1/public/codepush/update_check?deployment_key={KEY}&app_version=1.{number}.0"
        f"&package_hash={number % 39:064x}&label=v{number % 41}&client_unique_id=d HTTP/1.1"
    )
    return f"{line}\r\nHost: h\r\nX-Number: {number}\r\n\r\n".encode()

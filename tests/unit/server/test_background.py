"""Parts of the server that run beside requests outlive what they did not expect."""

import anyio
import pytest

from codepush.server.background import keep_running
from codepush.server.counters import Failures

pytestmark = pytest.mark.anyio


async def test_a_part_that_fails_begins_again(caplog):
    """The failure is logged with its traceback and counted, and the part goes on until it is cancelled."""
    failures, runs = Failures(), []

    async def part():
        runs.append(len(runs))
        if len(runs) < 3:
            raise ZeroDivisionError
        await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: keep_running(part, failures, pause=0))
        with anyio.fail_after(10):
            while len(runs) < 3:  # noqa: ASYNC110 - the part has nothing to wait for
                await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    assert failures.server == 2
    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError] * 2
    assert "test_a_part_that_fails_begins_again" in caplog.text

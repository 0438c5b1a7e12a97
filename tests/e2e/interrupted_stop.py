"""A process that stops or starts all updates, and is killed by itself before a deployment of its choice."""

import os
import signal
import sys

import anyio

from codepush.server import operations
from codepush.server.settings import Settings
from codepush.server.storage.sql.deployments import SqlDeployments


def kill_before(number):
    """Let the process die as a power cut would end it, when it is about to change its ``number``-th deployment."""
    stop, changed = SqlDeployments.stop, iter(range(1, number))

    async def stop_or_die(self, *place):
        if next(changed, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        await stop(self, *place)

    SqlDeployments.stop = stop_or_die  # type: ignore[method-assign]


command, database_url, data, number = sys.argv[1:]
kill_before(int(number))
settings = Settings.load({"data": data, "database_url": database_url}, {})
anyio.run(operations.stop_updates if command == "stop-updates" else operations.start_updates, settings, None)

"""A process that records releases as fast as it can and prints the number of each one it was promised."""

import asyncio
import sys

from codepush.server.ports.devices import Addition
from codepush.server.ports.releases import NewRelease
from codepush.server.storage.sql.store import SqlStore


async def main(url, deployment_id, package_id, count):
    store = SqlStore(url)
    release = NewRelease(
        package_id=int(package_id), app_version="1", upload_time=1, release_method="Upload", released_by="process"
    )
    for _ in range(int(count)):
        async with store.write() as records:
            added = await records.releases.add(int(deployment_id), release)
            await records.devices.count([Addition(int(deployment_id), "v1", "downloaded", 1)], hour=0)
        print(added.number, flush=True)  # noqa: T201 - what the test reads
    await store.close()


asyncio.run(main(*sys.argv[1:]))

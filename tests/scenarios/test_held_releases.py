"""A held release: devices that run it keep it, and no other device gets it, whatever is released meanwhile."""

import time

import anyio
import httpx2
import pytest
from msgspec.structs import replace

from codepush import PackageInfo
from codepush.device import SimulatedDevice
from codepush.rules import rollout
from codepush.server.storage.sql.store import SqlStore
from support.databases import ENGINES
from support.packages import make_bundle

DATABASES = ENGINES
HEARD_SECONDS = 10


class World:
    """An app whose releases are made and held, and devices of it."""

    def __init__(self, server, client, folder):
        self.server = server
        self.client = client
        self.folder = folder
        client.add_app("App")
        self.key = client.get_deployment("App", "Staging").key

    def release(self, script, **info):
        bundle = make_bundle(self.folder / script, script)
        return self.client.release("App", "Staging", bundle, "1.0.0", PackageInfo(**info)).label

    def device(self, device_id):
        return SimulatedDevice(
            self.folder / device_id,
            server_url=self.server.url,
            deployment_key=self.key,
            app_version="1.0.0",
            client_unique_id=device_id,
        )

    def hold(self, label, *, is_held=True):
        """Hold a release beside the server, as another node does."""

        async def run():
            store = SqlStore(self.server.settings.database_url)
            async with store.write() as records:
                deployment = await records.deployments.with_key(self.key)
                [record] = [one for one in await records.releases.history(deployment.id) if f"v{one.number}" == label]
                await records.releases.update(deployment.id, replace(record, is_held=is_held))
            await store.close()

        anyio.run(run)


@pytest.fixture
def world(codepush_server, tmp_path):
    with codepush_server.client() as client:
        yield World(codepush_server, client, tmp_path)


def device_ids(*wanted):
    """Return an id for each wish: the percentages of rollouts of v2 and of v3 that it is in, or is not."""
    ids = [f"device-{number}" for number in range(1000)]
    return [next(one for one in ids if (in_rollout(one, "v2"), in_rollout(one, "v3")) == wish) for wish in wanted]


def in_rollout(device_id, label):
    return rollout.is_selected(device_id, 50, label)


def offered(device):
    update = device.check()
    return update and update.label


def update(device):
    device.sync()
    device.restart()
    return device.running.label


def wait_for(device, label):
    deadline = time.monotonic() + HEARD_SECONDS
    while offered(device) != label:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_devices_keep_a_held_release_and_get_the_next_one(world):
    """Neither a newer rollout nor the end of its own takes it back or gives it to others."""
    runs, waits, new = [world.device(one) for one in device_ids((True, False), (True, True), (False, True))]
    world.release("one")
    assert [update(one) for one in (runs, waits)] == ["v1", "v1"]
    world.release("two", rollout=50)
    assert update(runs) == "v2"
    assert offered(waits) == "v2"

    world.hold("v2")
    wait_for(waits, None)
    assert (update(runs), update(waits), offered(new)) == ("v2", "v1", "v1")
    world.client.patch_release("App", "Staging", "v2", PackageInfo(rollout=100))
    assert (update(runs), update(waits), offered(new)) == ("v2", "v1", "v1")

    assert world.release("three", rollout=50) == "v3"
    assert (update(runs), offered(waits), offered(new)) == ("v2", "v3", "v3")
    world.client.patch_release("App", "Staging", "v3", PackageInfo(is_disabled=True))
    assert (update(runs), update(waits), offered(new)) == ("v2", "v1", "v1")
    world.client.patch_release("App", "Staging", "v3", PackageInfo(is_disabled=False, rollout=100))
    assert [update(one) for one in (runs, waits, new)] == ["v3", "v3", "v3"]


def test_a_release_that_is_no_longer_held_is_offered_again(world):
    """Its rollout goes on where it was."""
    inside, outside = [world.device(one) for one in device_ids((True, False), (False, False))]
    world.release("one")
    world.release("two", rollout=50)
    world.hold("v2")
    wait_for(inside, "v1")
    world.hold("v2", is_held=False)
    wait_for(inside, "v2")
    assert offered(outside) == "v1"


def test_no_management_api_sends_it(world):
    """Histories in both dialects have the fields of an ordinary release."""
    world.release("one")
    headers = {"X-API-Token": world.server.access_key}
    paths = (
        "/apps/App/deployments/Staging/history",
        "/apps/App/deployments",
        "/v0.1/apps/owner@example.test/App/deployments/Staging/releases",
    )
    with httpx2.Client(base_url=world.server.url, headers=headers) as http:
        before = [http.get(path) for path in paths]
        world.hold("v1")
        after = [http.get(path) for path in paths]
    assert {one.status_code for one in before + after} == {200}
    assert [one.json() for one in before] == [one.json() for one in after]
    assert not any("held" in one.text.lower() for one in after)

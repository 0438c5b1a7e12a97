"""A running scripted server, and devices that ask it."""

import threading

import pytest

from codepush.device import SimulatedDevice
from unit.device.scripted import KEY, ScriptedServer


@pytest.fixture
def server():
    """Give a running server."""
    with ScriptedServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def make_device(server, tmp_path):
    """Give a function that makes a device; called again it is another process on the same folder."""

    def make(**settings):
        usual = {"server_url": server.url, "deployment_key": KEY, "app_version": "1.0.0", "timeout": 5.0}
        return SimulatedDevice(tmp_path / "device", **(usual | settings))

    return make


@pytest.fixture
def device(make_device):
    """Give an Android device with the binary 1.0.0 on it."""
    return make_device()

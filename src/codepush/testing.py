"""A live server and simulated devices, for tests of your own release scripts.

Load the fixtures from a ``conftest.py``:

```python
pytest_plugins = ["codepush.testing"]
```

Then a test can release something and see what a device makes of it:

```python
def test_release(codepush_server, codepush_device, tmp_path):
    with codepush_server.client() as code_push:
        code_push.add_app("App")
        code_push.release("App", "Staging", "build/CodePush", "1.0.0")
        key = code_push.get_deployment("App", "Staging").key
    device = codepush_device(deployment_key=key, app_version="1.0.0")
    assert device.check() is not None
```

The server is the real one, with a database and a folder of its own; nothing outlives the test.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import uvicorn

from codepush.client import CodePush
from codepush.device import SimulatedDevice
from codepush.errors import CodePushError
from codepush.server import process
from codepush.server.app import create_app
from codepush.server.operations import add_account, add_key, prepare
from codepush.server.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["LiveServer", "codepush_device", "codepush_server", "live_server"]

_START_SECONDS = 30.0


class LiveServer:
    """A running server.

    Attributes:
        url: Its URL.
        settings: Its settings; ``settings.data`` is the folder with all it keeps.
        access_key: The key of its first account, ``owner@example.test``.

    """

    def __init__(self, url: str, settings: Settings, access_key: str) -> None:
        self.url = url
        self.settings = settings
        self.access_key = access_key

    def client(self, access_key: str | None = None, **options: Any) -> CodePush:  # noqa: ANN401 - passed on
        """Return a client for the first account, or for the one whose key is given."""
        return CodePush(access_key or self.access_key, self.url, **options)

    def add_account(self, email: str) -> str:
        """Add an account and return its access key."""
        return anyio.run(add_account, self.settings, email, "")[1]


@contextmanager
def live_server(data: Path, **settings: Any) -> Iterator[LiveServer]:  # noqa: ANN401 - see Settings
    """Run a server in a thread, on a free port of the loopback, until the block ends.

    Args:
        data: Folder of its database and archives, which may have data of an earlier server.
        settings: Further settings by name, as in `codepush.server.settings.Settings`.

    """
    with process.listen("127.0.0.1", 0) as listener:
        url = process.address(listener)
        loaded = Settings.load({"data": data, **settings}, {}, address=url)
        anyio.run(prepare, loaded)
        access_key = anyio.run(_owner_key, loaded)
        config = uvicorn.Config(
            create_app(loaded),
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            http=process.connection_class(),
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="codepush-server")
        thread.start()
        try:
            _wait_until(lambda: server.started or not thread.is_alive())
            yield LiveServer(url, loaded, access_key)
        finally:
            server.should_exit = True
            thread.join()


async def _owner_key(settings: Settings) -> str:
    """Return a key of the first account, and create the account unless an earlier server on this data did."""
    try:
        return (await add_account(settings, "owner@example.test", "Owner"))[1]
    except CodePushError:
        _, access_key = await add_key(settings, "owner@example.test", None, 1)
        assert access_key.key is not None  # a new key has its secret
        return access_key.key


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("The server did not start in time.")
        time.sleep(0.01)


@pytest.fixture
def codepush_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Provide a running server with one account and no other data."""
    with live_server(tmp_path_factory.mktemp("codepush-server")) as server:
        yield server


@pytest.fixture
def codepush_device(
    codepush_server: LiveServer, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., SimulatedDevice]:
    """Provide a factory of simulated devices; each call returns a new device with its own folder."""
    numbers = count(1)

    def make(**options: Any) -> SimulatedDevice:  # noqa: ANN401 - see SimulatedDevice
        folder = tmp_path_factory.mktemp(f"codepush-device-{next(numbers)}")
        return SimulatedDevice(folder, **{"server_url": codepush_server.url, **options})

    return make

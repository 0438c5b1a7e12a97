"""An attack on a running server: what it costs in memory, and what devices notice of it.

Server, attackers and the device that measures are processes of their own, so that the attackers cannot delay the
measurement itself.
"""

import gc
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection
from urllib.parse import urlsplit

import pytest

from codepush import CodePush
from e2e.test_server_command import add_account, start
from scenarios.test_fast_path import answer
from support.attacks import ATTACKS

SECONDS = 20
MOST_MEGABYTES = 150
SLOWEST_SECONDS = 0.25
CHECK = b"GET /v0.1/public/codepush/update_check?deployment_key=%b&app_version=1.0.0 HTTP/1.1\r\nHost: h\r\n\r\n"


def megabytes(process):
    """Return the memory that a process holds."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    return int(found[1]) / 1000


class Device:
    """A device that asks for updates steadily, each time on a new connection, and notes how long that took."""

    def __init__(self, server, key):
        place = urlsplit(server.url)
        self._place = place.hostname, place.port
        self._server = server
        self._key = key
        self.waits = []
        self.peak = 0.0

    def ask_until(self, is_over):
        while not is_over():
            began = time.monotonic()
            with create_connection(self._place, timeout=10) as connection:
                connection.sendall(CHECK % self._key)
                assert b'"label":"v1"' in answer(connection)[1]
            self.waits.append(time.monotonic() - began)
            self.peak = max(self.peak, megabytes(self._server.process))
            time.sleep(0.02)


@contextmanager
def attacked(server, key, download, kinds):
    """Attack a server from another process while the block runs; yield whether that is over."""
    command = [sys.executable, "-m", "support.attacks", server.url, key.decode(), download, str(SECONDS), *kinds]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(command, env=environment)
    try:
        yield lambda: process.poll() is not None
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0


@contextmanager
def without_collection():
    """Look for no garbage in this process, which is large and would measure its own pauses."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kinds", [ATTACKS, *([one] for one in ATTACKS)], ids="+".join)
def test_attack(tmp_path, kinds):
    """Endless heads, slow sockets, reports and unread downloads cost little memory, and devices do not notice."""
    access_key = add_account(tmp_path / "data")
    with start(tmp_path / "data") as server:
        with CodePush(access_key, server.url) as code_push:
            code_push.add_app("App")
            (tmp_path / "app.bin").write_bytes(b"".join(n.to_bytes(4, "big") for n in range(2_000_000)))
            code_push.release("App", "Staging", tmp_path / "app.bin", "1.0.0")
            key = code_push.get_deployment("App", "Staging").key.encode()
            download = urlsplit(code_push.get_deployment_history("App", "Staging")[0].blob_url).path
        idle = megabytes(server.process)
        device = Device(server, key)
        with attacked(server, key, download, kinds) as is_over, without_collection():
            device.ask_until(is_over)
    slowest = max(device.waits)
    print(  # noqa: T201 - the figures are what the run is for
        f"peak {device.peak - idle:.0f} MB above idle, slowest of {len(device.waits)} checks {slowest:.3f} s"
    )
    assert len(device.waits) > SECONDS
    assert device.peak - idle <= MOST_MEGABYTES
    assert slowest <= SLOWEST_SECONDS

"""An attack on a server in a process of its own: what it costs in memory, and what devices notice of it."""

import re
import socket
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from codepush import CodePush
from e2e.test_server_command import add_account, start
from scenarios.test_fast_path import answer

SECONDS = 20
MOST_MEGABYTES = 150
SLOWEST_SECONDS = 0.25
CHECK = b"GET /v0.1/public/codepush/update_check?deployment_key=%b&app_version=1.0.0 HTTP/1.1\r\nHost: h\r\n\r\n"


def megabytes(process):
    """Return the memory that a process holds."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    return int(found[1]) / 1000


class Attack:
    """Threads that attack a server until they are stopped; one of them is a device that asks steadily."""

    def __init__(self, server, key, download):
        place = urlsplit(server.url)
        self._place = place.hostname, place.port
        self._server = server
        self._key = key
        self._download = download
        self._stopped = threading.Event()
        self.peak = 0.0
        self.waits = []

    def run(self):
        """Attack for a while."""
        attacks = (self._heads, self._targets, self._slow_sockets, self._reports, self._downloads)
        threads = [threading.Thread(target=one) for one in (self._device, self._measure, *attacks)]
        for thread in threads:
            thread.start()
        time.sleep(SECONDS)
        self._stopped.set()
        for thread in threads:
            thread.join()

    def _connect(self):
        return socket.create_connection(self._place, timeout=10)

    def _device(self):
        while not self._stopped.wait(0.05):
            with self._connect() as connection:
                began = time.monotonic()
                connection.sendall(CHECK % self._key)
                assert b'"label":"v1"' in answer(connection)[1]
                self.waits.append(time.monotonic() - began)

    def _measure(self):
        while not self._stopped.wait(0.1):
            self.peak = max(self.peak, megabytes(self._server.process))

    def _repeat(self, *pieces):
        while not self._stopped.is_set():
            with suppress(OSError), self._connect() as connection:
                for piece in pieces:
                    connection.sendall(piece)
                connection.recv(65536)
            self._stopped.wait(0.05)

    def _heads(self):
        self._repeat(b"GET / HTTP/1.1\r\nHost: h\r\n", *[b"X-Name: %b\r\n" % (b"a" * 1000)] * 4000)

    def _targets(self):
        self._repeat(b"GET /", *[b"a" * 1_000_000] * 80)

    def _reports(self):
        body = b'{"deploymentKey":"%b","label":"%b"}' % (self._key, b"a" * 9000)
        head = b"POST /reportStatus/download HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        self._repeat((head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)) * 100)

    def _slow_sockets(self):
        with ExitStack() as stack:
            for number in range(1100):
                with suppress(OSError):
                    connection = stack.enter_context(self._connect())
                    connection.sendall(
                        (b"", b"GET /", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n1")[number % 3]
                    )
            self._stopped.wait()

    def _downloads(self):
        request = b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % urlsplit(self._download).path.encode()
        with ExitStack() as stack:
            for _ in range(500):
                with suppress(OSError):
                    connection = stack.enter_context(socket.socket())
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    connection.connect(self._place)
                    connection.sendall(request)
            self._stopped.wait()


@pytest.mark.timeout(240)
def test_attack(tmp_path):
    """Endless heads, slow sockets, reports and unread downloads cost little memory, and devices do not notice."""
    access_key = add_account(tmp_path / "data")
    with start(tmp_path / "data") as server:
        with CodePush(access_key, server.url) as code_push:
            code_push.add_app("App")
            (tmp_path / "app.bin").write_bytes(b"".join(n.to_bytes(4, "big") for n in range(2_000_000)))
            code_push.release("App", "Staging", tmp_path / "app.bin", "1.0.0")
            key = code_push.get_deployment("App", "Staging").key.encode()
            download = code_push.get_deployment_history("App", "Staging")[0].blob_url
        idle = megabytes(server.process)
        attack = Attack(server, key, download)
        attack.run()
    print(  # noqa: T201 - the figures are what the run is for
        f"peak {attack.peak - idle:.0f} MB above idle, slowest of {len(attack.waits)} checks {max(attack.waits):.3f} s"
    )
    assert attack.peak - idle <= MOST_MEGABYTES
    assert max(attack.waits) <= SLOWEST_SECONDS

"""Attacks on a server on this machine, in a process of their own: ``-m support.attacks URL KEY PATH SECONDS KIND...``.

Each attack runs in a thread until the time is over. All traffic goes to the loopback address of the URL.
"""

import sys
import threading
import time
from contextlib import ExitStack, suppress
from socket import SO_RCVBUF, SOL_SOCKET, create_connection, socket
from urllib.parse import urlsplit


class Attacks:
    """What strangers do to a server.

    Args:
        place: host and port of the server.
        key: a deployment key, which everyone knows who has the app.
        download: the path of an archive.

    """

    def __init__(self, place, key, download):
        self._place = place
        self._key = key
        self._download = download
        self._stopped = threading.Event()

    def run(self, seconds, kinds):
        """Run the attacks of these names together for a while."""
        threads = [threading.Thread(target=getattr(self, kind)) for kind in kinds]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self._stopped.set()
        for thread in threads:
            thread.join()

    def _connect(self):
        return create_connection(self._place, timeout=10)

    def _repeat(self, *pieces):
        while not self._stopped.is_set():
            with suppress(OSError), self._connect() as connection:
                for piece in pieces:
                    connection.sendall(piece)
                connection.recv(65536)
            self._stopped.wait(0.05)

    def heads(self):
        """Send heads that do not end."""
        self._repeat(b"GET / HTTP/1.1\r\nHost: h\r\n", *[b"X-Name: %b\r\n" % (b"a" * 1000)] * 4000)

    def targets(self):
        """Send a target of 80 MB."""
        self._repeat(b"GET /", *[b"a" * 1_000_000] * 80)

    def reports(self):
        """Send reports with long labels, as fast as possible."""
        body = b'{"deploymentKey":"%b","label":"%b"}' % (self._key, b"a" * 9000)
        head = b"POST /reportStatus/download HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        self._repeat((head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)) * 100)

    def slow_sockets(self):
        """Open connections that send nothing, half a head, or half a body."""
        with ExitStack() as stack:
            for number in range(1100):
                with suppress(OSError):
                    connection = stack.enter_context(self._connect())
                    connection.sendall(
                        (b"", b"GET /", b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n1")[number % 3]
                    )
            self._stopped.wait()

    def downloads(self):
        """Begin downloads and read nothing of them."""
        request = b"GET %b HTTP/1.1\r\nHost: h\r\n\r\n" % self._download
        with ExitStack() as stack:
            for _ in range(500):
                with suppress(OSError):
                    connection = stack.enter_context(socket())
                    connection.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
                    connection.connect(self._place)
                    connection.sendall(request)
            self._stopped.wait()


ATTACKS = ("heads", "targets", "reports", "slow_sockets", "downloads")


def main():
    """Attack as the command line says."""
    url, key, download, seconds, *kinds = sys.argv[1:]
    place = urlsplit(url)
    Attacks((place.hostname, place.port), key.encode(), download.encode()).run(float(seconds), kinds or ATTACKS)


if __name__ == "__main__":
    main()

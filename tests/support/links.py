"""A link to a server, which a test can cut, or let go so slowly that nothing arrives."""

import select
import socket
import threading
from contextlib import contextmanager, suppress


class Link:
    """Hands on bytes both ways between whoever connects to ``port`` and a server.

    Attributes:
        port: where to connect to.
        state: ``open``; ``cut``: whoever connects is turned away; ``stalled``: nothing arrives any more.

    """

    def __init__(self, target_port):
        self._target = ("127.0.0.1", target_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.state = "open"
        self._is_closed = False

    def serve(self):
        """Take connections until the link is closed."""
        with self._listener:
            while not self._is_closed:
                if select.select([self._listener], [], [], 0.05)[0]:
                    near, _ = self._listener.accept()
                    threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def close(self):
        """Take no more connections, and drop those there are."""
        self._is_closed = True

    def _connect(self, near):
        with near, suppress(OSError):
            if self.state == "cut":
                return
            with socket.create_connection(self._target) as far:
                self._hand_on(near, far)

    def _hand_on(self, near, far):
        other = {near: far, far: near}
        while not self._is_closed and self.state != "cut":
            for ready in select.select([near, far], [], [], 0.05)[0]:
                if self.state == "stalled":
                    continue
                data = ready.recv(65536)
                if not data:
                    return
                other[ready].sendall(data)


@contextmanager
def linked(target_port):
    """Give a link to a server on this machine, until the block ends."""
    link = Link(target_port)
    thread = threading.Thread(target=link.serve, daemon=True)
    thread.start()
    try:
        yield link
    finally:
        link.close()
        thread.join()

"""Answers that get lost between the real server and the client."""

import socket
import threading
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from codepush import CodePush
from support.packages import make_bundle


class Line:
    """Carries connections to a server; of the next one that is to be cut, the answer is lost."""

    def __init__(self, url):
        self._server = urlsplit(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self.to_cut = 0

    def carry(self):
        """Carry connections until closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                cut, self.to_cut = self.to_cut > 0, max(0, self.to_cut - 1)
                server = socket.create_connection((self._server.hostname, self._server.port))
                threading.Thread(target=pump, args=(client, server)).start()
                threading.Thread(target=pump, args=(server, client, cut)).start()

    def close(self):
        """Take no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def pump(source, target, cut=False):
    """Carry bytes one way until the end; when it is to be cut, end when there is something to carry."""
    with suppress(OSError), source, target:
        while (piece := source.recv(65536)) and not cut:
            target.sendall(piece)
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def line_to(url):
    """Lay a line to a server."""
    line = Line(url)
    thread = threading.Thread(target=line.carry)
    thread.start()
    try:
        yield line
    finally:
        line.close()
        thread.join()


@pytest.fixture
def line(codepush_server):
    """A line to the server."""
    with line_to(codepush_server.url) as line:
        yield line


@pytest.fixture
def steady(codepush_server, tmp_path):
    """A client whose answers do not get lost, of a server that has an app with two releases."""
    with codepush_server.client() as client:
        client.add_app("App")
        client.release("App", "Staging", make_bundle(tmp_path / "1", "one"), "1.0.0")
        client.release("App", "Staging", make_bundle(tmp_path / "2", "two"), "1.0.0")
        yield client


def labels(client, deployment):
    """Return the labels of a deployment's releases."""
    return [package.label for package in client.get_deployment_history("App", deployment)]


@pytest.mark.parametrize("lost", [1, 2])
def test_a_release_whose_answer_is_lost_is_made_once(codepush_server, line, steady, tmp_path, lost):
    """The client finds out by itself, as often as it takes, and gets the answer that was lost."""
    bundle = make_bundle(tmp_path / "3", "three")
    with CodePush(codepush_server.access_key, line.url) as client:
        line.to_cut = lost
        package = client.release("App", "Staging", bundle, "1.0.0")
    assert line.connections > lost
    assert package.label == "v3"
    assert labels(steady, "Staging") == ["v1", "v2", "v3"]


def test_a_promotion_and_a_rollback_whose_answers_are_lost_are_made_once(codepush_server, line, steady):
    """Each as if nothing had happened."""
    for method, arguments, deployment, expected in [
        ("promote", ("Staging", "Production"), "Production", ["v1"]),
        ("rollback", ("Staging",), "Staging", ["v1", "v2", "v3"]),
    ]:
        with CodePush(codepush_server.access_key, line.url) as client:
            line.to_cut = 1
            package = getattr(client, method)("App", *arguments)
        assert labels(steady, deployment) == expected
        assert package.label == expected[-1]

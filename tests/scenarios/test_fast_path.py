"""The fast path on a real server: sockets, several processes, and what uvicorn does with connections."""

import re
import signal
import socket
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx2
import pytest

from codepush import CodePush
from e2e.test_server_command import add_account, start
from support.packages import make_bundle

CHECK = (
    b"GET /v0.1/public/codepush/update_check?deployment_key=%b&app_version=1.0.0&client_unique_id=a HTTP/1.1\r\n"
    b"Host: localhost\r\n\r\n"
)


@contextmanager
def connected(url):
    """Yield a connection to a server."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        yield connection


def answer(connection):
    """Return the head and the body of the next answer."""
    with connection.makefile("rb") as file:
        head = b"".join(iter(file.readline, b"\r\n"))
        return head, file.read(int(re.search(rb"content-length: (\d+)", head)[1]))


@pytest.fixture
def released(codepush_server, tmp_path):
    """Give a server with one release, and the key of its deployment."""
    with codepush_server.client() as code_push:
        return codepush_server, _release(code_push, tmp_path)


def _release(code_push, folder):
    code_push.add_app("App")
    code_push.release("App", "Staging", make_bundle(folder), "1.0.0")
    return code_push.get_deployment("App", "Staging").key.encode()


def test_both_paths_return_the_same_bytes_over_a_socket(released):
    """The first check takes the standard path, the next the fast one; a lower-case header name makes no difference."""
    server, key = released
    with connected(server.url) as connection:
        answers = []
        for request in (CHECK % key, CHECK % key, (CHECK % key).replace(b"GET", b"\r\nGET")):
            connection.sendall(request)
            head, body = answer(connection)
            answers.append((re.sub(rb"date: .*\r\n", b"", head), body))
    assert len(set(answers)) == 1
    assert b'"label":"v1"' in answers[0][1]


def test_an_idle_connection_is_closed(released):
    """A connection that the fast path answered last is closed once it has idled for uvicorn's time, not before."""
    server, key = released
    with connected(server.url) as connection:
        for _ in range(2):
            connection.sendall(CHECK % key)
            answer(connection)
        began = time.monotonic()
        assert connection.recv(1) == b""
    assert time.monotonic() - began > 4.5  # uvicorn's time is five seconds


def test_a_busy_connection_stays_open(released):
    """A connection on which a check comes now and then outlives uvicorn's time for idle ones."""
    server, key = released
    with connected(server.url) as connection:
        for _ in range(5):
            connection.sendall(CHECK % key)
            assert b'"label":"v1"' in answer(connection)[1]
            time.sleep(1.5)


def test_a_client_that_does_not_read(released):
    """Somebody who asks and asks and never reads is not read from any more, and others are answered as ever."""
    server, key = released
    with connected(server.url) as deaf, connected(server.url) as other:
        other.sendall(CHECK % key)
        answer(other)
        deaf.settimeout(1)
        with pytest.raises(TimeoutError):
            deaf.sendall(CHECK % key * 1_000_000)
        other.sendall(CHECK % key)
        assert b'"label":"v1"' in answer(other)[1]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_process_has_the_fast_path(tmp_path, workers):
    """Each process counts checks on the fast path; open connections do not keep the server from stopping."""
    access_key = add_account(tmp_path / "data")
    with start(tmp_path / "data", "--workers", workers) as server:
        with CodePush(access_key, server.url) as code_push:
            key = _release(code_push, tmp_path)
        with connected(server.url) as connection:
            for _ in range(3):
                connection.sendall(CHECK % key)
                answer(connection)
            counted = _answered_fast(server.url, wanted=2)
            status, said = server.stop(signal.SIGTERM)
    assert counted == 2
    assert status == 0
    assert "fast path cannot" not in said


def _answered_fast(url, wanted):
    """Return how many checks took the fast path, once all processes have reported as many as are wanted."""
    counted = 0.0
    deadline = time.monotonic() + 60
    while counted < wanted and time.monotonic() < deadline:
        lines = httpx2.get(f"{url}/metrics", timeout=60).text.splitlines()
        counted = sum(float(line.split()[-1]) for line in lines if 'checks_total{path="fast"' in line)
        time.sleep(0.1)
    return counted

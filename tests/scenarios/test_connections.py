"""Attacks on the connections of a running server: what each gets, and that update checks are answered meanwhile."""

import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from codepush.server.web.connections import Connections, TimeLimits
from codepush.testing import live_server
from e2e.test_server_command import COMMAND, Server
from scenarios.test_fast_path import answer
from support.packages import make_bundle

CHECK = b"GET /v0.1/public/codepush/update_check?deployment_key=%b&app_version=1.0.0 HTTP/1.1\r\nHost: h\r\n\r\n"
REPORT = b"POST /reportStatus/download HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"


@contextmanager
def connected(server):
    """Yield a connection to a server."""
    place = urlsplit(server.url)
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        yield connection


def response(connection):
    """Return all that a server sends until it closes the connection."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def talk(server, *pieces):
    """Send pieces over a connection of their own and return what is received until it is closed."""
    with connected(server) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (ConnectionResetError, BrokenPipeError):
            pass
        return response(connection)


def status(received):
    """Return the status of the first response; ``None`` if there is none."""
    return int(received.split(b" ", 2)[1]) if received else None


@pytest.fixture
def server(codepush_server, tmp_path):
    """Give a server with a release, whose deployment must still be answered after the attack."""
    with codepush_server.client() as code_push:
        code_push.add_app("App")
        code_push.release("App", "Staging", make_bundle(tmp_path), "1.0.0")
        key = code_push.get_deployment("App", "Staging").key.encode()
    yield codepush_server
    with connected(codepush_server) as connection:
        connection.sendall(CHECK % key)
        assert b'"label":"v1"' in answer(connection)[1]


@pytest.fixture
def short(monkeypatch):
    """Let every time limit of connections be short."""
    monkeypatch.setattr(Connections, "limits", TimeLimits(head=2, body=2, unread=2, refused=1))


def test_time_limits():
    """A head has 20 s, a body 30 s between bytes, a response 60 s without progress."""
    assert Connections.limits == TimeLimits(head=20, body=30, unread=60, refused=2)


HEAD = b"GET /health HTTP/1.1\r\nHost: h\r\n"


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        pytest.param([b"GET /" + b"a" * 8200, b" HTTP/1.1\r\nHost: h\r\n\r\n"], 414, id="target"),
        pytest.param([b"GET /", *[b"a" * 1_000_000] * 40], 414, id="endless target"),
        pytest.param([HEAD, b"X: " + b"a" * 66_000 + b"\r\n\r\n"], 431, id="field"),
        pytest.param([HEAD, b"X: ", *[b"a" * 1_000_000] * 40], 431, id="endless field"),
        pytest.param([HEAD, *[b"X: %b\r\n" % (b"a" * 1000)] * 70], 431, id="many bytes"),
        pytest.param([HEAD, b"X: 1\r\n" * 101], 431, id="many fields"),
        pytest.param([HEAD, *[b"Name-%d: value\r\n" % n for n in range(200)]], 431, id="fields in pieces"),
        pytest.param([HEAD, b"X" * 70_000], 431, id="endless field name"),
        pytest.param([b"\r\n" * 40_000], 431, id="line ends only"),
        pytest.param([REPORT, b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 80_000], 431, id="chunk extension"),
        pytest.param(
            [REPORT, b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: 1\r\n" * 200 + b"\r\n"], 431, id="trailers"
        ),
        pytest.param(
            [REPORT, b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", *[b"a" * 100_000] * 10], 431, id="endless trailer"
        ),
        pytest.param([b"GET /health HTTP/1.1\r\n\r\n"], 400, id="no host"),
        pytest.param([HEAD, b"Host: h\r\n\r\n"], 400, id="two hosts"),
        pytest.param([b"GET /health HTTP/1.1\r\nHost:\r\n\r\n"], 400, id="empty host"),
        pytest.param([b"GET /health HTTP/1.1\r\nHost: a b\r\n\r\n"], 400, id="host of two words"),
        pytest.param([b"GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n"], 400, id="host with a path"),
        pytest.param([b"GET /health HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"], 400, id="two hosts in HTTP/1.0"),
        pytest.param([b"no request\r\n\r\n"], 400, id="no request"),
    ],
)
def test_requests_out_of_bounds(server, pieces, expected):
    """A head, a target, trailers or chunk marks beyond the bounds are rejected, and the connection is closed."""
    received = talk(server, *pieces)
    assert status(received) == expected
    assert b"\r\nconnection: close\r\n" in received


@pytest.mark.parametrize("place", [b"missing", b"double", b"malformed"])
def test_update_checks_need_one_host(server, place):
    """An update check without exactly one valid Host header is rejected, also when its answer is in memory."""
    fields = {b"missing": b"", b"double": b"Host: a\r\nHost: a\r\n", b"malformed": b"Host: [::1\r\n"}[place]
    with server.client() as code_push:
        check = CHECK % code_push.get_deployment("App", "Staging").key.encode()
    with connected(server) as connection:
        for _ in range(2):
            connection.sendall(check)
            assert status(connection.recv(65536)) == 200
    assert status(talk(server, check.replace(b"Host: h\r\n", fields))) == 400


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        HEAD + b"Connection: close\r\n" + b"X: 1\r\n" * 98 + b"\r\n",
        HEAD + b"Connection: close\r\n" + b"X: %b\r\n" % (b"a" * 65_000) + b"\r\n",
        b"GET /health HTTP/1.0\r\n\r\n",
        b"GET /health HTTP/1.0\r\nHost: h.example:8080\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n",
    ],
)
def test_requests_within_bounds(server, request_):
    """A request within the bounds is answered."""
    assert status(talk(server, request_)) in {200, 401, 404}


def test_many_small_pieces(server):
    """A target that arrives byte by byte is rejected at its bound, in linear time."""
    with connected(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.monotonic()
        try:
            for _ in range(20_000):
                connection.send(b"/" if _ else b"GET /")
        except (ConnectionResetError, BrokenPipeError):
            pass
        assert status(response(connection)) == 414
    assert time.monotonic() - began < 20


def test_a_rejected_request_waits_for_earlier_responses(server):
    """Of pipelined requests, those before the rejected one are answered first."""
    received = talk(server, (HEAD + b"\r\n") * 3 + b"GET /health HTTP/1.1\r\n\r\n" + (HEAD + b"\r\n") * 3)
    assert received.count(b"HTTP/1.1 200") == 3
    assert received.count(b"HTTP/1.1 ") == 4
    assert received.rpartition(b"HTTP/1.1 ")[2].startswith(b"400")


def test_pipelined_requests_are_all_answered(server):
    """Requests that arrive faster than they are answered wait in the order of their arrival."""
    received = talk(server, (HEAD + b"\r\n") * 3000 + HEAD + b"Connection: close\r\n\r\n")
    assert received.count(b"HTTP/1.1 200") == 3001


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(b"", None, id="silent"),
        pytest.param(b"\r\n", 408, id="line end"),
        pytest.param(b"GET /hea", 408, id="half a head"),
        pytest.param(REPORT + b"Content-Length: 100\r\n\r\n{", 408, id="half a body"),
        pytest.param(REPORT + b"Transfer-Encoding: chunked\r\n\r\n5;", 408, id="half a chunk"),
        pytest.param(HEAD + b"\r\n" + HEAD, 200, id="half a second head"),
        pytest.param(HEAD + b"Content-Length: 100\r\n\r\n{", 200, id="half a body that is not needed"),
    ],
)
def test_requests_that_do_not_arrive(server, sent, expected):
    """A connection is closed when its request does not arrive in time."""
    began = time.monotonic()
    assert status(talk(server, sent)) == expected
    assert 1 < time.monotonic() - began < 20


@pytest.mark.usefixtures("short")
def test_a_head_that_arrives_slowly(server):
    """Bytes that arrive now and then do not extend the time of a head."""
    with connected(server) as connection:
        began = time.monotonic()
        connection.settimeout(0.3)
        received = b""
        while not received and time.monotonic() - began < 20:
            try:
                connection.sendall(b"GET /" if time.monotonic() - began < 0.2 else b"a")
                received = connection.recv(65536)
            except TimeoutError:
                pass
        assert status(received) == 408


def test_a_report_has_a_time_limit_as_a_whole(tmp_path):
    """A body of which a byte arrives now and then ends with the time limit of the route."""
    with live_server(tmp_path / "data", request_timeout=1) as server, connected(server) as connection:
        connection.sendall(REPORT + b"Content-Length: 100\r\n\r\n")
        connection.settimeout(0.3)
        received = b""
        began = time.monotonic()
        while not received and time.monotonic() - began < 20:
            try:
                connection.sendall(b" ")
                received = connection.recv(65536)
            except TimeoutError:
                pass
        assert status(received) == 408


def test_a_login_has_a_time_limit_as_a_whole(tmp_path):
    """The form of a login has to arrive in time too."""
    with live_server(tmp_path / "data", request_timeout=1) as server, connected(server) as connection:
        connection.sendall(b"POST /auth/login HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\ntoken=")
        assert status(connection.recv(65536)) == 408


def test_too_many_connections(tmp_path):
    """Beyond the limit, the connection that is idle for longest is closed and the new one is answered."""
    with live_server(tmp_path / "data", max_connections=20) as server, ExitStack() as stack:
        opened = [stack.enter_context(connected(server)) for _ in range(20)]
        for connection in opened[1:]:
            connection.sendall(HEAD + b"\r\n")
            assert status(connection.recv(65536)) == 200
        time.sleep(1.5)
        opened[0].sendall(HEAD + b"\r\n")  # it is idle for the shortest time now
        assert status(opened[0].recv(65536)) == 200
        for _ in range(5):
            assert status(talk(server, HEAD + b"Connection: close\r\n\r\n")) == 200
        opened[0].sendall(HEAD + b"\r\n")
        assert status(opened[0].recv(65536)) == 200
        flood = [stack.enter_context(connected(server)) for _ in range(500)]
        assert status(talk(server, HEAD + b"Connection: close\r\n\r\n")) == 200
        del flood


def test_unfinished_heads_make_room(tmp_path):
    """When no connection is idle, one whose head is unfinished is closed."""
    with live_server(tmp_path / "data", max_connections=20) as server, ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(connected(server)).sendall(b"GET /")
        assert status(talk(server, HEAD + b"Connection: close\r\n\r\n")) == 200


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit is tried on Linux")
def test_more_sockets_than_descriptors(tmp_path):
    """A server with few descriptors keeps answering while clients open more connections than that."""
    limited = ["sh", "-c", 'ulimit -Sn 256; ulimit -Hn 512; exec "$@"', "sh"]
    with started_server(tmp_path / "data", before=limited) as server, ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(connected(server))
        assert status(talk(server, HEAD + b"Connection: close\r\n\r\n")) == 200
        _, said = server.stop(signal.SIGTERM)
    assert "at most 384 connections open instead of 10000" in said


@contextmanager
def started_server(data, *, before):
    """Run the real command behind others until the block ends."""
    command = [*before, *COMMAND, "start", "--data", str(data), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        server = Server(process)
        try:
            yield server
        finally:
            if process.poll() is None:
                server.stop(signal.SIGTERM)

"""Operators' endpoints of the real command: one spelling each, optionally on a port of their own."""

import socket

import pytest

from e2e.test_server_command import get, start
from support.processes import free_port

SPELLINGS = (
    *("/Metrics", "/METRICS", "/metrics/", "//metrics", "/v0.1/legacy/metrics", "/%4detrics", "/%6detrics"),
    *("/./metrics", "/x/../metrics", "/metrics;x", "/metrics%20"),
    *("/Ready", "/ready/", "//ready", "/v0.1/legacy/ready", "/%72eady", "/./ready"),
)


def status(url, target, host="localhost"):
    """Return the status for a target that is sent exactly as it is."""
    address, port = url.removeprefix("http://").split(":")
    with socket.create_connection((address, int(port)), timeout=60) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


def test_one_spelling_each(tmp_path):
    """Only the exact path leads to an operators' endpoint, so that a proxy can block it."""
    with start(tmp_path / "data") as server:
        assert [status(server.url, path) for path in ("/metrics", "/ready", "/health")] == [200, 200, 200]
        assert status(server.url, "/metrics?x=1") == 200
        found = {spelling: status(server.url, spelling) for spelling in SPELLINGS}
    assert {spelling: found[spelling] for spelling in found if found[spelling] not in {401, 404}} == {}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_of_their_own(tmp_path, monkeypatch, workers):
    """Operators' endpoints are on the operations port only, which serves nothing else, whatever the Host header."""
    port = free_port()
    monkeypatch.setenv("CODEPUSH_OPERATIONS_PORT", str(port))
    with start(tmp_path / "data", "--workers", workers) as server:
        operations = f"http://127.0.0.1:{port}"
        assert "codepush_workers" in get(f"{operations}/metrics").text
        assert get(f"{operations}/ready").json()["status"] == "ready"
        assert [get(f"{url}/health").status_code for url in (operations, server.url)] == [200, 200]
        for path in ("/metrics", "/ready"):
            assert status(server.url, path, host=f"127.0.0.1:{port}") == 404
        check = "/v0.1/public/codepush/update_check?deployment_key=aaaaaaaaaaaa&app_version=1.0.0"
        for path in ("/", "/apps", "/Metrics", check):
            assert status(operations, path, host=server.url.removeprefix("http://")) == 404

"""Downloads that attack a running server, and archives that are not whole."""

import logging
import socket
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx2
import pytest

from codepush.server.web.connections import Connections, TimeLimits
from codepush.testing import live_server

BLOB_ID = "Ab-_456789012345"
HEADERS = {"X-Forwarded-For": "203.0.113.9"}


def unread(server, stack):
    """Open a download that nothing is read of, from a far address."""
    place = urlsplit(server.url)
    connection = stack.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((place.hostname, place.port))
    connection.sendall(b"GET /blobs/%b HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n" % BLOB_ID.encode())
    return connection


def test_unread_downloads(tmp_path, monkeypatch):
    """Beyond the limit of an address a download is 503; those that nobody reads are closed, and make room again."""
    monkeypatch.setattr(Connections, "limits", TimeLimits(unread=2))
    settings = {"downloads_per_ip": 3, "trusted_proxies": "1"}
    with live_server(tmp_path / "data", **settings) as server, ExitStack() as stack:
        path = server.settings.storage / BLOB_ID[:2] / BLOB_ID
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(32 * 1024 * 1024))
        for _ in range(3):
            unread(server, stack)
        url = f"{server.url}/blobs/{BLOB_ID}"
        deadline = time.monotonic() + 30
        while (refused := httpx2.get(url, headers=HEADERS, timeout=60)).status_code == 200:
            assert time.monotonic() < deadline
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert httpx2.get(url, timeout=60).status_code == 200  # loopback has no limit
        while httpx2.get(url, headers=HEADERS, timeout=60).status_code == 503:
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.mark.parametrize("size", [0, 3])
def test_a_truncated_archive(codepush_server, tmp_path, monkeypatch, caplog, size):
    """An archive of another size than recorded is 404 and an error in the log, also in parts; restored, it is sent."""
    monkeypatch.setattr(logging.getLogger("codepush"), "propagate", True)
    with codepush_server.client() as code_push:
        code_push.add_app("App")
        (tmp_path / "app.js").write_text("content")
        code_push.release("App", "Staging", tmp_path / "app.js", "1.0.0")
        url = code_push.get_deployment_history("App", "Staging")[0].blob_url
    path = next(path for path in codepush_server.settings.storage.rglob("*") if path.name == url.rpartition("/")[2])
    whole = path.read_bytes()
    assert httpx2.get(url).content == whole
    path.write_bytes(whole[:size])
    for headers in ({}, {"Range": "bytes=0-4"}):
        assert httpx2.get(url, headers=headers).status_code == 404
    assert httpx2.head(url).status_code == 404
    assert f"has {size} bytes instead of {len(whole)}" in caplog.text
    path.write_bytes(whole)
    assert httpx2.get(url).content == whole

"""The nginx configuration that is shipped, before a real server: addresses, operators' endpoints, headers, limits."""

import socket
import sqlite3
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from codepush.testing import live_server
from support.nginx import nginx_before

FORGED = "203.0.113.9"
REPORT = "/v0.1/public/codepush/report_status/deploy"


@pytest.fixture
def front(tmp_path, request):
    """Give a server that trusts one proxy, and a client of the nginx before it."""
    (tmp_path / "nginx").mkdir()
    settings = {"trusted_proxies": "1", **getattr(request, "param", {})}
    with (
        live_server(tmp_path / "data", **settings) as server,
        nginx_before(server.url, tmp_path / "nginx") as (client, _),
    ):
        yield server, client


def added_by(server):
    """Return the machines that the newest access keys were created by."""
    with closing(sqlite3.connect(server.settings.data / "codepush.db")) as connection:
        return [row[0] for row in connection.execute("SELECT created_by FROM access_keys ORDER BY id DESC LIMIT 1")]


def test_a_forged_address_has_no_effect(front):
    """The audit trail gets the address that nginx saw, whatever the client sent."""
    server, client = front
    forged = [("X-Forwarded-For", FORGED)] * 2
    headers = [("Authorization", f"Bearer {server.access_key}"), *forged]
    added = client.post("/accessKeys", headers=headers, json={"friendlyName": "forged"})
    assert added.status_code == 201
    assert added_by(server) == ["127.0.0.1"]


@pytest.mark.parametrize("front", [{"rate_limit_per_ip": 3}], indirect=True)
def test_a_forged_address_escapes_no_limit(front):
    """One client behind nginx is limited as one, even if it sends another address each time."""
    _, client = front
    statuses = [client.get("/apps", headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code for n in range(5)]
    assert statuses == [401, 401, 401, 429, 429]


@pytest.mark.parametrize("front", [{"rate_limit_per_ip": 3}], indirect=True)
def test_clients_are_limited_one_by_one(front):
    """Behind an nginx that sees different clients, each has its own limit."""
    server, _ = front
    for client in ("203.0.113.1", "203.0.113.2"):
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
            lines = connection.makefile("rb")
            statuses = []
            for _ in range(4):
                connection.sendall(f"GET /apps HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {client}\r\n\r\n".encode())
                statuses.append(int(lines.readline().split()[1]))
                length = 0
                while (line := lines.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                lines.read(length)
        assert statuses == [401, 401, 401, 429]


@pytest.mark.parametrize("page", ["metrics", "ready"])
def test_operators_endpoints_stay_inside(front, page):
    """No spelling of their paths gets through nginx to one of them."""
    _, client = front
    port = urlsplit(str(client.base_url)).port
    spellings = [
        *(f"/{page}", f"/{page}?x=1", f"/{page.upper()}", f"/{page}/", f"//{page}", f"/./{page}", f"/x/../{page}"),
        *(f"/v0.1/legacy/{page}", f"/V0.1/Legacy/{page.title()}/", f"/%{ord(page[0]):x}{page[1:]}", f"/{page}%20"),
    ]
    for spelling in spellings:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            request = f"GET {spelling} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode())
            assert int(connection.makefile("rb").readline().split()[1]) in {401, 404}, spelling
    assert client.get("/health").status_code == 200


def test_strict_transport_security(front):
    """Every location tells browsers to use HTTPS, on errors too."""
    _, client = front
    for path in ("/", "/apps", "/metrics", "/blobs/x", "/updateCheck", "/auth/login"):
        assert client.get(path).headers["strict-transport-security"] == "max-age=31536000", path


def test_large_reports_end_at_nginx(front):
    """A report's body is limited in nginx, far below an upload's."""
    _, client = front
    assert client.post(REPORT, content=b"x" * 20_000).status_code == 413
    assert client.post("/apps", content=b"x" * 20_000, headers={"Authorization": "Bearer x"}).status_code == 401


def test_a_flood_of_reports(tmp_path):
    """Reports of one address beyond the limit get a 429, and update checks are answered meanwhile."""
    (tmp_path / "nginx").mkdir()
    with (
        live_server(tmp_path / "data") as server,
        nginx_before(server.url, tmp_path / "nginx", rate="1r/m", burst="5") as (client, _),
    ):
        assert [client.post(REPORT, json={}).status_code for _ in range(9)] == [400] * 6 + [429] * 3
        check = {"deployment_key": "aaaaaaaaaaaa", "app_version": "1.0.0"}
        assert client.get("/updateCheck", params=check).status_code == 404

"""Operators' endpoints of the real command: one spelling, optionally a port of their own, and no details."""

import socket

import httpx2
import pytest

from e2e.test_server_command import get, start
from support.processes import free_port

SPELLINGS = (
    *("/Metrics", "/METRICS", "/metrics/", "//metrics", "/v0.1/legacy/metrics", "/%4detrics", "/%6detrics"),
    *("/./metrics", "/x/../metrics", "/metrics;x", "/metrics%20"),
)


def status(url, target, host="localhost"):
    """Return the status for a target that is sent exactly as it is."""
    address, port = url.removeprefix("http://").split(":")
    with socket.create_connection((address, int(port)), timeout=60) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


def variants():
    """Return every other spelling of the operators' paths."""
    return [spelling.replace(*names) for spelling in SPELLINGS for names in (("", ""), ("etrics", "eady"))]

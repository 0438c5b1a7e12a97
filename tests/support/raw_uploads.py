"""Uploads as bytes on a socket: sent in part, too long, or not at all."""

import json
import socket
from contextlib import contextmanager
from urllib.parse import urlsplit

from codepush.testing import live_server

BOUNDARY = "parts"


@contextmanager
def hurried_server(data, **settings):
    """Run a server for tests that open many connections quickly."""
    with live_server(data, rate_limits="off", **settings) as server:
        yield server


class RawUpload:
    """A connection on which a request is sent piece by piece.

    Args:
        url: The server.
        key: The access key to send; None for none.

    """

    def __init__(self, url, key=None):
        address = urlsplit(url)
        self._key = key
        self._host = address.netloc
        self._socket = socket.create_connection((address.hostname, address.port), timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def begin(self, path, *headers, length=None, kind=f"multipart/form-data; boundary={BOUNDARY}"):
        """Send the head of a request whose body has this length, or is sent in chunks without any length."""
        key = [f"Authorization: Bearer {self._key}"] if self._key else []
        size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        lines = [f"POST {path} HTTP/1.1", f"Host: {self._host}", f"Content-Type: {kind}", size, *key, *headers, "", ""]
        self.send("\r\n".join(lines).encode())
        return self

    def send(self, data):
        self._socket.sendall(data)
        return self

    def chunk(self, data):
        """Send a piece of a body without length."""
        return self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def flood(self, piece, *, most):
        """Send the same piece again and again, at most so many bytes; return how many were sent until an error."""
        sent = 0
        try:
            while sent < most:
                self._socket.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
        return sent

    def response(self):
        """Return the status, the headers in lower case, and the body of the response."""
        data = b""
        try:
            while (head_end := data.find(b"\r\n\r\n")) < 0 or len(data) < head_end + 4 + _length(data[:head_end]):
                piece = self._socket.recv(65536)
                if not piece:
                    break
                data += piece
        except ConnectionResetError:
            pass
        assert data, "the server closed the connection without a response"
        head, _, body = data.partition(b"\r\n\r\n")
        status, *fields = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        return int(status.split()[1]), headers, body.decode()

    def is_closed(self):
        """Return whether the server closes the connection, waiting for it."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True


def _length(head):
    for line in head.decode().lower().split("\r\n"):
        if line.startswith("content-length:"):
            return int(line.partition(":")[2])
    return 0


def release_path(app="App", deployment="Staging"):
    return f"/apps/{app}/deployments/{deployment}/release"


def part(name, content, *headers, filename=None):
    """Return one part of a form, with the delimiter in front of it."""
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    lines = [f"--{BOUNDARY}", f"Content-Disposition: {disposition}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


def form(package, **info):
    """Return a whole form that releases a package."""
    text = json.dumps({"appVersion": "1.0.0", **info}).encode()
    return part("packageInfo", text) + part("package", package, filename="a.zip") + f"--{BOUNDARY}--\r\n".encode()

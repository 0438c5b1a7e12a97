"""A small real server with scripted answers, and both clients, called the same way."""

import hashlib
import ssl
import sys
from collections import deque
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread, Timer

import pytest
from anyio.from_thread import start_blocking_portal
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from multipart import MultipartParser, parse_options_header

from codepush import AsyncCodePush, CodePush

KEY = "s3cret-access-key-of-somebody"
PIECE = 1 << 16
KEPT = 1 << 20


@dataclass
class Received:
    """A request as it came; of large bodies only size and hash are kept."""

    method: str
    path: str
    headers: dict
    fields: list
    size: int
    sha256: str
    body: bytes
    connection: tuple

    def parts(self):
        """Return the parts of a multipart body."""
        kind, options = parse_options_header(self.headers["content-type"])
        assert kind == "multipart/form-data"
        in_memory = len(self.body)
        return list(MultipartParser(BytesIO(self.body), options["boundary"], spool_limit=in_memory).parts())


@dataclass
class ScriptedServer:
    """Answers requests with what it was told, in order, and remembers them."""

    url: str = ""
    received: list = field(default_factory=list)
    script: deque = field(default_factory=deque)
    ended: Event = field(default_factory=Event)
    authority: Path | None = None

    def answer(self, body=b"", status=200, **headers):
        """Answer the next request with this."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.script.append(lambda handler: handler.write_answer(status, named, body))

    def drop(self):
        """Close the connection instead of answering the next request."""
        self.script.append(lambda handler: setattr(handler, "close_connection", True))

    def stall(self):
        """Do not answer the next request while the test runs."""
        self.script.append(lambda handler: (self.ended.wait(30), setattr(handler, "close_connection", True)))


def handler_for(server):
    """Return the class that http.server wants for a scripted server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self):
            server.received.append(self.read_request())
            server.script.popleft()(self)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - http.server looks for these names

        def read_request(self):
            left = size = int(self.headers.get("Content-Length", 0))
            digest, body = hashlib.sha256(), b""
            while left:
                piece = self.rfile.read(min(PIECE, left))
                if not piece:
                    break
                left -= len(piece)
                digest.update(piece)
                body += piece if size <= KEPT else b""
            fields = [name.lower() for name in self.headers]
            headers = {name.lower(): value for name, value in self.headers.items()}
            read = size - left, digest.hexdigest(), body
            return Received(self.command, self.path, headers, fields, *read, self.client_address)

        def write_answer(self, status, headers, body):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    return Handler


class Server(ThreadingHTTPServer):
    """Keeps quiet about clients that go away, which tests make them do."""

    def handle_error(self, request, client_address):
        """Report what is not the client's doing."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextmanager
def serving(http, scripted):
    """Serve in a thread for as long as the context lasts."""
    thread = Thread(target=partial(http.serve_forever, poll_interval=0.01))
    thread.start()
    try:
        yield scripted
    finally:
        scripted.ended.set()
        http.shutdown()
        thread.join()


@pytest.fixture
def server():
    """A server on a free port of the loopback."""
    scripted = ScriptedServer()
    with Server(("127.0.0.1", 0), handler_for(scripted)) as http:
        scripted.url = f"http://127.0.0.1:{http.server_port}"
        with serving(http, scripted):
            yield scripted


@pytest.fixture
def late_server():
    """A server whose port is taken but refuses connections for the first tenth of a second."""
    scripted = ScriptedServer()
    with Server(("127.0.0.1", 0), handler_for(scripted), bind_and_activate=False) as http:
        http.server_bind()
        scripted.url = f"http://127.0.0.1:{http.server_port}"
        timer = Timer(0.1, http.server_activate)
        timer.start()
        with serving(http, scripted):
            yield scripted
        timer.join()


@pytest.fixture
def tls_server(tmp_path):
    """A server with a certificate that no authority has signed; ``authority`` is the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(secret)
    (tmp_path / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    scripted = ScriptedServer(authority=tmp_path / "certificate.pem")
    with Server(("127.0.0.1", 0), handler_for(scripted)) as http:
        scripted.url = f"https://127.0.0.1:{http.server_port}"
        http.socket = context.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)
        with serving(http, scripted):
            yield scripted


class SyncConnection:
    """The synchronous client."""

    def __init__(self, stack, **options):
        self.client = stack.enter_context(CodePush(KEY, **options))

    def __call__(self, method, *args, **kwargs):
        """Call a method."""
        return getattr(self.client, method)(*args, **kwargs)

    def all(self, method, *args, **kwargs):
        """Return all that a method yields."""
        return list(self(method, *args, **kwargs))

    def of(self, client):
        """Return another client of the same kind."""
        other = copy(self)
        other.client = client
        return other


class AsyncConnection:
    """The asynchronous client, on an event loop in a thread of its own."""

    def __init__(self, stack, **options):
        self.portal = stack.enter_context(start_blocking_portal())
        self.client = stack.enter_context(self.portal.wrap_async_context_manager(AsyncCodePush(KEY, **options)))

    def __call__(self, method, *args, **kwargs):
        """Call a method and wait for it."""
        return self.portal.call(partial(getattr(self.client, method), *args, **kwargs))

    def all(self, method, *args, **kwargs):
        """Return all that a method yields."""

        async def collect():
            return [value async for value in getattr(self.client, method)(*args, **kwargs)]

        return self.portal.call(collect)

    def of(self, client):
        """Return another client of the same kind, on the same event loop."""
        other = copy(self)
        other.client = client
        return other


@pytest.fixture(params=[SyncConnection, AsyncConnection], ids=["sync", "async"])
def connect(request, server):
    """Return a function that opens a client, by default of the scripted server; once per kind of client."""
    with ExitStack() as stack:
        yield lambda **options: request.param(stack, **{"server_url": server.url, **options})


@pytest.fixture
def key():
    """The access key of both clients."""
    return KEY


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    """No proxy of this machine gets into a test."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)

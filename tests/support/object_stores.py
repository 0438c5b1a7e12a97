"""Object stores on this machine, and buckets in them for a test each.

S3 is spoken by moto, Azure's protocol by Microsoft's own Azurite. For Google's there is no server that would do; its
XML protocol is that of S3 but for the header that forbids replacing an object, so moto stands in, behind a small
translator of that header. Keys are checked by Azurite and, where a test asks for it, by moto.

Each server is started when a process of the tests first needs it, and stopped with that process. Azurite is locked
in ``azurite``; to lock it anew, in that folder:
``npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund``.
"""

import fcntl
import json
import shutil
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import quote, unquote

import boto3
import pytest
from azure.storage.blob import BlobServiceClient
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from support.processes import NPM_CI, OFFLINE, free_port, is_listening, run, started

AZURITE = Path(__file__).with_name("azurite")
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's own
S3_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "a secret for these tests only"}

_SIGNED = "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
"""Which moto takes for a request of somebody who may do everything."""

_numbers = count(1)


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """Give the address of a server that speaks S3 and takes any key."""
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url


@contextmanager
def moto_server(folder, environment=None):
    """Run moto until the block ends, and yield its address."""
    port = free_port()
    command = ["moto_server", "-H", "127.0.0.1", "-p", str(port)]
    with started(command, folder / "moto.log", folder, lambda: is_listening(port), environment):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def s3_url(moto, monkeypatch):
    """Give the storage URL of an S3 bucket of the test's own; the keys are in the environment."""
    for name, value in S3_CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return f"s3://{s3_bucket(moto)}/some/prefix?endpoint={moto}&region=eu-west-1"


def s3_bucket(url):
    """Make a bucket and return its name."""
    name = f"bucket-{next(_numbers)}"
    s3_client(url).create_bucket(Bucket=name)
    return name


def s3_client(url):
    """Return a client of moto's."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=S3_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=S3_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture(scope="session")
def azurite(tmp_path_factory):
    """Give the address of Azure's blob storage on this machine."""
    if OFFLINE:
        pytest.skip("CODEPUSH_TEST_OFFLINE=1: npm's registry is not to be asked for azurite")
    folder, port = tmp_path_factory.mktemp("azurite"), free_port()
    program = str(installed(AZURITE) / "azurite/dist/src/blob/main.js")
    network = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    options = ["--location", str(folder), "--silent", "--skipApiVersionCheck", "--loose", "--disableTelemetry"]
    command = ["node", program, *network, *options]
    with started(command, folder / "azurite.log", folder, lambda: is_listening(port)):
        yield f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"


def installed(packages):
    """Return the ``node_modules`` of a folder with a lock, installed once for all processes of the tests."""
    modules, stamp = packages / "node_modules", packages / "node_modules" / ".installed"
    lock = (packages / "package-lock.json").read_text()
    with (packages / "package.json").open() as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != lock:
            shutil.rmtree(modules, ignore_errors=True)
            run(*NPM_CI, folder=packages)
            stamp.write_text(lock)
    return modules


@pytest.fixture
def azure_url(azurite, monkeypatch):
    """Give the storage URL of a container of the test's own; the key is in the environment."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", AZURE_ACCOUNT)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", AZURE_KEY)
    name = f"container-{next(_numbers)}"
    with BlobServiceClient(azurite, credential=AZURE_KEY) as client:
        client.create_container(name)
    return f"az://{name}/some/prefix?endpoint={azurite}"


@pytest.fixture(scope="session")
def google(moto):
    """Give the address of a server that speaks Google's XML protocol, as far as it differs from S3's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Translator", (_Translator,), {"upstream": moto}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def google_url(google, moto, tmp_path, monkeypatch):
    """Give the storage URL of a bucket of the test's own; a service account is in the environment."""
    key = tmp_path / "service-account.json"
    key.write_text(json.dumps(_service_account(google)))
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(key))
    return f"gs://{s3_bucket(moto)}/some/prefix?endpoint={google}"


def _service_account(google):
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "private_key": private.decode(),
        "private_key_id": "1",
        "client_email": "tests@example.test",
        "client_id": "1",
        "token_uri": f"{google}/token",
        "gcs_base_url": google,
    }


class _Translator(BaseHTTPRequestHandler):
    """Hands every request on to S3, with Google's way of saying "only if it is not there" in S3's words."""

    protocol_version = "HTTP/1.1"
    upstream: str

    def _hand_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "authorization"}}
        headers["Authorization"] = _SIGNED
        if headers.pop("x-goog-if-generation-match", None) == "0":
            headers["If-None-Match"] = "*"
        connection = HTTPConnection(self.upstream.removeprefix("http://"))
        path, mark, query = self.path.partition("?")
        address = quote(unquote(path)) + mark + query  # Google's library escapes more than moto undoes
        connection.request(self.command, address, body or None, headers)
        self._answer(connection.getresponse())
        connection.close()

    def _answer(self, response):
        body = response.read()
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in {"connection", "content-length", "date", "server", "transfer-encoding"}:
                self.send_header(name, value)
        length = response.getheader("Content-Length") if self.command == "HEAD" else str(len(body))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _hand_on  # noqa: N815 - the names are the library's

    def log_message(self, *_):
        """Say nothing."""

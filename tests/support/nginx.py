"""A real nginx before a server, with the configuration that is shipped in ``deploy/nginx``."""

import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

OFFLINE = os.environ.get("CODEPUSH_TEST_OFFLINE") == "1"  # read here: each test finds the environment cleaned

SHIPPED = Path(__file__).parents[2] / "deploy/nginx/codepush.conf"

_MAIN = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; {user}
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {shipped}
}}
"""


@contextmanager
def nginx_before(url, folder, **changes):
    """Run nginx before the server at a URL until the block ends; yield a client of it and the folder of its cache.

    ``changes`` are values of its configuration, such as ``rate="1r/m"``, in place of those that are shipped.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configuration = folder / "nginx.conf"
    user = "user root;" if os.getuid() == 0 else ""
    configuration.write_text(_MAIN.format(folder=folder, user=user, shipped=_adapted(url, port, folder, changes)))
    with (
        subprocess.Popen([_program(), "-p", folder, "-c", configuration]) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        try:
            _wait_for(port, process)
            yield client, folder / "checks"
        finally:
            process.terminate()


def _adapted(url, port, folder, values):
    """Return the shipped configuration with its names and places changed, without TLS."""
    text = SHIPPED.read_text()
    text = re.sub(r"^.*\b(?:ssl_\w+|http2 on|server_name)\b.*$", "", text, flags=re.MULTILINE)
    changes = {
        "listen 8443 ssl;": f"listen 127.0.0.1:{port};",
        "server codepush:3000;": f"server {url.removeprefix('http://')};",
        "/var/cache/nginx": str(folder),
    }
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    for name, value in values.items():
        text, count = re.subn(rf"\b{name}=[^ ;]+", f"{name}={value}", text)
        assert count == 1
    return text


def _program():
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None and OFFLINE:
        pytest.skip("nginx is not here, and CODEPUSH_TEST_OFFLINE says to do without")
    if program is None:
        pytest.fail("nginx is not here. Install it, or run tools/services.sh nginx as root.")
    return program


def _wait_for(port, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail("nginx did not start.")


@contextmanager
def default_nginx_before(url, folder, settings=""):
    """Run nginx before the server at a URL as nginx is by default, with further settings; yield its own URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    forward = f"server {{ listen 127.0.0.1:{port}; {settings} location / {{ proxy_pass {url}; }} }}"
    configuration = folder / "default.conf"
    user = "user root;" if os.getuid() == 0 else ""
    configuration.write_text(_MAIN.format(folder=folder, user=user, shipped=forward))
    with subprocess.Popen([_program(), "-p", folder, "-c", configuration]) as process:
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()

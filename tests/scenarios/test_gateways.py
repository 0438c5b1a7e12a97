"""Something between the command line and the server answers in the server's place."""

import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from codepush import AsyncCodePush, CodePush, DecodeError, Invalid, Unauthorized
from support.commands import CommandLine
from support.nginx import default_nginx_before


@pytest.fixture
def cli(codepush_server, tmp_path):
    with codepush_server.client() as client:
        client.add_app("App")
    return CommandLine(tmp_path, CODEPUSH_ACCESS_KEY=codepush_server.access_key)


@contextmanager
def answering(status, body, **headers):
    """Answer every request with the same; yield the address."""

    class Gateway(BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server looks for these names

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_release_that_is_too_large_for_nginx(cli, codepush_server, tmp_path):
    """With nginx as it is by default, a release of some megabytes fails with the setting to change."""
    bundle = tmp_path / "main.jsbundle"
    bundle.write_bytes(b"x" * 3_000_000)
    with default_nginx_before(codepush_server.url, tmp_path) as url:
        code, said = cli.fails("release", "App", bundle, "1.0.0", "--server", url)
        assert code == 4
        assert "413" in said
        assert "client_max_body_size" in said
        assert "<" not in said
        with CodePush(codepush_server.access_key, url) as client, pytest.raises(Invalid) as caught:
            client.release("App", "Staging", bundle, "1.0.0")
    assert (caught.value.status_code, caught.value.code) == (413, "gateway")
    assert "<" not in caught.value.message


def test_a_server_that_nginx_does_not_reach(cli, tmp_path):
    """A server that does not run, or does not respond in time, is told from one that refuses."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with default_nginx_before(address, tmp_path, "proxy_read_timeout 1s;") as url:
            code, said = cli.fails("app", "add", "Other", "--server", url)
    assert code == 3
    assert "504" in said
    assert "look at the release history before you try again" in said
    with default_nginx_before("http://127.0.0.1:9", tmp_path) as url:
        code, said = cli.fails("app", "add", "Other", "--server", url)
    assert code == 3
    assert "502" in said
    assert "check that the server runs" in said
    assert "<" not in said


def test_a_gateway_that_wants_a_login_of_its_own(cli, codepush_server):
    """Its 401 says nothing about the access key; neither does a login page with status 200."""
    page = b"<html><body>Log in</body></html>"
    with answering(401, page, WWW_Authenticate="Basic") as url:
        code, said = cli.fails("app", "list", "--server", url)
        assert code == 5
        assert "requires a login of its own" in said
        assert "access key" not in said
        with CodePush(codepush_server.access_key, url) as client, pytest.raises(Unauthorized):
            client.is_authenticated()
    with answering(200, page, Content_Type="text/html") as url:
        code, said = cli.fails("app", "remove", "App", "-y", "--server", url)
        assert code == 3
        assert "web page" in said
        with CodePush(codepush_server.access_key, url) as client, pytest.raises(DecodeError):
            client.is_authenticated()


@pytest.mark.anyio
async def test_pages_in_the_asynchronous_client(codepush_server):
    """The asynchronous client explains them in the same way."""
    with answering(413, b"<html></html>") as url:
        async with AsyncCodePush(codepush_server.access_key, url) as client:
            with pytest.raises(Invalid, match="413"):
                await client.add_app("Other")


def test_texts_of_other_servers(cli):
    """What a third-party server says in plain text is shown as it is."""
    with answering(406, b"This app does not exist.", Content_Type="text/html; charset=utf-8") as url:
        code, said = cli.fails("app", "remove", "Nothing", "-y", "--server", url)
    assert (code, said) == (4, "Error: This app does not exist.\n")


def test_a_page_in_place_of_an_update_check(cli):
    """A simulated device explains a gateway's response to its update check too."""
    with answering(502, b"<html><h1>502</h1></html>") as url:
        code, said = cli.fails("simulate", "--deployment-key", "K" * 28, "--app-version", "1.0.0", "--server", url)
    assert code == 3
    assert "proxy or gateway" in said
    assert "<" not in said

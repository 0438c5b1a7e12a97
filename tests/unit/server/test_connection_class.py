"""Which class speaks HTTP: ours, and uvicorn's own where ours would not fit."""

import logging

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from codepush.server import process
from codepush.server.web.fasthttp import FastHttp, obstacle


def test_ours_fits_the_installed_uvicorn():
    """With the uvicorn that is installed, the fast path is used."""
    assert obstacle() is None
    assert process.connection_class() is FastHttp


@pytest.fixture
def log(caplog, monkeypatch):
    """Give what is logged, though the server's log goes its own way once a server was started."""
    monkeypatch.setattr(logging.getLogger("codepush"), "propagate", True)
    return caplog


@pytest.mark.parametrize("version", ["0.53.1", "0.56.0", "1.0", "unknown"])
def test_another_uvicorn(monkeypatch, log, version):
    """With a version that nobody has read, uvicorn's own class answers, and the log says so."""
    monkeypatch.setattr(uvicorn, "__version__", version)
    assert process.connection_class() == "auto"
    assert f"uvicorn {version}" in log.text
    assert log.records[0].levelno == logging.ERROR


@pytest.mark.parametrize("method", ["on_message_complete", "timeout_keep_alive_handler", "data_received"])
def test_a_uvicorn_without_what_we_build_on(monkeypatch, log, method):
    """When a method that we build on is gone or takes something else, uvicorn's own class answers."""
    monkeypatch.setattr(HttpToolsProtocol, method, lambda _self, _one, _another: None)
    assert process.connection_class() == "auto"
    assert f"HttpToolsProtocol.{method}()" in log.text


def test_a_uvicorn_that_keeps_its_state_elsewhere(monkeypatch, log):
    """When an attribute that we read is not set any more, uvicorn's own class answers."""
    monkeypatch.setattr(HttpToolsProtocol, "__init__", lambda _self: None)
    assert process.connection_class() == "auto"
    assert "HttpToolsProtocol.cycle" in log.text

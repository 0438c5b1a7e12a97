"""Responses of proxies and gateways are told from those of servers, and explained instead of shown."""

from datetime import UTC, datetime

import pytest

from codepush.errors import DecodeError, Invalid, ServerError, Unauthorized
from codepush.wire import standalone
from codepush.wire.gateways import is_page
from codepush.wire.messages import Response, decode_answer

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NGINX = b"<html>\r\n<head><title>%d</title></head>\r\n<body><center><h1>%d</h1></center></body>\r\n</html>\r\n"


def error(status, body=b"", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return standalone.error_from(Response(status=status, headers=named, body=body), NOW)


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (401, Unauthorized, "requires a login"),
        (413, Invalid, "client_max_body_size"),
        (502, ServerError, "check that the server runs"),
        (503, ServerError, "try again later"),
        (504, ServerError, "look at the release history before you try again"),
        (521, ServerError, "Check the server's address"),
    ],
)
def test_a_page_is_explained(status, kind, advice):
    """The message has the status, who sent the page, and what to do; the page is not in it."""
    found = error(status, NGINX % (status, status), content_type="text/html", x_request_id="of-the-gateway")
    assert type(found) is kind
    assert (found.status_code, found.code, found.request_id) == (status, "gateway", None)
    assert found.message.startswith(str(status))
    assert "proxy or gateway" in found.message
    assert advice in found.message
    assert "<" not in found.message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Bad Gateway",
        b"502 Bad Gateway\n",
        b"error code: 502",
        b"<?xml version='1.0'?><error/>",
        b"\xef\xbb\xbf\n <!DOCTYPE html><html></html>",
        b"no healthy upstream",
        b"upstream request timeout",
    ],
)
def test_forms_of_gateways(body):
    """Load balancers say the status in words, in markup, or nothing at all."""
    assert error(502, body).code == "gateway"


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (413, b"The uploaded file is larger than the size limit of 200 megabytes.", {"content_type": "text/html"}),
        (503, b"The database does not respond.", {}),
        (500, b"Internal Server Error", {}),
        (404, b"Not Found", {}),
        (502, b'{"status": "ERROR", "errorMessage": "no file"}', {"content_type": "application/json"}),
        (503, b"Service Unavailable", {"x_codepush_server": "codepush/1.0"}),
        (413, b"<html>", {"x_codepush_server": "codepush/1.0"}),
    ],
)
def test_texts_of_servers_are_kept(status, body, headers):
    """What a server says, ours or of another maker, is the message."""
    found = error(status, body, **headers)
    assert (found.message, found.code) == (body.decode(), None)


def test_a_page_in_place_of_an_answer_is_not_quoted():
    """A successful status does not make a page an answer; the error does not show it."""
    with pytest.raises(DecodeError) as caught:
        decode_answer(b"<html>Log in</html>", dict)
    assert "web page" in caught.value.message
    assert "<" not in caught.value.message


def test_what_servers_answer_is_no_page():
    """JSON and the words by which servers say that it worked are not taken for pages."""
    assert not any(is_page(body) for body in (b"", b"ok", b"Created", b'{"app": "<html>"}', b"< 3", b"[]"))

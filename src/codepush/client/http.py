"""The HTTP library for both clients: its configuration and its errors."""

from __future__ import annotations

import logging
import re
import ssl
import warnings
from contextlib import contextmanager
from importlib.metadata import version
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import httpx2

from codepush.client.flow import Failure
from codepush.client.upload import multipart
from codepush.errors import (
    ConfigurationError,
    DecodeError,
    InsecureServerWarning,
    Invalid,
    TimeoutError,  # noqa: A004 - ours is also the built-in one
    TransportError,
)
from codepush.masking import masked, masked_name
from codepush.wire.messages import PROBLEM_TYPE, Request, Response

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from codepush.client.settings import Secret, Settings
    from codepush.errors import CodePushError

__all__ = ["arguments", "configuring", "failure_from", "insecurity", "options", "response_from"]

_ACCEPT: Final = f"application/vnd.code-push.v2+json, {PROBLEM_TYPE};q=0.9"
_LONGEST_CONNECT: Final = 10.0
_IDLE_CONNECTION: Final = 3.0  # many servers close idle connections after 5 seconds
_ADVICE: Final = (
    "Check that the server is running (codepush server start), that the URL (CODEPUSH_SERVER_URL) is correct,"
    " and that no proxy or firewall blocks it."
)


class _Masking(logging.Filter):
    """Masks access keys in the URLs that the library logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _masked_address(record.getMessage()), None
        return True


_ADDRESS: Final = re.compile(r"(?<=/accessKeys/)[\w%.~-]+")
for _name in ("httpx2", "httpcore2.http11", "httpcore2.http2"):
    logging.getLogger(_name).addFilter(_Masking())


def _masked_address(text: str) -> str:
    return masked(_ADDRESS.sub(lambda name: masked_name(name[0]), text))


class _KeyAuth(httpx2.Auth):
    """Adds the access key to a request just before it is sent, so that no other part needs it."""

    def __init__(self, access_key: Secret) -> None:
        self._access_key = access_key

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._access_key.reveal()}"
        yield request


def options(settings: Settings) -> dict[str, Any]:
    """Return the arguments of an HTTP client of either kind.

    Redirects are not followed: the access key is for one server. The ``arguments`` of a request
    contain what may differ between calls.
    """
    if (warning := insecurity(settings.server_url)) is not None:
        warnings.warn(warning, InsecureServerWarning, stacklevel=4)  # where the client is created
    return {
        "auth": _KeyAuth(settings.access_key),
        "limits": httpx2.Limits(keepalive_expiry=_IDLE_CONNECTION),
        "proxy": settings.proxy and settings.proxy.reveal(),
        "verify": settings.verify,
        "follow_redirects": False,
    }


def insecurity(server_url: str) -> str | None:
    """Return a warning if an access key would cross a network in plain text; ``None`` if it would not."""
    url = httpx2.URL(server_url)
    if url.scheme != "http" or _is_local(url.host):
        return None
    return (
        f"The access key is sent to {server_url} without encryption: others on the network can read it. Use an https "
        "address."
    )


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@contextmanager
def configuring() -> Iterator[None]:
    """Raise our error for settings that the library rejects.

    The library's message is omitted, because it may contain a proxy's password.
    """
    try:
        yield
    except ImportError:
        raise ConfigurationError("A SOCKS proxy needs the package socksio: pip install socksio.") from None
    except (ValueError, httpx2.InvalidURL):
        raise ConfigurationError(
            "The proxy cannot be used. Check the variables HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY."
        ) from None


@contextmanager
def arguments(request: Request, settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield the arguments of a request; the file of an upload is open until the end of the block.

    Raises:
        Invalid: The names in the path are too long for a URL.
        PackageError: The file of the upload cannot be opened.

    """
    url = _url(settings.server_url + request.path)
    common = {
        "method": request.method,
        "url": url,
        "headers": _headers(settings, request),
        "timeout": _timeout(settings),
    }
    if request.upload is None:
        yield common | {"content": request.body}
        return
    with multipart(request.upload) as files:
        yield common | {"files": files}


def response_from(answer: httpx2.Response) -> Response:
    """Return a response as a plain value."""
    return Response(status=answer.status_code, headers=dict(answer.headers.items()), body=answer.content)


def failure_from(cause: httpx2.HTTPError, settings: Settings) -> Failure:
    """Return the outcome for an error of the library, with advice in its message."""
    failure = _failure(cause, settings)
    failure.error.__cause__ = _without_frames(cause)
    return failure


def _without_frames(error: BaseException) -> BaseException:
    """Return an error of the library without its frames, because some contain the access key."""
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error


def _failure(cause: httpx2.HTTPError, settings: Settings) -> Failure:
    server = f"the CodePush server at {settings.server_url}"
    match cause:
        case httpx2.ConnectTimeout() | httpx2.PoolTimeout():
            return Failure(error=TimeoutError(f"Unable to connect to {server} in time. {_ADVICE}"), sent=False)
        case httpx2.TimeoutException():
            return Failure(error=_no_answer(server, settings))
        case httpx2.ConnectError():
            return _no_connection(server, cause)
        case httpx2.ProxyError():
            sentence = f"The proxy rejected the request to {server}: {_reason(cause)}."
            return Failure(error=TransportError(sentence), sent=False, lasting=True)
        case httpx2.DecodingError():
            return Failure(error=DecodeError(f"Could not parse response: {cause}"), lasting=True)
        case _:
            return Failure(error=TransportError(f"The connection to {server} broke: {_reason(cause)}."))


def _url(address: str) -> httpx2.URL:
    try:
        return httpx2.URL(address)
    except httpx2.InvalidURL as error:
        raise Invalid(f"The request has an invalid URL: {error}.", 400) from error


def _reason(cause: httpx2.HTTPError) -> str:
    return str(cause).rstrip(".") or type(cause).__name__


def _timeout(settings: Settings) -> httpx2.Timeout:
    timeout = settings.timeout
    connect = _LONGEST_CONNECT if timeout is None else min(timeout, _LONGEST_CONNECT)
    return httpx2.Timeout(timeout, connect=connect)


def _headers(settings: Settings, request: Request) -> httpx2.Headers:
    ours = version("codepush")
    headers = httpx2.Headers({"Accept": _ACCEPT, "User-Agent": f"codepush/{ours}", "X-CodePush-SDK-Version": ours})
    headers.update(settings.headers)
    headers.update(request.headers)
    return headers


def _no_answer(server: str, settings: Settings) -> CodePushError:
    return TimeoutError(
        f"No response from {server} within {settings.timeout} seconds."
        " The request may have been processed; check before retrying, or set a longer timeout."
    )


def _no_connection(server: str, cause: httpx2.ConnectError) -> Failure:
    if not _is_about_certificates(cause):
        return Failure(error=TransportError(f"Unable to connect to {server} ({_reason(cause)}). {_ADVICE}"), sent=False)
    sentence = (
        f"No secure connection to {server}: {_reason(cause)}."
        " For a private certificate authority, set its CA bundle (verify, or --ca-file)."
    )
    return Failure(error=TransportError(sentence), sent=False, lasting=True)


def _is_about_certificates(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False

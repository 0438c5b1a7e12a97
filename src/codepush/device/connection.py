"""HTTP requests of a device, with the headers and the strictness of the two platforms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

import httpx2

from codepush.errors import (
    GATEWAY,
    ConfigurationError,
    DecodeError,
    TimeoutError,  # noqa: A004 - also the built-in one
    TransportError,
    api_error,
)
from codepush.wire import acquisition
from codepush.wire.gateways import gateway_message
from codepush.wire.messages import Response, cut, text

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from codepush.device.packages import Platform
    from codepush.models import StatusReport, UpdateCheck, UpdateInfo

__all__ = ["Connection", "Progress", "is_web_address"]

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the bytes received so far and their total number, or ``None`` if unknown."""

_HEADERS: Final = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "X-CodePush-Plugin-Name": "react-native-code-push",
    "X-CodePush-Plugin-Version": "9.0.1",
    "X-CodePush-SDK-Version": "4.2.3",
}
"""Headers of checks and reports in the last release of the React Native plugin."""

_IDENTITY: Final = {"Accept-Encoding": "identity"}
"""Header of Android's downloads: a compressed transfer would have another Content-Length."""

_ANSWER_LIMIT: Final = 1024 * 1024
"""Maximum size of a response in bytes; valid ones have at most a few kilobytes."""

_DOWNLOAD_LIMIT: Final = 2**31 - 1
"""The longest download in bytes. Android reads the length into 32 bits."""

_REDIRECTS: Final = 20
"""Maximum number of redirects, as on Android."""


class Connection:
    """Sends requests to one server.

    Args:
        server_url: URL of the server; http or https.
        platform: Platform whose strictness applies to downloads.
        timeout: Seconds to wait for a connection, and for each part of a response.

    Raises:
        ConfigurationError: ``server_url`` is not such a URL.

    """

    def __init__(self, server_url: str, *, platform: Platform, timeout: float) -> None:
        if not is_web_address(server_url):
            raise ConfigurationError(
                f'"{server_url}" is not a server URL. Use one like "https://codepush.example.com".'
            )
        self._server_url = server_url
        self._platform = platform
        self._timeout = timeout

    def ask(self, check: UpdateCheck) -> UpdateInfo:
        """Check for an update.

        Raises:
            TransportError: No response arrived.
            APIError: The server rejected the check, for example because the deployment key is unknown.
            DecodeError: The response is invalid.

        """
        return acquisition.read_update(self._exchange("GET", acquisition.update_check_url(self._server_url, check)))

    def report(self, report: StatusReport) -> None:
        """Send a status report; raises as ``ask`` does."""
        url = acquisition.report_url(self._server_url, report)
        self._exchange("POST", url, content=acquisition.report_body(report))

    def download(self, url: str, target: Path, *, on_progress: Progress | None = None) -> None:
        """Download a URL to a new file.

        As on Android there must be a correct Content-Length, and redirects may not change between http
        and https; the iOS device requires neither.

        Raises:
            TransportError: No response arrived, it has another size than declared, or too many redirects.
            APIError: The server returned an error.
            DecodeError: The response has no Content-Length (Android), no content, or is too long.

        """
        with _our_errors(url), self._client() as client, closing(self._follow(client, url)) as response:
            if not response.is_success:
                raise _refused(response)
            self._save(response, target, on_progress)

    def _exchange(self, method: str, url: str, *, content: bytes | None = None) -> bytes:
        with (
            _our_errors(url),
            self._client() as client,
            client.stream(method, url, headers=_HEADERS, content=content, follow_redirects=True) as response,
        ):
            if not response.is_success:
                raise _refused(response)
            return _read(response)

    def _client(self) -> httpx2.Client:
        return httpx2.Client(timeout=self._timeout, max_redirects=_REDIRECTS, verify=_trust())

    def _follow(self, client: httpx2.Client, url: str) -> httpx2.Response:
        headers = _IDENTITY if self._platform == "android" else None
        request = client.build_request("GET", url, headers=headers)
        for _ in range(_REDIRECTS + 1):
            response = client.send(request, stream=True)
            if response.next_request is None:
                return response
            response.close()
            self._check_redirect(request.url, response.next_request.url)
            request = response.next_request
        raise TransportError(f"{url} was redirected more than {_REDIRECTS} times. Check the server's download address.")

    def _check_redirect(self, source: httpx2.URL, target: httpx2.URL) -> None:
        if self._platform == "android" and source.scheme != target.scheme:
            raise TransportError(
                f"{source} was redirected from {source.scheme} to {target.scheme}, which Android devices do not follow."
                " Serve downloads under the scheme of the download address."
            )

    def _save(self, response: httpx2.Response, target: Path, on_progress: Progress | None) -> None:
        total = self._declared_length(response)
        # Android counts transferred bytes; iOS counts decoded ones.
        pieces = response.iter_raw() if self._platform == "android" else response.iter_bytes()
        received = 0
        with target.open("xb") as file:
            for piece in pieces:
                received += file.write(piece)
                _check_length(response, received)
                if on_progress is not None:
                    on_progress(received, total)
        if self._platform == "android" and received != total:
            raise TransportError(f"Received {received} bytes from {response.url}, expected {total}.")
        if received == 0:
            raise DecodeError(f"The download from {response.url} is empty.")

    def _declared_length(self, response: httpx2.Response) -> int | None:
        declared = response.headers.get("Content-Length")
        if declared is not None:
            _check_length(response, int(declared))
            return int(declared)
        if self._platform == "android":
            raise DecodeError(
                f"The download from {response.url} has no Content-Length, which Android devices require."
                " The server must send one, without chunked encoding."
            )
        return None


def is_web_address(url: str) -> bool:
    """Return whether this is an http or https URL with a host."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        return False
    return parsed.scheme in {"http", "https"} and bool(parsed.host)


@cache
def _trust() -> ssl.SSLContext:
    """Return the system's certificates, loaded once: that takes longer than an update check."""
    return httpx2.create_ssl_context()


@contextmanager
def _our_errors(url: str) -> Iterator[None]:
    try:
        yield
    except httpx2.TimeoutException as error:
        raise TimeoutError(f"{url} did not respond in time.") from error
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        raise TransportError(f"{url} sent no complete response ({error}). Check the URL and the network.") from error


def _refused(response: httpx2.Response) -> Exception:
    """Return the error for an unsuccessful response, with the message that apps get."""
    status, body = response.status_code, _read(response)
    from_between = gateway_message(Response(status=status, headers=dict(response.headers.items()), body=body))
    return api_error(from_between or f"{status}: {cut(text(body))}", status, code=GATEWAY if from_between else None)


def _read(response: httpx2.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > _ANSWER_LIMIT:
            raise DecodeError(f"The response from {response.url} is longer than {_ANSWER_LIMIT} bytes.")
    return bytes(body)


def _check_length(response: httpx2.Response, length: int) -> None:
    if length > _DOWNLOAD_LIMIT:
        raise DecodeError(f"The download from {response.url} is longer than {_DOWNLOAD_LIMIT} bytes.")

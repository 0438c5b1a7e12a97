"""Responses of identity providers: JSON of a known shape, bounded in size and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

import anyio
import httpx2
import msgspec
from msgspec import Meta, Struct

from codepush.server.ports.errors import ProviderError

__all__ = ["Form", "Subject", "Token", "exchange", "fetch", "name_of"]

_SECONDS: Final = 10.0
"""Timeout of one response, from the connection to the last byte; a user is waiting in a browser."""

_LIMIT: Final = 256 * 1024
"""Maximum bytes of a response. Key sets and lists of addresses are the longest, with a few thousand."""

_NAME_LENGTH: Final = 100

Subject = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$")]
"""An issuer's ID of a user (OpenID Connect Core, section 2: at most 255 ASCII characters)."""

Form = Mapping[str, str]
T = TypeVar("T")


class Token(Struct, frozen=True):
    """The tokens that a provider returns for the code of a login."""

    access_token: str
    id_token: str = ""


class _Refusal(Struct, frozen=True):
    """Why a provider rejects a code (RFC 6749, section 5.2); GitHub sends it with status 200."""

    error: Annotated[str, Meta(pattern=r"^[a-z_]{1,64}$")]


async def fetch(
    kind: type[T],
    url: str,
    *,
    form: Form | None = None,
    auth: tuple[str, str] | None = None,
    bearer: str | None = None,
) -> T:
    """Return a provider's response to a GET, or to a POST of a form.

    Redirects are not followed: only URLs from the settings or from the provider itself are requested.

    Args:
        kind: The shape of the response; other fields are ignored.
        url: The URL to request.
        form: Fields to post.
        auth: Name and password for basic authentication.
        bearer: Access token for bearer authentication.

    Raises:
        ProviderError: The provider cannot be reached, is too slow, or its response has another shape.

    """
    status, body = await _send(url, form=form, auth=auth, bearer=bearer)
    if status != httpx2.codes.OK:
        raise ProviderError(f"{_host(url)} responded with status {status}.")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderError(f"{_host(url)} returned a malformed response.") from error


async def exchange(url: str, form: Form, *, auth: tuple[str, str] | None = None) -> Token:
    """Return the tokens of a provider for the code in a form.

    Raises:
        ProviderError: The provider cannot be reached, is too slow, rejects the code, or its response has another
            shape.

    """
    status, body = await _send(url, form=form, auth=auth, bearer=None)
    try:
        token = msgspec.json.decode(body, type=Token)
    except (msgspec.DecodeError, UnicodeDecodeError):
        token = None
    if token is None or status != httpx2.codes.OK:
        raise ProviderError(f"{_host(url)} rejected the login: {_reason(status, body)}.")
    return token


def name_of(name: str | None) -> str:
    """Return a user's name without unprintable characters; empty if there is none."""
    return "".join(filter(str.isprintable, name or ""))[:_NAME_LENGTH].strip()


async def _send(url: str, *, form: Form | None, auth: tuple[str, str] | None, bearer: str | None) -> tuple[int, bytes]:
    # Uncompressed, so that the limit holds for the decoded bytes too.
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "codepush-server"}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    request: dict[str, Any] = {"headers": headers, "data": form, "auth": auth}
    try:
        with anyio.fail_after(_SECONDS):
            async with (
                httpx2.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client,
                client.stream("GET" if form is None else "POST", url, **request) as response,
            ):
                return response.status_code, await _bounded(url, response)
    except TimeoutError as error:
        raise ProviderError(f"{_host(url)} did not respond in time.") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ProviderError(f"{_host(url)} cannot be reached.") from error


async def _bounded(url: str, response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _LIMIT:
            raise ProviderError(f"{_host(url)} sent more than {_LIMIT} bytes.")
    return bytes(body)


def _reason(status: int, body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Refusal).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return f"status {status}"


def _host(url: str) -> str:
    try:
        return httpx2.URL(url).host
    except httpx2.InvalidURL:
        return "The provider"

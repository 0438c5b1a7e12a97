"""What an identity provider answers: JSON of a bounded size, in bounded time, of a known shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeVar

import anyio
import httpx2
import msgspec
from msgspec import Meta, Struct

from codepush.server.ports.errors import ProviderError

__all__ = ["Form", "Subject", "Token", "ask", "exchange", "name_of"]

_SECONDS: Final = 10.0
"""How long one answer may take, from the connection to the last byte; somebody is waiting in a browser."""

_LIMIT: Final = 256 * 1024
"""Bytes of an answer. Key sets and lists of addresses are the longest, and have a few thousand."""

_NAME_LENGTH: Final = 100

Subject = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$")]
"""What an issuer calls a person (OpenID Connect Core, section 2: at most 255 ASCII characters)."""

Form = Mapping[str, str]
T = TypeVar("T")


class Token(Struct, frozen=True):
    """What a provider gives for the code of a log-in."""

    access_token: str
    id_token: str = ""


class _Refusal(Struct, frozen=True):
    """Why a provider gives nothing for a code (RFC 6749, section 5.2); GitHub says so with status 200."""

    error: Annotated[str, Meta(pattern=r"^[a-z_]{1,64}$")]


async def ask(
    kind: type[T],
    url: str,
    *,
    form: Form | None = None,
    auth: tuple[str, str] | None = None,
    bearer: str | None = None,
) -> T:
    """Return what a provider answers to a GET, or to a POST of a form.

    Redirects are not followed: whoever is asked is whom the settings, or the provider itself, named.

    Args:
        kind: the shape of the answer; what it has beyond that is passed over.
        url: whom to ask.
        form: fields to post.
        auth: name and password to log in with.
        bearer: an access token to log in with.

    Raises:
        ProviderError: the provider is away, too slow, or answers something else.

    """
    status, body = await _send(url, form=form, auth=auth, bearer=bearer)
    if status != httpx2.codes.OK:
        raise ProviderError(f"{_host(url)} answered with status {status}.")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderError(f"{_host(url)} answered something that makes no sense.") from error


async def exchange(url: str, form: Form, *, auth: tuple[str, str] | None = None) -> Token:
    """Return the token that a provider gives for the code in a form.

    Raises:
        ProviderError: as :func:`ask`, or the provider refuses the code.

    """
    status, body = await _send(url, form=form, auth=auth, bearer=None)
    try:
        token = msgspec.json.decode(body, type=Token)
    except (msgspec.DecodeError, UnicodeDecodeError):
        token = None
    if token is None or status != httpx2.codes.OK:
        raise ProviderError(f"{_host(url)} did not accept the log-in: {_reason(status, body)}.")
    return token


def name_of(name: str | None) -> str:
    """Return a person's name without what cannot be shown; empty when there is none."""
    return "".join(filter(str.isprintable, name or ""))[:_NAME_LENGTH].strip()


async def _send(url: str, *, form: Form | None, auth: tuple[str, str] | None, bearer: str | None) -> tuple[int, bytes]:
    # Uncompressed, so that what is counted is what arrives.
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
        raise ProviderError(f"{_host(url)} did not answer in time.") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ProviderError(f"{_host(url)} cannot be reached.") from error


async def _bounded(url: str, response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _LIMIT:
            raise ProviderError(f"{_host(url)} answered more than {_LIMIT} bytes.")
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

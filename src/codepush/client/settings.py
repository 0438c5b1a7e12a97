"""Settings of a client: validated once, with masked secrets."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from typing import Final, TypeAlias

import httpx2
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from codepush.errors import ConfigurationError, Unauthorized

__all__ = ["DEFAULT_SERVER_URL", "Secret", "Settings", "Verify", "changed", "resolve"]

Verify: TypeAlias = "bool | str | os.PathLike[str] | ssl.SSLContext"
"""Certificate verification: the system's authorities, none, a CA bundle, or a context."""

DEFAULT_SERVER_URL: Final = "http://127.0.0.1:3000"
"""Default address of ``codepush server start``."""

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LAST_PORT: Final = 65535
_PROXY_SCHEMES: Final = frozenset({"http", "https", "socks5", "socks5h"})
_OWN_HEADERS: Final = frozenset({"authorization", "content-length", "content-type", "transfer-encoding"})


class Secret:
    """A string that never appears in a ``repr``, an error or a log."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(...)"

    def reveal(self) -> str:
        """Return the string."""
        return self._text


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one client. ``timeout`` is in seconds; ``None`` waits without limit."""

    access_key: Secret
    server_url: str
    timeout: float | None
    max_retries: int
    proxy: Secret | None
    headers: Mapping[str, str]
    verify: ssl.SSLContext | bool

    def __repr__(self) -> str:
        """Return the settings without header values, which may be secrets."""
        return f"Settings(server_url={self.server_url!r}, timeout={self.timeout!r}, headers={sorted(self.headers)!r})"


def resolve(
    environment: Mapping[str, str],
    *,
    access_key: str | None,
    server_url: str | None,
    timeout: float | None,
    max_retries: int,
    proxy: str | None,
    headers: Mapping[str, str] | None,
    verify: Verify,
) -> Settings:
    """Return the settings of a client.

    Args:
        environment: Variables with defaults for the key and the URL: ``CODEPUSH_ACCESS_KEY`` and
            ``CODEPUSH_SERVER_URL``.
        access_key: The access key.
        server_url: Server URL, with or without a trailing slash.
        timeout: Seconds for each network operation, or ``None``.
        max_retries: Maximum number of retries.
        proxy: Proxy URL; ``None`` uses the usual environment variables.
        headers: More headers for every request.
        verify: Certificate verification.

    Raises:
        Unauthorized: There is no access key.
        ConfigurationError: Another argument is invalid; the message names it.

    """
    return Settings(
        access_key=_access_key(environment.get("CODEPUSH_ACCESS_KEY") if access_key is None else access_key),
        server_url=_server_url(environment.get("CODEPUSH_SERVER_URL") if server_url is None else server_url),
        timeout=_timeout(timeout),
        max_retries=_max_retries(max_retries),
        proxy=_proxy(proxy),
        headers=_headers(headers or {}),
        verify=_verify(verify),
    )


def changed(
    settings: Settings,
    *,
    timeout: float | UnsetType | None = UNSET,
    max_retries: int | UnsetType = UNSET,
    headers: Mapping[str, str] | None = None,
) -> Settings:
    """Return settings with some replaced; ``headers`` are added to the existing ones.

    Raises:
        ConfigurationError: A value is invalid.

    """
    return replace(
        settings,
        timeout=settings.timeout if timeout is UNSET else _timeout(timeout),
        max_retries=settings.max_retries if max_retries is UNSET else _max_retries(max_retries),
        headers=_merged(settings.headers, _headers(headers or {})),
    )


def _access_key(key: str | None) -> Secret:
    if not key:
        raise Unauthorized("A token must be specified.", 401)
    if not all("!" <= character <= "~" for character in key):
        raise ConfigurationError(
            "The access key contains blanks, line breaks or non-ASCII characters. Check how it was copied or read."
        )
    return Secret(key)


def _server_url(address: str | None) -> str:
    if address is None:
        return DEFAULT_SERVER_URL
    url = _parsed(address)
    if url is None or url.scheme not in {"http", "https"}:
        raise ConfigurationError(
            "The server URL must be a full address such as https://codepush.example.com or http://127.0.0.1:3000."
        )
    if url.userinfo or url.query or url.fragment:
        raise ConfigurationError(
            "The server URL must not contain a user name, a password, a query or a fragment. Pass the key separately."
        )
    return address.rstrip("/")


def _parsed(address: str) -> httpx2.URL | None:
    """Return a parsed URL, or ``None`` if it is unusable."""
    try:
        url = httpx2.URL(address)
    except httpx2.InvalidURL:
        return None
    in_one_piece = not any(character.isspace() for character in address)
    return url if in_one_piece and url.host and (url.port or 0) <= _LAST_PORT else None


def _timeout(seconds: float | None) -> float | None:
    if seconds is not None and not seconds > 0:
        raise ConfigurationError("The timeout must be more than 0 seconds, or None to wait without limit.")
    return seconds


def _max_retries(count: int) -> int:
    if count < 0:
        raise ConfigurationError("max_retries must be 0 or more.")
    return count


def _proxy(address: str | None) -> Secret | None:
    if address is None:
        return None
    url = _parsed(address)
    if url is None or url.scheme not in _PROXY_SCHEMES:
        raise ConfigurationError("The proxy must be a full address such as http://proxy.example.com:8080.")
    return Secret(address)  # it may contain a password


def _headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if name.lower() in _OWN_HEADERS:
            raise ConfigurationError(f"The header {name} is set by the client; pass the access key as access_key.")
        if not (_HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable()):
            raise ConfigurationError(f"The header {name!r} contains characters that cannot be sent.")
    return dict(headers)


def _merged(headers: Mapping[str, str], more: Mapping[str, str]) -> Mapping[str, str]:
    replaced = {name.lower() for name in more}
    return {name: value for name, value in headers.items() if name.lower() not in replaced} | dict(more)


def _verify(verify: Verify) -> ssl.SSLContext | bool:
    if isinstance(verify, (bool, ssl.SSLContext)):
        return verify
    try:
        return ssl.create_default_context(cafile=os.fspath(verify))
    except OSError as error:
        raise ConfigurationError(f"No certificates could be read from {os.fspath(verify)}: {error}.") from error

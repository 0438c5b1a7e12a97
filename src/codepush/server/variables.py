"""Settings: their variables, accepted values and documentation."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Struct

from codepush.errors import ConfigurationError
from codepush.server.storage.urls import Place
from codepush.server.web.proxies import Proxies

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Choice",
    "Setting",
    "Whole",
    "base_url",
    "folder",
    "is_unspecified",
    "location",
    "optional_base_url",
    "optional_provider_url",
    "proxy_list",
    "site_url",
    "storage_url",
    "switch",
]

_THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Setting(Struct, frozen=True):
    """The description of one field of :class:`~codepush.server.settings.Settings`.

    Attributes:
        summary: The setting's row in ``docs/server.md``, in Markdown.
        accept: Returns a value in the type of the field; raises ``ValueError`` with the text after "VARIABLE: ...".
        default: The default in Markdown, if it depends on other settings or needs an explanation.
        variable: The environment variable; derived from the name of the field by default.
        formerly: A former name of the variable, which is rejected with a reference to the new one.

    """

    summary: str
    accept: Callable[[Any], object] = str
    default: str = ""
    variable: str = ""
    formerly: str = ""

    def named(self, field: str) -> Setting:
        """Return the setting with the variable of a field."""
        return msgspec.structs.replace(self, variable=self.variable or f"CODEPUSH_{field.upper()}")

    def given(self, environment: Mapping[str, str]) -> str | None:
        """Return the value of the variable, or ``None`` if it is not set or empty.

        Raises:
            ConfigurationError: The variable is set under its former name.

        """
        if self.formerly and environment.get(self.formerly):
            raise ConfigurationError(f"{self.formerly} has been renamed. Set {self.variable} instead.")
        return environment.get(self.variable) or None

    def parse(self, value: object) -> object:
        """Return a value in the type of the field.

        Raises:
            ConfigurationError: The value is not accepted. The message names the variable.

        """
        try:
            return self.accept(value)
        except ValueError as error:
            raise ConfigurationError(f"{self.variable}: {error}.") from error


class Whole(Struct, frozen=True):
    """Whole numbers, from ``least`` to ``most``, if given."""

    least: int
    most: int | None = None

    def __call__(self, value: object) -> int:
        """Return the number in a string or number."""
        try:
            number = msgspec.convert(value, int, strict=False)
        except msgspec.ValidationError:
            number = self.least - 1
        if number < self.least or (self.most is not None and number > self.most):
            wanted = f"of at least {self.least}" if self.most is None else f"from {self.least} to {self.most}"
            raise ValueError(f"{value!r} is not a whole number {wanted}")
        return number


class Choice(Struct, frozen=True):
    """One of several words, in any letter case."""

    words: tuple[str, ...]

    def __call__(self, value: object) -> str:
        """Return the word in lower case."""
        word = str(value).lower()
        if word not in self.words:
            raise ValueError(f"{value!r} is not one of {', '.join(self.words)}")
        return word


def switch(value: object) -> bool:
    """Return whether a setting is on."""
    word = str(value).lower()
    if word not in {"on", "true", "off", "false"}:
        raise ValueError(f"{value!r} is neither on nor off")
    return word in {"on", "true"}


def folder(value: str | Path) -> Path:
    """Return the absolute path of a folder."""
    return Path(value).expanduser().absolute()


def base_url(value: str) -> str:
    """Return the URL of a server, without a slash at the end."""
    parts = _parts(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{value!r} is not the address of a server, such as https://codepush.example.com")
    return value.rstrip("/")


def optional_base_url(value: str) -> str:
    """Return the URL of a server, or an empty string."""
    return base_url(value) if value else ""


def optional_provider_url(value: str) -> str:
    """Return the URL of an identity provider, letter for letter, or an empty string."""
    return _provider_url(value) if value else ""


def site_url(value: str) -> str:
    """Return the URL of an identity provider, without a slash at the end."""
    return _provider_url(value).rstrip("/")


def storage_url(value: str) -> str:
    """Return the URL of a folder or bucket. The message of an error never contains it: it may hold a password."""
    Place.parse(value)
    return value


def proxy_list(value: str) -> str:
    """Return a list of networks, or a number of proxies."""
    try:
        Proxies.parse(value)
    except ValueError as error:
        raise ValueError(
            f"{value!r} is neither a list of networks, such as 10.0.0.0/8,fd00::/8, nor a number of proxies: {error}"
        ) from error
    return value


def location(value: str) -> str:
    """Return an internal location of nginx, or an empty string."""
    if value and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+/?", value):
        raise ValueError(f"{value!r} is not a location of nginx, such as /codepush-archives")
    return value.rstrip("/")


def is_unspecified(url: str) -> bool:
    """Return whether the host of a URL is the unspecified address, such as ``0.0.0.0``."""
    try:
        return ip_address(urlsplit(url).hostname or "").is_unspecified
    except ValueError:
        return False


def _provider_url(value: str) -> str:
    """Return the URL of an identity provider: HTTPS, except on this machine."""
    parts = _parts(value)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
    if not is_safe or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{value!r} is not the address of an identity provider, such as https://accounts.example.com")
    return value


def _parts(value: str) -> SplitResult:
    try:
        return urlsplit(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is no address: {error}") from error

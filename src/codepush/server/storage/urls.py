"""Storage URLs: the location of archives, without opening anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from msgspec import Struct

__all__ = ["Place"]

_OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "s3": frozenset({"endpoint", "public_endpoint", "region", "path_style"}),
    "az": frozenset({"account", "endpoint", "public_endpoint"}),
    "gs": frozenset({"endpoint", "public_endpoint"}),
}
_EXAMPLES: Final = "file:///var/lib/codepush/blobs, s3://BUCKET/PREFIX, az://CONTAINER/PREFIX or gs://BUCKET/PREFIX"


class Place(Struct, frozen=True):
    """The location in a storage URL.

    Attributes:
        scheme: ``file`` for a folder; ``s3``, ``az`` or ``gs`` for an object store.
        name: The bucket or container; empty for a folder.
        path: The folder, or the prefix of each blob's name in the bucket, without slashes around it.
        options: ``endpoint``, ``public_endpoint``, ``region``, ``path_style`` and ``account``, if given.

    """

    scheme: str
    name: str
    path: str
    options: Mapping[str, str]

    @property
    def shown(self) -> str:
        """The location in a form safe for messages: without options."""
        return f"{self.scheme}://{self.name}{self.path if self.scheme == 'file' else f'/{self.path}'}".rstrip("/")

    @classmethod
    def parse(cls, url: str) -> Place:
        """Return the location in a storage URL.

        Raises:
            ValueError: The URL is invalid; the message names the reason, and never contains a secret.

        """
        parts = urlsplit(url)
        if "@" in parts.netloc:
            raise ValueError("a storage URL must not contain a user or password; set them in the environment")
        if parts.scheme == "file":
            return _folder(parts)
        if parts.scheme not in _OPTIONS or not parts.netloc or parts.fragment:
            raise ValueError(f"this is not a storage URL. Use one such as {_EXAMPLES}")
        return cls(parts.scheme, parts.netloc, unquote(parts.path).strip("/"), _options(parts))


def _folder(parts: SplitResult) -> Place:
    if parts.netloc not in {"", "localhost"} or not parts.path or parts.query or parts.fragment:
        raise ValueError(f"this is not a folder. Use one such as {_EXAMPLES}")
    return Place("file", "", unquote(parts.path), {})


def _options(parts: SplitResult) -> dict[str, str]:
    known = _OPTIONS[parts.scheme]
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(given.keys() - known)
    if unknown:
        raise ValueError(
            f"{parts.scheme}:// has no option {', '.join(unknown)}, only {', '.join(sorted(known))}. "
            "Credentials are given in the environment"
        )
    if given.get("path_style", "true") not in {"true", "false"}:
        raise ValueError("path_style is either true or false")
    for name in {"endpoint", "public_endpoint"} & given.keys():
        _require_endpoint(name, given[name])
    return given


def _require_endpoint(name: str, value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError(f"{name} is an address such as https://storage.example.com")

"""Parsing plain update checks from their bytes.

Only unambiguous requests are parsed: one whole request, in spellings that all parsers read alike. All others are for
the standard path, which also handles parsed requests that turn out to be invalid.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from codepush.rules.clients import Client
from codepush.wire import acquisition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush.models import UpdateCheck

__all__ = ["is_plain_head", "read_line"]

# Characters that need no encoding in a query. Hashes, labels, most versions and most device IDs have no others.
_LINE: Final = re.compile(rb"GET ([/.\w]++)\?([\w.~=&-]++) HTTP/1\.1")

# A parameter with a name and one value, which may be empty.
_PARAMETER: Final = re.compile(r"[\w]++=[\w.~-]*+")

# Headers that change how a request is read or its response. ``Connection: keep-alive`` is allowed: it is the default.
_SPECIAL: Final = (
    rb"(?:connection|proxy-connection|keep-alive|content-length|transfer-encoding|expect|upgrade|te|trailer|host)"
)
_NAME: Final = rb"(?!(?i:" + _SPECIAL + rb"):)[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_PLAIN: Final = _NAME + rb": [\x21-\x7e][\x20-\x7e]*+"
_HARMLESS: Final = rb"(?i:host): (?:\[[0-9A-Fa-f:.]++\]|[\w.-]++)(?::[0-9]{1,5})?|(?i:connection: keep-alive)"
_HEADERS: Final = re.compile(rb"(?:(?:" + _PLAIN + rb"|" + _HARMLESS + rb")\r\n)*+\r\n")


def is_plain_head(head: bytes) -> bool:
    """Return whether the bytes after a request line are headers that do not affect the response, and nothing else."""
    if _HEADERS.fullmatch(head) is None or (b"\n" + head.lower()).count(b"\nhost:") != 1:
        return False
    return _client(head).applies_diffs


def _client(head: bytes) -> Client:
    """Return the client that sent plain headers. The first of a repeated header counts, as on the standard path."""
    pairs = [line.partition(": ") for line in head.decode("ascii").splitlines()]
    return Client.of({name.lower(): value for name, _, value in reversed(pairs)})


def read_line(line: bytes) -> tuple[UpdateCheck, bool] | None:
    """Return the check in a request line, and whether it uses camelCase; ``None`` when there is any doubt."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    camel = _PATHS.get(match[1])
    parameters = match[2].decode("ascii").split("&")
    if camel is None or not all(map(_PARAMETER.fullmatch, parameters)):
        return None
    try:
        pairs = [(name, value) for name, _, value in (one.partition("=") for one in parameters)]
        return acquisition.read_check(pairs), camel
    except ValueError:
        return None


_PATHS: Final[Mapping[bytes, bool]] = {
    path.encode("ascii"): camel for path, camel in acquisition.UPDATE_CHECK_PATHS.items()
}

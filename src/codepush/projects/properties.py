"""Java's ``.properties`` files."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["parse_properties"]

_CONTINUED: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\\r?\n[ \t]*")
_LINE: Final = re.compile(r"[ \t\f]*((?:\\.|[^\\=:\s])+)[ \t\f]*[=:]?[ \t\f]*(.*)")
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}


def parse_properties(text: str) -> dict[str, str]:
    """Return the keys and values of a properties file; the last one of a key wins."""
    lines = _CONTINUED.sub(r"\1", text).splitlines()
    matches = (_LINE.match(line) for line in lines if line.strip()[:1] not in {"", "#", "!"})
    return {_plain(match[1]): _plain(match[2]).rstrip() for match in matches if match}


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: _escaped(match[1]), text)


def _escaped(code: str) -> str:
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, code)

"""JavaScript's definitions of blanks, digits, numbers and lengths.

The original server and its clients run on JavaScript, and stored data and devices depend on its results. Python
differs: ``str.strip`` removes more, and ``len`` counts code points.
"""

from __future__ import annotations

import math
import re
import struct
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

BLANKS: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""Every character that ``trim()`` removes and ``\\s`` matches in JavaScript."""

_BLANK_RUN: Final = re.compile(f"[{BLANKS}]+")
_LEADING_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_DECIMAL: Final = re.compile(r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")
_PREFIXED: Final = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+")

_FIRST_WITH_EXPONENT: Final = 1e21
"""From here on JavaScript writes numbers with an exponent."""

_LARGEST: Final = sys.float_info.max


def trim(text: str) -> str:
    """Return the text without leading and trailing blanks."""
    return text.strip(BLANKS)


def collapse(text: str) -> str:
    """Return the trimmed text with every run of blanks made one space."""
    return _BLANK_RUN.sub(" ", trim(text))


def text_of(value: object) -> str:
    """Return ``String(value)`` of a value from JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join("" if item is None else text_of(item) for item in value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        return _decimal(value)
    return "[object Object]"


def _decimal(value: float) -> str:
    if abs(value) >= _FIRST_WITH_EXPONENT:
        return repr(float(max(-_LARGEST, min(value, _LARGEST))))
    return str(int(value)) if value == value // 1 else repr(value)


def parse_int(value: object) -> float:
    """Return ``parseInt(value, 10)`` of a value from JSON: a whole number, or NaN."""
    match = _LEADING_INTEGER.match(trim(text_of(value)))
    return float(match[0]) if match else math.nan


def number(value: object) -> float:
    """Return ``Number(value)`` of a value from JSON, perhaps NaN."""
    if isinstance(value, bool | int | float):
        return value
    if value is None:
        return 0
    text = trim(text_of(value))
    if _PREFIXED.fullmatch(text):
        return float(int(text, 0))
    if not text:
        return 0
    return float(text) if _DECIMAL.fullmatch(text) else math.nan


def utf16_units(text: str) -> Sequence[int]:
    """Return the text's UTF-16 code units, which are JavaScript's characters."""
    if text.isascii():
        return text.encode("ascii")
    encoded = text.encode("utf-16-be", "surrogatepass")
    return struct.unpack(f">{len(encoded) // 2}H", encoded)


def length(text: str) -> int:
    """Return the text's length in UTF-16 code units."""
    return len(utf16_units(text))

"""What JavaScript means by a blank, a digit and a length.

The original server and its clients run on JavaScript, and stored data and phones depend on its
answers. Python's own differ: ``str.strip`` removes more, and ``len`` counts code points.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

BLANKS: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""Every character that ``trim()`` removes and ``\\s`` matches in JavaScript."""

_BLANK_RUN: Final = re.compile(f"[{BLANKS}]+")


def trim(text: str) -> str:
    """Return the text without leading and trailing blanks."""
    return text.strip(BLANKS)


def collapse(text: str) -> str:
    """Return the trimmed text with every run of blanks made one space."""
    return _BLANK_RUN.sub(" ", trim(text))


def utf16_units(text: str) -> Sequence[int]:
    """Return the text's UTF-16 code units: what JavaScript counts as characters."""
    if text.isascii():
        return text.encode("ascii")
    encoded = text.encode("utf-16-be", "surrogatepass")
    return struct.unpack(f">{len(encoded) // 2}H", encoded)


def length(text: str) -> int:
    """Return the text's length in UTF-16 code units."""
    return len(utf16_units(text))

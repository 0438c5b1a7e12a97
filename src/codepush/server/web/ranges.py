"""Byte ranges (RFC 9110, section 14)."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

__all__ = ["ByteRange", "UnsatisfiableError", "pick_range"]

_RANGE: Final = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)


class ByteRange(Struct, frozen=True):
    """The bytes from ``start`` to ``end``, which is not included."""

    start: int
    end: int


class UnsatisfiableError(Exception):
    """The range begins after the last byte."""


def pick_range(header: str | None, size: int) -> ByteRange | None:
    """Return the range in a ``Range`` header; ``None`` for the whole content.

    That applies without a header, and to one that is malformed, uses other units than bytes, or names several ranges,
    which a server need not support.

    Raises:
        UnsatisfiableError: The range begins after the last byte.

    """
    found = _RANGE.fullmatch(header or "")
    if found is None or found[0].strip().endswith("=-"):
        return None
    first, last = found.groups()
    picked = _from_the_end(int(last), size) if not first else _between(int(first), last, size)
    if picked is not None and picked.start >= picked.end:
        raise UnsatisfiableError
    return picked


def _from_the_end(count: int, size: int) -> ByteRange:
    return ByteRange(max(size - count, 0), size)


def _between(first: int, last: str, size: int) -> ByteRange | None:
    if last and int(last) < first:
        return None
    return ByteRange(first, min(int(last) + 1, size) if last else size)

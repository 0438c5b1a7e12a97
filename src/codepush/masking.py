"""Access keys kept out of messages, logs and representations.

Users sometimes pass an access key instead of its name, or as another word of a command. Output ends up in the logs of
build jobs, so all of it goes through ``masked``.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

__all__ = ["MASK", "masked", "masked_name"]

MASK: Final = "cpk_..."
"""The replacement for an access key."""

_OURS: Final = re.compile(r"cpk_[A-Za-z0-9_-]+")
_LIKE_A_KEY: Final = re.compile(r"[A-Za-z0-9_-]{28,}")
"""Keys of other servers have no prefix, but at least this length, and no blanks, unlike many names."""

_SHORTEST: Final = 8
"""Shorter strings are not masked: they may be part of ordinary words."""


def masked(text: str, *secrets: str) -> str:
    """Return a string without access keys.

    Args:
        text: Any string.
        secrets: Keys to mask besides those with our prefix.

    """
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, MASK).replace(quote(secret, safe=""), MASK)
    return _OURS.sub(MASK, text)


def masked_name(name: str) -> str:
    """Return the name of an access key for display: masked if it looks like a key itself."""
    return MASK if _LIKE_A_KEY.fullmatch(name) else masked(name)

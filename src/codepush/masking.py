"""Access keys kept out of messages, logs and representations.

A user sometimes passes an access key where its name belongs, or as any other word of a command. What a program shows of
that ends up in the logs of build jobs, so every text on its way out goes through ``masked``.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

__all__ = ["MASK", "masked", "masked_name"]

MASK: Final = "cpk_..."
"""What is shown in place of an access key."""

_OURS: Final = re.compile(r"cpk_[A-Za-z0-9_-]+")
_LIKE_A_KEY: Final = re.compile(r"[A-Za-z0-9_-]{28,}")
"""Keys that other servers make have no prefix, but at least this length, and no blanks as names often have."""

_SHORTEST: Final = 8
"""Shorter texts are not looked for: they are part of ordinary words."""


def masked(text: str, *secrets: str) -> str:
    """Return a text without access keys.

    Args:
        text: any text.
        secrets: keys to look for besides those that have our prefix.

    """
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, MASK).replace(quote(secret, safe=""), MASK)
    return _OURS.sub(MASK, text)


def masked_name(name: str) -> str:
    """Return the name of an access key as it may be shown: masked if it looks like a key itself."""
    return MASK if _LIKE_A_KEY.fullmatch(name) else masked(name)

"""Labels, the names of a deployment's releases: ``v1``, ``v2`` and so on."""

from __future__ import annotations

import re
from typing import Final

_LABEL: Final = re.compile(r"v([1-9][0-9]*)")


def is_label(text: str) -> bool:
    """Return whether a text is a label."""
    return _LABEL.fullmatch(text) is not None


def label(number: int) -> str:
    """Return the label of the release with this number.

    Raises:
        ValueError: Releases are numbered from 1.

    """
    if number < 1:
        raise ValueError(f"Releases are numbered from 1, not {number}.")
    return f"v{number}"


def number(label: str) -> int:
    """Return the number in a label.

    Raises:
        ValueError: The text is not a label.

    """
    match = _LABEL.fullmatch(label)
    if not match:
        raise ValueError(f"'{label}' is not a label; labels are v1, v2, ...")
    return int(match[1])

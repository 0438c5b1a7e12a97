"""IDs of blobs: safe in paths, keys and URLs alike."""

from __future__ import annotations

import re
from typing import Final

_BLOB_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,100}")


def is_blob_id(text: str) -> bool:
    """Return whether this can be the ID of a blob."""
    return _BLOB_ID.fullmatch(text) is not None


def require_blob_id(text: str) -> None:
    """Raise ``ValueError`` unless this can be the ID of a blob."""
    if not is_blob_id(text):
        raise ValueError(f"{text!r} cannot be the ID of a blob: use 16 to 100 letters, digits, '-' and '_'.")

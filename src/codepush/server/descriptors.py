"""File descriptors: each connection and each open file takes one."""

from __future__ import annotations

import sys
from typing import Final

__all__ = ["connections_within", "raise_limit"]

_RESERVED: Final = 4
"""Share of the descriptors (1 in 4) reserved for the database, listeners, uploads and downloads."""

_FEWEST: Final = 10


def raise_limit() -> int | None:
    """Raise the soft limit on open files to the hard limit.

    Returns:
        The number of files that this process and its children may open; ``None`` if there is no limit.

    """
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft not in {hard, resource.RLIM_INFINITY}:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError):  # macOS has a lower limit besides
            return soft
        soft = hard
    return None if soft == resource.RLIM_INFINITY else soft


def connections_within(files: int | None, wanted: int) -> int:
    """Return how many connections fit a limit on open files; at most ``wanted``."""
    return wanted if files is None else max(_FEWEST, min(wanted, files - files // _RESERVED))

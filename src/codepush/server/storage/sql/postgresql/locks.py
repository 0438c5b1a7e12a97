"""Numbers of the advisory locks of a database; other programs use other numbers."""

from __future__ import annotations

from typing import Final

__all__ = ["CHANGES", "SCHEMA"]

CHANGES: Final = 4827203655191001
"""Lock of read-modify-write transactions, which run one after the other on all nodes."""

SCHEMA: Final = 4827203655191002
"""Lock of the schema: migrations hold it alone, and transactions that write share it."""

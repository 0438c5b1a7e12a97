"""The audit trail."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

__all__ = ["EventRecord", "Events"]


class EventRecord(Struct, frozen=True, kw_only=True):
    """A line of the audit trail: who did what, and what it was before and after (JSON texts)."""

    at: int
    actor: str
    kind: str
    app_id: int | None = None
    deployment_id: int | None = None
    before: str | None = None
    after: str | None = None


class Events(Protocol):
    """The audit trail. Lines are only ever added."""

    async def add(self, event: EventRecord) -> None:
        """Write a line."""

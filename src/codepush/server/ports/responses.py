"""Recorded responses, by idempotency key."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

__all__ = ["ResponseRecord", "Responses"]


class ResponseRecord(Struct, frozen=True, kw_only=True):
    """An answer as it left the server.

    ``location`` is the address of what was made. ``digest`` identifies the content of the request;
    ``None`` for answers of versions before it was recorded.
    """

    status: int
    location: str
    body: bytes
    digest: str | None = None


class Responses(Protocol):
    """Answers that are given again when a request is repeated with the same ``Idempotency-Key``."""

    async def given(self, account_id: int, route: str, key: str, *, since: int) -> ResponseRecord | None:
        """Return the answer that this request of an account's has got, if that was after ``since``."""

    async def add(self, account_id: int, route: str, key: str, answer: ResponseRecord, *, at: int) -> None:
        """Record the answer to a request; `AlreadyExistsError` when it has one."""

    async def forget(self, *, until: int) -> None:
        """Remove the answers that were given at ``until`` or before."""

"""Recorded responses, by idempotency key."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

__all__ = ["ResponseRecord", "Responses"]


class ResponseRecord(Struct, frozen=True, kw_only=True):
    """A response as it left the server.

    ``location`` is the URL of the created resource. ``digest`` identifies the content of the request; ``None`` for
    responses of versions that did not record it.
    """

    status: int
    location: str
    body: bytes
    digest: str | None = None


class Responses(Protocol):
    """Responses that are repeated when a request is retried with the same ``Idempotency-Key``."""

    async def given(self, account_id: int, route: str, key: str, *, since: int) -> ResponseRecord | None:
        """Return the response to this request of an account, if it was recorded after ``since``."""

    async def add(self, account_id: int, route: str, key: str, answer: ResponseRecord, *, at: int) -> None:
        """Record the response to a request; `AlreadyExistsError` when it has one."""

    async def forget(self, *, until: int) -> None:
        """Delete the responses recorded at ``until`` or before."""

"""The audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EventRecord", "Events"]


class EventRecord(Struct, frozen=True, kw_only=True):
    """A line of the audit trail.

    Attributes:
        number: Its number; 0 before it is stored.
        at: Time, in milliseconds since 1970.
        actor: Who made the change: an email address or a machine.
        actor_kind: What the actor is, as `codepush.server.services.caller.CallerKind` has it; ``None`` in lines
            that were written before the schema had it; so are the next three.
        access_key_id: The access key that was used.
        request_id: The request that made the change.
        organization_id: The organization that owns the app, or that was changed.
        kind: A noun and a verb, such as ``release.upload``.
        app_id: The app that was changed, or that the deployment belongs to.
        deployment_id: The deployment that was changed.
        before: The state before, as JSON text. Lines of earlier versions may hold a bare name.
        after: The state afterwards, likewise.

    """

    number: int = 0
    at: int
    actor: str
    actor_kind: str | None = None
    access_key_id: int | None = None
    request_id: str | None = None
    organization_id: int | None = None
    kind: str
    app_id: int | None = None
    deployment_id: int | None = None
    before: str | None = None
    after: str | None = None


class Events(Protocol):
    """The audit trail. Lines are only added, and numbered in the order of their transactions."""

    async def add(self, event: EventRecord) -> None:
        """Write a line; it gets the next number."""

    async def of_deployment(self, app_id: int, deployment_id: int, noun: str, *, limit: int) -> Sequence[EventRecord]:
        """Return the newest lines about a deployment of an app whose kinds have this noun, newest first."""

    async def page(self, *, after: int = 0, limit: int) -> Sequence[EventRecord]:
        """Return up to ``limit`` lines with numbers above ``after``, in order."""

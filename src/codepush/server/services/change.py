"""Changes: the common form of all modifications by callers.

A change is an exclusive transaction that authorizes the caller and writes a line of the audit trail. After the commit
it is announced once, to all that depends on the changed deployments. Nothing else writes audit lines.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import msgspec
from msgspec import Struct

from codepush.server.ports.apps import AppRecord
from codepush.server.ports.deployments import DeploymentRecord
from codepush.server.ports.events import EventRecord
from codepush.server.ports.organizations import OrganizationRecord
from codepush.server.services.access.resolution import deployment_of, find_app, find_organization
from codepush.server.services.clock import Clock, now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from codepush.rules.permissions import Action, OrganizationAction
    from codepush.server.ports.accounts import AccountRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.access.resolution import Membership
    from codepush.server.services.caller import Caller

__all__ = ["Change", "Changes", "Committed", "Subject"]

Subject: TypeAlias = AppRecord | DeploymentRecord | OrganizationRecord
"""The subject of an audit line."""


class Committed(Struct, frozen=True):
    """A committed change.

    Attributes:
        kinds: The kinds of its audit lines, such as ``release.upload``.
        deployments: The IDs of the deployments whose update checks may have changed.

    """

    kinds: tuple[str, ...]
    deployments: frozenset[int]


class Change:
    """A transaction by one caller, until its block ends.

    Attributes:
        records: The records; data that was read stays valid until the block ends.
        caller: The author of the change.
        at: Time, in milliseconds since 1970; the same for all of the change.

    """

    def __init__(self, records: Records, caller: Caller, *, at: int) -> None:
        self.records = records
        self.caller = caller
        self.at = at
        self._organizations: dict[int, int | None] = {}
        self._kinds: list[str] = []
        self._deployments: set[int] = set()

    def identify(self, account: AccountRecord) -> None:
        """Set the account of a caller that is known only within the change, as in a login."""
        self.caller = self.caller.acting_as(account)

    async def app(self, name: str, right: Action) -> AppRecord:
        """Return the app that a name means to the caller.

        Raises:
            NotFoundError: The caller sees no such app.
            ConflictError: The name is ambiguous.
            ForbiddenError: The caller lacks the permission on it.

        """
        app = await find_app(self.records, self.caller, name, right)
        self._organizations[app.id] = _organization_of(app)
        return app

    async def deployment(self, app_name: str, name: str, right: Action) -> DeploymentRecord:
        """Return a deployment of an app by its exact name; raises as `app` does, also for an unknown deployment."""
        return await deployment_of(self.records, await self.app(app_name, right), name)

    async def organization(self, name: str, right: OrganizationAction) -> Membership:
        """Return an organization of the caller, with its members.

        Raises:
            NotFoundError: The caller belongs to no organization of this name.
            ForbiddenError: The caller lacks the role for the action.

        """
        return await find_organization(self.records, self.caller, name, right)

    async def note(
        self, kind: str, subject: Subject | None = None, *, before: object = None, after: object = None
    ) -> None:
        """Write the audit line of the change.

        Args:
            kind: A noun and a verb, such as ``release.upload``.
            subject: The subject of the line; ``None``: the account of the caller.
            before: The state before, as anything that msgspec encodes as JSON; ``None``: nothing.
            after: The state afterwards, likewise. Neither may contain a secret.

        """
        app_id, deployment_id, organization_id = await self._place(subject)
        self._kinds.append(kind)
        await self.records.events.add(
            EventRecord(
                at=self.at,
                actor=self.caller.actor,
                actor_kind=self.caller.kind,
                access_key_id=self.caller.access_key_id,
                request_id=self.caller.request_id,
                kind=kind,
                app_id=app_id,
                deployment_id=deployment_id,
                organization_id=organization_id,
                before=_json(before),
                after=_json(after),
            )
        )

    def touches(self, *deployment_ids: int) -> None:
        """Announce after the commit that update checks of these deployments may have changed."""
        self._deployments.update(deployment_ids)

    def committed(self) -> Committed:
        """Return the announcement of the change."""
        return Committed(tuple(self._kinds), frozenset(self._deployments))

    async def _place(self, subject: Subject | None) -> tuple[int | None, int | None, int | None]:
        """Return the ids of a subject's app, deployment and organization."""
        match subject:
            case AppRecord(id=app_id):
                return app_id, None, _organization_of(subject)
            case DeploymentRecord(id=deployment_id, app_id=app_id):
                return app_id, deployment_id, await self._owner(app_id)
            case OrganizationRecord(id=organization_id):
                return None, None, organization_id
        return None, None, None

    async def _owner(self, app_id: int) -> int | None:
        """Return the organization that owns an app; read for an automatic change, which names no app."""
        if app_id not in self._organizations:
            app = await self.records.apps.get(app_id)
            self._organizations[app_id] = None if app is None else _organization_of(app)
        return self._organizations[app_id]


class Changes:
    """Opens changes.

    Args:
        store: The records.
        announce: Called once after each commit, with what it affects.
        clock: The current time.

    """

    def __init__(
        self, store: Store, announce: Callable[[Committed], None] | None = None, *, clock: Clock = now
    ) -> None:
        self._store = store
        self._announce = announce
        self._clock = clock

    @asynccontextmanager
    async def by(self, caller: Caller) -> AsyncIterator[Change]:
        """Open a change by a caller: committed when the block ends, rolled back when it raises.

        Raises:
            UnavailableError: The database cannot be reached.

        """
        async with self._store.write() as records:
            change = Change(records, caller, at=self._clock())
            yield change
        if self._announce is not None:
            self._announce(change.committed())


def _organization_of(app: AppRecord) -> int | None:
    return app.owner.id if app.owner.kind == "org" else None


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()

"""Stopping updates: a stopped deployment offers no update to any device, until its updates start again.

Devices keep what they run, and releases and reports go on. An administrator stops all deployments at once, and starts
again only those.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.server.services.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.services.caller import Caller
    from codepush.server.services.change import Change, Changes

__all__ = ["ADMINISTRATOR", "Stopping", "UpdatesState"]

ADMINISTRATOR: Final = "server:cli"
"""The actor of the administrator's commands, on any machine."""

_BATCH: Final = 200
"""Deployments in one transaction: every process reads each of them again."""


class UpdatesState(Struct, frozen=True):
    """Whether a deployment's updates are stopped.

    Attributes:
        stopped_by: The actor who stopped them: an account such as ``account:17``, or ``server:cli`` for an
            administrator; ``None``: they are not stopped.

    """

    stopped_by: str | None

    @property
    def is_stopped(self) -> bool:
        """Whether every update check of the deployment gets the response that there is no update."""
        return self.stopped_by is not None


class Stopping:
    """Stopping and starting updates of one deployment or of all.

    Args:
        changes: Opens changes.

    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    async def stop(self, caller: Caller, app: str, deployment: str, note: str | None) -> UpdatesState:
        """Stop the updates of a deployment; a stopped one is unchanged.

        Raises:
            NotFoundError, ForbiddenError: See `Change.deployment`.

        """
        async with self._changes.by(caller) as change:
            found = await change.deployment(app, deployment, "stop_updates")
            if found.stopped_by is not None:
                return UpdatesState(found.stopped_by)
            await _stop(change, found, note)
        return UpdatesState(_actor(caller))

    async def start(self, caller: Caller, app: str, deployment: str, note: str | None = None) -> UpdatesState:
        """Start the updates of a deployment again; one that is not stopped is unchanged.

        Raises:
            NotFoundError, ForbiddenError: See `Change.deployment`.
            ConflictError: An administrator has stopped all updates of the server.

        """
        async with self._changes.by(caller) as change:
            found = await change.deployment(app, deployment, "start_updates")
            if found.stopped_by == ADMINISTRATOR:
                raise ConflictError(
                    f"An administrator of the server has stopped the updates of '{found.name}'. Only the command "
                    "'codepush server start-updates' on the server starts them again.",
                    code="wrong_state",
                )
            if found.stopped_by is not None:
                await _start(change, found, note)
        return UpdatesState(None)

    async def stop_all(self, caller: Caller, note: str | None = None) -> int:
        """Stop the updates of all deployments that are not stopped, and return their number.

        After an interruption, another call stops the remaining ones.
        """
        return await self._each(caller, None, partial(_stop, note=note))

    async def start_all(self, caller: Caller, note: str | None = None) -> int:
        """Start the updates of all deployments that `stop_all` has stopped, and return their number.

        Those that an account has stopped stay so. After an interruption, another call starts the remaining ones.
        """
        return await self._each(caller, ADMINISTRATOR, partial(_start, note=note))

    async def _each(
        self, caller: Caller, stopped_by: str | None, act: Callable[[Change, DeploymentRecord], Awaitable[None]]
    ) -> int:
        """Apply a change to every deployment in a state, in transactions of limited size; return their number."""
        count = after = 0
        while True:
            async with self._changes.by(caller) as change:
                found = await change.records.deployments.stopped(stopped_by, after=after, limit=_BATCH)
                for deployment in found:
                    await act(change, deployment)
            count += len(found)
            if len(found) < _BATCH:
                return count
            after = found[-1].id


async def _stop(change: Change, deployment: DeploymentRecord, note: str | None) -> None:
    await change.records.deployments.stop(deployment.id, _actor(change.caller))
    await change.note("deployment.stop", deployment, after={"note": note})
    change.touches(deployment.id)


async def _start(change: Change, deployment: DeploymentRecord, note: str | None) -> None:
    await change.records.deployments.stop(deployment.id, None)
    await change.note(
        "deployment.start", deployment, before={"stopped_by": deployment.stopped_by}, after={"note": note}
    )
    change.touches(deployment.id)


def _actor(caller: Caller) -> str:
    """Return the stored name of the actor who stopped a deployment, which outlives addresses and machines."""
    return f"account:{caller.account.id}" if caller.kind == "person" else caller.kind

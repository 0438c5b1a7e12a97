"""Rollouts: the plans of releases, where they stand, and what people do with them."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from codepush.models import COMPLETE_ROLLOUT
from codepush.rollout_models import RolloutPlan, RolloutStage
from codepush.rules import labels
from codepush.rules.rollout import is_unfinished
from codepush.server.ports.rollouts import ACTIVE
from codepush.server.services.access.resolution import find_deployment
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import ConflictError, NotFoundError
from codepush.server.services.releasing import cases, rollout_views, steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codepush.rollout_models import Rollout, RolloutDecision
    from codepush.rules.conductor import Verb
    from codepush.rules.permissions import Action
    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.ports.releases import ReleaseRecord
    from codepush.server.ports.rollouts import RolloutRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.caller import Caller
    from codepush.server.services.change import Change, Changes
    from codepush.server.services.releasing.idempotency import ReceiptOf
    from codepush.server.services.releasing.rollout_controls import Control

__all__ = ["Rollouts"]

_ACTIONS: Final[Mapping[Verb, Action]] = {
    "pause": "halt_rollout",
    "halt": "halt_rollout",
    "resume": "advance_rollout",
    "advance": "advance_rollout",
    "complete": "advance_rollout",
    "cancel": "advance_rollout",
}

_LISTED: Final = 100
"""Rollouts that a list holds at most."""


_LAST: Final = 5
"""Decisions that a rollout is shown with."""

_LONGEST_LABEL: Final = 10
"""Characters of a label whose number every database can hold."""

_WATCHED: Final = timedelta(days=1)

_log = logging.getLogger(__name__)


class Rollouts:
    """Shows and controls rollouts.

    Args:
        store: The records.
        changes: Opens changes.
        clock: The time.

    """

    def __init__(self, store: Store, changes: Changes, *, clock: Clock = now) -> None:
        self._store = store
        self._changes = changes
        self._clock = clock

    async def get(self, caller: Caller, app_name: str, deployment_name: str, label: str | None = None) -> Rollout:
        """Return the rollout of a release, by default of the newest release that has one.

        Raises:
            NotFoundError: The caller sees no such deployment, or the release has no rollout plan.

        """
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, deployment_name, "view_deployment")
            rollout = await _find(records, deployment, label)
            return await self._show(records, deployment, rollout, at=self._clock())

    async def list(self, caller: Caller, app_name: str, deployment_name: str) -> Sequence[Rollout]:
        """Return the newest rollouts, newest first, without decisions and evidence of other releases."""
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, deployment_name, "view_deployment")
            history = await records.releases.history(deployment.id)
            found = await records.rollouts.of_deployment(deployment.id, limit=_LISTED)
            at = self._clock()
            shown = [
                await cases.of_release(records, deployment, history, one, at=at, is_compared=False) for one in found
            ]
        return [rollout_views.rollout(case) for case in shown if case is not None]

    async def decisions(
        self, caller: Caller, app_name: str, deployment_name: str, label: str
    ) -> Sequence[RolloutDecision]:
        """Return the decisions about a rollout, newest first."""
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, deployment_name, "view_deployment")
            rollout = await _find(records, deployment, label)
            return await rollout_views.decisions(records, deployment, rollout)

    async def default_plan(self, caller: Caller, app_name: str, deployment_name: str) -> RolloutPlan | None:
        """Return the plan of releases that come without one."""
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, deployment_name, "view_deployment")
        return deployment.default_plan

    async def set_default_plan(
        self, caller: Caller, app_name: str, deployment_name: str, plan: RolloutPlan | None
    ) -> RolloutPlan | None:
        """Set the plan of releases that come without one; ``None``: they get none."""
        async with self._changes.by(caller) as change:
            deployment = await change.deployment(app_name, deployment_name, "set_default_plan")
            if plan != deployment.default_plan:
                await change.records.deployments.set_default_plan(deployment.id, plan)
                await change.note("deployment.plan", deployment, before=deployment.default_plan, after=plan)
        return plan

    async def plan(
        self,
        caller: Caller,
        app_name: str,
        deployment_name: str,
        label: str,
        plan: RolloutPlan,
        *,
        receipt: ReceiptOf[Rollout] | None = None,
    ) -> Rollout:
        """Give the newest release a plan, or another one.

        The percentage never falls: the rollout is at the last stage whose percentage is at most the release's. The
        receipt is called with the rollout before the commit.

        Raises:
            NotFoundError: The caller sees no such deployment, or it has no such release.
            ForbiddenError: The caller lacks the permission.
            ConflictError: The release is not the newest, or its rollout is over.

        """
        async with self._changes.by(caller) as change:
            deployment = await change.deployment(app_name, deployment_name, "advance_rollout")
            history, release = await _locked_release(change, deployment, label)
            if release is not history[-1]:
                raise ConflictError("Only the newest release can get a rollout plan.", code="not_newest")
            rollout = await change.records.rollouts.of_release(deployment.id, release.number)
            if rollout is None or rollout.state == "cancelled":
                _check_can_begin(release, plan)
            if rollout is None:
                rollout = await steps.plan_release(change, deployment, history, release, plan)
            elif rollout.state in {*ACTIVE, "cancelled"}:
                rollout = await self._replan(change, deployment, history, rollout, plan)
            else:
                raise ConflictError(f"The rollout is {rollout.state}.", code="rollout_over")
            return await self._changed(change, deployment, rollout, receipt)

    async def act(
        self,
        caller: Caller,
        app_name: str,
        deployment_name: str,
        label: str,
        control: Control,
        *,
        receipt: ReceiptOf[Rollout] | None = None,
    ) -> Rollout:
        """Do something with a rollout. The receipt is called with it before the commit.

        Raises:
            NotFoundError: The caller sees no such deployment, or the release has no rollout plan.
            ForbiddenError: The caller lacks the permission.
            InvalidError: A note is required.
            ConflictError: The state of the rollout does not allow it, or it was changed since the caller saw it.

        """
        async with self._changes.by(caller) as change:
            deployment = await change.deployment(app_name, deployment_name, _ACTIONS[control.verb])
            history, release = await _locked_release(change, deployment, label)
            rollout = await change.records.rollouts.of_release(deployment.id, release.number)
            if rollout is None and control.verb == "halt" and release is history[-1]:
                rollout = await steps.add(change, deployment, history, release, _own_plan(release))
            if rollout is None:
                raise _no_plan(label)
            if control.expected_version not in {None, rollout.version}:
                raise steps.moved()
            case = await cases.of_release(change.records, deployment, history, rollout, at=change.at)
            assert case is not None  # its release is there
            rollout = await steps.by_hand(change, case, control)
            shown = await self._changed(change, deployment, rollout, receipt)
        if control.verb == "halt":
            _log.warning(
                "The rollout of %s in the deployment %s (%d) is halted by a person.",
                label,
                deployment.name,
                deployment.id,
            )
        return shown

    async def _replan(
        self,
        change: Change,
        deployment: DeploymentRecord,
        history: Sequence[ReleaseRecord],
        rollout: RolloutRecord,
        plan: RolloutPlan,
    ) -> RolloutRecord:
        case = await cases.of_release(change.records, deployment, history, rollout, at=change.at)
        assert case is not None  # its release is there
        return await steps.replan(change, case, plan)

    async def _changed(
        self,
        change: Change,
        deployment: DeploymentRecord,
        rollout: RolloutRecord,
        receipt: ReceiptOf[Rollout] | None,
    ) -> Rollout:
        """Return a rollout that was changed, after the receipt was called with it."""
        shown = await self._show(change.records, deployment, rollout, at=change.at)
        if receipt is not None:
            await receipt(change.records, shown)
        return shown

    async def _show(
        self, records: Records, deployment: DeploymentRecord, rollout: RolloutRecord, *, at: int
    ) -> Rollout:
        history = await records.releases.history(deployment.id)
        case = await cases.of_release(records, deployment, history, rollout, at=at)
        if case is None:
            raise _no_plan(labels.label(rollout.number))
        return rollout_views.rollout(case, await rollout_views.decisions(records, deployment, rollout, limit=_LAST))


async def _find(records: Records, deployment: DeploymentRecord, label: str | None) -> RolloutRecord:
    if label is None:
        newest = await records.rollouts.of_deployment(deployment.id, limit=1)
        if not newest:
            raise NotFoundError("No release of this deployment has a rollout plan.", code="rollout_not_found")
        return newest[0]
    is_stored = labels.is_label(label) and len(label) <= _LONGEST_LABEL
    found = await records.rollouts.of_release(deployment.id, labels.number(label)) if is_stored else None
    if found is None:
        raise _no_plan(label)
    return found


async def _locked_release(
    change: Change, deployment: DeploymentRecord, label: str
) -> tuple[Sequence[ReleaseRecord], ReleaseRecord]:
    """Lock a deployment; return its history and the release with a label."""
    await change.records.deployments.lock(deployment.id)
    history = await change.records.releases.history(deployment.id)
    release = next((one for one in history if labels.label(one.number) == label), None)
    if release is None:
        raise NotFoundError("Release not found for given label.", code="release_not_found", field="label")
    return history, release


def _check_can_begin(release: ReleaseRecord, plan: RolloutPlan) -> None:
    """Refuse a plan with stages for a release that has reached all devices."""
    if not is_unfinished(release.rollout) and plan.stages[0].percent < COMPLETE_ROLLOUT:
        raise ConflictError(
            'The release has reached all devices already. It can only be watched: give it a plan such as "100% 1d".',
            code="rollout_over",
        )


def _own_plan(release: ReleaseRecord) -> RolloutPlan:
    """Return the plan of a release that is halted without having had one: it stays at its percentage."""
    everyone = RolloutStage(percent=COMPLETE_ROLLOUT, soak=_WATCHED)
    if not is_unfinished(release.rollout) or release.rollout is None:
        return RolloutPlan(stages=(everyone,))
    first = RolloutStage(percent=release.rollout)
    return RolloutPlan(stages=(first, msgspec.structs.replace(everyone, needs_approval=True)))


def _no_plan(label: str) -> NotFoundError:
    return NotFoundError(f"The release {label} has no rollout plan.", code="rollout_not_found")

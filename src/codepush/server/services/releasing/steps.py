"""Steps: what a decision about a rollout changes, within the change that makes it.

Each step is written to the audit trail as ``rollout.KIND``; there is no other record of decisions.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import structs

from codepush.models import COMPLETE_ROLLOUT
from codepush.rules import baseline as limits, conductor, decisions, labels
from codepush.rules.conductor import Step
from codepush.rules.duplicates import same_target
from codepush.rules.rollout import is_unfinished
from codepush.server.ports.rollouts import OPEN, RolloutRecord
from codepush.server.services.errors import ConflictError, InvalidError
from codepush.server.services.releasing import baselines, cases
from codepush.server.services.releasing.baselines import Candidate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.rollout_models import RolloutPlan, RolloutState
    from codepush.rules.conductor import Notice, Position
    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.ports.releases import ReleaseRecord
    from codepush.server.services.change import Change
    from codepush.server.services.releasing.cases import Case
    from codepush.server.services.releasing.rollout_controls import Control

__all__ = [
    "add",
    "by_hand",
    "first_settings",
    "follow",
    "moved",
    "pause_restored",
    "plan_release",
    "replan",
    "supersede",
    "take",
]


def first_settings(plan: RolloutPlan, *, at: int) -> dict[str, Any]:
    """Return the settings with which a release with a plan is made; it is disabled until the plan starts."""
    percent = plan.stages[0].percent
    settings: dict[str, Any] = {"rollout": None if percent == COMPLETE_ROLLOUT else percent}
    return settings | {"is_disabled": True} if _starts_later(plan, at) else settings


async def add(
    change: Change,
    deployment: DeploymentRecord,
    history: Sequence[ReleaseRecord],
    release: ReleaseRecord,
    plan: RolloutPlan,
) -> RolloutRecord:
    """Record a rollout and start it, unless its time is still to come or its release is disabled.

    Args:
        change: The change; the deployment is locked.
        deployment: The deployment.
        history: The releases of the deployment, oldest first.
        release: The release of the rollout.
        plan: The plan.

    """
    state: RolloutState = "running"
    if _starts_later(plan, change.at):
        state = "scheduled"
    elif release.is_disabled:
        state = "paused"
    percent = release.rollout or COMPLETE_ROLLOUT
    rollout = RolloutRecord(
        deployment_id=deployment.id,
        number=release.number,
        state=state,
        reason="disabled" if state == "paused" else None,
        plan=plan,
        stage=conductor.stage_at(plan, percent),
        stage_at=change.at,
        evidence_since=change.at,
        looked_at=change.at,
    )
    if state != "scheduled":
        rollout = await _with_limit(change, rollout, history, release, limit=None)
    stored = await change.records.rollouts.add(rollout)
    position = cases.position_of(
        stored, release.rollout, is_held=release.is_held, is_disabled=bool(release.is_disabled)
    )
    step = Step(kind="start" if state == "running" else "plan", position=position)
    numbers = decisions.numbers(structs.replace(position, limit=None), None, step, stored.baseline)
    await change.note(f"rollout.{step.kind}", deployment, after=_facts(stored, percent, note=None, numbers=numbers))
    return stored


async def take(
    change: Change, case: Case, step: Step, *, note: str | None = None, limit: float | None = None
) -> RolloutRecord:
    """Record a step of a rollout, and change its release accordingly.

    Args:
        change: The change; the deployment is locked.
        case: The rollout.
        step: The step.
        note: Why a person asked for it.
        limit: The limit that a person gave, as a share.

    Raises:
        ConflictError: The rollout was changed meanwhile.

    """
    after = step.position
    rollout = structs.replace(
        case.rollout,
        state=after.state,
        reason=after.reason,
        plan=after.plan,
        stage=after.stage,
        failure_limit=after.limit,
        soaked_ms=0 if step.restarts_stage else case.look.soaked // timedelta(milliseconds=1),
        stage_at=change.at if step.restarts_stage else case.rollout.stage_at,
        evidence_since=change.at if step.restarts_evidence else case.rollout.evidence_since,
        looked_at=change.at if not step.note else 0,
    )
    begins = rollout.started_at is None and after.state in {"running", "holding", "paused"}
    if begins or step.restarts_evidence:
        rollout = await _with_limit(change, rollout, case.history, case.release, limit=limit)
    stored = await change.records.rollouts.update(rollout)
    if stored is None:
        raise moved()
    await _change_release(change, case, after)
    decided = structs.replace(step, position=structs.replace(after, limit=stored.failure_limit))
    baseline = stored.baseline if begins else case.rollout.baseline
    numbers = decisions.numbers(case.position, case.look, decided, baseline, standing=case.sums.verdicts.standings)
    await change.note(
        f"rollout.{step.kind}",
        case.deployment,
        before=_facts(case.rollout, case.position.percent),
        after=_facts(stored, after.percent, note=note, numbers=numbers),
    )
    return stored


async def supersede(
    change: Change, deployment: DeploymentRecord, history: Sequence[ReleaseRecord], app_version: str
) -> None:
    """End the rollouts that a new release replaces, before it is recorded.

    These are the rollouts for the same binary versions, and one that has not reached all devices: the new release
    completes it.
    """
    for rollout in await change.records.rollouts.open(deployment.id):
        case = await cases.of_release(change.records, deployment, history, rollout, at=change.at)
        if case is None:
            continue
        if same_target(case.release.app_version, app_version) or is_unfinished(case.release.rollout):
            await _notice(change, case, "superseded")


async def follow(change: Change, deployment: DeploymentRecord, before: ReleaseRecord, after: ReleaseRecord) -> None:
    """Adapt the rollout of a release to a patch of it, which is recorded already."""
    what = _patched(before, after)
    rollout = None if what is None else await change.records.rollouts.of_release(deployment.id, after.number)
    if what is None or rollout is None or rollout.state not in OPEN:
        return
    history = await change.records.releases.history(deployment.id)
    case = await cases.of_release(change.records, deployment, history, rollout, at=change.at)
    if case is not None:
        await _notice(change, case, what)


async def by_hand(change: Change, case: Case, control: Control) -> RolloutRecord:
    """Do what a person asks for with a rollout.

    Raises:
        InvalidError: It overrules the evidence, and there is no note.
        ConflictError: The state of the rollout does not allow it.

    """
    try:
        step = conductor.by_hand(
            case.position, case.look, control.verb, note=control.note, limit=control.limit, force=control.force
        )
    except conductor.WrongStateError as error:
        raise ConflictError(error.sentence, code=error.code) from error
    except conductor.NoteNeededError as error:
        raise InvalidError(error.sentence, code="note_required", field="note") from error
    return await take(change, case, step, note=control.note, limit=control.limit)


async def plan_release(
    change: Change,
    deployment: DeploymentRecord,
    history: Sequence[ReleaseRecord],
    release: ReleaseRecord,
    plan: RolloutPlan,
) -> RolloutRecord:
    """Give a release a plan that was made without one; its percentage does not fall, nor rise before the start."""
    percent = release.rollout or COMPLETE_ROLLOUT
    if not _starts_later(plan, change.at):
        percent = max(percent, plan.stages[0].percent)
    raised = structs.replace(release, rollout=None if percent == COMPLETE_ROLLOUT else percent)
    if raised != release:
        await change.records.releases.update(deployment.id, raised)
        change.touches(deployment.id)
    return await add(change, deployment, history, raised, plan)


async def replan(change: Change, case: Case, plan: RolloutPlan) -> RolloutRecord:
    """Give an active rollout another plan, or a cancelled one a plan again; its percentage does not fall."""
    before = case.position
    percent = before.percent if before.state == "scheduled" else max(before.percent, plan.stages[0].percent)
    after = structs.replace(
        before, plan=plan, percent=percent, stage=conductor.stage_at(plan, percent), limit=plan.limit or before.limit
    )
    is_again = before.state == "cancelled"
    if is_again:
        after = _planned_again(after)
    step = Step(kind="plan", position=after, restarts_stage=True, restarts_evidence=is_again and not after.is_held)
    return await take(change, case, step)


def _planned_again(position: Position) -> Position:
    """Return where a cancelled rollout with a new plan stands; what is held or disabled waits for a person."""
    if position.is_held:
        return structs.replace(position, state="paused", reason="suspect")
    if position.is_disabled:
        return structs.replace(position, state="paused", reason="disabled")
    return structs.replace(position, state="running", reason=None)


async def pause_restored(change: Change) -> None:
    """Pause every active rollout of a restored backup: what devices reported since is unknown."""
    for active in await change.records.rollouts.active(halted_since=change.at):
        rollout = active.record
        deployment = await change.records.deployments.with_id(rollout.deployment_id)
        if deployment is None:
            continue
        history = await change.records.releases.history(deployment.id)
        case = await cases.of_release(change.records, deployment, history, rollout, at=change.at)
        if case is not None:
            await _notice(change, case, "restored")


def moved() -> ConflictError:
    """Return the error for a change of a rollout that was changed meanwhile."""
    return ConflictError(
        "The rollout was changed meanwhile. Look at it again, and repeat the request if it is still right.",
        code="version_moved",
    )


async def _notice(change: Change, case: Case, what: Notice) -> None:
    """Adapt a rollout to what happened to its release."""
    step = conductor.noticed(case.position, what, case.position.percent)
    if step is not None:
        await take(change, case, step)


async def _with_limit(
    change: Change,
    rollout: RolloutRecord,
    history: Sequence[ReleaseRecord],
    release: ReleaseRecord,
    *,
    limit: float | None,
) -> RolloutRecord:
    """Return a rollout whose evidence begins now, with its baseline and its limit."""
    candidate = Candidate(app_version=release.app_version, is_mandatory=release.is_mandatory, number=release.number)
    baseline = await baselines.of_release(change.records, rollout.deployment_id, history, candidate, at=change.at)
    given = rollout.plan.limit if limit is None else limit
    return structs.replace(
        rollout,
        started_at=change.at if rollout.started_at is None else rollout.started_at,
        evidence_since=change.at,
        baseline=baseline,
        failure_limit=limits.limit(baseline) if given is None else given,
    )


async def _change_release(change: Change, case: Case, position: Position) -> None:
    release = structs.replace(
        case.release,
        rollout=None if position.percent == COMPLETE_ROLLOUT else position.percent,
        is_held=position.is_held,
        is_disabled=position.is_disabled
        if position.is_disabled != bool(case.release.is_disabled)
        else case.release.is_disabled,
    )
    if release != case.release:
        await change.records.releases.update(case.deployment.id, release)
        change.touches(case.deployment.id)


def _facts(rollout: RolloutRecord, percent: int, **more: object) -> dict[str, Any]:
    return {
        "rollout": rollout.id,
        "label": labels.label(rollout.number),
        "state": rollout.state,
        "reason": rollout.reason,
        "stage": rollout.stage + 1,
        "percent": percent,
        **more,
    }


def _starts_later(plan: RolloutPlan, at: int) -> bool:
    return plan.starts_at is not None and plan.starts_at > datetime.fromtimestamp(at / 1000, UTC)


def _patched(before: ReleaseRecord, after: ReleaseRecord) -> Notice | None:
    """Return what a patch means for a rollout, if anything."""
    if after.is_disabled and not before.is_disabled:
        return "disabled"
    if after.rollout != before.rollout:
        return "patched" if is_unfinished(after.rollout) else "completed"
    return "enabled" if before.is_disabled and not after.is_disabled else None

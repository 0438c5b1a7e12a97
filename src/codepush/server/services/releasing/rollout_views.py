"""How rollouts and decisions about them are shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codepush.rollout_models import Rollout, RolloutCounts, RolloutDecision, RolloutGap
from codepush.rules import conductor, decisions as texts, evidence, labels, looks
from codepush.server.services.releasing.baselines import strangers
from codepush.server.services.releasing.cases import AGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.server.ports.deployments import DeploymentRecord
    from codepush.server.ports.events import EventRecord
    from codepush.server.ports.rollouts import RolloutRecord
    from codepush.server.ports.store import Records
    from codepush.server.services.releasing.cases import Case

__all__ = ["decisions", "rollout"]

_READ: Final = 1_000
"""Audit lines about a deployment's rollouts that are searched for the decisions of one."""


def rollout(case: Case, last: Sequence[RolloutDecision] = ()) -> Rollout:
    """Return a rollout as it is shown, with its last decisions."""
    record, position = case.rollout, case.position
    # A release that was superseded has been completed; it is shown as far as its own rollout came.
    percent = position.plan.stages[position.stage].percent if position.state == "superseded" else position.percent
    return Rollout(
        label=labels.label(record.number),
        state=record.state,
        reason=record.reason,
        plan=record.plan,
        stage=record.stage + 1,
        percent=percent,
        is_held=position.is_held,
        limit=record.failure_limit,
        baseline=record.baseline,
        counts=_counts(case),
        evidence=conductor.weigh(position, case.look),
        gaps=_gaps(case),
        soaked=case.look.soaked,
        waits_for=conductor.waits_for(position, case.look),
        decisions=tuple(last),
        started_at=None if record.started_at is None else _time(record.started_at),
        version=record.version,
    )


async def decisions(
    records: Records, deployment: DeploymentRecord, rollout: RolloutRecord, *, limit: int = _READ
) -> Sequence[RolloutDecision]:
    """Return the last decisions about a rollout, newest first, from the audit trail."""
    lines = await records.events.of_deployment(deployment.app_id, deployment.id, "rollout", limit=_READ)
    label = labels.label(rollout.number)
    found = []
    for line in lines:
        after = msgspec.json.decode(line.after or "{}")
        if after.get("label") == label and after.get("rollout") == rollout.id:
            found.append(_decision(line, after))
    return found[:limit]


def _decision(line: EventRecord, after: dict[str, Any]) -> RolloutDecision:
    decision = RolloutDecision(
        at=_time(line.at),
        actor=line.actor,
        kind=line.kind.removeprefix("rollout."),
        reason=after["reason"],
        stage=after["stage"],
        percent=after["percent"],
        note=after["note"] or "",
        numbers=after["numbers"],
    )
    return msgspec.structs.replace(decision, text=texts.explain(decision))


def _counts(case: Case) -> RolloutCounts:
    counted = case.sums.verdicts
    return RolloutCounts(
        began=counted.began,
        ok=counted.verdicts - counted.failures,
        bad=counted.failures,
        interval=evidence.interval(counted.failures, counted.verdicts),
        standing=counted.standings,
        strangers=strangers([counted]),
    )


def _gaps(case: Case) -> tuple[RolloutGap, ...]:
    usual = {} if case.rollout.baseline is None else case.rollout.baseline.gaps
    of_age = {"1h": case.sums.silent_1h, "24h": case.sums.silent}
    return tuple(RolloutGap(age=age, share=looks.gap(of_age[age], age), usual=usual.get(age)) for age in AGES)


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)

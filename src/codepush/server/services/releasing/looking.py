"""Looking: the rollouts of all deployments advance, are held and are halted.

Every process of a server looks. A step is decided again in the transaction that takes it, so that it is taken once,
however many processes look and wherever one of them is killed.
"""

from __future__ import annotations

import logging
import time
from random import SystemRandom
from typing import TYPE_CHECKING, Final

import anyio

from codepush.rules import conductor
from codepush.server.counters import Rollouts as Counts
from codepush.server.ports.errors import NewerSchemaError, UnavailableError
from codepush.server.services.caller import Caller
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import ConflictError
from codepush.server.services.releasing import cases, steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from codepush.rules.conductor import Look, Position, Step
    from codepush.server.ports.rollouts import ActiveRollout, RolloutRecord
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.change import Change, Changes
    from codepush.server.services.releasing.cases import Case

__all__ = ["Looking"]

_SYSTEM: Final = Caller(kind="system:rollout")

_PAUSE: Final = 10.0
_JITTER: Final = 2.0
_LEAST_PAUSE: Final = 1.0
"""Seconds between two looks, how far they vary, and how soon one follows if a stage is over before the next is due."""

_SOAK_EVERY: Final = 30_000
"""Milliseconds after which the time at a stage is added up."""

_DOUBTED: Final = 3_600_000
"""Milliseconds after a halt for which failures of other releases are a reason to doubt it."""

_log = logging.getLogger(__name__)


class Looking:
    """Looks at all active rollouts, and takes the steps that are due.

    Args:
        store: The records.
        changes: Opens changes.
        clock: The time.
        counts: Counts halts and looks.

    """

    def __init__(self, store: Store, changes: Changes, *, clock: Clock = now, counts: Counts | None = None) -> None:
        self._store = store
        self._changes = changes
        self._clock = clock
        self._counts = counts or Counts()
        self._calm: frozenset[int] = frozenset()

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            pause = SystemRandom().uniform(_PAUSE - _JITTER, _PAUSE + _JITTER)
            try:
                pause = min(pause, await self.look_all())
            except NewerSchemaError:
                pass  # the store has logged it, once
            except UnavailableError as error:
                _log.warning("Rollouts have to wait: %s", error)
            await anyio.sleep(max(_LEAST_PAUSE, pause))

    async def look_all(self) -> float:
        """Look at every active rollout once; return the seconds until the next stage is over, at the earliest.

        Raises:
            UnavailableError: The database cannot be reached.

        """
        at = self._clock()
        async with self._store.read() as records:
            found = await records.rollouts.active(halted_since=at - _DOUBTED)
            active = [one for one in found if one.record.state != "halted"]
            looks = await cases.looks_at(records, active, at=at, calm=self._calm) if active else []
            halted = [one.record for one in found if one.record.state == "halted"]
            due = [one for one in halted if await self._next(records, one, at=at) is not None]
        looked = [(one, _position(one), look) for one, look in zip(active, looks, strict=True)]
        due += [one.record for one, position, look in looked if conductor.next_step(position, look) is not None]
        await self._soak(active, at=at)
        for rollout in due:
            await self._step(rollout)
        self._calm = frozenset(
            one.record.id for one, position, look in looked if conductor.is_calm(conductor.weigh(position, look))
        )
        self._counts.looked_at = time.time()
        return _soonest((position, look) for _, position, look in looked)

    async def _soak(self, active: Sequence[ActiveRollout], *, at: int) -> None:
        """Add up the time at the stages, if no other process has done that lately."""
        if any(at - one.record.looked_at > _SOAK_EVERY or at < one.record.looked_at for one in active):
            async with self._store.write(alone=False) as records:
                await records.rollouts.soak(at=at, every=_SOAK_EVERY, most=cases.MOST_GAINED)

    async def _step(self, rollout: RolloutRecord) -> None:
        """Decide again about a rollout, and take the step if it is still due."""
        try:
            async with self._changes.by(_SYSTEM) as change:
                await change.records.deployments.lock(rollout.deployment_id)
                found = await self._next(change.records, rollout, at=change.at)
                if found is None:
                    return
                await steps.take(change, *found)
                failing_for = await _failing_for(change, *found)
        except ConflictError:
            _log.info("The rollout %d was changed meanwhile.", rollout.id)  # the next look decides again
            return
        if failing_for is not None:
            self._counts.halts.add(failing_for)
        if found[1].kind in {"hold", "halt"}:
            _log_decision(*found)

    async def _next(self, records: Records, rollout: RolloutRecord, *, at: int) -> tuple[Case, Step] | None:
        """Return the step of a rollout that is due, with what it was decided from; ``None``: there is none."""
        deployment = await records.deployments.with_id(rollout.deployment_id)
        current = await records.rollouts.of_release(rollout.deployment_id, rollout.number)
        if deployment is None or current is None or current.id != rollout.id:
            return None
        history = await records.releases.history(deployment.id)
        case = await cases.of_release(records, deployment, history, current, at=at, was_calm=current.id in self._calm)
        step = None if case is None else conductor.next_step(case.position, case.look)
        return None if case is None or step is None else (case, step)


async def _failing_for(change: Change, case: Case, step: Step) -> float | None:
    """Return the seconds from the first failure that counts to the halt; ``None`` if this is none, or by silence."""
    if step.kind != "halt":
        return None
    rollout = case.rollout
    first = await change.records.trials.first_failure(
        rollout.deployment_id, rollout.number, since=rollout.evidence_since
    )
    return None if first is None else max(0, change.at - first) / 1000


def _log_decision(case: Case, step: Step) -> None:
    _log.warning(
        "The rollout of v%d in the deployment %s (%d) is %s: %s.",
        *(case.rollout.number, case.deployment.name, case.deployment.id, step.position.state, step.position.reason),
    )


def _position(active: ActiveRollout) -> Position:
    return cases.position_of(
        active.record, active.rollout, is_held=active.is_held, is_disabled=bool(active.is_disabled)
    )


def _soonest(looked: Iterable[tuple[Position, Look]]) -> float:
    """Return in how many seconds the first stage of a running rollout is over."""
    rests = [
        (position.plan.stages[position.stage].soak - look.soaked).total_seconds()
        for position, look in looked
        if position.state == "running"
    ]
    return min((rest for rest in rests if rest > 0), default=_PAUSE + _JITTER)

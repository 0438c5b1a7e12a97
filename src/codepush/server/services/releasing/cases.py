"""Cases: a rollout with all that a decision about it needs, read in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.models import COMPLETE_ROLLOUT
from codepush.rules import conductor, looks
from codepush.rules.conductor import Look, Position
from codepush.rules.looks import Sums
from codepush.server.ports.deployments import DeploymentRecord
from codepush.server.ports.releases import ReleaseRecord
from codepush.server.ports.rollouts import RolloutRecord
from codepush.server.ports.trials import Span
from codepush.server.services.releasing.baselines import same_target_numbers

if TYPE_CHECKING:
    from codepush.rules.baseline import Age
    from codepush.server.ports.rollouts import ActiveRollout
    from codepush.server.ports.store import Records

__all__ = ["AGES", "MOST_GAINED", "Case", "looks_at", "of_release", "position_of", "soaked"]

AGES: Final[tuple[Age, ...]] = ("1h", "24h")
"""The ages at which downloads without a verdict are counted."""

MOST_GAINED: Final = 60_000
"""Milliseconds that the time at a stage gains between two looks at most: the absence of a server does not count."""


class Case(Struct, frozen=True, kw_only=True):
    """A rollout with all that a decision about it needs.

    Attributes:
        rollout: The rollout.
        deployment: Its deployment.
        release: Its release.
        history: The releases of the deployment, oldest first.
        position: Where the rollout stands.
        look: What is known of it.
        sums: The sums of its trials, by window.

    """

    rollout: RolloutRecord
    deployment: DeploymentRecord
    release: ReleaseRecord
    history: Sequence[ReleaseRecord]
    position: Position
    look: Look
    sums: Sums


async def of_release(
    records: Records,
    deployment: DeploymentRecord,
    history: Sequence[ReleaseRecord],
    rollout: RolloutRecord,
    *,
    at: int,
    was_calm: bool = False,
    is_compared: bool = True,
) -> Case | None:
    """Return the case of a rollout; ``None`` if its release is gone.

    Args:
        records: The records.
        deployment: The deployment.
        history: Its releases, oldest first.
        rollout: The rollout.
        at: The time, in milliseconds since 1970.
        was_calm: Whether the look before found no suspicion.
        is_compared: Whether to read what devices report of other releases meanwhile, which only decides about a halt.

    """
    release = next((one for one in history if one.number == rollout.number), None)
    if release is None:
        return None
    own = _spans(rollout, at)
    numbers = same_target_numbers(history, release.app_version, but=release.number) if is_compared else []
    others = [Span(deployment.id, number, rollout.started_at or at, at + 1) for number in numbers]
    totals = await records.trials.totals([*own, *others])
    sums = Sums(*totals[: len(own)])
    return Case(
        rollout=rollout,
        deployment=deployment,
        release=release,
        history=history,
        position=position_of(rollout, release.rollout, is_held=release.is_held, is_disabled=bool(release.is_disabled)),
        look=looks.look(
            at,
            soaked(rollout, at, is_stopped=deployment.stopped_by is not None),
            sums,
            rollout.baseline,
            others=totals[len(own) :],
            is_stopped=deployment.stopped_by is not None,
            was_calm=was_calm,
            since_halt=_since_halt(rollout, at),
        ),
        sums=sums,
    )


async def looks_at(records: Records, active: Sequence[ActiveRollout], *, at: int, calm: frozenset[int]) -> list[Look]:
    """Return what is known of many rollouts, but for what other releases' devices report.

    Args:
        records: The records.
        active: The rollouts.
        at: The time, in milliseconds since 1970.
        calm: The ids of the rollouts of which the look before found no suspicion.

    """
    spans = [_spans(one.record, at) for one in active]
    totals = iter(await records.trials.totals([span for some in spans for span in some]))
    return [
        looks.look(
            at,
            soaked(one.record, at, is_stopped=one.is_stopped),
            Sums(*(next(totals) for _ in some)),
            one.record.baseline,
            is_stopped=one.is_stopped,
            was_calm=one.record.id in calm,
        )
        for one, some in zip(active, spans, strict=True)
    ]


def position_of(rollout: RolloutRecord, percent: int | None, *, is_held: bool, is_disabled: bool) -> Position:
    """Return where a rollout stands, given its release's percentage, ``None`` for all devices, and flags."""
    return Position(
        plan=rollout.plan,
        state=rollout.state,
        reason=rollout.reason,
        stage=rollout.stage,
        percent=percent or COMPLETE_ROLLOUT,
        is_held=is_held,
        is_disabled=is_disabled,
        limit=rollout.failure_limit,
    )


def soaked(rollout: RolloutRecord, at: int, *, is_stopped: bool) -> timedelta:
    """Return the time that a rollout has been at its stage while its deployment was not stopped and the server ran.

    A clock that goes back adds nothing, and one that leaps adds a minute.
    """
    is_soaking = not is_stopped and conductor.is_soaking(rollout.state, rollout.reason)
    gained = min(max(0, at - rollout.looked_at), MOST_GAINED) if is_soaking else 0
    return timedelta(milliseconds=rollout.soaked_ms + gained)


def _since_halt(rollout: RolloutRecord, at: int) -> timedelta | None:
    """Return how long ago evidence halted a rollout, unless the halt has a note."""
    if rollout.state != "halted" or rollout.reason not in {"failures", "silence"} or not rollout.looked_at:
        return None
    return timedelta(milliseconds=at - rollout.looked_at)


def _spans(rollout: RolloutRecord, at: int) -> list[Span]:
    return [
        Span(rollout.deployment_id, rollout.number, *window)
        for window in looks.windows(at, since=rollout.evidence_since, ripen=rollout.plan.ripen)
    ]

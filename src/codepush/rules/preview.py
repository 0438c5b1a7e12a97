"""Previews of rollout plans, based on earlier releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.models import COMPLETE_ROLLOUT
from codepush.rollout_models import RolloutPreview, StagePreview
from codepush.rules import baseline as baselines, evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codepush.rollout_models import RolloutBaseline, RolloutPlan

__all__ = ["HOURS", "preview"]

HOURS: Final = (1, 6, 24, 72)
"""The hours after which verdicts are expected."""

_RISES: Final = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)
"""Rises of the share of failures that are looked for, above the baseline."""

_POWERS: Final = (50, 95)
_BEGINNING: Final = (5, 10, 20, 50)
"""Percentages that are suggested for a first stage."""


def preview(
    plan: RolloutPlan, baseline: RolloutBaseline, *, audience: int, uptake: Mapping[int, float]
) -> RolloutPreview:
    """Return the expected progress of a plan.

    Args:
        plan: The plan.
        baseline: What earlier releases lead to expect.
        audience: Number of devices that the release is for.
        uptake: Share of the devices offered a release that have a verdict after each of `HOURS`; empty without
            earlier releases.

    """
    limit = baselines.limit(baseline) if plan.limit is None else plan.limit
    needed = evidence.verdicts_to_advance(limit)
    stages = tuple(_stage(stage.percent, audience, uptake, needed) for stage in plan.stages)
    expected = max(
        (stage.verdicts.get(HOURS[-1], 0) for stage in stages if stage.percent < COMPLETE_ROLLOUT), default=0
    )
    return RolloutPreview(
        plan=plan,
        baseline=baseline,
        limit=limit,
        audience=audience,
        stages=stages,
        noticed=_noticed(limit, baseline.share, expected),
        warnings=tuple(_warnings(plan, baseline, stages)),
    )


def _stage(percent: int, audience: int, uptake: Mapping[int, float], needed: int) -> StagePreview:
    devices = audience * percent // COMPLETE_ROLLOUT
    verdicts = {hours: round(devices * share) for hours, share in uptake.items()}
    return StagePreview(
        percent=percent, devices=devices, verdicts=verdicts, needed=needed if percent < COMPLETE_ROLLOUT else 0
    )


def _noticed(limit: float, share: float, verdicts: int) -> dict[int, float]:
    """Return the least rises that are noticed within so many verdicts, by the percentage of cases."""
    found = {}
    for power in _POWERS:
        for rise in _RISES:
            needed = evidence.needed(limit, rise, power / 100, share)
            if needed is not None and needed <= verdicts:
                found[power] = rise
                break
    return found


def _warnings(plan: RolloutPlan, baseline: RolloutBaseline, stages: tuple[StagePreview, ...]) -> Iterable[str]:
    if baseline.is_assumed and plan.limit is None:
        yield (
            f"Earlier releases have too few verdicts ({baseline.verdicts}) for a baseline; "
            f"{_percent(baseline.share)} of failures is assumed."
        )
    first = stages[0]
    if not stages[-1].devices:
        yield "No device runs such a binary version yet, or a release for it: the number of devices is unknown."
        return
    if first.percent < COMPLETE_ROLLOUT and first.devices < first.needed:
        yield _too_few(first, f"is about {first.devices} devices", stages)
    elif first.verdicts and first.verdicts[HOURS[-1]] < first.needed and first.percent < COMPLETE_ROLLOUT:
        yield _too_few(first, f"gives about {first.verdicts[HOURS[-1]]} verdicts in three days", stages)


def _too_few(first: StagePreview, what: str, stages: tuple[StagePreview, ...]) -> str:
    everyone = stages[-1].devices
    share = first.verdicts.get(HOURS[-1], first.devices) / first.devices if first.devices else 0
    enough = next((one for one in _BEGINNING if everyone * one / COMPLETE_ROLLOUT * share >= first.needed), None)
    advice = f"Begin with {enough} %." if enough else "Set a patience, or advance by hand."
    return (
        f"{first.percent} % of {everyone} devices {what}; {first.needed} without a failure are needed to advance. "
        f"{advice}"
    )


def _percent(share: float) -> str:
    return f"{share * 100:.2g} %"

"""Rollout plans of releases, as callers give them and servers confirm them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
from msgspec.structs import replace

from codepush.errors import PlanIgnoredError
from codepush.rollout_models import NoPlan, Rollout, RolloutDecision, RolloutPlan, RolloutPreview
from codepush.wire.standalone.plans import PlanShape
from codepush.wire.standalone.rollouts import DecisionShape, PreviewShape, RolloutShape

if TYPE_CHECKING:
    from codepush.models import Package

__all__ = ["OVER", "Plan", "as_json", "is_same", "with_plan"]

Plan: TypeAlias = RolloutPlan | NoPlan | str
"""The plan of a release: a plan, its text, or ``NO_PLAN``."""

OVER: Final = frozenset({"completed", "superseded", "cancelled"})
"""States of a rollout that nothing follows."""


def with_plan(package: Package, plan: Plan | None) -> Package:
    """Return a new release, which has a plan if one was asked for.

    Raises:
        PlanIgnoredError: The server made the release, but ignored the plan.

    """
    if plan is None or isinstance(plan, NoPlan) or package.rollout_plan is not None:
        return package
    raise PlanIgnoredError(package)


def is_same(before: Rollout | None, after: Rollout) -> bool:
    """Return whether nothing happened to a rollout but that time has passed."""
    return before is not None and replace(before, soaked=after.soaked) == after


def as_json(value: Rollout | RolloutDecision | RolloutPreview | RolloutPlan) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value as the API has it: shares in percent, times in milliseconds, durations in seconds."""
    match value:
        case Rollout():
            return msgspec.to_builtins(RolloutShape.of(value))
        case RolloutDecision():
            return msgspec.to_builtins(DecisionShape.of(value))
        case RolloutPreview():
            return msgspec.to_builtins(PreviewShape.of(value))
        case RolloutPlan():
            return msgspec.to_builtins(PlanShape.of(value))

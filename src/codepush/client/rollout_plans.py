"""Rollout plans of releases, from callers and in responses, and results of the API as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
from msgspec.structs import replace

from codepush.errors import DecodeError, PlanIgnoredError
from codepush.insight_models import Insight
from codepush.rollout_models import NoPlan, Rollout, RolloutDecision, RolloutPlan, RolloutPreview
from codepush.wire.standalone.insight import InsightShape
from codepush.wire.standalone.plans import PlanShape
from codepush.wire.standalone.rollouts import DecisionShape, PreviewShape, RolloutShape

if TYPE_CHECKING:
    from codepush.models import Package

__all__ = ["OVER", "Plan", "as_json", "insight_of", "is_same", "with_plan"]

Plan: TypeAlias = RolloutPlan | NoPlan | str
"""The plan of a release: a plan, its text, or ``NO_PLAN``."""

OVER: Final = frozenset({"completed", "superseded", "cancelled"})
"""Final states of a rollout."""


def with_plan(package: Package, plan: Plan | None) -> Package:
    """Return a new release, which has the requested plan, if any.

    Raises:
        PlanIgnoredError: The server created the release, but ignored the plan.

    """
    if plan is None or isinstance(plan, NoPlan) or package.rollout_plan is not None:
        return package
    raise PlanIgnoredError(package)


def is_same(before: Rollout | None, after: Rollout) -> bool:
    """Return whether a rollout has changed only by the passage of time."""
    return before is not None and replace(before, soaked=after.soaked) == after


def as_json(value: Rollout | RolloutDecision | RolloutPreview | RolloutPlan | Insight) -> Any:  # noqa: ANN401 - any JSON value
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
        case Insight():
            return msgspec.to_builtins(InsightShape.of(value))


def insight_of(content: bytes) -> Insight:
    """Return the insight in JSON from the API or from `as_json`.

    Raises:
        DecodeError: The content is not an insight.

    """
    try:
        fields = msgspec.json.decode(content)
        fields = fields.get("insight", fields) if isinstance(fields, dict) else fields
        return msgspec.convert(fields, InsightShape).insight(fields)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
        raise DecodeError(f"This is not the JSON of an insight: {error}") from error

"""Rollout plans of releases, as callers give them and servers confirm them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec.structs import replace

from codepush.errors import PlanIgnoredError
from codepush.rollout_models import NoPlan, RolloutPlan

if TYPE_CHECKING:
    from codepush.models import Package
    from codepush.rollout_models import Rollout

__all__ = ["OVER", "Plan", "is_same", "with_plan"]

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

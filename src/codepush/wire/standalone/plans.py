"""Rollout plans as JSON, and the plans in requests, which are a string or an object."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from msgspec import Struct

from codepush.errors import Invalid
from codepush.rollout_models import NO_PLAN, NoPlan, RolloutPlan, RolloutStage
from codepush.rules import plans
from codepush.wire.standalone.request_fields import RequestFields
from codepush.wire.standalone.values import Number, duration, milliseconds, moment, percent, seconds, share

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codepush.rollout_models import OnHalt

__all__ = [
    "PLAN",
    "PlanShape",
    "StageShape",
    "first_percent",
    "package_plan",
    "read_default_plan",
    "read_plan",
    "refuse_plan",
    "written_plan",
]

PLAN: Final = "rolloutPlan"
"""The field of a plan, in requests and responses."""

_CODE: Final = "invalid_plan"
_LATEST: Final = milliseconds(datetime(9999, 1, 1, tzinfo=UTC))
_LONGEST: Final = 366 * 86_400
"""Seconds; the bounds of each duration are stricter (`codepush.rules.plans.check`)."""


class StageShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One of the ``stages`` of a plan."""

    percent: Number
    soak_seconds: Number | None = None
    needs_approval: bool | None = None

    @classmethod
    def of(cls, stage: RolloutStage) -> StageShape:
        """Return the shape of a stage."""
        return cls(percent=stage.percent, soak_seconds=seconds(stage.soak), needs_approval=stage.needs_approval)

    def stage(self) -> RolloutStage:
        """Return the stage that was sent."""
        return RolloutStage(
            percent=int(self.percent),
            soak=duration(self.soak_seconds or 0),
            needs_approval=bool(self.needs_approval),
        )


class PlanShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """``rolloutPlan``. ``text`` has the stages; limits are percent, ``startsAt`` is milliseconds since 1970."""

    text: str | None = None
    stages: list[StageShape]
    limit_percent: Number | None = None
    on_halt: str | None = None
    starts_at: Number | None = None
    window: str | None = None
    patience_seconds: Number | None = None
    ripen_seconds: Number | None = None

    @classmethod
    def of(cls, plan: RolloutPlan) -> PlanShape:
        """Return the shape of a plan."""
        return cls(
            text=plans.spell(plan),
            stages=[StageShape.of(stage) for stage in plan.stages],
            limit_percent=None if plan.limit is None else percent(plan.limit),
            on_halt=plan.on_halt,
            starts_at=None if plan.starts_at is None else milliseconds(plan.starts_at),
            window=plan.window,
            patience_seconds=None if plan.patience is None else seconds(plan.patience),
            ripen_seconds=seconds(plan.ripen),
        )

    def plan(self) -> RolloutPlan:
        """Return the plan that was sent."""
        return RolloutPlan(
            stages=tuple(stage.stage() for stage in self.stages),
            limit=None if self.limit_percent is None else share(self.limit_percent),
            on_halt=cast("OnHalt", self.on_halt or "stop"),  # newer servers may have others
            starts_at=None if self.starts_at is None else moment(self.starts_at),
            window=self.window,
            patience=None if self.patience_seconds is None else duration(self.patience_seconds),
            ripen=duration(self.ripen_seconds or 0),
        )


def read_plan(raw: object) -> RolloutPlan:
    """Return the plan in the field ``rolloutPlan`` of a request: a string or an object, not null.

    Raises:
        Invalid: It is not a plan. The message names the place and gives an example.

    """
    with _refusing():
        if isinstance(raw, str):
            return plans.parse(raw)
        if isinstance(raw, dict):
            return plans.check(_plan(raw))
    message = f'{PLAN} must be a text such as "{plans.EXAMPLE}", or an object with "stages" or "text".'
    raise Invalid(message, 400, code=_CODE, field=PLAN)


def read_default_plan(raw: object) -> RolloutPlan:
    """Return the default plan of a deployment in a request.

    Raises:
        Invalid: It is not a plan, or cannot be a default.

    """
    with _refusing():
        return plans.check_default(read_plan(raw))


def package_plan(info: object, rollout: int | None) -> RolloutPlan | NoPlan | None:
    """Return the plan in the ``packageInfo`` of a release or promotion.

    Args:
        info: The decoded JSON of ``packageInfo``.
        rollout: The rollout in it.

    Returns:
        The plan, `NO_PLAN` where the field is null, ``None`` where it is missing.

    Raises:
        Invalid: It is not a plan, or the rollout beside it is not that of its first stage.

    """
    if not isinstance(info, dict) or PLAN not in info:
        return None
    if info[PLAN] is None:
        return NO_PLAN
    plan = read_plan(info[PLAN])
    first_percent(plan, rollout)
    return plan


def refuse_plan(info: Mapping[str, Any]) -> None:
    """Refuse a plan in the ``packageInfo`` of a patch, which would otherwise be ignored.

    Raises:
        Invalid: There is one.

    """
    if PLAN in info:
        message = f"{PLAN} belongs to a new release. Set the plan of this one with PUT .../rollouts/LABEL."
        raise Invalid(message, 400, code=_CODE, field=PLAN)


def first_percent(plan: RolloutPlan, rollout: int | None) -> int:
    """Return the percentage of a plan's first stage, which is that of the release.

    Raises:
        Invalid: The release also came with a rollout, which is another one.

    """
    first = plan.stages[0].percent
    if rollout not in {None, first}:
        raise Invalid(
            f"The rollout of {rollout}% differs from the first stage of the rollout plan, {first}%. Leave out the "
            f"rollout, or give {first}.",
            400,
            code=_CODE,
            field="rollout",
        )
    return first


def written_plan(plan: RolloutPlan | str) -> tuple[RolloutPlan, str | PlanShape]:
    """Return a caller's plan, a value or a string, and its field in a request.

    Raises:
        Invalid: It is not a plan.

    """
    if isinstance(plan, str):
        return read_plan(plan), plan
    with _refusing():
        checked = plans.check(plan)
    return checked, PlanShape.of(checked)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn the error of an invalid plan into the one of an invalid request."""
    try:
        yield
    except plans.PlanError as error:
        raise Invalid(str(error), 400, code=_CODE, field=PLAN) from error


def _plan(raw: Mapping[str, Any]) -> RolloutPlan:
    fields = RequestFields(raw, of=PlanShape, place=PLAN, code=_CODE)
    limit, starts_at = fields.number("limitPercent"), fields.whole("startsAt", _LATEST)
    patience = fields.whole("patienceSeconds", _LONGEST)
    return RolloutPlan(
        stages=_stages(fields),
        limit=None if limit is None else share(limit),
        on_halt=cast("OnHalt", fields.read("onHalt", str, 'a text, such as "stop"') or "stop"),  # `check` looks at it
        starts_at=None if starts_at is None else moment(starts_at),
        window=fields.read("window", str, f'a text, such as "{plans.WINDOW_EXAMPLE}"'),
        patience=None if patience is None else duration(patience),
        ripen=duration(fields.whole("ripenSeconds", _LONGEST) or 0),
    )


def _stages(fields: RequestFields) -> tuple[RolloutStage, ...]:
    """Return the stages of a plan, from its text or its list of stages; if both are given, they must agree."""
    text = fields.read("text", str, f'a text, such as "{plans.EXAMPLE}"')
    spelled = None if text is None else plans.parse(text).stages
    listed = fields.read("stages", list, "an array")
    if listed is None:
        if spelled is None:
            raise plans.PlanError(f'{PLAN} needs "stages" or "text". Example: "{plans.EXAMPLE}".')
        return spelled
    stages = tuple(_stage(number, raw) for number, raw in enumerate(listed, 1))
    if spelled not in {None, plans.check(RolloutPlan(stages=stages)).stages}:
        raise plans.PlanError('"text" and "stages" of the rollout plan differ. Send one of them.')
    return stages


def _stage(number: int, raw: object) -> RolloutStage:
    place = f"stage {number} of the rollout plan"
    if not isinstance(raw, dict):
        raise plans.PlanError(f'In the rollout plan, stage {number} must be an object, such as {{"percent": 5}}.')
    fields = RequestFields(raw, of=StageShape, place=place, code=_CODE)
    percent_here = fields.whole("percent", 100)
    if percent_here is None:
        raise plans.PlanError(f'The field "percent" of {place} is missing. Send a whole percentage, such as 5.')
    return RolloutStage(
        percent=percent_here,
        soak=duration(fields.whole("soakSeconds", _LONGEST) or 0),
        needs_approval=bool(fields.read("needsApproval", bool, "true or false")),
    )

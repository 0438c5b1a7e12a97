"""The options for the rollout plan of a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from codepush.cli.values import DURATION, SHARE

if TYPE_CHECKING:
    from collections.abc import Callable

    from codepush.rollout_models import NoPlan, RolloutPlan

__all__ = ["PLAN", "PLAN_OPTIONS", "plan_details", "plan_of"]

_RECOMMENDED: Final = '"5% 4h, 25% 1d, 100%"'


class _Plan(click.ParamType["RolloutPlan"]):
    """The stages of a plan, as text."""

    name = "plan"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> RolloutPlan:
        from codepush.rollout_models import RolloutPlan
        from codepush.rules.plans import PlanError, parse

        if isinstance(value, RolloutPlan):
            return value
        try:
            return parse(str(value))
        except PlanError as error:
            self.fail(str(error), param, ctx)


PLAN: Final = _Plan()

_DETAILS: Final = (
    click.option(
        "--on-halt",
        type=click.Choice(["stop", "disable", "notify"]),
        help="With --plan: on a halt offer the release to no more devices, also take it back, or only report.  [stop]",
    ),
    click.option("--limit", type=SHARE, help="With --plan: share of failing devices to tolerate.  [from history]"),
    click.option("--patience", type=DURATION, help="With --plan: advance after this time even with few reports."),
    click.option(
        "--starts-at",
        type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]),
        metavar="TIME",
        help="With --plan: time of the first stage, such as 2030-01-31T09:00+0100.  [now]",
    ),
    click.option(
        "--window",
        metavar="TIMES",
        help='With --plan: when the rollout may advance, such as "Mon-Thu 09:00-17:00 Europe/Berlin".',
    ),
)

PLAN_OPTIONS: Final = (
    click.option("--plan", type=PLAN, metavar="STAGES", help=f"Rollout plan, such as {_RECOMMENDED}."),
    *_DETAILS,
    click.option("--no-plan", is_flag=True, help="Release without the deployment's default plan."),
)


def plan_details(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that complete the stages of a plan."""
    for option in reversed(_DETAILS):
        command = option(command)
    return command


def plan_of(values: dict[str, Any]) -> RolloutPlan | NoPlan | None:
    """Remove the options for a plan from the values of options, and return the plan."""
    from codepush.rollout_models import NO_PLAN
    from codepush.rules.plans import PlanError, check

    stages, no_plan = values.pop("plan"), values.pop("no_plan", False)
    details = {name: values.pop(name) for name in ("on_halt", "limit", "patience", "starts_at", "window")}
    given = {name: value for name, value in details.items() if value is not None}
    if stages is None:
        if given:
            raise click.UsageError(f"--{min(given).replace('_', '-')} needs --plan.")
        return NO_PLAN if no_plan else None
    if no_plan:
        raise click.UsageError("Give either --plan or --no-plan.")
    source = click.get_current_context().get_parameter_source("rollout")
    if source is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("Give either --plan or --rollout; the plan has the percentages.")
    from msgspec.structs import replace

    try:
        return check(replace(stages, **given))
    except PlanError as error:
        raise click.UsageError(str(error)) from error

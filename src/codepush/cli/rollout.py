"""``codepush rollout``: plans that raise the percentage of a release by themselves, and stop a bad one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from codepush.cli.context import pass_cli
from codepush.cli.errors import Exit
from codepush.cli.options import Group, app_argument, argument, deployment_argument
from codepush.cli.rollout_settings import PLAN, plan_details, plan_of
from codepush.cli.rollout_simulation import simulate
from codepush.cli.values import DURATION, SHARE, TARGET

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from codepush.cli.context import Cli
    from codepush.insight_models import Insight
    from codepush.rollout_models import Rollout, RolloutDecision, RolloutPlan, RolloutPreview

__all__ = ["rollout"]

_ENDS: Final = {
    "completed": Exit.DONE,
    "superseded": Exit.DONE,
    "cancelled": Exit.DONE,
    "halted": Exit.HALTED,
    "paused": Exit.UNDECIDED,
}
"""The exit code of ``watch`` by the state that ends it."""

_UNDECIDED: Final = {"approval", "inconclusive"}
"""Reasons of a hold that only a person ends. A suspicion may end by itself."""


@click.group(cls=Group)
def rollout() -> None:
    """Manage rollout plans.

    A plan raises the percentage of a release by itself while devices report success, waits while they report too
    little, and stops the release when too many fail.
    """


rollout.add_command(simulate)


def _label_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("-l", "--label", help="Label of the release.  [the newest with a plan]")(command)


def _release(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments that name a release with a plan."""
    return app_argument()(deployment_argument(_label_option(command)))


@rollout.command("preview")
@app_argument()
@argument("deployment", metavar="DEPLOYMENT", help="Deployment name.")
@argument("plan", type=PLAN, metavar="STAGES", help='The plan, such as "5% 4h, 25% 1d, 100%".')
@plan_details
@click.option(
    "-t", "--target-binary-version", "app_version", type=TARGET, metavar="RANGE", help="Target.  [the newest]"
)
@pass_cli
def preview(cli: Cli, /, app: str | None, deployment: str, app_version: str | None, **values: Any) -> None:  # noqa: ANN401
    """Show what to expect of a plan without changing anything."""
    from codepush.cli.rollout_screen import preview_lines

    plan = _planned(values)
    found = cli.client.preview_rollout(cli.app(app), deployment, plan, app_version=app_version)
    cli.out.result(_json(found), preview_lines(found))
    for warning in found.warnings:
        cli.out.warn(warning)


@rollout.command("list", aliases=["ls"])
@app_argument()
@deployment_argument
@pass_cli
def list_rollouts(cli: Cli, app: str | None, deployment: str | None) -> None:
    """List the releases of a deployment that have a plan."""
    from codepush.cli.rollout_screen import rollout_table

    found = cli.client.get_rollouts(cli.app(app), cli.deployment(deployment))
    cli.out.result([_json(one) for one in found], rollout_table(found))


@rollout.command("show")
@_release
@pass_cli
def show(cli: Cli, app: str | None, deployment: str | None, label: str | None) -> None:
    """Show a rollout: stages, what devices reported, evidence and the last decisions."""
    _print(cli, cli.client.get_rollout(cli.app(app), cli.deployment(deployment), label))


@rollout.command("plan")
@app_argument()
@argument("deployment", metavar="DEPLOYMENT", help="Deployment name.")
@argument("plan", type=PLAN, metavar="STAGES", help='The plan, such as "25% 1d, 100%".')
@plan_details
@click.option("-l", "--label", help="Label of the release.  [the newest]")
@click.option("--default", "is_default", is_flag=True, help="Set the plan of future releases without a plan.")
@pass_cli
def plan(cli: Cli, /, app: str | None, deployment: str, *, label: str | None, is_default: bool, **values: Any) -> None:  # noqa: ANN401
    """Give the newest release a plan, or the deployment a default plan.

    The percentage never falls. To remove the default plan: codepush rollout no-default APP DEPLOYMENT
    """
    name, wanted = cli.app(app), _planned(values)
    if is_default:
        stored = cli.client.set_default_plan(name, deployment, wanted)
        cli.out.result(
            {"rolloutPlan": stored and _json(stored)},
            f'Releases to "{deployment}" without a plan get: {_spelled(stored)}',
        )
        return
    _print(cli, cli.client.plan_rollout(name, deployment, label or _newest(cli, name, deployment), wanted))


@rollout.command("no-default")
@app_argument()
@deployment_argument
@pass_cli
def no_default(cli: Cli, app: str | None, deployment: str | None) -> None:
    """Remove the default plan of a deployment."""
    name = cli.deployment(deployment)
    cli.client.set_default_plan(cli.app(app), name, None)
    cli.out.result({"rolloutPlan": None}, f'Releases to "{name}" get no plan unless they come with one.')


@rollout.command("decisions")
@_release
@pass_cli
def decisions(cli: Cli, app: str | None, deployment: str | None, label: str | None) -> None:
    """List the decisions about a rollout, newest first."""
    from codepush.cli.rollout_screen import decision_table

    name, of = cli.app(app), cli.deployment(deployment)
    found = cli.client.get_rollout_decisions(name, of, label or cli.client.get_rollout(name, of).label)
    cli.out.result([_json(one) for one in found], decision_table(found))


@rollout.command("insight")
@app_argument()
@deployment_argument
@click.option("-l", "--label", help="Label of the release.  [the newest]")
@pass_cli
def insight(cli: Cli, app: str | None, deployment: str | None, label: str | None) -> None:
    """Show what devices reported of a release over time, with or without a plan."""
    from codepush.cli.rollout_screen import insight_lines, point_table

    name, of = cli.app(app), cli.deployment(deployment)
    found = cli.client.get_insight(name, of, label or _newest(cli, name, of))
    cli.out.result(_json(found), insight_lines(found))
    if not cli.out.is_json:
        cli.out.result(None, point_table(found))


@rollout.command("watch")
@_release
@click.option("--interval", type=DURATION, default="10s", show_default=True, help="Time between two requests.")
@click.option("--exit-code", is_flag=True, help="Exit with 13 if a person has to decide, with 14 if it was halted.")
@pass_cli
def watch(
    cli: Cli, app: str | None, deployment: str | None, *, label: str | None, interval: timedelta, exit_code: bool
) -> None:
    """Follow a rollout until it is over, halted, or waits for a person."""
    name, of = cli.app(app), cli.deployment(deployment)
    code = Exit.DONE
    for one in cli.client.watch_rollout(name, of, label, interval=max(1.0, interval.total_seconds())):
        _print_line(cli, one)
        if one.state in _ENDS or one.reason in _UNDECIDED:
            code = _ENDS.get(one.state, Exit.UNDECIDED)
            break
    if exit_code and code:
        click.get_current_context().exit(code)


def _verb(name: str, line: str, *options: Callable[..., Any]) -> None:
    """Add the command of a verb."""

    @pass_cli
    def act(
        cli: Cli,
        /,
        app: str | None,
        deployment: str | None,
        *,
        label: str | None,
        note: str | None,
        **values: Any,  # noqa: ANN401
    ) -> None:
        of_app, of = cli.app(app), cli.deployment(deployment)
        found = label or (_newest(cli, of_app, of) if name == "halt" else cli.client.get_rollout(of_app, of).label)
        given = {key: value for key, value in values.items() if value}
        _print(cli, getattr(cli.client, f"{name}_rollout")(of_app, of, found, note=note, **given))

    act.__doc__ = line
    command = click.option("-n", "--note", help="Reason; it is recorded.")(act)
    for option in options:
        command = option(command)
    rollout.command(name)(_release(command))


_verb("pause", "Pause a rollout: devices still take the release, and its percentage stays.")
_verb(
    "resume",
    "Resume a rollout that is paused, halted, suspect or waiting for approval.",
    click.option("--limit", type=SHARE, help="Share of failing devices to tolerate from now on.  [as before]"),
)
_verb(
    "advance",
    "Advance a rollout to its next stage now.",
    click.option("--force", is_flag=True, help="Advance even though the release is suspect; needs a note."),
)
_verb("halt", "Halt a rollout: no other device is offered the release.")
_verb("complete", "Offer the release to all devices now, and end its plan.")
_verb("cancel", "End the plan of a release; its percentage stays.")


def _planned(values: dict[str, Any]) -> RolloutPlan:
    from codepush.rollout_models import RolloutPlan

    plan = plan_of(values)
    assert isinstance(plan, RolloutPlan)  # an argument is required
    return plan


def _newest(cli: Cli, app: str, deployment: str) -> str:
    from codepush.errors import NotFound

    package = cli.client.get_deployment(app, deployment).package
    if package is None:
        raise NotFound(f'The "{deployment}" deployment has no releases.', 404)
    return package.label


def _print(cli: Cli, found: Rollout) -> None:
    from codepush.cli.rollout_screen import rollout_lines

    cli.out.result(_json(found), rollout_lines(found))


def _print_line(cli: Cli, found: Rollout) -> None:
    if cli.out.is_json:
        cli.out.result(_json(found), "")
        return
    newest = found.decisions[0].text if found.decisions else ""
    cli.out.result(None, f"{found.label}  {found.state}  {found.percent}%  {found.waits_for or newest}")


def _json(found: Rollout | RolloutDecision | RolloutPreview | RolloutPlan | Insight) -> Any:  # noqa: ANN401 - any JSON value
    from codepush.client.rollout_plans import as_json

    return as_json(found)


def _spelled(plan: RolloutPlan | None) -> str:
    from codepush.rules.plans import spell

    return "none" if plan is None else spell(plan)

"""``--dry-run``: show the effect of a change without making it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from codepush.cli.errors import Exit
from codepush.cli.history import history_of
from codepush.cli.layout import check_layout
from codepush.cli.output import Table
from codepush.cli.package_names import check_names
from codepush.cli.planning import plan_change, plan_new, plan_return, release_of
from codepush.cli.shapes import plain
from codepush.client.rollout_plans import as_json
from codepush.errors import NotFound
from codepush.models import Package, PackageInfo
from codepush.rollout_models import RolloutPlan
from codepush.rules.actions import settings

if TYPE_CHECKING:
    from codepush.cli.context import Cli
    from codepush.cli.planning import Plan
    from codepush.cli.release_settings import ReleaseRequest
    from codepush.models import Metrics
    from codepush.rollout_models import NoPlan, RolloutPreview

__all__ = ["plan_patch", "plan_promotion", "plan_release", "plan_rollback", "rollback_lines"]


def plan_release(cli: Cli, app: str, deployment: str, contents: str, *, target: str, request: ReleaseRequest) -> None:
    """Show what a release would do. The content is packed to compute its hash, but not sent."""
    from codepush.packaging.local import prepare

    check_names(cli, app, contents)
    history, metrics = _state(cli, app, deployment)
    key = request.private_key_path or cli.project.private_key_path
    check_layout(cli, contents, private_key_path=key)
    with prepare(contents, private_key_path=key) as package:
        meant = Package(app_version=target, package_hash=package.hash, size=package.size, release_method="Upload")
    plan = plan_new(history, metrics, release_of(meant, _at_first(request.info, request.plan)))
    _print(cli, app, deployment, plan, _preview(cli, app, deployment, request.plan, plan))


def plan_promotion(
    cli: Cli, app: str, source: str, destination: str, info: PackageInfo, *, rollout_plan: RolloutPlan | NoPlan | None
) -> None:
    """Show what a promotion would do."""
    releases = cli.client.get_deployment_history(app, source)
    found = [one for one in releases if info.label in {None, one.label}]
    if not found:
        raise NotFound(f'The "{source}" deployment has no release {info.label or "yet"}.', 404)
    origin = found[-1]
    meant = Package(
        **(settings(origin) | {"rollout": None}),
        package_hash=origin.package_hash,
        size=origin.size,
        release_method="Promote",
        original_label=origin.label,
        original_deployment=source,
    )
    history, metrics = _state(cli, app, destination)
    made = release_of(meant, _at_first(info, rollout_plan))
    plan = plan_new(history, metrics, made, compared_as=origin.app_version)
    _print(cli, app, destination, plan, _preview(cli, app, destination, rollout_plan, plan))


def plan_rollback(cli: Cli, app: str, deployment: str, label: str | None) -> None:
    """Show what a rollback would do."""
    _print(cli, app, deployment, plan_return(*_state(cli, app, deployment), label))


def plan_patch(cli: Cli, app: str, deployment: str, info: PackageInfo) -> None:
    """Show what a patch would do."""
    _print(cli, app, deployment, plan_change(*_state(cli, app, deployment), info))


def rollback_lines(cli: Cli, app: str, deployment: str, label: str | None) -> list[str]:
    """Return the effect of a rollback, for the confirmation prompt."""
    plan = plan_return(*_state(cli, app, deployment), label)
    if plan.refusal or plan.release is None:
        return []
    return [f"{plan.release.original_label} will be re-released as {plan.release.label}. {_devices(plan)}"]


def _state(cli: Cli, app: str, deployment: str) -> tuple[list[Package], dict[str, Metrics]]:
    return history_of(cli, app, deployment), cli.client.get_deployment_metrics(app, deployment)


def _at_first(info: PackageInfo, rollout_plan: RolloutPlan | NoPlan | None) -> PackageInfo:
    """Return the settings of a release, with the percentage that its rollout plan begins with."""
    return replace(info, rollout=rollout_plan.stages[0].percent) if isinstance(rollout_plan, RolloutPlan) else info


def _preview(
    cli: Cli, app: str, deployment: str, rollout_plan: RolloutPlan | NoPlan | None, plan: Plan
) -> RolloutPreview | None:
    """Return what to expect of the rollout plan of a release that the server would accept."""
    if not isinstance(rollout_plan, RolloutPlan) or plan.refusal or plan.release is None:
        return None
    release = plan.release
    return cli.client.preview_rollout(
        app, deployment, rollout_plan, app_version=release.app_version, is_mandatory=bool(release.is_mandatory)
    )


def _print(cli: Cli, app: str, deployment: str, plan: Plan, preview: RolloutPreview | None = None) -> None:
    """Print a plan. The exit code is that of the server's rejection, if any."""
    previewed = {} if preview is None else {"rolloutPreview": as_json(preview)}
    cli.out.result(_as_json(app, deployment, plan) | previewed, _sentences(app, deployment, plan))
    if plan.moves and not cli.out.is_json:
        rows = [[one.runs, f"{one.active:,}", _span(one.at_least, one.at_most)] for one in plan.moves]
        cli.out.result(None, Table(["Runs now", "Active", "Affected"], rows))
    if preview is not None:
        _print_preview(cli, preview)
    cli.out.say("Dry run: nothing was changed.")
    if plan.refusal:
        click.get_current_context().exit(Exit.CONFLICT if plan.release else Exit.NOT_FOUND)


def _print_preview(cli: Cli, preview: RolloutPreview) -> None:
    from codepush.cli.rollout_screen import preview_lines

    if not cli.out.is_json:
        cli.out.result(None, "\n" + preview_lines(preview))
    for warning in preview.warnings:
        cli.out.warn(warning)


def _as_json(app: str, deployment: str, plan: Plan) -> dict[str, Any]:
    return {
        "dryRun": True,
        "app": app,
        "deployment": deployment,
        "refusal": plan.refusal,
        "release": plain(plan.release),
        "devices": {"atLeast": plan.at_least, "atMost": plan.at_most},
        "moves": plain(plan.moves),
    }


def _sentences(app: str, deployment: str, plan: Plan) -> str:
    if plan.refusal or plan.release is None:
        return f'The "{deployment}" deployment of the "{app}" app would reject the release: {plan.refusal}.'
    release = plan.release
    facts = [
        f"for {release.app_version}",
        f"rollout {100 if release.rollout is None else release.rollout}%",
        *(["mandatory"] if release.is_mandatory else []),
        *(["disabled"] if release.is_disabled else []),
    ]
    return (
        f'The "{deployment}" deployment of the "{app}" app would have {release.label}: {", ".join(facts)}.\n'
        f"Its package hash is {release.package_hash}, its size {release.size:,} bytes.\n{_devices(plan)}"
    )


def _devices(plan: Plan) -> str:
    devices = "device" if plan.at_least == plan.at_most == 1 else "devices"
    return f"{_span(plan.at_least, plan.at_most)} active {devices} would receive a different release."


def _span(at_least: int, at_most: int) -> str:
    return f"{at_least:,}" if at_least == at_most else f"{at_least:,} to {at_most:,}"

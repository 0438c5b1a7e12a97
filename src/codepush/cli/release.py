"""``codepush release``, ``patch``, ``promote`` and ``rollback``."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from codepush.cli.context import pass_cli
from codepush.cli.legacy_syntax import AliasOption
from codepush.cli.options import RemoteCommand, app_argument, argument, deployment_argument
from codepush.cli.release_settings import DRY_RUN, patch_options, promotion_options, release_options
from codepush.cli.values import TARGET, check_contents
from codepush.errors import APIError

if TYPE_CHECKING:
    from codepush.cli.context import Cli
    from codepush.cli.release_settings import ReleaseRequest, Verification
    from codepush.models import PackageInfo
    from codepush.rollout_models import NoPlan, RolloutPlan

__all__ = ["patch", "promote", "release", "rollback"]

_INCOMPLETE: Final = re.compile(r"\d+(\.\d+)?")

_command = partial(click.command, cls=RemoteCommand)


@_command("release")
@app_argument()
@argument("contents", metavar="PATH", help="Directory or file to release.")
@argument("target", type=TARGET, metavar="TARGET_BINARY_VERSION", help="Binary versions to target: 1.2.3, ^1.2 or *.")
@click.option(
    "-c", "--update-contents-path", cls=AliasOption, argument="contents", metavar="PATH", help="As in App Center."
)
@click.option(
    "-t", "--target-binary-version", cls=AliasOption, argument="target", metavar="RANGE", help="As in App Center."
)
@release_options
@pass_cli
def release(cli: Cli, app: str | None, contents: str, target: str, *, request: ReleaseRequest) -> None:
    """Release a directory or file to a deployment."""
    check_contents(contents)
    if _INCOMPLETE.fullmatch(target):
        cli.out.say(f'Your target binary version "{target}" will be treated as "{target}.x".')
    app, deployment = cli.app(app), cli.release_deployment(request.deployment_name)
    if request.dry_run:
        from codepush.cli.dry_run import plan_release

        plan_release(cli, app, deployment, contents, target=target, request=request)
        return
    from codepush.cli.releasing import release_contents

    release_contents(cli, app, deployment, contents, target=target, request=request)


@_command("patch")
@app_argument()
@deployment_argument
@patch_options
@pass_cli
def patch(cli: Cli, app: str | None, deployment: str | None, *, info: PackageInfo, dry_run: bool) -> None:
    """Update a release: rollout, target version, description, mandatory or disabled flag."""
    from codepush.models import PackageInfo

    if info == PackageInfo(label=info.label):
        raise click.UsageError("At least one property must be specified to patch a release.")
    if info.description == "":
        raise click.UsageError("The description of a release can only be replaced, not removed.")
    app, name = cli.app(app), cli.deployment(deployment)
    if dry_run:
        from codepush.cli.dry_run import plan_patch

        plan_patch(cli, app, name, info)
        return
    from codepush.cli.shapes import plain

    which = info.label or "latest"
    changed = cli.client.patch_release(app, name, info.label, info)
    if changed is None:
        history = cli.client.get_deployment_history(app, name)
        same = next(one for one in reversed(history) if info.label in {None, one.label})
        cli.out.result(
            plain(same),
            f'Nothing to change: the "{which}" release of "{app}" app\'s "{name}" deployment already has these'
            " settings.",
        )
        return
    cli.out.result(plain(changed), f'Successfully updated the "{which}" release of "{app}" app\'s "{name}" deployment.')


@_command("promote")
@app_argument()
@argument("source", metavar="SOURCE", help="Deployment with the release.")
@argument("destination", metavar="DESTINATION", help="Deployment to promote to.")
@click.option(
    "-s", "--source-deployment-name", cls=AliasOption, argument="source", metavar="NAME", help="As in App Center."
)
@click.option(
    "-d",
    "--destination-deployment-name",
    cls=AliasOption,
    argument="destination",
    metavar="NAME",
    help="As in App Center.",
)
@promotion_options
@pass_cli
def promote(
    cli: Cli,
    app: str | None,
    source: str,
    destination: str,
    *,
    info: PackageInfo,
    no_duplicate_release_error: bool,
    verification: Verification | None,
    plan: RolloutPlan | NoPlan | None,
    dry_run: bool,
) -> None:
    """Promote a release to another deployment, with its settings unless overridden."""
    app = cli.app(app)
    if dry_run:
        from codepush.cli.dry_run import plan_promotion

        plan_promotion(cli, app, source, destination, info, rollout_plan=plan)
        return
    from codepush.cli.releasing import promoted, warn_of_duplicate
    from codepush.cli.shapes import plain
    from codepush.client import is_duplicate

    try:
        made = promoted(cli, app, source, destination, info, verification=verification, plan=plan)
    except APIError as error:
        if not (no_duplicate_release_error and is_duplicate(error)):
            raise
        warn_of_duplicate(cli, app, destination, error)
        return
    which = f'"{info.label}" of ' if info.label else ""
    cli.out.result(
        plain(made),
        f'Successfully promoted {which}the "{source}" deployment of the "{app}" app to the "{destination}" deployment.',
    )
    cli.out.say(f"Released as {made.label} for versions {made.app_version}.")


@_command("rollback")
@app_argument()
@deployment_argument
@click.option(
    "-r", "--target-release", metavar="LABEL", help="Label of the release to roll back to.  [the one before the newest]"
)
@DRY_RUN
@pass_cli
def rollback(cli: Cli, app: str | None, deployment: str | None, target_release: str | None, *, dry_run: bool) -> None:
    """Roll back a deployment by re-releasing an earlier release."""
    from codepush.cli.dry_run import plan_rollback, rollback_lines
    from codepush.cli.shapes import plain

    app, name = cli.app(app), cli.deployment(deployment)
    if dry_run:
        plan_rollback(cli, app, name, target_release)
        return
    back_to = target_release or "the release before the newest"
    cli.confirm(
        f'Roll back the "{name}" deployment of "{app}" to {back_to}?',
        impact=lambda: rollback_lines(cli, app, name, target_release),
        when_cancelled="Rollback cancelled.",
    )
    made = cli.client.rollback(app, name, target_release)
    cli.out.result(plain(made), f'Successfully performed a rollback on the "{name}" deployment of the "{app}" app.')
    cli.out.say(f"{made.original_label or back_to} was re-released as {made.label} for versions {made.app_version}.")

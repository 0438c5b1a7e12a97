"""``codepush release``, ``patch``, ``promote`` and ``rollback``: what phones will run."""

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

__all__ = ["patch", "promote", "release", "rollback"]

_INCOMPLETE: Final = re.compile(r"\d+(\.\d+)?")

_command = partial(click.command, cls=RemoteCommand)


@_command("release")
@app_argument()
@argument("contents", metavar="PATH", help="The directory or file to release.")
@argument("target", type=TARGET, metavar="TARGET_BINARY_VERSION", help="The app's versions it is for: 1.2.3, ^1.2, *.")
@click.option(
    "-c", "--update-contents-path", cls=AliasOption, argument="contents", metavar="PATH", help="As App Center has it."
)
@click.option(
    "-t", "--target-binary-version", cls=AliasOption, argument="target", metavar="RANGE", help="As App Center has it."
)
@release_options
@pass_cli
def release(cli: Cli, app: str | None, contents: str, target: str, *, request: ReleaseRequest) -> None:
    """Release a directory or a file to the phones of a deployment."""
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
    """Change what is said about a release: who may take it, whether they must, what it is."""
    from codepush.models import PackageInfo

    if info == PackageInfo(label=info.label):
        raise click.UsageError("At least one property must be specified to patch a release.")
    if info.description == "":
        raise click.UsageError("The description of a release cannot be taken away, only replaced.")
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
@argument("source", metavar="SOURCE", help="The deployment that has the release.")
@argument("destination", metavar="DESTINATION", help="The deployment that is to get it.")
@click.option(
    "-s", "--source-deployment-name", cls=AliasOption, argument="source", metavar="NAME", help="As App Center has it."
)
@click.option(
    "-d",
    "--destination-deployment-name",
    cls=AliasOption,
    argument="destination",
    metavar="NAME",
    help="As App Center has it.",
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
    dry_run: bool,
) -> None:
    """Release in one deployment what another one has; what is not said otherwise stays as it is there."""
    app = cli.app(app)
    if dry_run:
        from codepush.cli.dry_run import plan_promotion

        plan_promotion(cli, app, source, destination, info)
        return
    from codepush.cli.releasing import promoted, warn_of_duplicate
    from codepush.cli.shapes import plain
    from codepush.client import is_duplicate

    try:
        made = promoted(cli, app, source, destination, info, verification=verification)
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
    cli.out.say(f"It is {made.label} there, for {made.app_version}.")


@_command("rollback")
@app_argument()
@deployment_argument
@click.option("-r", "--target-release", metavar="LABEL", help="The release to go back to; the one before the newest.")
@DRY_RUN
@pass_cli
def rollback(cli: Cli, app: str | None, deployment: str | None, target_release: str | None, *, dry_run: bool) -> None:
    """Release an older release of a deployment once more, so that phones go back to it."""
    from codepush.cli.dry_run import plan_rollback, rollback_lines
    from codepush.cli.shapes import plain

    app, name = cli.app(app), cli.deployment(deployment)
    if dry_run:
        plan_rollback(cli, app, name, target_release)
        return
    back_to = target_release or "the release before the newest"
    cli.confirm(
        f'Roll the "{name}" deployment of "{app}" back to {back_to}?',
        impact=lambda: rollback_lines(cli, app, name, target_release),
        when_cancelled="Rollback cancelled.",
    )
    made = cli.client.rollback(app, name, target_release)
    cli.out.result(plain(made), f'Successfully performed a rollback on the "{name}" deployment of the "{app}" app.')
    cli.out.say(f"What {made.original_label or back_to} was is {made.label} now, for {made.app_version}.")

"""``codepush release``, ``patch``, ``promote`` and ``rollback``: what phones will run."""

from __future__ import annotations

import functools
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from codepush.cli.context import note_flag, pass_cli
from codepush.cli.legacy_syntax import AliasOption
from codepush.cli.options import RemoteCommand, app_argument, argument, deployment_argument
from codepush.cli.values import DESCRIPTION, ROLLOUT, TARGET, check_contents
from codepush.errors import APIError

if TYPE_CHECKING:
    from collections.abc import Callable

    from codepush.cli.context import Cli
    from codepush.models import PackageInfo

__all__ = ["patch", "promote", "release", "release_options", "rollback", "said"]

_INCOMPLETE: Final = re.compile(r"\d+(\.\d+)?")

_command = partial(click.command, cls=RemoteCommand)


def release_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that releases something from this machine."""
    for option in (
        _DRY_RUN,
        click.option(
            "--force",
            is_flag=True,
            expose_value=False,
            callback=note_flag,
            help="Release a folder that no device could run.",
        ),
        click.option(
            "-k",
            "--private-key-path",
            metavar="FILE",
            type=click.Path(dir_okay=False),
            help="Sign the release with this private key.  [project file]",
        ),
        _NO_DUPLICATE_ERROR,
        click.option(
            "-r", "--rollout", type=ROLLOUT, default=100, help="The share of phones that may take it.  [100%]"
        ),
        click.option("-m", "--mandatory/--no-mandatory", default=False, help="Make apps install it at once, or not."),
        click.option("-x", "--disabled/--no-disabled", default=False, help="Hide it from phones, or not."),
        click.option(
            "-des", "--description", type=DESCRIPTION, default="", help="What has changed; \\n is a new line."
        ),
        click.option("-d", "--deployment-name", metavar="NAME", help="Where to.  [project file, Staging]"),
    ):
        command = option(command)
    return verify_options(command)


class Verification(NamedTuple):
    """The request to enable a release only once simulated devices could install it.

    Attributes:
        public_key_path: The key to check signatures with; ``None``: devices do not check them.

    """

    public_key_path: str | None


def verify_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--verify`` and its key, which the command receives together as ``verification``."""

    @functools.wraps(command)
    def with_verification(*args: Any, verify: bool, public_key_path: str | None, **options: Any) -> Any:  # noqa: ANN401
        return command(*args, verification=Verification(public_key_path) if verify else None, **options)

    decorated: Callable[..., Any] = with_verification
    for option in (
        click.option(
            "--public-key-path",
            metavar="FILE",
            type=click.Path(exists=True, dir_okay=False),
            help="With --verify: the phones take only what was signed with this key's private half.",
        ),
        click.option(
            "--verify",
            is_flag=True,
            help="Release it disabled, and enable it once simulated phones could take it from all that phones run.",
        ),
    ):
        decorated = option(decorated)
    return decorated


_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only tell what would happen.")
_NO_DUPLICATE_ERROR = click.option(
    "--no-duplicate-release-error",
    "--disable-duplicate-release-error",
    is_flag=True,
    help="Only warn when the deployment has this very package already.",
)


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
def release(
    cli: Cli,
    /,
    app: str | None,
    contents: str,
    target: str,
    *,
    deployment_name: str | None,
    private_key_path: str | None,
    no_duplicate_release_error: bool,
    dry_run: bool,
    verification: Verification | None,
    **info: Any,  # noqa: ANN401 - what `said` takes
) -> None:
    """Release a directory or a file to the phones of a deployment."""
    check_contents(contents)
    if _INCOMPLETE.fullmatch(target):
        cli.out.say(f'Your target binary version "{target}" will be treated as "{target}.x".')
    app, deployment = cli.app(app), cli.release_deployment(deployment_name)
    if dry_run:
        from codepush.cli.dry_run import plan_release

        plan_release(
            cli, app, deployment, contents, target=target, info=said(**info), private_key_path=private_key_path
        )
        return
    from codepush.cli.releasing import release_contents

    release_contents(
        cli,
        app,
        deployment,
        contents,
        target=target,
        info=said(**info),
        private_key_path=private_key_path,
        no_duplicate_release_error=no_duplicate_release_error,
        verification=verification,
    )


@_command("patch")
@app_argument()
@deployment_argument
@click.option("-l", "--label", "--existing-release-label", help="The release; the newest when left out.")
@click.option("-des", "-d", "--description", type=DESCRIPTION, help="Another description.")
@click.option("-x", "--disabled/--no-disabled", default=None, help="Hide it from phones, or not.")
@click.option("-m", "--mandatory/--no-mandatory", default=None, help="Make apps install it at once, or not.")
@click.option("-r", "--rollout", type=ROLLOUT, help="The share of phones that may take it; it can only grow.")
@click.option("-t", "--target-binary-version", type=TARGET, metavar="RANGE", help="The app's versions it is for.")
@_DRY_RUN
@pass_cli
def patch(
    cli: Cli,
    /,
    app: str | None,
    deployment: str | None,
    label: str | None,
    *,
    dry_run: bool,
    **info: Any,  # noqa: ANN401 - what `said` takes
) -> None:
    """Change what is said about a release: who may take it, whether they must, what it is."""
    if all(value is None for value in info.values()):
        raise click.UsageError("At least one property must be specified to patch a release.")
    if info["description"] == "":
        raise click.UsageError("The description of a release cannot be taken away, only replaced.")
    app, name = cli.app(app), cli.deployment(deployment)
    if dry_run:
        from codepush.cli.dry_run import plan_patch

        plan_patch(cli, app, name, said(**info, label=label))
        return
    from codepush.cli.shapes import plain

    which = label or "latest"
    changed = cli.client.patch_release(app, name, label, said(**info))
    if changed is None:
        history = cli.client.get_deployment_history(app, name)
        same = next(one for one in reversed(history) if label in {None, one.label})
        known = f'the "{which}" release of "{app}" app\'s "{name}" deployment already has these settings.'
        cli.out.result(plain(same), f"Nothing to change: {known}")
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
@click.option("-l", "--label", help="The release; the source's newest when left out.")
@click.option("-des", "--description", type=DESCRIPTION, help="Another description than the source's.")
@click.option("-x", "--disabled/--no-disabled", default=None, help="Hide it from phones, or not.")
@click.option("-m", "--mandatory/--no-mandatory", default=None, help="Make apps install it at once, or not.")
@_NO_DUPLICATE_ERROR
@click.option("-r", "--rollout", type=ROLLOUT, help="The share of phones that may take it.  [100%]")
@click.option("-t", "--target-binary-version", type=TARGET, metavar="RANGE", help="Other versions than the source's.")
@verify_options
@_DRY_RUN
@pass_cli
def promote(
    cli: Cli,
    /,
    app: str | None,
    source: str,
    destination: str,
    label: str | None,
    *,
    no_duplicate_release_error: bool,
    dry_run: bool,
    verification: Verification | None,
    **info: Any,  # noqa: ANN401 - what `said` takes
) -> None:
    """Release in one deployment what another one has; what is not said otherwise stays as it is there."""
    app = cli.app(app)
    change = said(**info, label=label)
    if dry_run:
        from codepush.cli.dry_run import plan_promotion

        plan_promotion(cli, app, source, destination, change)
        return
    from codepush.cli.releasing import promoted, tell_duplicate
    from codepush.cli.shapes import plain
    from codepush.client import is_duplicate

    try:
        made = promoted(cli, app, source, destination, change, verification=verification)
    except APIError as error:
        if not (no_duplicate_release_error and is_duplicate(error)):
            raise
        tell_duplicate(cli, app, destination, error)
        return
    which = f'"{label}" of ' if label else ""
    cli.out.result(
        plain(made),
        f'Successfully promoted {which}the "{source}" deployment of the "{app}" app to the "{destination}" deployment.',
    )
    cli.out.say(f"It is {made.label} there, for {made.app_version}.")


@_command("rollback")
@app_argument()
@deployment_argument
@click.option("-r", "--target-release", metavar="LABEL", help="The release to go back to; the one before the newest.")
@_DRY_RUN
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
        losses=lambda: rollback_lines(cli, app, name, target_release),
        when_cancelled="Rollback cancelled.",
    )
    made = cli.client.rollback(app, name, target_release)
    cli.out.result(plain(made), f'Successfully performed a rollback on the "{name}" deployment of the "{app}" app.')
    cli.out.say(f"What {made.original_label or back_to} was is {made.label} now, for {made.app_version}.")


def said(
    *,
    description: str | None,
    disabled: bool | None,
    mandatory: bool | None,
    rollout: int | None,
    target_binary_version: str | None = None,
    label: str | None = None,
) -> PackageInfo:
    """Return what options say about a release."""
    from codepush.models import PackageInfo

    return PackageInfo(
        app_version=target_binary_version,
        description=description,
        is_disabled=disabled,
        is_mandatory=mandatory,
        label=label,
        rollout=rollout,
    )

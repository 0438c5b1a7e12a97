"""``codepush release-cordova``: prepare a Cordova app and release its content."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codepush.cli.context import pass_cli
from codepush.cli.delivery import Delivery, target_option
from codepush.cli.options import RemoteCommand, app_argument, argument
from codepush.cli.release_settings import release_options
from codepush.cli.values import Choice

if TYPE_CHECKING:
    from codepush.cli.context import Cli
    from codepush.cli.release_settings import ReleaseRequest
    from codepush.projects.cordova import CordovaPlatform

__all__ = ["release_cordova"]


@partial(click.command, cls=RemoteCommand)("release-cordova")
@app_argument()
@argument(
    "platform",
    may_be_left_out=True,
    type=Choice("platform", {"android": "android", "ios": "ios"}),
    help="android or ios.  [the app's platform]",
)
@target_option
@click.option("-b", "--build/--no-build", default=False, help="Build the app too, instead of only preparing it.")
@click.option(
    "-rb",
    "--is-release-build-type/--no-is-release-build-type",
    default=False,
    help="With --build: create a store build.",
)
@release_options
@pass_cli
def release_cordova(
    cli: Cli,
    /,
    app: str | None,
    platform: CordovaPlatform | None,
    *,
    build: bool,
    is_release_build_type: bool,
    target_binary_version: str | None,
    request: ReleaseRequest,
) -> None:
    """Prepare the Cordova app in this directory with its own Cordova, and release its content.

    The target version defaults to that of config.xml.
    """
    from codepush.projects.cordova import CordovaProject
    from codepush.projects.tools import command_line, run

    project = CordovaProject.open(Path.cwd())
    delivery = Delivery.planned(cli, app, target_binary_version, request)
    platform = platform or _platform_of(cli, delivery.app)
    target = delivery.target_for(project.version)
    command = project.command(platform, build=build, is_release_build=is_release_build_type)
    cli.out.say(f"Running: {command_line(command)}")
    run(command, project.root)
    content = project.content(platform)
    named = str(content.relative_to(project.root))
    delivery.make(content, target, named=named, starts_with="index.html", platform=platform)


def _platform_of(cli: Cli, app: str) -> CordovaPlatform:
    """Return the platform of an app's record."""
    from codepush.projects.cordova import CORDOVA_PLATFORMS

    system = (cli.client.get_app(app).os or "").lower()
    found = next((name for name in CORDOVA_PLATFORMS if name == system), None)
    if found is None:
        raise click.UsageError(f'The app "{app}" has no single platform. Add the platform: android or ios.')
    return found

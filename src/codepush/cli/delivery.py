"""Common parts of the commands that build an update from a project and release it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from codepush.cli.values import TARGET

if TYPE_CHECKING:
    from collections.abc import Callable

    from codepush.cli.context import Cli
    from codepush.cli.release_settings import ReleaseRequest
    from codepush.projects.binary_version import BinaryVersion

__all__ = ["FOLDER", "Delivery", "bundle_options", "may_empty", "source_map_of", "target_option", "warn_of_source_map"]

FOLDER: Final = click.Path(path_type=Path)

target_option = click.option(
    "-t",
    "--target-binary-version",
    type=TARGET,
    metavar="RANGE",
    help="Binary versions to target: 1.2.3, ^1.2 or *.  [the project's version]",
)
"""The option for the binary versions to target, with the project's version as default."""


def bundle_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that bundles JavaScript."""
    for option in (
        click.option(
            "--extra-bundler-option",
            "--extra-bundler-options",
            metavar="OPTION",
            multiple=True,
            help="Option for the bundler. May be repeated.",
        ),
        click.option("-o", "--output-dir", type=FOLDER, metavar="DIR", help="Keep the update in DIR/CodePush."),
        click.option(
            "--sourcemap-output-dir", type=FOLDER, metavar="DIR", help="Write a source map to this directory."
        ),
        click.option("-s", "--sourcemap-output", type=FOLDER, metavar="FILE", help="Write a source map to this file."),
        click.option("-e", "--entry-file", metavar="FILE", help="Entry file.  [detected]"),
        click.option("-dev", "--development/--no-development", default=False, help="Build a development bundle."),
        click.option("-b", "--bundle-name", metavar="NAME", help="Bundle file name in the app.  [detected]"),
    ):
        command = option(command)
    return command


def source_map_of(cli: Cli, bundle_name: str, file: Path | None, folder: Path | None) -> Path | None:
    """Return the path for the source map, or ``None``."""
    from codepush.projects.output import source_map_path

    if file is not None and folder is not None:
        cli.out.warn("--sourcemap-output-dir is ignored, because --sourcemap-output is set.")
    return source_map_path(bundle_name, file, folder)


def warn_of_source_map(cli: Cli, source_map: Path | None, folder: Path) -> None:
    """Warn if the source map is in the released folder: devices would download the app's sources."""
    if source_map is not None and source_map.resolve().is_relative_to(folder.resolve()):
        cli.out.warn(
            "The source map is in the released directory: devices download it, and it contains the app's "
            "sources. Write it elsewhere with --sourcemap-output."
        )


def may_empty(cli: Cli) -> Callable[[Path], bool]:
    """Return a function that prompts before a folder is emptied."""

    def confirm(folder: Path) -> bool:
        cli.confirm(
            f'"{folder}" is not empty, and was not created by an earlier release. Delete its content?',
            when_cancelled="Nothing was deleted or released.",
        )
        return True

    return confirm


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A planned release whose content is not built yet.

    Attributes:
        cli: Context of the command.
        app: The app.
        deployment: The deployment.
        target: The binary versions; ``None``: that of the project.
        request: The options of the command.

    """

    cli: Cli
    app: str
    deployment: str
    target: str | None
    request: ReleaseRequest

    @classmethod
    def planned(cls, cli: Cli, app: str | None, target: str | None, request: ReleaseRequest) -> Delivery:
        """Return the planned release after all checks that are possible before the build.

        Raises:
            CodePushError: The app or deployment does not exist, or the signing key is invalid.

        """
        deployment = cli.release_deployment(request.deployment_name)
        delivery = cls(cli=cli, app=cli.app(app), deployment=deployment, target=target, request=request)
        delivery.check()
        return delivery

    def check(self) -> None:
        """Check that the deployment exists and the signing key is valid, because building takes long."""
        self.cli.client.get_deployment(self.app, self.deployment)
        if key := self.request.private_key_path or self.cli.project.private_key_path:
            from codepush.packaging.signing import read_private_key

            read_private_key(key)

    def target_for(self, find: Callable[[], BinaryVersion]) -> str:
        """Return the binary versions to target, and print their source."""
        if self.target is not None:
            return self.target
        from codepush.rules import semver

        version = find()
        self.cli.out.say(f'Using the target binary version value "{version.value}" from {version.source}.')
        for note in version.notes:
            self.cli.out.warn(note)
        if semver.valid(version.value) is None:
            self.cli.out.say(f"It matches the versions {semver.valid_range(version.value)}.")
        return version.value

    def make(self, contents: Path, target: str, *, named: str, starts_with: str, platform: str = "") -> None:
        """Release a folder, or show the effect of the release.

        Args:
            contents: The folder.
            target: The binary versions.
            named: Its name in messages.
            starts_with: Its file that the app starts with.
            platform: The platform of the app.

        Raises:
            CodePushError: The release failed.

        """
        if self.request.dry_run:
            from codepush.cli.dry_run import plan_release

            plan_release(self.cli, self.app, self.deployment, str(contents), target=target, request=self.request)
            return
        from codepush.cli.releasing import release_contents
        from codepush.cli.simulated_devices import AppKind

        self.cli.app_kind = AppKind("ios" if platform == "ios" else "android", starts_with)
        self.cli.out.say("Releasing update contents to CodePush:")
        release_contents(
            self.cli, self.app, self.deployment, str(contents), target=target, request=self.request, named=named
        )

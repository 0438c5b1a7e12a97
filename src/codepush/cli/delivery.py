"""What commands have in common that make an update from a project and release it."""

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
    help="The app's versions it is for: 1.2.3, ^1.2, *.  [the project's own version]",
)
"""The app's versions that an update is for, which may be left out."""


def bundle_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that bundles JavaScript."""
    for option in (
        click.option(
            "--extra-bundler-option",
            "--extra-bundler-options",
            metavar="OPTION",
            multiple=True,
            help="An option to pass on to the bundler. May be repeated.",
        ),
        click.option("-o", "--output-dir", type=FOLDER, metavar="DIR", help="Keep what is released, in DIR/CodePush."),
        click.option(
            "--sourcemap-output-dir", type=FOLDER, metavar="DIR", help="Write a source map into this directory."
        ),
        click.option("-s", "--sourcemap-output", type=FOLDER, metavar="FILE", help="Write a source map."),
        click.option("-e", "--entry-file", metavar="FILE", help="Where bundling starts.  [found]"),
        click.option("-dev", "--development/--no-development", default=False, help="Make a bundle for development."),
        click.option("-b", "--bundle-name", metavar="NAME", help="What the bundle is called in the app.  [found]"),
    ):
        command = option(command)
    return command


def source_map_of(cli: Cli, bundle_name: str, file: Path | None, folder: Path | None) -> Path | None:
    """Return where a source map is to be written, if anywhere."""
    from codepush.projects.output import source_map_path

    if file is not None and folder is not None:
        cli.out.warn("--sourcemap-output-dir is passed over, because --sourcemap-output is given.")
    return source_map_path(bundle_name, file, folder)


def warn_of_source_map(cli: Cli, source_map: Path | None, folder: Path) -> None:
    """Warn when a source map is within what is released: phones would download the app's sources."""
    if source_map is not None and source_map.resolve().is_relative_to(folder.resolve()):
        cli.out.warn(
            "The source map is in the directory that is released: phones download it, and anybody can read the app's "
            "sources in it. Write it elsewhere with --sourcemap-output."
        )


def may_empty(cli: Cli) -> Callable[[Path], bool]:
    """Return what asks whether a folder may be emptied."""

    def ask(folder: Path) -> bool:
        cli.confirm(
            f'"{folder}" is not empty, and was not made by an earlier release. Remove everything in it?',
            when_cancelled="Nothing was removed, and nothing released.",
        )
        return True

    return ask


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A release that is to be made, once there is something to release.

    Attributes:
        cli: what the command works with.
        app: the app.
        deployment: the deployment.
        target: the versions it is for; ``None``: those of the project.
        request: the options of the command.

    """

    cli: Cli
    app: str
    deployment: str
    target: str | None
    request: ReleaseRequest

    @classmethod
    def planned(cls, cli: Cli, app: str | None, target: str | None, request: ReleaseRequest) -> Delivery:
        """Return the release that options ask for, having checked what can be checked before anything is built.

        Raises:
            CodePushError: there is no such app or deployment, or it cannot be signed with this key.

        """
        deployment = cli.release_deployment(request.deployment_name)
        delivery = cls(cli=cli, app=cli.app(app), deployment=deployment, target=target, request=request)
        delivery.check()
        return delivery

    def check(self) -> None:
        """See that the deployment is there and the key is one: building takes long."""
        self.cli.client.get_deployment(self.app, self.deployment)
        if key := self.request.private_key_path or self.cli.project.private_key_path:
            from codepush.packaging.signing import read_private_key

            read_private_key(key)

    def target_for(self, find: Callable[[], BinaryVersion]) -> str:
        """Return the versions the release is for, and tell how they were found."""
        if self.target is not None:
            return self.target
        from codepush.rules import semver

        version = find()
        self.cli.out.say(f'Using the target binary version value "{version.value}" from {version.source}.')
        for note in version.notes:
            self.cli.out.warn(note)
        if semver.valid(version.value) is None:
            self.cli.out.say(f"It stands for {semver.valid_range(version.value)}.")
        return version.value

    def make(self, contents: Path, target: str, *, named: str, starts_with: str, platform: str = "") -> None:
        """Release a folder, or tell what that would do.

        Args:
            contents: the folder.
            target: the versions it is for.
            named: how it is called for people.
            starts_with: the file in it that the app starts with.
            platform: what it is for.

        Raises:
            CodePushError: it cannot be released.

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

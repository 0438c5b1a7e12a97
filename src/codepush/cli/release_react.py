"""``codepush release-react``: bundle a React Native app and release it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from codepush.cli.context import pass_cli
from codepush.cli.delivery import (
    FOLDER,
    Delivery,
    bundle_options,
    may_empty,
    source_map_of,
    target_option,
    warn_of_source_map,
)
from codepush.cli.options import RemoteCommand, app_argument, argument
from codepush.cli.release_settings import release_options
from codepush.cli.values import Choice

if TYPE_CHECKING:
    from codepush.cli.context import Cli
    from codepush.cli.release_settings import ReleaseRequest
    from codepush.projects.react_native import Platform

__all__ = ["release_react"]

_PLATFORMS: Final = ("android", "ios", "windows")
_SCRIPTS: Final = frozenset({".js", ".cjs", ".mjs", ".ts", ".json"})


def _project_options(command: Any) -> Any:  # noqa: ANN401 - click's decorators
    """Add the options for the files of a React Native project."""
    for option in (
        click.option(
            "--bundler",
            type=click.Choice(["react-native", "expo"]),
            help="Bundler of the app.  [detected]",
        ),
        click.option("--config", metavar="FILE", help="Metro configuration."),
        click.option(
            "-hf",
            "--extra-hermes-flag",
            "--extra-hermes-flags",
            metavar="FLAG",
            multiple=True,
            help="Flag for the Hermes compiler. May be repeated.",
        ),
        click.option(
            "--use-hermes/--no-use-hermes", default=None, help="Whether to compile for Hermes.  [as in the app's build]"
        ),
        click.option("-pod", "--pod-file", type=FOLDER, metavar="FILE", help="Podfile of the iOS app.  [ios/Podfile]"),
        click.option(
            "-c",
            "--build-configuration-name",
            metavar="NAME",
            help="Build configuration to read the version from.  [Release]",
        ),
        click.option("-xt", "--xcode-target-name", metavar="NAME", help="Target of the Xcode project.  [the app]"),
        click.option("-xp", "--xcode-project-file", type=FOLDER, metavar="FILE", help="Xcode project.  [detected]"),
        click.option("-pre", "--plist-file-prefix", metavar="TEXT", help="Prefix of the name of Info.plist."),
        click.option("-p", "--plist-file", type=FOLDER, metavar="FILE", help="Info.plist of the iOS app.  [detected]"),
        click.option(
            "--gradle-flavor",
            metavar="NAME",
            multiple=True,
            help="Product flavour. May be repeated, one for each dimension, in order.",
        ),
        click.option(
            "-g",
            "--gradle-file",
            type=FOLDER,
            metavar="FILE",
            help="Build script of the Android app, or its directory.  [android/app]",
        ),
    ):
        command = option(command)
    return command


@partial(click.command, cls=RemoteCommand)("release-react")
@app_argument()
@argument(
    "platform",
    may_be_left_out=True,
    type=Choice("platform", {name: name for name in _PLATFORMS}),
    help="android, ios or windows.  [the app's platform]",
)
@target_option
@bundle_options
@_project_options
@release_options
@pass_cli
def release_react(
    cli: Cli,
    /,
    app: str | None,
    platform: Platform | None,
    *,
    bundle_name: str | None,
    entry_file: str | None,
    development: bool,
    sourcemap_output: Path | None,
    sourcemap_output_dir: Path | None,
    output_dir: Path | None,
    extra_bundler_option: tuple[str, ...],
    target_binary_version: str | None,
    request: ReleaseRequest,
    **options: Any,  # noqa: ANN401 - options for the project
) -> None:
    """Bundle the React Native app in this directory, and release it.

    The bundler is the project's own, React Native's or Expo's. If the app uses Hermes, the bundle is compiled to its
    bytecode. The target version defaults to that of build.gradle, Info.plist with the Xcode project, or the manifest.
    """
    from codepush.projects.output import output_folder
    from codepush.projects.react_native import BUNDLE_NAMES, ReactNativeProject
    from codepush.projects.react_native_update import ReactNativeOptions, ReactNativeUpdate

    project = ReactNativeProject.open(Path.cwd())
    found = _project_settings(options)
    delivery = Delivery.planned(cli, app, target_binary_version, request)
    platform = platform or _platform_of(cli, delivery.app)
    name = bundle_name or BUNDLE_NAMES[platform]
    source_map = source_map_of(cli, name, sourcemap_output, sourcemap_output_dir)
    update = ReactNativeUpdate(
        project,
        ReactNativeOptions(
            platform=platform,
            bundle_name=name,
            entry_file=entry_file,
            is_development=development,
            extra_bundler_options=extra_bundler_option,
            source_map=source_map,
            **found,
        ),
        cli.out.say,
    )
    target = delivery.target_for(update.version)
    with output_folder(output_dir, name, may_empty=may_empty(cli)) as folder:
        warn_of_source_map(cli, source_map, folder)
        update.build(folder)
        delivery.make(folder, target, named=folder.name, starts_with=name, platform=platform)


def _project_settings(options: dict[str, Any]) -> dict[str, Any]:
    """Return the project options by the names of :class:`ReactNativeOptions`."""
    from codepush.projects.plist import PlistOptions

    configuration = options["build_configuration_name"]
    if configuration is not None and Path(configuration).suffix in _SCRIPTS:
        raise click.BadParameter(
            f"'{configuration}' is a file, but -c names a build configuration. Use --config for Metro's configuration."
        )
    bundler = options["bundler"]
    plist = PlistOptions(
        plist_file=options["plist_file"],
        plist_file_prefix=options["plist_file_prefix"],
        project_file=options["xcode_project_file"],
        target=options["xcode_target_name"],
        configuration=configuration,
    )
    return {
        "config": options["config"],
        "extra_hermes_flags": options["extra_hermes_flag"],
        "use_hermes": options["use_hermes"],
        "with_expo": None if bundler is None else bundler == "expo",
        "gradle_file": options["gradle_file"],
        "gradle_flavors": options["gradle_flavor"],
        "pod_file": options["pod_file"],
        "plist": plist,
    }


def _platform_of(cli: Cli, app: str) -> Platform:
    """Return the platform of an app's record."""
    from codepush.projects.react_native import PLATFORMS

    system = (cli.client.get_app(app).os or "").lower()
    found = next((name for name in PLATFORMS if name == system), None)
    if found is None:
        raise click.UsageError(f'The app "{app}" has no single platform. Add the platform: android, ios or windows.')
    return found

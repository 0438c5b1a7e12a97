"""``codepush release-electron``: bundle an Electron app and release it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codepush.cli.context import pass_cli
from codepush.cli.delivery import Delivery, bundle_options, may_empty, source_map_of, target_option, warn_of_source_map
from codepush.cli.options import RemoteCommand, app_argument
from codepush.cli.release_settings import release_options

if TYPE_CHECKING:
    from codepush.cli.context import Cli
    from codepush.cli.release_settings import ReleaseRequest

__all__ = ["release_electron"]


@partial(click.command, cls=RemoteCommand)("release-electron")
@app_argument()
@target_option
@click.option("-c", "--config", metavar="FILE", help="webpack configuration.  [webpack.config.js]")
@bundle_options
@release_options
@pass_cli
def release_electron(
    cli: Cli,
    /,
    app: str | None,
    *,
    config: str | None,
    bundle_name: str | None,
    entry_file: str | None,
    development: bool,
    sourcemap_output: Path | None,
    sourcemap_output_dir: Path | None,
    output_dir: Path | None,
    extra_bundler_option: tuple[str, ...],
    target_binary_version: str | None,
    request: ReleaseRequest,
) -> None:
    """Bundle the Electron app in this directory with its own webpack, and release it.

    The target version defaults to that of package.json.
    """
    from codepush.projects.electron import ELECTRON_BUNDLE_NAME, ElectronOptions, ElectronProject
    from codepush.projects.output import output_folder
    from codepush.projects.tools import command_line

    project = ElectronProject.open(Path.cwd())
    delivery = Delivery.planned(cli, app, target_binary_version, request)
    name = bundle_name or ELECTRON_BUNDLE_NAME
    entry = project.entry_file(entry_file, config=config)
    source_map = source_map_of(cli, name, sourcemap_output, sourcemap_output_dir)
    target = delivery.target_for(project.version)
    with output_folder(output_dir, name, may_empty=may_empty(cli)) as folder:
        warn_of_source_map(cli, source_map, folder)
        bundling = ElectronOptions(
            bundle=folder / name,
            entry_file=entry,
            is_development=development,
            config=config,
            source_map=source_map,
            extra=extra_bundler_option,
        )
        cli.out.say(f"Running: {command_line(project.command(bundling))}")
        project.bundle(bundling)
        delivery.make(folder, target, named=folder.name, starts_with=name)

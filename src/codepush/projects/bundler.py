"""Bundling a React Native app with its own tools."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.errors import ProjectError
from codepush.projects.expo import ExpoApp
from codepush.projects.files import first_file, shown
from codepush.projects.node import node_command
from codepush.projects.react_native import Platform
from codepush.projects.tools import run

if TYPE_CHECKING:
    from codepush.projects.react_native import ReactNativeProject

__all__ = ["BundleOptions", "bundle", "bundle_command"]

_MINIFY: Final = "--minify"

_UNATTENDED: Final = "CI"
"""Keeps Metro from watching the project's files: otherwise it may not exit."""


class BundleOptions(Struct, frozen=True, kw_only=True):
    """Options of a bundle.

    Attributes:
        platform: Platform of the update.
        entry_file: The file to start from, relative to the project's folder.
        bundle: The file to write; assets go into its folder.
        source_map: The source map to write, if any.
        is_development: Whether warnings stay in, and nothing is minified.
        is_for_hermes: Whether Hermes compiles it afterwards, which works better without minification.
        config: Metro's configuration, if it is not where Metro looks.
        extra: More options, each as it is passed on.
        with_expo: Whether Expo's command line bundles it.

    """

    platform: Platform
    entry_file: str
    bundle: Path
    source_map: Path | None = None
    is_development: bool = False
    is_for_hermes: bool = False
    config: str | None = None
    extra: Sequence[str] = ()
    with_expo: bool = False


def bundle(project: ReactNativeProject, options: BundleOptions) -> None:
    """Bundle an app.

    Raises:
        ProjectError: The tools are not installed or fail, or leave no bundle.

    """
    if options.source_map is not None:
        options.source_map.parent.mkdir(parents=True, exist_ok=True)
    run(bundle_command(project, options), project.root, environment={_UNATTENDED: os.environ.get(_UNATTENDED, "1")})
    if not options.bundle.is_file():
        raise ProjectError(f'The bundler ended well, but wrote no "{shown(options.bundle)}".')


def bundle_command(project: ReactNativeProject, options: BundleOptions) -> list[str]:
    """Return the command that bundles an app.

    Raises:
        ProjectError: The tools are not installed.

    """
    values = {
        "--platform": options.platform,
        "--dev": str(options.is_development).lower(),
        "--entry-file": options.entry_file,
        "--bundle-output": str(options.bundle),
        "--assets-dest": str(options.bundle.parent),
        "--sourcemap-output": None if options.source_map is None else str(options.source_map),
        "--config": options.config,
        _MINIFY: "false" if _is_left_to_hermes(options) else None,
    }
    pairs = [word for name, value in values.items() if value is not None for word in (name, value)]
    return [*_start(project, with_expo=options.with_expo), *pairs, *options.extra]


def _is_left_to_hermes(options: BundleOptions) -> bool:
    """Whether to skip minification, as builds for stores do: same bundle, same package hash."""
    is_set = any(word == _MINIFY or word.startswith(f"{_MINIFY}=") for word in options.extra)
    return options.is_for_hermes and not options.is_development and not is_set


def _start(project: ReactNativeProject, *, with_expo: bool) -> list[str]:
    if with_expo:
        return ExpoApp(project).command("export:embed")
    folder = project.react_native
    script = first_file(folder / "local-cli" / "cli.js", folder / "cli.js")
    if script is None:
        raise ProjectError(f'"{shown(folder)}" has no command line (cli.js). Is React Native installed in full?')
    return [*node_command(script), "bundle"]

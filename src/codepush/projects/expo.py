"""Expo's side of a React Native app: its command line, its entry file and its configuration."""

from __future__ import annotations

import json
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from codepush.errors import ProjectError
from codepush.projects.binary_version import BinaryVersion, check_version
from codepush.projects.files import first_file, shown
from codepush.projects.node import node_command
from codepush.projects.tools import command_line, output_of

if TYPE_CHECKING:
    from codepush.projects.react_native import Platform, ReactNativeProject

__all__ = ["ExpoApp", "uses_expo"]

_COMMUNITY: Final = "@react-native-community/cli"


def uses_expo(project: ReactNativeProject) -> bool:
    """Return whether Expo generates an app's native projects and bundles the app if there are no build files.

    It does where the app depends on Expo, unless the app also has React Native's community command line, which apps
    have that use some of Expo's packages only.
    """
    return "expo" in project.depends_on and _COMMUNITY not in project.depends_on


class ExpoApp:
    """An app that Expo's tools bundle.

    Attributes:
        project: The app's project.

    """

    def __init__(self, project: ReactNativeProject) -> None:
        self.project = project

    def command(self, *arguments: str) -> list[str]:
        """Return the command that runs the app's own Expo command line.

        Raises:
            ProjectError: Expo or Node is not installed.

        """
        folder = self.project.installed("expo")
        script = first_file(folder / "bin" / "cli", folder / "bin" / "cli.js")
        if script is None:
            raise ProjectError(
                f'"{shown(folder)}" has no command line (bin/cli). Expo SDK 46 or newer is needed. Apps that React '
                "Native bundles are released with --bundler react-native."
            )
        return [*node_command(script), *arguments]

    def entry_file(self, platform: Platform) -> str:
        """Return the file that bundling starts from, as Expo finds it (``main`` of ``package.json``).

        Raises:
            ProjectError: Expo finds none.

        """
        root = self.project.root.resolve()
        script = self.project.installed("expo") / "scripts" / "resolveAppEntry.js"
        if not script.is_file():
            return self.project.entry_file(platform)
        # The script takes its arguments from where they are when Node is given code instead of a file.
        code = f"require({json.dumps(str(script))})"
        command = [node_command(script)[0], "-e", code, str(root), platform, "absolute"]
        entry = _last_line(output_of(command, root))
        return os.path.relpath(entry, root)

    def version(self, platform: Platform) -> BinaryVersion:
        """Return the version that Expo builds the app with when it writes the native project itself.

        Raises:
            ProjectError: The configuration cannot be read or has no version.

        """
        version = self._setting(platform, "version")
        if not isinstance(version, str):
            raise ProjectError(
                "The app's Expo configuration has no version. Set it there, or give it with "
                "--target-binary-version (-t)."
            )
        source = "the app's Expo configuration (version)"
        return BinaryVersion(value=check_version(version, source), source=source)

    def engine(self, platform: Platform) -> str | None:
        """Return the engine in the configuration: ``hermes``, ``jsc`` or nothing.

        Raises:
            ProjectError: The configuration cannot be read, or the engine is another one.

        """
        engine = self._setting(platform, "jsEngine")
        if engine not in {None, "hermes", "jsc"}:
            raise ProjectError(
                f'jsEngine in the app\'s Expo configuration is "{engine}", not hermes or jsc. Choose the engine with '
                "--use-hermes or --no-use-hermes."
            )
        return engine if isinstance(engine, str) else None

    def _setting(self, platform: Platform, name: str) -> object:
        """Return a setting of the platform, or else of the app."""
        own = self.config.get(platform)
        value = own.get(name) if isinstance(own, dict) else None
        return self.config.get(name) if value is None else value

    @cached_property
    def config(self) -> dict[str, Any]:
        """The app's configuration, as Expo works it out from ``app.json`` or ``app.config.js``.

        Raises:
            ProjectError: Expo cannot, or is not installed.

        """
        command = self.command("config", "--json", "--type", "public")
        try:
            config = json.loads(_last_line(output_of(command, self.project.root)))
        except ValueError as error:
            raise ProjectError(f"This command answered no JSON: {command_line(command)}") from error
        return config if isinstance(config, dict) else {}


def _last_line(text: str) -> str:
    """Return the last line, after any output of the app's own configuration."""
    return text.strip().rpartition("\n")[2].strip()

"""Choice of the command line that bundles a React Native app, by its build files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from codepush.projects.expo import uses_expo
from codepush.projects.files import read_text
from codepush.projects.gradle import GradleProject
from codepush.projects.unknown import Unknown
from codepush.projects.xcode import XcodeProject

if TYPE_CHECKING:
    from pathlib import Path

    from codepush.projects.react_native import Platform, ReactNativeProject

__all__ = ["bundles_with_expo"]

_OPTION: Final = "Choose the bundler with --bundler react-native or --bundler expo."
_EXPO_COMMAND: Final = "export:embed"
_COMMANDS: Final = {"bundle": False, _EXPO_COMMAND: True}
_VARIABLE: Final = re.compile(r"""\bBUNDLE_COMMAND=["']?([^"'\s;]*)""")
_ENVIRONMENTS: Final = (".xcode.env", ".xcode.env.local")


def bundles_with_expo(
    project: ReactNativeProject,
    platform: Platform,
    *,
    gradle_script: Path | None = None,
    xcode_project: Path | None = None,
    target: str | None = None,
) -> bool:
    """Return whether Expo's command line bundles an app; by default, React Native's does.

    Args:
        project: The app's project.
        platform: Platform of the update.
        gradle_script: The Android app's build script, if there is one.
        xcode_project: The iOS app's Xcode project, if there is one.
        target: The target of the Xcode project, if one was named.

    Raises:
        ProjectError: The build bundles in another way, or cannot be evaluated.

    """
    try:
        if platform == "android" and gradle_script is not None:
            return _by_gradle(GradleProject(gradle_script))
        if platform == "ios" and xcode_project is not None:
            return _by_xcode(xcode_project, target)
    except Unknown as unknown:
        raise unknown.within(gradle_script or xcode_project or project.root).about("the bundler", _OPTION) from unknown
    return uses_expo(project) and not (project.root / platform).is_dir()


def _by_gradle(gradle: GradleProject) -> bool:
    command = gradle.react("bundleCommand")
    return False if command is None else _is_expo(str(command), gradle.path)


def _by_xcode(path: Path, target: str | None) -> bool:
    scripts = XcodeProject(path).shell_scripts(target)
    folder = path.parent.parent
    scripts += [read_text(folder / name) for name in _ENVIRONMENTS if (folder / name).is_file()]
    commands = {command for script in scripts for command in _VARIABLE.findall(script)}
    if len(commands) > 1:
        raise Unknown("BUNDLE_COMMAND has several values", path)
    return _is_expo(commands.pop(), path) if commands else False


def _is_expo(command: str, path: Path) -> bool:
    if command not in _COMMANDS:
        raise Unknown(f"the build bundles with the command {command}", path)
    return _COMMANDS[command]

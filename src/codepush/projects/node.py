"""Node's way of finding packages, and Node itself."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from codepush.projects.files import read_json
from codepush.projects.tools import find_tool

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["dependencies", "find_package", "node_command", "node_folders", "package_version"]

_ARGUMENTS: Final = "CODE_PUSH_NODE_ARGS"
_DEPENDENCIES: Final = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
_ADVICE: Final = "Install Node.js, and see that it is on the PATH."


def node_command(script: Path) -> list[str]:
    """Return the command that runs a script with Node.

    ``CODE_PUSH_NODE_ARGS`` holds arguments for Node itself, separated as in a shell: ``--max-old-space-size=8192``.

    Raises:
        ProjectError: Node is not installed.

    """
    arguments = shlex.split(os.environ.get(_ARGUMENTS, ""))
    return [find_tool("node", advice=_ADVICE), *arguments, str(script)]


def node_folders(folder: Path) -> list[Path]:
    """Return every folder in which Node looks for the packages of a folder, the nearest first."""
    return [parent / "node_modules" for parent in (folder, *folder.parents) if parent.name != "node_modules"]


def find_package(name: str, folder: Path) -> Path | None:
    """Return the real folder of a package as seen from a folder; ``None`` when it is not installed.

    Workspaces of npm, Yarn and pnpm are followed: packages may lie in a folder further up, or behind a link.
    """
    for modules in node_folders(Path(os.path.abspath(folder))):  # noqa: PTH100 - links are followed last, as Node does
        if (modules / name / "package.json").is_file():
            return (modules / name).resolve()
    return None


def package_version(folder: Path) -> str:
    """Return the version of an installed package; empty if it has none.

    Raises:
        ProjectError: Its ``package.json`` cannot be read.

    """
    package = read_json(folder / "package.json")
    version = package.get("version") if isinstance(package, dict) else None
    return version if isinstance(version, str) else ""


def dependencies(package: Mapping[str, Any]) -> dict[str, Any]:
    """Return all dependencies in a ``package.json``, with their version ranges."""
    groups = (package.get(group) for group in _DEPENDENCIES)
    return {name: wanted for group in groups if isinstance(group, dict) for name, wanted in group.items()}

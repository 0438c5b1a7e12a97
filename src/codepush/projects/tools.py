"""Running a project's own tools: as lists of arguments, never through a shell.

The output of a tool goes to standard error as it is written, so that standard output has results only.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from codepush.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["command_line", "find_tool", "not_started", "output_of", "run"]

_STDERR: Final = 2
_MOST_SHOWN: Final = 2000


def find_tool(*names: str, advice: str, near: Sequence[Path] = ()) -> str:
    """Return the path of a tool.

    Args:
        names: Its names; the first that is there is taken.
        advice: Next step if the tool is missing.
        near: Folders to look in before those of ``PATH``.

    Raises:
        ProjectError: None is there.

    """
    folders = os.pathsep.join([*map(str, near), os.environ.get("PATH", os.defpath)])
    found = next((path for name in names if (path := shutil.which(name, path=folders))), None)
    if found is None:
        raise ProjectError(f'"{names[0]}" was not found. {advice}')
    return found


def command_line(command: Sequence[str]) -> str:
    """Return a command as it is typed in a shell."""
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)


def run(command: Sequence[str], folder: Path, *, environment: Mapping[str, str] | None = None) -> None:
    """Run a tool to its end.

    Args:
        command: The tool and its arguments.
        folder: The folder to run it in.
        environment: Variables to set besides those of this process.

    Raises:
        ProjectError: It cannot be started, or it fails; the message has the command and how it ended.

    """
    try:
        done = subprocess.run(  # noqa: S603 - no shell; the command is put together by us
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=_STDERR,
            check=False,
        )
    except OSError as error:
        raise not_started(command, error) from error
    _check(command, done.returncode)


def output_of(command: Sequence[str], folder: Path) -> str:
    """Run a tool to its end and return its standard output.

    Raises:
        ProjectError: It cannot be started, or it fails; the message has the command, the exit code and the output.

    """
    try:
        done = subprocess.run(  # noqa: S603 - no shell; the command is put together by us
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise not_started(command, error) from error
    _check(command, done.returncode, done.stderr)
    return done.stdout


def _check(command: Sequence[str], code: int, printed: str = "") -> None:
    if code == 0:
        return
    ending = f"ended with exit code {code}" if code > 0 else f"was stopped by signal {-code}"
    output = f" Output:\n{printed.strip()[-_MOST_SHOWN:]}" if printed.strip() else ""
    raise ProjectError(f"This command {ending}: {command_line(command)}{output}")


def not_started(command: Sequence[str], error: OSError) -> ProjectError:
    """Return the error for a command that cannot be run."""
    return ProjectError(f"This command cannot be run ({error.strerror or error}): {command_line(command)}")

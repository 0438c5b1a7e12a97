"""Xcode's configuration files: settings, and the other files that they include."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from codepush.projects.files import read_text
from codepush.projects.unknown import Unknown

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MISSING", "Level", "is_of_pods", "read_xcconfig"]

Level: TypeAlias = "dict[str, str | Unknown]"
"""Settings by name; those for certain devices or architectures have names such as ``NAME[sdk=*]``."""

MISSING: Final = ""
"""The name under which a level has what it lacks: all settings that it does not have are unknown then."""

_INCLUDE: Final = re.compile(r'\s*#include(\??)\s+"([^"]+)"')
_SETTING: Final = re.compile(r"\s*([A-Za-z_]\w*(?:\[[^\]\n]*\])*)\s*=\s*(.*?)\s*;?\s*$", re.ASCII)
_COMMENT: Final = re.compile(r"(?<!:)//.*")
_DEEPEST: Final = 20


def read_xcconfig(path: Path, *, depth: int = 0) -> Level:
    """Return the settings of a configuration file; later ones win over earlier ones and those included.

    Where a file is included that is not there, optional or not, the settings that no other line has are unknown: such
    files are often written by the build itself. A file that includes itself is read once.

    Raises:
        ProjectError: The file cannot be read.

    """
    if is_of_pods(path) and not path.is_file():
        return {}
    settings: Level = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if include := _INCLUDE.match(line):
            included = path.parent / include[2]
            if depth >= _DEEPEST:
                continue
            if included.is_file() or is_of_pods(included):
                settings |= read_xcconfig(included, depth=depth + 1)
            else:
                settings[MISSING] = Unknown(f'there is no file "{include[2]}"', path, number)
        elif setting := _SETTING.match(_COMMENT.sub("", line)):
            settings[setting[1]] = _with_inherited(setting[2], settings.get(setting[1], ""))
    return settings


def is_of_pods(path: Path) -> bool:
    """Whether CocoaPods writes a file: it sets no version, and is not there before the pods are installed."""
    return "Pods" in path.parts and "Target Support Files" in path.parts


def _with_inherited(value: str, inherited: str | Unknown) -> str:
    """Replace ``$(inherited)`` with an earlier value; without one, it stays and refers to the level below."""
    earlier = inherited if isinstance(inherited, str) else ""
    return re.sub(r"\$[({]inherited[)}]", lambda _: earlier or "$(inherited)", value)

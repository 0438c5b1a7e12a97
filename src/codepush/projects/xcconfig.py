"""Xcode's configuration files: settings, and the other files that they include."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from codepush.projects.files import read_text

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_xcconfig"]

_INCLUDE: Final = re.compile(r'\s*#include(\??)\s+"([^"]+)"')
_SETTING: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*;?\s*$", re.ASCII)
_COMMENT: Final = re.compile(r"(?<!:)//.*")
_DEEPEST: Final = 20


def read_xcconfig(path: Path, *, depth: int = 0) -> dict[str, str]:
    """Return the settings of a configuration file; later ones win over earlier ones and those included.

    Settings for certain devices or architectures only (``NAME[sdk=*]``) are left out. A file that is included and not
    there is passed over, as is one that includes itself: Xcode's own build says so better.

    Raises:
        ProjectError: the file cannot be read.

    """
    settings: dict[str, str] = {}
    for line in read_text(path).splitlines():
        if include := _INCLUDE.match(line):
            included = path.parent / include[2]
            if included.is_file() and depth < _DEEPEST:
                settings |= read_xcconfig(included, depth=depth + 1)
        elif setting := _SETTING.match(_COMMENT.sub("", line)):
            settings[setting[1]] = _with_inherited(setting[2], settings.get(setting[1], ""))
    return settings


def _with_inherited(value: str, inherited: str) -> str:
    """Put an earlier value in the place of ``$(inherited)``; the value of the level below stays to be asked for."""
    return re.sub(r"\$[({]inherited[)}]", lambda _: inherited or "$(inherited)", value)

"""The binary version of an app, as its project sets it."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from codepush.errors import ProjectError
from codepush.rules.semver import valid, valid_range

__all__ = ["BinaryVersion", "check_version"]

_SHORT: Final = re.compile(r"\d+(\.\d+)?", re.ASCII)

_EXPLANATION: Final = (
    "Updates are for versions of one, two or three numbers without leading zeros, such as 1.2.3 or 1.2. Change it, or "
    "give the versions that this release is for with --target-binary-version (-t)."
)


class BinaryVersion(Struct, frozen=True, kw_only=True):
    """The version of an app's binary.

    Attributes:
        value: The version, such as ``1.2.3`` or ``1.2``.
        source: Its source, for display: a file, and a setting in it.
        notes: Remarks on how it was chosen, each a sentence.

    """

    value: str
    source: str
    notes: tuple[str, ...] = ()


def check_version(text: str, source: str) -> str:
    """Return a version without the blanks around it.

    Args:
        text: The version as the project has it.
        source: Where it was found, for users: a file, a line or a setting.

    Raises:
        ProjectError: Servers reject the version, or devices of this version cannot be distinguished from others. It
            is neither a semantic version nor one or two numbers.

    """
    version = text.strip()
    if valid_range(version) is None or (valid(version) is None and not _SHORT.fullmatch(version)):
        raise ProjectError(f'The version "{version}" in {source} cannot be used. {_EXPLANATION}')
    return version

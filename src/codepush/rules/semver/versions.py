"""Versions: validation and order."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Struct

from codepush.rules.javascript import trim
from codepush.rules.semver.grammar import BUILD, NUMBER, PRERELEASE

__all__ = ["HIGHEST", "LOWEST", "Key", "Version", "just_after", "normalise_app_version", "parse_version", "valid"]

Identifier: TypeAlias = tuple[int, float, str]
"""A place in the order of prerelease identifiers: numbers by value (0), then words by text (1)."""

Key: TypeAlias = tuple[int, int, int, tuple[Identifier, ...]]
"""A sort key of a version."""

LOWEST: Final[Key] = (-1, 0, 0, ())
"""A key before every version."""

HIGHEST: Final[Key] = (2**53, 0, 0, ())
"""A key after every version."""

# In the last place of a key: no prerelease comes after every prerelease.
_RELEASE: Final[tuple[Identifier, ...]] = ((2, 0, ""),)

# At the end of the last place: after that version, before every later one.
_JUST_AFTER: Final[Identifier] = (-1, 0, "")

_MAX_LENGTH: Final = 256
_MAX_NUMBER: Final = 2**53 - 1

_VERSION: Final = re.compile(rf"v?(({NUMBER})\.({NUMBER})\.({NUMBER})(?:-({PRERELEASE}))?)(?:\+{BUILD})?")

# JavaScript's dot matches everything but the four line ends.
_NO_MINOR: Final = re.compile(r"[0-9]+")
_NO_PATCH: Final = re.compile(r"([0-9]+\.[0-9]+)((?:[+-][^\n\r\u2028\u2029]*)?)")


class Version(Struct, frozen=True):
    """A version.

    Attributes:
        text: Its normalised spelling, without a leading ``v``, blanks and build tags.
        key: Its place in the order of versions.

    """

    text: str
    key: Key

    @property
    def core(self) -> tuple[int, int, int]:
        """Major, minor and patch number."""
        return self.key[:3]

    @property
    def is_prerelease(self) -> bool:
        """Whether it has a prerelease tag."""
        return self.key[3] != _RELEASE


def parse_version(text: str) -> Version | None:
    """Parse a version; return None for an invalid one.

    A leading ``v`` and surrounding blanks are allowed. Like npm's, a version has at most 256
    characters, blanks included, and no number above 9007199254740991.
    """
    return _parsed(text) if len(text) <= _MAX_LENGTH else None


def just_after(key: Key) -> Key:
    """Return the key between a version and every later one."""
    major, minor, patch, identifiers = key
    return major, minor, patch, (*identifiers, _JUST_AFTER)


def valid(version: str) -> str | None:
    """Return the normalised spelling of a version, or None for an invalid one."""
    parsed = parse_version(version)
    return parsed.text if parsed else None


def normalise_app_version(text: str) -> str | None:
    """Return a device's binary version with missing parts filled in.

    ``1`` becomes ``1.0.0``, ``1.2`` and ``1.2-beta`` become ``1.2.0`` and ``1.2.0-beta``; other versions do not change,
    including blanks. The rule is that of update checks in the protocol.

    Returns:
        A valid version, or None for an invalid text.

    """
    padded = _padded(text)
    return padded if valid(padded) else None


def _padded(text: str) -> str:
    if _NO_MINOR.fullmatch(text):
        return f"{text}.0.0"
    if match := _NO_PATCH.fullmatch(text):
        return f"{match[1]}.0{match[2]}"
    return text


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Version | None:
    match = _VERSION.fullmatch(trim(text))
    if not match:
        return None
    normalised, major, minor, patch, prerelease = match.groups()
    core = (int(major), int(minor), int(patch))
    if max(core) > _MAX_NUMBER:
        return None
    return Version(normalised, (*core, _identifiers(prerelease)))


def _identifiers(prerelease: str | None) -> tuple[Identifier, ...]:
    if prerelease is None:
        return _RELEASE
    # JavaScript's numbers are floats, so very long ones may turn out equal.
    return tuple((0, float(part), "") if part.isdigit() else (1, 0, part) for part in prerelease.split("."))

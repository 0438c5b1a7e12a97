"""Subjects of counters: the labels that a deployment released, and a bounded number of binary versions.

Anyone who has an app also has its deployment key and can send any report. So a string of a report names a counter only
within these bounds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from codepush.rules import semver
from codepush.rules.javascript import trim
from codepush.rules.labels import is_label, number

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MOST_VERSIONS", "OTHER", "Subjects", "label_subject", "version_subject"]

MOST_VERSIONS: Final = 200
"""Maximum number of binary versions with a counter of their own in one deployment."""

OTHER: Final = "other"
"""The subject of all further binary versions. It is neither a label nor a version."""

_VERSION_LENGTH: Final = 64
_LABEL_LENGTH: Final = 11
"""Characters of the longest label: its number fits into 32 bits."""


def label_subject(text: str) -> str | None:
    """Return the text if it is a label, else ``None``."""
    return text if len(text) <= _LABEL_LENGTH and _is_label(text) else None


def version_subject(text: str) -> str | None:
    """Return the name under which a binary version is counted.

    Returns:
        The version without surrounding blanks and a leading ``v``, so that it starts with a digit; ``None`` for a text
        that has more than 64 characters or that an update check would reject.

    """
    return _version(text) if len(text) <= _VERSION_LENGTH else None


_is_label: Final = lru_cache(maxsize=1024)(is_label)
_number: Final = lru_cache(maxsize=1024)(number)


@lru_cache(maxsize=1024)
def _version(text: str) -> str | None:
    return None if semver.normalise_app_version(text) is None else trim(text).removeprefix("v")


class Subjects:
    """The subjects of one deployment, kept up to date while reports are applied.

    Args:
        released: Number of the newest label; every label up to it was released.
        versions: Binary versions that have counters, of those that the reports name.
        version_count: Number of binary versions that have counters, named or not.

    """

    def __init__(self, released: int, versions: Iterable[str] = (), version_count: int = 0) -> None:
        self._released = released
        self._versions = set(versions)
        self._free = MOST_VERSIONS - version_count

    def of(self, text: str | None) -> str | None:
        """Return the subject of a label or binary version; ``None`` if it is not counted.

        Args:
            text: A label or version as :func:`label_subject` or :func:`version_subject` returns it.

        """
        if not text:
            return None
        if text.startswith("v"):
            return text if _number(text) <= self._released else None
        return text if text in self._versions or self._free > 0 else OTHER

    def has_counters(self, subject: str) -> bool:
        """Return whether a subject can have counters to lower."""
        return subject in self._versions or subject.startswith("v") or subject == OTHER

    def use(self, subject: str) -> None:
        """Count a binary version that gets its first counter towards the maximum."""
        if not self.has_counters(subject):
            self._versions.add(subject)
            self._free -= 1

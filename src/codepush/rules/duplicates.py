"""Duplicates: when a new package is what its target's phones already have.

Release and promote refuse a package with the hash that :func:`current_hash` returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.rules import semver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.models import Package


def current_hash(history: Sequence[Package], app_version: str) -> str | None:
    """Return the hash of the package that a target binary version has now.

    For an exact version that is the newest release meant for it. For a range it is the last release
    only, and only when its range is the same one. Disabled releases count too.

    Args:
        history: the deployment's releases, oldest first.
        app_version: the target of the new release: an exact version or a range.

    Returns:
        The hash, or None when no release has that target.

    """
    if semver.is_exact(app_version):
        same = (release for release in reversed(history) if semver.satisfies(app_version, release.app_version))
    else:
        same = (release for release in history[-1:] if _same_range(app_version, release.app_version))
    newest = next(same, None)
    return newest.package_hash if newest else None


def same_target(base: str, other: str) -> bool:
    """Return whether two target binary versions are meant for the same phones.

    Two ranges are when they normalise to the same text; an exact version and a range are when the
    range contains the version.
    """
    if semver.is_exact(base):
        return semver.satisfies(base, other)
    if semver.is_exact(other):
        return semver.satisfies(other, base)
    return _same_range(base, other)


def _same_range(one: str, other: str) -> bool:
    return semver.valid_range(one) == semver.valid_range(other)

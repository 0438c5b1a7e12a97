"""Duplicates: packages that devices of a target binary version already have.

Release and promote reject a package with the hash that :func:`current_hash` returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.rules import semver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codepush.models import Package


def current_hash(history: Sequence[Package], app_version: str) -> str | None:
    """Return the hash of the current package of a target binary version.

    For an exact version, it is that of the newest release for this version. For a range, it is that of the last
    release, if its range is equal. Disabled releases count.

    Args:
        history: Releases of the deployment, oldest first.
        app_version: Target of the new release: an exact version or a range.

    Returns:
        The hash; ``None`` if no release has that target.

    """
    if semver.is_exact(app_version):
        same = (release for release in reversed(history) if semver.satisfies(app_version, release.app_version))
    else:
        same = (release for release in history[-1:] if _same_range(app_version, release.app_version))
    newest = next(same, None)
    return newest.package_hash if newest else None


def same_target(base: str, other: str) -> bool:
    """Return whether two target binary versions are for the same devices.

    Two ranges are if they have the same normal form; an exact version and a range are if the range contains the
    version.
    """
    if semver.is_exact(base):
        return semver.satisfies(base, other)
    if semver.is_exact(other):
        return semver.satisfies(other, base)
    return _same_range(base, other)


def _same_range(one: str, other: str) -> bool:
    return semver.valid_range(one) == semver.valid_range(other)

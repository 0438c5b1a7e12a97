"""Diffs: the older releases whose devices get a smaller download."""

from __future__ import annotations

from itertools import dropwhile, islice
from typing import TYPE_CHECKING, Final

from codepush.rules.duplicates import same_target

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from codepush.models import Package

__all__ = ["DEFAULT_LIMIT", "bases", "fits_binary"]

DEFAULT_LIMIT: Final = 5
"""Number of older releases with diffs to a new one, by default."""


_REACT_NATIVE: Final = "CodePush/"
_ASSETS: Final = f"{_REACT_NATIVE}assets/"
_META: Final = ".meta"


def fits_binary(names: Collection[str]) -> bool:
    """Return whether a device that runs the store build can apply diffs from a package with these files.

    React Native on iOS copies the bundle and the folder ``assets`` of the store build, and nothing else. Without that
    folder the copy fails; a file beside the bundle (``main.jsbundle.meta``) is missing from it. Either way the device
    rejects the diff and downloads it again at each check. Other clients copy all files.
    """
    if not any(name.startswith(_REACT_NATIVE) for name in names):
        return True
    has_assets = any(name.startswith(_ASSETS) for name in names)
    return has_assets and not any(
        name.endswith(_META) and name.removesuffix(_META) in names and not name.startswith(_ASSETS) for name in names
    )


def bases(history: Sequence[Package], new: Package, *, limit: int = DEFAULT_LIMIT) -> list[Package]:
    """Return the releases that get a diff to a new one: the last few before it with the same target.

    Releases with the hash of the new one are skipped. Disabled releases count, because devices run them, and so does
    each of several releases with the same hash, as in the original.

    Args:
        history: Releases of the deployment, oldest first. If it lacks the label of ``new``, the result is empty.
        new: The release that was just created.
        limit: Maximum number of releases.

    Returns:
        The releases, oldest first.

    """
    newest_first = dropwhile(lambda release: release.label != new.label, reversed(history))
    before = islice(newest_first, 1, None)
    fitting = (
        release
        for release in before
        if release.package_hash != new.package_hash and same_target(new.app_version, release.app_version)
    )
    return list(islice(fitting, limit))[::-1]

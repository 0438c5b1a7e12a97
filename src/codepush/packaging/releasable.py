"""Names that are invalid in a package, in addition to those that are invalid in any archive.

A file or folder ``hotcodepush.json`` at the top makes a device treat the package as a diff. Other names are valid
everywhere but on Windows, whose file system does not store them, or stores two of them as one file.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from codepush.errors import PackageError
from codepush.packaging.diff import LIST_NAME
from codepush.packaging.names import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["check_releasable", "windows_faults"]

_DEVICE: Final = re.compile(
    r"(?:con|prn|aux|nul|clock\$|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\..*)?"
)
"""A name reserved for devices on Windows, with any extension."""

_FORBIDDEN: Final = re.compile(r'[<>:"|?*\x00-\x1f]')


def check_releasable(names: Iterable[str], *, for_windows: bool = False) -> None:
    """Reject a package whose files a device would not install as they are.

    Args:
        names: The names of all files of the package.
        for_windows: Whether the app runs on Windows.

    Raises:
        PackageError: A name is one that devices treat as the list of a diff, or one that Windows does not store.

    """
    listed = list(names)
    for name in listed:
        if _folded(name.split("/")[0].rstrip(". ")) == LIST_NAME:
            raise PackageError(
                f"The name {quote(name)} cannot be part of a package: devices treat a package with {LIST_NAME} at its "
                "top as a diff. Rename or remove it."
            )
    if for_windows and (fault := next(windows_faults(listed), None)) is not None:
        name, reason = fault
        raise PackageError(f"The name {quote(name)} cannot be part of a package for Windows: {reason}. Rename it.")


def windows_faults(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each name that Windows does not store as it is, with the reason.

    Args:
        names: The names of all files of a package.

    """
    places: dict[str, str] = {}
    for name in names:
        reason = next((reason for part in name.split("/") if (reason := _component_fault(part))), None)
        other = places.setdefault(_folded(name), name)
        if reason is not None:
            yield name, reason
        elif other != name:
            yield name, f"it is the same file as {quote(other)}, from which it differs only in letter case"


def _component_fault(component: str) -> str | None:
    if _DEVICE.fullmatch(component.casefold()):
        return f"{quote(component)} is a reserved name"
    if (found := _FORBIDDEN.search(component)) is not None:
        return f"it contains {quote(found[0])}"
    if component.endswith((".", " ")):
        return f"{quote(component)} ends with a {'dot' if component.endswith('.') else 'space'}"
    return None


def _folded(name: str) -> str:
    """Return a name as a file system that ignores letter case compares it (Unicode's caseless match)."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())

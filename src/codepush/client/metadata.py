"""The metadata of an update from callers: an object or a mapping, in either spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from codepush.errors import Invalid
from codepush.models import PackageInfo

if TYPE_CHECKING:
    from codepush.models import PackageInfoDict

__all__ = ["check_target", "package_info"]

_NAMES: Final = sorted(PackageInfo.__struct_fields__)
_CAMEL: Final = {re.sub("_([a-z])", lambda hump: hump[1].upper(), name): name for name in _NAMES}
_FIELDS: Final = {name: name for name in _NAMES} | _CAMEL


def package_info(metadata: PackageInfo | PackageInfoDict | None) -> PackageInfo:
    """Return metadata as a ``PackageInfo``.

    Args:
        metadata: Such an object, a mapping with its fields (``is_mandatory`` or ``isMandatory``), or ``None`` for
            no metadata.

    Raises:
        Invalid: It is of another type, or a key is unknown or given in both spellings.

    """
    if metadata is None or isinstance(metadata, PackageInfo):
        return metadata or PackageInfo()
    if not isinstance(metadata, Mapping):
        raise _wrong(f"Update metadata must be a PackageInfo, a mapping or None, not {type(metadata).__name__}.")
    fields: dict[str, object] = {}
    for key, value in metadata.items():
        name = _FIELDS.get(str(key))
        if name is None:
            raise _wrong(f"Unknown key {key!r} in the update metadata.{_known()}", str(key))
        if name in fields:
            raise _wrong(f"The update metadata has {name!r} in both spellings. Pass it once.", name)
        fields[name] = value
    return PackageInfo(**fields)  # type: ignore[arg-type]  # the server checks the values


def check_target(target_binary_version: str) -> None:
    """Check that a release does not reach every version of the app because a variable was empty.

    Raises:
        Invalid: The target is empty or blank.

    """
    if not target_binary_version.strip():
        raise _wrong('The target binary version is empty. Write "*" for all versions.', "target_binary_version")


def _known() -> str:
    return f" Known keys: {', '.join(_NAMES)}; or in camelCase: {', '.join(_CAMEL)}."


def _wrong(message: str, field: str | None = None) -> Invalid:
    return Invalid(message, 400, field=field)

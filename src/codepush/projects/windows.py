"""The version of a Windows app's binary: ``Package.appxmanifest``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from codepush.errors import ProjectError
from codepush.projects.binary_version import BinaryVersion, check_version
from codepush.projects.files import read_text, shown

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["appx_version"]

_NAME: Final = "Package.appxmanifest"
_INSTEAD: Final = "Give the version with --target-binary-version (-t)."
_PLACES: Final = 3


def appx_version(root: Path, package_name: str) -> BinaryVersion:
    """Return the version of a Windows app: the first three numbers of its identity.

    Raises:
        ProjectError: It cannot be found; the message names each path that was checked.

    """
    path = _manifest(root, package_name)
    version = _version(path)
    if version is None:
        raise ProjectError(f'"{shown(path)}" gives its Identity no Version. {_INSTEAD}')
    source = f'"{shown(path)}" (Identity)'
    return BinaryVersion(value=check_version(".".join(version.split(".")[:_PLACES]), source), source=source)


def _manifest(root: Path, package_name: str) -> Path:
    first = root / "windows" / package_name / _NAME
    found = [first] if first.is_file() else sorted((root / "windows").glob(f"*/{_NAME}"))
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f'"{shown(path)}"' for path in found)
        raise ProjectError(f"There are several manifests: {names}. {_INSTEAD}")
    raise ProjectError(
        f'There is no {_NAME}: looked for "{shown(first)}" and in every folder below "windows". {_INSTEAD}'
    )


def _version(path: Path) -> str | None:
    text = read_text(path)
    if "<!ENTITY" in text:
        raise ProjectError(f'"{shown(path)}" defines entities, which no manifest needs.')
    try:
        package = ET.fromstring(text)  # noqa: S314 - the project's own file, and without entities
    except ET.ParseError as error:
        raise ProjectError(f'"{shown(path)}" is not valid XML: {error}.') from error
    return next((one.get("Version") for one in package if one.tag.rpartition("}")[2] == "Identity"), None)

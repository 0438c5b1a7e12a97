"""The version of an Android app's binary: ``versionName`` with flavours and suffixes, as Gradle puts it together."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from codepush.errors import ProjectError
from codepush.projects.binary_version import BinaryVersion, check_version
from codepush.projects.files import first_file, shown
from codepush.projects.gradle.project import SCRIPT_NAMES, GradleProject
from codepush.projects.gradle.tokens import text_of
from codepush.projects.unknown import Unknown, placed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from codepush.projects.gradle.project import Part
    from codepush.projects.gradle.script import Setting

__all__ = ["find_gradle_script", "gradle_version"]

_INSTEAD: Final = "Give the version with --target-binary-version (-t)"
_BUILD_TYPE: Final = "release"
_NAME: Final = "versionName"
_SUFFIX: Final = "versionNameSuffix"
_NAMES: Final = frozenset({_NAME, _SUFFIX, "versionNameOverride"})
_DEFAULT: Final = ("android", "defaultConfig")
_FLAVORS: Final = ("android", "productFlavors")
_BUILD_TYPES: Final = ("android", "buildTypes")
_PLACES: Final = frozenset(
    {"android", "androidComponents", "applicationVariants", "defaultConfig", "productFlavors", "buildTypes"}
)
_ITERATORS: Final = frozenset({"all", "each", "forEach", "configureEach", "whenObjectAdded", "matching", "withType"})


def find_gradle_script(root: Path, given: Path | None = None) -> Path:
    """Return the build script of an app.

    Args:
        root: Folder of the project.
        given: The script, or its folder, from the options, if any.

    Raises:
        ProjectError: There is none; the message names each path that was checked.

    """
    where = root / "android" / "app" if given is None else root / given
    if where.is_file():
        return where
    found = first_file(*(where / name for name in SCRIPT_NAMES))
    if found is not None:
        return found
    places = (
        f'"{shown(where)}" nor its folder'
        if where.suffix
        else " nor ".join(f'"{shown(where / name)}"' for name in SCRIPT_NAMES)
    )
    raise ProjectError(
        f"There is no Gradle build script: neither {places} is there. "
        f"Set its path with --gradle-file (-g). {_INSTEAD} to do without it."
    )


def gradle_version(script: Path, flavors: Sequence[str] = ()) -> BinaryVersion:
    """Return the version of an Android app.

    Args:
        script: Its build script.
        flavors: Product flavours of the build, that of the first dimension first.

    Raises:
        ProjectError: The version needs Gradle, or there is no such flavour; the message has the next step.

    """
    try:
        return _Versions(GradleProject(script)).of(flavors)
    except Unknown as unknown:
        raise unknown.about("the version", f"{_INSTEAD}.") from unknown


class _Versions:
    """The versions of an app's variants in its build scripts."""

    def __init__(self, project: GradleProject) -> None:
        self._project = project
        self._parts = [part for part in project.parts if not part.is_of_package]
        self._shown = shown(project.path)

    def of(self, flavors: Sequence[str]) -> BinaryVersion:
        self._check_flavors(flavors)
        self._check_places()
        blocks = [*((*_FLAVORS, flavor) for flavor in flavors), _DEFAULT]
        for block in blocks:
            found = self._text(block, _NAME)
            if found is not None:
                text, part, setting = found
                name = f"({'.'.join(block[1:])}.{_NAME})"
                version = check_version(text + self._suffix(flavors), f"{placed(part.path, setting.line)} {name}")
                return BinaryVersion(value=version, source=f'"{shown(part.path)}" {name}', notes=self._notes(flavors))
        raise self._missing(flavors)

    @cached_property
    def _flavors(self) -> list[str]:
        """The flavours that have a name of their own in the scripts."""
        own = [name for part in self._parts if not part.of_root for name in part.script.children(*_FLAVORS)]
        return [name for name in dict.fromkeys(own) if name not in _ITERATORS and "$" not in name]

    def _check_flavors(self, flavors: Sequence[str]) -> None:
        for flavor in flavors:
            if flavor in self._flavors:
                self._check_block((*_FLAVORS, flavor))
                continue
            if (computed := self._computed_flavors()) is not None:
                raise computed
            there = f"It has {', '.join(self._flavors)}." if self._flavors else "It has none."
            raise ProjectError(f'"{self._shown}" has no product flavour "{flavor}". {there} Correct --gradle-flavor.')

    def _check_block(self, block: tuple[str, ...]) -> None:
        """Reject a flavour with its block within brackets, as in ``free({ ... })``."""
        for part in self._parts:
            for setting in part.script.values(*block):
                if any(token.sign == "{" for token in setting.value):
                    raise Unknown(f"the block of {block[-1]} cannot be followed", part.path, setting.line)

    def _computed_flavors(self) -> Unknown | None:
        """Return the place of a declaration of flavours whose names need Gradle, if there is one."""
        for part in self._parts:
            paths = [*part.script.blocks, *(setting.path for setting in part.script.settings)]
            if any(path[:2] == _FLAVORS and ("" in path or any("$" in name for name in path)) for path in paths):
                return Unknown("the names of product flavours are computed", part.path)
        return None

    def _check_places(self) -> None:
        """Reject versions that are set elsewhere: for each flavour in a loop, or for the variants of the app."""
        for part in self._parts:
            for setting in part.script.settings:
                if _NAMES.isdisjoint(setting.path[-1:]) or _PLACES.isdisjoint(setting.path):
                    continue
                is_known = not part.of_root and (
                    setting.path[:-1] == _DEFAULT
                    or (len(setting.path) == len(_FLAVORS) + 2 and setting.path[:2] in {_FLAVORS, _BUILD_TYPES})
                )
                if not is_known or setting.path[2] in _ITERATORS | {""}:
                    raise Unknown(f"{'.'.join(filter(None, setting.path))} cannot be followed", part.path, setting.line)

    def _suffix(self, flavors: Sequence[str]) -> str:
        """Return all suffixes in the order in which Gradle joins them."""
        blocks = [_DEFAULT, *((*_FLAVORS, flavor) for flavor in flavors), (*_BUILD_TYPES, _BUILD_TYPE)]
        found = [self._text(block, _SUFFIX) for block in blocks]
        return "".join(one[0] for one in found if one is not None)

    def _text(self, block: tuple[str, ...], name: str) -> tuple[str, Part, Setting] | None:
        """Return the value that a block sets, with its place; nothing if it sets none."""
        found = self._project.last(*block, name)
        if found is None:
            self._check_copied(block, name)
            return None
        part, setting = found
        value = self._project.value(part, setting)
        if not isinstance(value, str):
            raise Unknown(f"{text_of(setting.value)} is no text", part.path, setting.line)
        return value, part, setting

    def _check_copied(self, block: tuple[str, ...], name: str) -> None:
        """Reject a block that copies another one (``initWith``) if any of them has a value."""
        for part in self._parts:
            siblings = [one for one in part.script.settings if one.path[:-2] == block[:-1] and one.path[-1] == name]
            for setting in part.script.values(*block, "initWith"):
                if siblings:
                    raise Unknown(f"initWith {text_of(setting.value)} cannot be followed", part.path, setting.line)

    def _notes(self, flavors: Sequence[str]) -> tuple[str, ...]:
        """Return a note if flavours have versions of their own and none was chosen."""
        if flavors:
            return ()
        differing = [
            flavor
            for flavor in self._flavors
            if any(part.script.values(*_FLAVORS, flavor, name) for part in self._parts for name in (_NAME, _SUFFIX))
        ]
        if not differing:
            return ()
        note = (
            f"Flavours with versions of their own: {', '.join(differing)}. This is the version of defaultConfig; "
            "choose a flavour with --gradle-flavor."
        )
        return (note,)

    def _missing(self, flavors: Sequence[str]) -> ProjectError:
        if self._flavors and not flavors:
            return ProjectError(
                f'"{self._shown}" sets no versionName in android.defaultConfig. Choose a product flavour with '
                f"--gradle-flavor: {', '.join(self._flavors)}."
            )
        places = [".".join(_DEFAULT), *(".".join((*_FLAVORS, flavor)) for flavor in flavors)]
        return ProjectError(
            f'"{self._shown}" sets no versionName in {" or ".join(places)}. '
            f"{_INSTEAD}, or name the script that sets it with --gradle-file (-g)."
        )

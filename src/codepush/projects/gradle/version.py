"""The version of an Android app's binary: ``versionName`` with flavours and suffixes, as Gradle puts it together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.errors import ProjectError
from codepush.projects.binary_version import BinaryVersion, check_version
from codepush.projects.files import first_file, shown
from codepush.projects.gradle.expressions import UnknownValue
from codepush.projects.gradle.project import SCRIPT_NAMES, GradleProject
from codepush.projects.gradle.tokens import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from codepush.projects.gradle.tokens import Token

__all__ = ["find_gradle_script", "gradle_version"]

_INSTEAD: Final = "Give the version with --target-binary-version (-t)"
_BUILD_TYPE: Final = "release"
_NAME: Final = "versionName"
_SUFFIX: Final = "versionNameSuffix"


def find_gradle_script(root: Path, given: Path | None = None) -> Path:
    """Return the build script of an app.

    Args:
        root: the project's folder.
        given: what a person named: the script, or the folder it is in.

    Raises:
        ProjectError: there is none; the message names each place looked at.

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
        f"Say where it is with --gradle-file (-g). {_INSTEAD} to do without it."
    )


def gradle_version(script: Path, flavors: Sequence[str] = ()) -> BinaryVersion:
    """Return the version of an Android app.

    Args:
        script: its build script.
        flavors: the product flavours that are built, the one of the first dimension first.

    Raises:
        ProjectError: it cannot be told without running Gradle, or there is no such flavour; the message says how to go
            on.

    """
    return _Versions(GradleProject(script)).of(flavors)


class _Versions:
    """The versions that one build script gives its variants."""

    def __init__(self, project: GradleProject) -> None:
        self._project = project
        self._script = project.script
        self._shown = shown(project.path)

    def of(self, flavors: Sequence[str]) -> BinaryVersion:
        self._check(flavors)
        blocks = [*(("android", "productFlavors", flavor) for flavor in flavors), ("android", "defaultConfig")]
        for block in blocks:
            values = self._script.values(*block, _NAME)
            if values:
                version = self._text(values[-1], _NAME) + self._suffix(flavors)
                source = f'"{self._shown}" ({".".join(block[1:])}.{_NAME})'
                return BinaryVersion(value=check_version(version, source), source=source, notes=self._notes(flavors))
        raise self._missing(flavors)

    def _check(self, flavors: Sequence[str]) -> None:
        known = self._script.children("android", "productFlavors")
        for flavor in flavors:
            if flavor not in known:
                there = f"It has {', '.join(known)}." if known else "It has none."
                raise ProjectError(f'"{self._shown}" has no product flavour "{flavor}". {there}')

    def _suffix(self, flavors: Sequence[str]) -> str:
        """Return all suffixes in the order in which Gradle joins them."""
        blocks = [
            ("android", "defaultConfig"),
            *(("android", "productFlavors", flavor) for flavor in flavors),
            ("android", "buildTypes", _BUILD_TYPE),
        ]
        return "".join(self._text(values[-1], _SUFFIX) for block in blocks if (values := self._values(block)))

    def _values(self, block: tuple[str, ...]) -> list[tuple[Token, ...]]:
        return self._script.values(*block, _SUFFIX)

    def _text(self, value: tuple[Token, ...], name: str) -> str:
        try:
            return self._project.text(value)
        except UnknownValue as error:
            raise ProjectError(
                f'{name} in "{self._shown}" is {text_of(list(value)) or "empty"}, which only Gradle can work out. '
                f"Variables were looked for in {self._places()}. {_INSTEAD}."
            ) from error

    def _places(self) -> str:
        files = [path for path, _ in self._project.scripts]
        folders = dict.fromkeys([self._project.path.parent, self._project.root])
        files += [folder / "gradle.properties" for folder in folders]
        return ", ".join(f'"{shown(file)}"' for file in files)

    def _notes(self, flavors: Sequence[str]) -> tuple[str, ...]:
        """Say so when flavours have versions of their own and none was chosen."""
        if flavors:
            return ()
        differing = [
            flavor
            for flavor in self._script.children("android", "productFlavors")
            if any(self._script.values("android", "productFlavors", flavor, name) for name in (_NAME, _SUFFIX))
        ]
        if not differing:
            return ()
        note = (
            f"Flavours with versions of their own: {', '.join(differing)}. This is the version of defaultConfig; "
            "choose a flavour with --gradle-flavor."
        )
        return (note,)

    def _missing(self, flavors: Sequence[str]) -> ProjectError:
        known = self._script.children("android", "productFlavors")
        if known and not flavors:
            return ProjectError(
                f'"{self._shown}" sets no versionName in android.defaultConfig. Choose a product flavour with '
                f"--gradle-flavor: {', '.join(known)}."
            )
        places = ["android.defaultConfig", *(f"android.productFlavors.{flavor}" for flavor in flavors)]
        return ProjectError(
            f'"{self._shown}" sets no versionName in {" or ".join(places)}. '
            f"{_INSTEAD}, or name the script that sets it with --gradle-file (-g)."
        )

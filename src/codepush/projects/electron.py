"""Electron apps: bundled with the project's own webpack."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from codepush.errors import ProjectError
from codepush.projects.binary_version import BinaryVersion, check_version
from codepush.projects.files import first_file, read_json, shown
from codepush.projects.node import dependencies, find_package, node_command
from codepush.projects.tools import run

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ELECTRON_BUNDLE_NAME", "ElectronOptions", "ElectronProject"]

ELECTRON_BUNDLE_NAME: Final = "index.electron.bundle"
"""Default name of an app's bundle."""

_CONFIGS: Final = tuple(f"webpack.config.{suffix}" for suffix in ("js", "mjs", "cjs", "ts", "mts", "cts"))
_SYSTEMS: Final = {"darwin": "macos", "win32": "windows"}


class ElectronOptions(Struct, frozen=True, kw_only=True):
    """Options of a bundle.

    Attributes:
        bundle: The file to write.
        entry_file: The file to start from, relative to the project's folder; ``None`` leaves it to the configuration.
        is_development: Whether it is bundled for development.
        config: webpack's configuration, if it is not ``webpack.config.js``.
        source_map: The source map to write, if any.
        extra: More options, each as it is passed on.

    """

    bundle: Path
    entry_file: str | None = None
    is_development: bool = False
    config: str | None = None
    source_map: Path | None = None
    extra: Sequence[str] = ()


class ElectronProject:
    """A folder with an Electron app in it.

    Attributes:
        root: The folder.
        package: Its ``package.json``.

    """

    def __init__(self, root: Path, package: Mapping[str, Any]) -> None:
        self.root = root
        self.package = package

    @classmethod
    def open(cls, root: Path) -> ElectronProject:
        """Return the project in a folder.

        Raises:
            ProjectError: There is no Electron app in it.

        """
        path = root / "package.json"
        if not path.is_file():
            raise ProjectError(f'There is no "{shown(path)}". Run this command in the folder of an Electron app.')
        package = read_json(path)
        if not isinstance(package, dict) or "electron" not in dependencies(package):
            raise ProjectError(f'"{shown(path)}" does not depend on electron.')
        return cls(root, package)

    def entry_file(self, given: str | None = None, *, config: str | None = None) -> str | None:
        """Return the file that bundling starts from, relative to the project's folder.

        Args:
            given: File from the options, if any.
            config: webpack's configuration from the options, if any.

        Returns:
            The file, or ``None`` if none was given and webpack has a configuration, which defines it.

        Raises:
            ProjectError: The file does not exist; the message names each path that was checked.

        """
        if given is not None:
            if not (self.root / given).is_file():
                raise ProjectError(f'There is no entry file "{given}". Correct --entry-file (-e).')
            return given
        if self._config(config):
            return None
        names = ["index.electron.js", f"index.{_SYSTEMS.get(sys.platform, 'linux')}.js", "index.js"]
        found = first_file(*(self.root / name for name in names))
        if found is None:
            raise ProjectError(f"There is no entry file: looked for {', '.join(names)}. Set it with --entry-file (-e).")
        return found.name

    def version(self) -> BinaryVersion:
        """Return the version of the app in ``package.json``.

        Raises:
            ProjectError: It gives none.

        """
        path = self.root / "package.json"
        version = self.package.get("version")
        if not isinstance(version, str):
            raise ProjectError(f'"{shown(path)}" has no version. Give it with --target-binary-version (-t).')
        source = f'"{shown(path)}" (version)'
        return BinaryVersion(value=check_version(version, source), source=source)

    def bundle(self, options: ElectronOptions) -> None:
        """Bundle the app.

        Raises:
            ProjectError: webpack is not installed or fails, or leaves no bundle.

        """
        run(self.command(options), self.root)
        written = _script(options.bundle)
        if not written.is_file():
            raise ProjectError(f'webpack ended well, but wrote no "{shown(written)}".')
        _place_source_map(options, written)
        written.replace(options.bundle)

    def command(self, options: ElectronOptions) -> list[str]:
        """Return the command that bundles the app.

        Raises:
            ProjectError: webpack is not installed, or its configuration is not there.

        """
        script = self._webpack()
        config = self._config(options.config)
        words = ["--mode", "development" if options.is_development else "production"]
        words += config or ["--target", "electron-renderer"]
        words += ["--entry-reset", "--entry", f"./{options.entry_file}"] if options.entry_file is not None else []
        words += ["--output-path", str(options.bundle.parent), "--output-filename", _script(options.bundle).name]
        words += ["--devtool", "hidden-source-map"] if options.source_map is not None else []
        return [*node_command(script), *words, *options.extra]

    def _webpack(self) -> Path:
        folder = find_package("webpack", self.root)
        script = None if folder is None else first_file(folder / "bin" / "webpack.js")
        if script is None or find_package("webpack-cli", self.root) is None:
            raise ProjectError(
                "webpack is not installed in the project. Install it with: npm install --save-dev webpack webpack-cli"
            )
        return script

    def _config(self, given: str | None) -> list[str]:
        names = _CONFIGS if given is None else (given,)
        path = first_file(*(self.root / name for name in names))
        if path is None and given is not None:
            raise ProjectError(f'There is no file "{shown(self.root / given)}". Correct --config (-c).')
        return [] if path is None else ["--config", str(path)]


def _script(bundle: Path) -> Path:
    """Return the path that webpack writes the bundle to: it minifies and maps only files with a script name."""
    return bundle if bundle.suffix == ".js" else bundle.with_name(f"{bundle.name}.js")


def _place_source_map(options: ElectronOptions, written: Path) -> None:
    """Move the source map out of the released folder to the given path."""
    if options.source_map is None:
        return
    source_map = written.with_name(f"{written.name}.map")
    if not source_map.is_file():
        raise ProjectError(f'webpack wrote no source map beside "{shown(written)}".')
    options.source_map.parent.mkdir(parents=True, exist_ok=True)
    if source_map.resolve() != options.source_map.resolve():
        shutil.move(source_map, options.source_map)

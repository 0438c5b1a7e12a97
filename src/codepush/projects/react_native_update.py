"""An update of a React Native app, built from its project: its binary version and its content."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from codepush.errors import ProjectError
from codepush.projects.bundler import BundleOptions, bundle, bundle_command
from codepush.projects.bundler_choice import bundles_with_expo
from codepush.projects.expo import ExpoApp, uses_expo
from codepush.projects.gradle import GradleProject, find_gradle_script, gradle_version
from codepush.projects.hermes import Decision, compile_bundle, find_hermes_compiler, uses_hermes
from codepush.projects.plist import PlistOptions, plist_version
from codepush.projects.react_native import BUNDLE_NAMES, Platform
from codepush.projects.tools import command_line
from codepush.projects.unknown import Unknown
from codepush.projects.windows import appx_version
from codepush.projects.xcode import find_xcode_project

if TYPE_CHECKING:
    from codepush.projects.binary_version import BinaryVersion
    from codepush.projects.react_native import ReactNativeProject

__all__ = ["ReactNativeOptions", "ReactNativeUpdate"]

Notify = Callable[[str], None]
"""Prints a progress message."""


class ReactNativeOptions(Struct, frozen=True, kw_only=True):
    """Options of the build of an update; ``None`` for each value to detect.

    Attributes:
        platform: Platform of the update.
        bundle_name: Name of the app's bundle.
        entry_file: File that bundling starts from.
        is_development: Whether to create a development bundle.
        config: Metro configuration.
        extra_bundler_options: Additional options for the bundler.
        extra_hermes_flags: Additional flags for the Hermes compiler.
        use_hermes: Whether to compile the bundle with Hermes.
        with_expo: Whether Expo's command line bundles the app.
        gradle_file: Build script of the Android app, or its folder.
        gradle_flavors: Product flavours of the update.
        pod_file: Podfile of the iOS app.
        plist: Options that locate the version of the iOS app.
        source_map: Source map to write.

    """

    platform: Platform
    bundle_name: str | None = None
    entry_file: str | None = None
    is_development: bool = False
    config: str | None = None
    extra_bundler_options: Sequence[str] = ()
    extra_hermes_flags: Sequence[str] = ()
    use_hermes: bool | None = None
    with_expo: bool | None = None
    gradle_file: Path | None = None
    gradle_flavors: Sequence[str] = ()
    pod_file: Path | None = None
    plist: PlistOptions = PlistOptions()
    source_map: Path | None = None


class ReactNativeUpdate:
    """The build of an update.

    Args:
        project: Project of the app.
        options: Options of the build.
        notify: Function that prints a progress message.

    """

    def __init__(self, project: ReactNativeProject, options: ReactNativeOptions, notify: Notify) -> None:
        self._project = project
        self._options = options
        self._notify = notify

    @property
    def bundle_name(self) -> str:
        """Name of the app's bundle."""
        return self._options.bundle_name or BUNDLE_NAMES[self._options.platform]

    def version(self) -> BinaryVersion:
        """Return the binary version of the update, as the app's project sets it.

        Raises:
            ProjectError: It cannot be found; the message names each path that was checked, and the option to use.

        """
        platform, options = self._options.platform, self._options
        if self._is_native_part_made_by_expo:
            return ExpoApp(self._project).version(platform)
        if platform == "android":
            script = find_gradle_script(self._project.root, options.gradle_file)
            return gradle_version(script, options.gradle_flavors)
        if platform == "ios":
            return plist_version(self._project.root, self._project.name, options.plist)
        return appx_version(self._project.root, self._project.name)

    def build(self, folder: Path) -> None:
        """Bundle the app, and compile it if its engine is Hermes.

        Args:
            folder: An empty folder, which becomes the content of the release.

        Raises:
            ProjectError: Something that is needed is not there, or a tool fails.

        """
        hermes = self._hermes()
        self._notify(f"Hermes: {'on' if hermes.is_used else 'off'} ({hermes.reason}).")
        compiler = self._compiler() if hermes.is_used else None  # found before the bundling, which takes long
        with tempfile.TemporaryDirectory(prefix="codepush-", ignore_cleanup_errors=True) as maps:
            bundling = self._bundling(folder, Path(maps), is_for_hermes=hermes.is_used)
            self._notify(f"Running: {command_line(bundle_command(self._project, bundling))}")
            bundle(self._project, bundling)
            if compiler is not None:
                self._compile(compiler, bundling)
            elif bundling.source_map is not None and self._options.source_map is not None:
                self._options.source_map.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(bundling.source_map, self._options.source_map)

    def _compile(self, compiler: Path, bundling: BundleOptions) -> None:
        self._notify(f"Compiling to bytecode with {compiler}.")
        compile_bundle(
            self._project,
            compiler,
            bundling.bundle,
            source_map=bundling.source_map,
            wanted_map=self._options.source_map,
            extra_flags=self._options.extra_hermes_flags,
        )

    def _bundling(self, folder: Path, maps: Path, *, is_for_hermes: bool) -> BundleOptions:
        options = self._options
        name = self._source_map_name(is_for_hermes=is_for_hermes)
        return BundleOptions(
            platform=options.platform,
            entry_file=self._entry_file(),
            bundle=folder / self.bundle_name,
            source_map=None if name is None else maps / name,
            is_development=options.is_development,
            is_for_hermes=is_for_hermes,
            config=options.config,
            extra=options.extra_bundler_options,
            with_expo=self._is_with_expo,
        )

    def _source_map_name(self, *, is_for_hermes: bool) -> str | None:
        """Return the name of the bundler's source map. The bundle contains it, so it is that of builds for stores.

        Android's builds always create a source map, iOS's only if its name is set.
        """
        if self._options.platform == "android":
            return f"{self.bundle_name}.packager.map" if is_for_hermes else f"{self.bundle_name}.map"
        return None if self._options.source_map is None else self._options.source_map.name

    def _entry_file(self) -> str:
        if self._options.entry_file is None and self._is_with_expo:
            return ExpoApp(self._project).entry_file(self._options.platform)
        given = self._options.entry_file or self._entry_file_of_build()
        return self._project.entry_file(self._options.platform, given)

    def _entry_file_of_build(self) -> str | None:
        """Return the file that ``entryFile`` of the Android app's build names, if it names one."""
        if self._options.platform != "android" or self._gradle_script is None:
            return None
        try:
            named = GradleProject(self._gradle_script).react("entryFile")
        except Unknown as unknown:
            option = "Set it with --entry-file (-e)."
            raise unknown.within(self._gradle_script).about("the entry file", option) from unknown
        if named is None:
            return None
        return os.path.relpath(self._project.root / str(named), self._project.root)

    @cached_property
    def _is_with_expo(self) -> bool:
        options = self._options
        if options.with_expo is not None:
            return options.with_expo
        if self._is_native_part_made_by_expo:
            return True
        is_ios = options.platform == "ios"
        return bundles_with_expo(
            self._project,
            options.platform,
            gradle_script=self._gradle_script if options.platform == "android" else None,
            xcode_project=self._xcode_project if is_ios else None,
            target=options.plist.target,
        )

    @property
    def _xcode_project(self) -> Path | None:
        given = self._options.plist.project_file
        try:
            return find_xcode_project(self._project.root, self._project.name, given)
        except ProjectError:
            if given is not None or "expo" in self._project.depends_on:
                raise
            return None  # of several projects none bundles with a tool that the app does not depend on

    @property
    def _is_native_part_made_by_expo(self) -> bool:
        """Whether Expo generates the native projects for each build, so that they are missing here."""
        options = self._options
        given = (options.gradle_file, options.plist.plist_file, options.plist.project_file)
        is_expo = uses_expo(self._project) if options.with_expo is None else options.with_expo
        return is_expo and not any(given) and not (self._project.root / options.platform).is_dir()

    @cached_property
    def _gradle_script(self) -> Path | None:
        try:
            return find_gradle_script(self._project.root, self._options.gradle_file)
        except ProjectError:
            if self._options.gradle_file is not None:
                raise
            return None  # without a script, the default applies

    def _hermes(self) -> Decision:
        options = self._options
        if options.use_hermes is not None:
            return Decision(options.use_hermes, "--use-hermes" if options.use_hermes else "--no-use-hermes")
        if self._is_native_part_made_by_expo:
            engine = ExpoApp(self._project).engine(options.platform)
            if engine is not None:
                return Decision(engine == "hermes", f"jsEngine is {engine} in the app's Expo configuration")
        script = self._gradle_script if options.platform == "android" else None
        return uses_hermes(self._project, options.platform, gradle_script=script, podfile=options.pod_file)

    def _compiler(self) -> Path:
        script = self._gradle_script if self._options.platform == "android" else None
        return find_hermes_compiler(self._project, self._options.platform, gradle_script=script)

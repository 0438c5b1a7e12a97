"""Hermes: whether an app uses it, and compiling a bundle to its bytecode."""

from __future__ import annotations

import os
import platform as machine
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from codepush.errors import ProjectError
from codepush.projects.files import first_file, read_json, read_text, shown
from codepush.projects.gradle import GradleProject
from codepush.projects.node import find_package, node_command
from codepush.projects.react_native import NEWEST
from codepush.projects.tools import run
from codepush.projects.unknown import Unknown, placed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from codepush.projects.react_native import Platform, ReactNativeProject

__all__ = ["Decision", "compile_bundle", "find_hermes_compiler", "uses_hermes"]

_DEFAULT_SINCE: Final = (0, 70)
"""The first version of React Native that uses Hermes by default."""

_ONLY_SINCE: Final = (0, 82)
"""From this version on the other engine comes from elsewhere, and the older switches do nothing on iOS."""

_NAMED_HERMESC_SINCE: Final = (0, 63)

_COMMAND_OF_PACKAGE_SINCE: Final = (0, 71)
"""From this version on ``hermesCommand`` is run in the folder of ``package.json``, before in ``android/app``."""

_ENGINE_OPTION: Final = "Choose the engine with --use-hermes or --no-use-hermes."
_COMPILER_OPTION: Final = (
    "Correct it, or release plain JavaScript with --no-use-hermes if the app's engine is not Hermes."
)

_RUBY_COMMENT: Final = re.compile(r"#[^{\n][^\n]*|#$", re.MULTILINE)
_PODFILE_SWITCH: Final = re.compile(r":?hermes_enabled['\"]?\s*(?:=>|:(?!:)|=(?![=~]))\s*([^,)\n]+)")
_DEFAULT_FLAG: Final = "flags[:hermes_enabled]"
_EXPO_ENGINE: Final = "expo.jsEngine"
_PODFILE_VARIABLE: Final = re.compile(
    r"ENV\[['\"](USE_HERMES|USE_THIRD_PARTY_JSC)['\"]\]\s*(\|\|)?=(?![=~])\s*(?:['\"]([01])['\"])?"
)
_HERMES_POD: Final = re.compile(r"^\s+- (?:hermes-engine|React-hermes)\b", re.MULTILINE)

_SOURCE_MAP_FLAG: Final = "-output-source-map"


class Decision(Struct, frozen=True):
    """Whether an app uses Hermes, and the reason, for display."""

    is_used: bool
    reason: str


def uses_hermes(
    project: ReactNativeProject, platform: Platform, *, gradle_script: Path | None = None, podfile: Path | None = None
) -> Decision:
    """Return whether the app's binary runs Hermes bytecode.

    Args:
        project: Project of the app.
        platform: Platform of the update.
        gradle_script: Build script of the Android app, if there is one.
        podfile: Podfile of the iOS app from the options, if any.

    Raises:
        ProjectError: A given file does not exist, or one cannot be read.

    """
    if platform == "windows":
        return Decision(is_used=False, reason="Windows apps are compiled with --use-hermes only")
    if platform == "ios":
        return _from_podfile(project, podfile) or _default(project)
    decision = None if gradle_script is None else _from_gradle(GradleProject(gradle_script))
    return decision or _default(project)


def _default(project: ReactNativeProject) -> Decision:
    is_used = project.version >= _DEFAULT_SINCE
    numbers = "" if project.version == NEWEST else f" {project.version[0]}.{project.version[1]}"
    return Decision(is_used, f"the default of React Native{numbers}")


def _from_gradle(gradle: GradleProject) -> Decision | None:
    try:
        for name in ("hermesEnabled", "react.hermesEnabled"):
            value = gradle.setting(name)
            if value is not None:
                return Decision(str(value).lower() != "false", f"{name}={value} in {_source(gradle, name)}")
        gradle.react("enableHermesForVariant")  # a closure, which raises
        value = gradle.react("enableHermes")
    except Unknown as unknown:
        raise unknown.within(gradle.path).about("whether the app uses Hermes", _ENGINE_OPTION) from unknown
    return None if value is None else Decision(value == "true", f'enableHermes: {value} in "{shown(gradle.path)}"')


def _source(gradle: GradleProject, name: str) -> str:
    source = gradle.properties.get(name, ("", gradle.path))[1]
    return f'"{shown(source)}"' if isinstance(source, Path) else source


def _from_podfile(project: ReactNativeProject, given: Path | None) -> Decision | None:
    podfile = project.root / (given or Path("ios", "Podfile"))
    if not podfile.is_file():
        if given is not None:
            raise ProjectError(f'There is no Podfile "{shown(podfile)}". Correct --pod-file (-pod).')
        return None
    code = _RUBY_COMMENT.sub("", read_text(podfile))
    doubt: Unknown | None = None
    for read in (_from_switch, _from_variables):
        try:
            decision = read(project, podfile, code)
        except Unknown as unknown:
            doubt = doubt or unknown
            continue
        if decision is not None and doubt is None:
            return decision
    if doubt is not None:  # the pods that were installed are what came of it
        if (installed := _from_lock(podfile)) is not None:
            return installed
        raise doubt.about("whether the app uses Hermes", _ENGINE_OPTION) from doubt
    return _from_expo(podfile) or _from_lock(podfile)


def _from_switch(project: ReactNativeProject, podfile: Path, code: str) -> Decision | None:
    """``use_react_native!(:hermes_enabled => false)``."""
    found = list(_PODFILE_SWITCH.finditer(code))
    values = {match[1].strip() for match in found}
    if not values or values == {_DEFAULT_FLAG}:
        return None
    line = code.count("\n", 0, found[0].start()) + 1
    if len(values) > 1:
        raise Unknown("hermes_enabled has several values", podfile, line)
    value = values.pop()
    if _EXPO_ENGINE in value:
        return _from_expo(podfile) or _from_expression(value, podfile, line)
    if value not in {"true", "false"}:
        raise Unknown(f"hermes_enabled is {value}", podfile, line)
    if value == "false" and project.version >= _ONLY_SINCE:
        return None
    return Decision(value == "true", f'hermes_enabled is {value} in "{shown(podfile)}"')


def _from_expression(value: str, podfile: Path, line: int) -> Decision:
    """Return the value of Expo's expression if no engine is set."""
    if "nil" not in value:
        raise Unknown(f"hermes_enabled is {value}", podfile, line)
    return Decision(is_used=True, reason=f"{_EXPO_ENGINE} is not set, which means hermes in {placed(podfile, line)}")


def _from_variables(project: ReactNativeProject, podfile: Path, code: str) -> Decision | None:
    """``ENV['USE_HERMES'] = '0'`` in the Podfile, or the same in the environment."""
    for name in ("USE_THIRD_PARTY_JSC", "USE_HERMES"):
        found = [match for match in _PODFILE_VARIABLE.finditer(code) if match[1] == name]
        is_default = all(match[2] for match in found)  # with ||= the environment goes first
        if not found or (is_default and name in os.environ):
            decision = _variables(project, {name: os.environ[name]}, "the environment") if name in os.environ else None
        elif len({match[3] for match in found}) > 1 or found[0][3] is None:
            line = code.count("\n", 0, found[0].start()) + 1
            raise Unknown(f"the value of {name} cannot be followed", podfile, line)
        else:
            decision = _variables(project, {name: found[0][3]}, f'"{shown(podfile)}"')
        if decision is not None:
            return decision
    return None


def _variables(project: ReactNativeProject, values: Mapping[str, str], place: str) -> Decision | None:
    if values.get("USE_THIRD_PARTY_JSC") == "1":
        return Decision(is_used=False, reason=f"USE_THIRD_PARTY_JSC is 1 in {place}")
    value = values.get("USE_HERMES")
    if value is None or project.version >= _ONLY_SINCE:
        return None
    return Decision(value != "0", f"USE_HERMES is {value} in {place}")


def _from_expo(podfile: Path) -> Decision | None:
    path = podfile.with_name("Podfile.properties.json")
    engine = read_json(path).get(_EXPO_ENGINE) if path.is_file() else None
    return None if engine is None else Decision(engine == "hermes", f'{_EXPO_ENGINE} is {engine} in "{shown(path)}"')


def _from_lock(podfile: Path) -> Decision | None:
    """Return the engine of the installed pods, which is the one that was built."""
    path = podfile.with_name("Podfile.lock")
    if not path.is_file():
        return None
    is_used = _HERMES_POD.search(read_text(path)) is not None
    return Decision(is_used, f'"{shown(path)}" has {"the" if is_used else "no"} pod of Hermes')


def find_hermes_compiler(project: ReactNativeProject, platform: Platform, *, gradle_script: Path | None = None) -> Path:
    """Return the compiler that fits the app's engine, as the app's own builds choose it.

    Args:
        project: The app's project.
        platform: Platform of the update.
        gradle_script: The Android app's build script, if there is one.

    Raises:
        ProjectError: There is none; the message names each path that was checked.

    """
    if (named := _named_compiler(project, platform, gradle_script)) is not None:
        return named
    places = list(_compilers(project, platform))
    found = first_file(*places)
    if found is not None:
        return found
    looked_at = "".join(f"\n  {shown(place)}" for place in places)
    raise ProjectError(
        f"The compiler of Hermes was not found. Looked for:{looked_at}\n"
        "Install the project's packages in full, or release plain JavaScript with --no-use-hermes if the app's engine "
        "is not Hermes."
    )


def _compilers(project: ReactNativeProject, platform: Platform) -> Iterator[Path]:
    system, name = _system(), _executable()
    if platform == "ios" and sys.platform == "darwin":
        yield project.root / "ios" / "Pods" / "hermes-engine" / "destroot" / "bin" / name
    react_native = project.react_native
    yield react_native / "ReactAndroid" / "hermes-engine" / "build" / "hermes" / "bin" / name
    yield react_native / "sdks" / "hermesc" / system / name
    compiler = find_package("hermes-compiler", react_native) or project.root / "node_modules" / "hermes-compiler"
    yield compiler / "hermesc" / system / name
    engine = find_package("hermes-engine", project.root) or project.root / "node_modules" / "hermes-engine"
    yield engine / system / (name if project.version >= _NAMED_HERMESC_SINCE else name.replace("hermesc", "hermes"))
    machine_of_old = find_package("hermesvm", project.root)
    if machine_of_old is not None:
        yield machine_of_old / system / name.replace("hermesc", "hermes")


def _named_compiler(project: ReactNativeProject, platform: Platform, gradle_script: Path | None) -> Path | None:
    """Return the compiler that the build names. One that is not there is an error, as it is in the build."""
    if platform == "android" and gradle_script is not None:
        gradle = GradleProject(gradle_script)
        try:
            command = _command(project, gradle)
        except Unknown as unknown:
            raise unknown.within(gradle.path).about("hermesCommand", _COMPILER_OPTION) from unknown
        if command is not None:
            return _existing(command, f'hermesCommand in "{shown(gradle.path)}"')
    if platform == "ios" and (path := os.environ.get("HERMES_CLI_PATH")):
        return _existing(project.root / "ios" / path, "HERMES_CLI_PATH")
    if override := os.environ.get("REACT_NATIVE_OVERRIDE_HERMES_DIR"):
        return _existing(Path(override) / "build" / "bin" / _executable(), "REACT_NATIVE_OVERRIDE_HERMES_DIR")
    return None


def _command(project: ReactNativeProject, gradle: GradleProject) -> Path | None:
    """Return ``hermesCommand`` of ``react { }`` or of ``project.ext.react``."""
    value = gradle.react("hermesCommand")
    if value is None or value == "":
        return None
    if not isinstance(value, (str, Path)):
        raise Unknown("hermesCommand is no text")
    command = str(value).replace("%OS-BIN%", _system())
    if "/" not in command and "\\" not in command:
        return Path(shutil.which(command) or command)
    if project.version < _COMMAND_OF_PACKAGE_SINCE:
        return gradle.path.parent / command
    root = gradle.react("root")
    if root is not None and not isinstance(root, (str, Path)):
        raise Unknown("the folder of the app (react.root) is no path")
    return (project.root if root is None else gradle.path.parent / root) / command


def _existing(path: Path, named_by: str) -> Path:
    path = Path(os.path.normpath(path))
    if not path.is_file():
        raise ProjectError(f'{named_by} names the compiler "{shown(path)}", which is not there. {_COMPILER_OPTION}')
    return path


def _executable() -> str:
    return "hermesc.exe" if sys.platform == "win32" else "hermesc"


def _system() -> str:
    """Return the name of the folder with this machine's compiler."""
    if sys.platform == "win32":
        return "win64-bin"
    return "osx-bin" if sys.platform == "darwin" else "linux64-bin"


def compile_bundle(
    project: ReactNativeProject,
    compiler: Path,
    bundle: Path,
    *,
    source_map: Path | None = None,
    wanted_map: Path | None = None,
    extra_flags: Sequence[str] = (),
) -> None:
    """Replace a bundle with bytecode.

    Args:
        project: Project of the app.
        compiler: Hermes compiler.
        bundle: The bundle.
        source_map: Source map of the bundle, if there is one. With one, the bytecode has no debug information about
            lines of the bundle, which makes it much smaller, as in Android's builds for stores.
        wanted_map: Path of the source map from the bytecode to the sources.
        extra_flags: Additional flags for the compiler.

    Raises:
        ProjectError: The compiler or the script that composes source maps fails; the bundle is then unchanged.

    """
    compiled, compiled_map = bundle.with_name(f"{bundle.name}.hbc"), bundle.with_name(f"{bundle.name}.hbc.map")
    flags = list(extra_flags)
    if source_map is not None and _SOURCE_MAP_FLAG not in flags:
        flags.append(_SOURCE_MAP_FLAG)
    try:
        _run(project, [str(compiler), "-w", "-emit-binary", "-out", str(compiled), str(bundle), *flags])
        if source_map is not None and wanted_map is not None:
            script = project.react_native / "scripts" / "compose-source-maps.js"
            wanted_map.parent.mkdir(parents=True, exist_ok=True)
            run([*node_command(script), str(source_map), str(compiled_map), "-o", str(wanted_map)], project.root)
        compiled.replace(bundle)
    finally:
        compiled.unlink(missing_ok=True)
        compiled_map.unlink(missing_ok=True)


def _run(project: ReactNativeProject, command: list[str]) -> None:
    try:
        run(command, project.root)
    except ProjectError as error:
        if machine.system() == "Linux" and machine.machine() not in {"x86_64", "AMD64"}:
            raise ProjectError(
                f"{error.message}\nOn Linux, Hermes's compiler runs on x86-64 processors only; this one is "
                f"{machine.machine()}."
            ) from error
        raise

"""Hermes: whether an app uses it, and where its compiler is."""

import sys
from pathlib import Path

import pytest

from codepush.errors import ProjectError
from codepush.projects.gradle import find_gradle_script
from codepush.projects.hermes import compile_bundle, find_hermes_compiler, uses_hermes
from support.projects import install_package, install_tool, write_files

PROPERTIES = "android/gradle.properties"
SCRIPT = "android/app/build.gradle"
SYSTEM = "osx-bin" if sys.platform == "darwin" else "linux64-bin"


@pytest.mark.parametrize(
    ("version", "answer"), [("0.69.9", False), ("0.70.0", True), ("0.88.1", True), ("0.0.0", True)]
)
@pytest.mark.parametrize("platform", ["android", "ios"])
def test_default(project, platform, version, answer):
    """Without a word about it, React Native uses Hermes from 0.70 on."""
    assert uses_hermes(project(version), platform).is_used is answer


@pytest.mark.parametrize(
    ("files", "answer"),
    [
        ({PROPERTIES: "hermesEnabled=false"}, False),
        ({"android/gradle.properties": "react.hermesEnabled=true"}, True),
        ({PROPERTIES: "hermesEnabled=true", "android/app/gradle.properties": "hermesEnabled=false"}, False),
        ({SCRIPT: "project.ext.react = [\n  enableHermes: false,  // clean and rebuild\n]\n"}, False),
        ({"android/app/build.gradle": "project.ext.react = [ entryFile: 'index.js', enableHermes: true ]"}, True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", ["0.69.0", "0.80.0"])
def test_android(project, root, files, answer, version):
    """What Gradle's files say about Hermes goes before the default."""
    app = project(version, {"android/settings.gradle": "", "android/app/build.gradle": "", **files})
    assert uses_hermes(app, "android", gradle_script=find_gradle_script(root)).is_used is answer


@pytest.mark.parametrize(
    ("files", "answer"),
    [
        ({"ios/Podfile": "use_react_native!(:hermes_enabled => false)"}, False),
        ({"ios/Podfile": "use_react_native!(hermes_enabled: true)"}, True),
        (
            {"ios/Podfile": "# :hermes_enabled => false\n", "ios/Podfile.lock": "PODS:\n  - hermes-engine (0.80.3):\n"},
            True,
        ),
        ({"ios/Podfile": "ENV['USE_HERMES'] = '0'\n"}, False),
        ({"ios/Podfile": "ENV['USE_THIRD_PARTY_JSC'] = '1'\n"}, False),
        ({"ios/Podfile": ":hermes_enabled => flags[:x]", "ios/Podfile.lock": "PODS:\n  - React-jsc (0.80.3)\n"}, False),
        ({"ios/Podfile": "", "ios/Podfile.properties.json": {"expo.jsEngine": "jsc"}}, False),
    ],
)
@pytest.mark.parametrize("version", ["0.69.0", "0.80.0"])
def test_ios(project, files, answer, version):
    """What the Podfile says about Hermes, and then what was installed, goes before the default."""
    assert uses_hermes(project(version, files), "ios").is_used is answer


def test_switch_without_effect(project):
    """From 0.82 on the old switch does nothing, so it is not believed."""
    assert uses_hermes(project("0.82.1", {"ios/Podfile": ":hermes_enabled => false"}), "ios").is_used


def test_podfile_given(project):
    """A Podfile that was named must be there; one elsewhere is read."""
    app = project(files={"native/Podfile": ":hermes_enabled => false"})
    assert not uses_hermes(app, "ios", podfile=Path("native/Podfile")).is_used
    with pytest.raises(ProjectError, match="--pod-file"):
        uses_hermes(app, "ios", podfile=Path("ios/Podfile"))


def test_compiler_of_react_native(project):
    """Up to 0.82 the compiler is in React Native; from 0.83 on it is a package that React Native depends on."""
    app = project()
    react_native = app.react_native
    install_package(react_native, "hermes-compiler", files={f"hermesc/{SYSTEM}/hermesc": ""})
    assert find_hermes_compiler(app, "android").is_relative_to(react_native / "node_modules/hermes-compiler")
    write_files(react_native, {f"sdks/hermesc/{SYSTEM}/hermesc": ""})
    assert find_hermes_compiler(app, "android") == react_native / f"sdks/hermesc/{SYSTEM}/hermesc"
    assert find_hermes_compiler(app, "ios") == react_native / f"sdks/hermesc/{SYSTEM}/hermesc"


def test_older_compiler(project, root):
    """Before 0.69 the compiler was in a package of the app's own."""
    app = project("0.68.0")
    folder = install_package(root, "hermes-engine", files={f"{SYSTEM}/hermesc": ""})
    assert find_hermes_compiler(app, "android") == folder.resolve() / SYSTEM / "hermesc"


@pytest.mark.parametrize(
    "script",
    [
        'react {\n hermesCommand = "$rootDir/my/%OS-BIN%/hermesc"\n}',
        'project.ext.react = [hermesCommand: "../my/%OS-BIN%/hermesc"]',
    ],
)
def test_compiler_of_build_script(project, root, script):
    """A compiler that the build script names goes before all others."""
    app = project(
        files={"android/settings.gradle": "", "android/app/build.gradle": script, f"android/my/{SYSTEM}/hermesc": ""}
    )
    found = find_hermes_compiler(app, "android", gradle_script=find_gradle_script(root))
    assert found == root / f"android/my/{SYSTEM}/hermesc"


def test_no_compiler(project):
    """Without a compiler, the error names each place looked at and the way out."""
    with pytest.raises(ProjectError) as raised:
        find_hermes_compiler(project(), "android")
    for said in ("sdks/hermesc", "hermes-compiler", "--no-use-hermes"):
        assert said in raised.value.message


def test_failing_compiler(project, root):
    """When the compiler fails, its command and exit code are told, and the bundle stays as it was."""
    app = project()
    compiler = install_tool(root, "hermesc", "import sys; open(sys.argv[4], 'w').write('half'); sys.exit(3)")
    bundle = root / "out/index.android.bundle"
    write_files(root, {"out/index.android.bundle": "script"})
    with pytest.raises(ProjectError, match=r"exit code 3: .*hermesc -w -emit-binary -out .*\.hbc .* -O") as raised:
        compile_bundle(app, compiler, bundle, extra_flags=["-O"])
    assert str(bundle) in raised.value.message
    assert [file.name for file in (root / "out").iterdir()] == ["index.android.bundle"]
    assert bundle.read_text() == "script"

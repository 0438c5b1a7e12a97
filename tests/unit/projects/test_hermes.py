"""Hermes: whether an app uses it, and where its compiler is."""

import sys
from pathlib import Path

import pytest

from codepush.errors import ProjectError
from codepush.projects.gradle import find_gradle_script
from codepush.projects.hermes import compile_bundle, find_hermes_compiler, uses_hermes
from codepush.projects.react_native import ReactNativeProject
from support.projects import install_package, install_tool, put_on_path, write_files

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


NODE_PRINT = 'new File(["node", "--print", "require.resolve(\'react-native/package.json\')"].execute(null, rootDir)'
EXPO_COMMAND = f'{NODE_PRINT}.text.trim()).getParentFile().getAbsolutePath() + "/my/%OS-BIN%/hermesc"'


@pytest.mark.parametrize(
    ("version", "script", "place"),
    [
        ("0.80.3", 'react {\n hermesCommand = "$rootDir/my/%OS-BIN%/hermesc"\n}', "android"),
        ("0.80.3", 'react {\n hermesCommand = "my/%OS-BIN%/hermesc"\n}', "."),
        ("0.71.0", 'react {\n hermesCommand.set("./my/%OS-BIN%/hermesc")\n}', "."),
        ("0.80.3", 'react {\n root = file("..")\n hermesCommand = "my/%OS-BIN%/hermesc"\n}', "android"),
        ("0.80.3", 'def c = "my/%OS-BIN%/hermesc"\nreact {\n hermesCommand = c\n}', "."),
        ("0.80.3", f"react {{\n hermesCommand = {EXPO_COMMAND}\n}}", "node_modules/react-native"),
        ("0.70.0", 'project.ext.react = [hermesCommand: "../my/%OS-BIN%/hermesc"]', "android"),
        ("0.68.0", 'project.ext.react = [\n hermesCommand: "my/%OS-BIN%/hermesc",\n]', "android/app"),
        ("0.80.3", 'project.ext.react = [hermesCommand: "my/%OS-BIN%/hermesc"]', "."),
    ],
)
def test_compiler_of_build_script(project, root, version, script, place):
    """A compiler that the build script names goes before all others, from the folder that React Native counts from."""
    app = project(version, {"android/settings.gradle": "", SCRIPT: script})
    write_files(app.react_native, {f"sdks/hermesc/{SYSTEM}/hermesc": ""})
    with pytest.raises(ProjectError, match=r'hermesCommand in "android/app/build.gradle" names .*which is not there'):
        find_hermes_compiler(app, "android", gradle_script=find_gradle_script(root))
    write_files(root, {f"{place}/my/{SYSTEM}/hermesc": ""})
    found = find_hermes_compiler(app, "android", gradle_script=find_gradle_script(root))
    assert found.resolve() == (root / f"{place}/my/{SYSTEM}/hermesc").resolve()


@pytest.mark.parametrize(
    "script",
    [
        "react {\n hermesCommand = computed()\n}",
        'react {\n if (x) {\n hermesCommand = "a/hermesc"\n }\n}',
        "project.ext.react = [hermesCommand: x ? 'a' : 'b']",
        'react { root = computed(); hermesCommand = "a/hermesc" }',
    ],
)
def test_compiler_that_cannot_be_followed(project, root, script):
    """A compiler that is named in a way that only Gradle can follow is an error; no other one takes its place."""
    app = project(files={"android/settings.gradle": "", SCRIPT: script})
    write_files(app.react_native, {f"sdks/hermesc/{SYSTEM}/hermesc": ""})
    with pytest.raises(ProjectError, match=r'hermesCommand in "android/app/build.gradle", line \d.*--no-use-hermes'):
        find_hermes_compiler(app, "android", gradle_script=find_gradle_script(root))


def test_compiler_on_the_path(project, root, monkeypatch):
    """A command without a folder is looked for on the path, as Gradle does."""
    app = project(files={"android/settings.gradle": "", SCRIPT: 'react { hermesCommand = "myhermesc" }'})
    with pytest.raises(ProjectError, match="myhermesc"):
        find_hermes_compiler(app, "android", gradle_script=find_gradle_script(root))
    tool = install_tool(root / "bin", "myhermesc", "")
    put_on_path(monkeypatch, root / "bin")
    assert find_hermes_compiler(app, "android", gradle_script=find_gradle_script(root)) == tool


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ("ios", "HERMES_CLI_PATH"),
        ("ios", "REACT_NATIVE_OVERRIDE_HERMES_DIR"),
        ("android", "REACT_NATIVE_OVERRIDE_HERMES_DIR"),
    ],
)
def test_compiler_of_environment(project, root, monkeypatch, platform, name):
    """A compiler that the environment names must be there."""
    app = project()
    write_files(app.react_native, {f"sdks/hermesc/{SYSTEM}/hermesc": ""})
    monkeypatch.setenv(name, str(root / "mine"))
    with pytest.raises(ProjectError, match=f"{name} names the compiler"):
        find_hermes_compiler(app, platform)


def test_compiler_of_pnpm(root, monkeypatch):
    """In pnpm's store the compiler lies beside React Native, where Node finds it from there."""
    app = root / "app"
    write_files(app, {"package.json": {"name": "app", "dependencies": {"react-native": "0.83.0"}}})
    store = root / "store/react-native@0.83.0"
    react_native = install_package(store, "react-native", "0.83.0")
    compiler = install_package(store, "hermes-compiler", files={f"hermesc/{SYSTEM}/hermesc": ""})
    (app / "node_modules").mkdir()
    (app / "node_modules/react-native").symlink_to(react_native)
    monkeypatch.chdir(app)
    found = find_hermes_compiler(ReactNativeProject.open(app), "android")
    assert found == compiler.resolve() / f"hermesc/{SYSTEM}/hermesc"


@pytest.mark.parametrize(
    "script",
    [
        "project.ext.react = [enableHermes: computed()]",
        "project.ext.react = [enableHermes: project.hasProperty('jsc') ? false : true]",
        "project.ext.react = [enableHermesForVariant: { v -> v.name == 'release' }]",
        "if (x) { ext.hermesEnabled = false }",
        "ext.react = options()",
    ],
)
def test_engine_that_cannot_be_followed_on_android(project, root, script):
    """An engine that only Gradle can work out is an error that names the options; the default does not hold then."""
    app = project(files={"android/settings.gradle": "", SCRIPT: script})
    with pytest.raises(ProjectError, match=r'"android/app/build.gradle".*--use-hermes or --no-use-hermes'):
        uses_hermes(app, "android", gradle_script=find_gradle_script(root))


@pytest.mark.parametrize(
    ("value", "answer"), [("", False), ("expo.jsEngine=hermes", True), ("expo.jsEngine=jsc", False)]
)
def test_engine_of_older_expo(project, root, value, answer):
    """The expression that Expo's older templates have for the engine is followed."""
    script = 'project.ext.react = [enableHermes: (findProperty("expo.jsEngine") ?: "jsc") == "hermes"]'
    app = project("0.69.0", {"android/settings.gradle": "", PROPERTIES: value, SCRIPT: script})
    assert uses_hermes(app, "android", gradle_script=find_gradle_script(root)).is_used is answer


def test_engine_by_environment(project, root, monkeypatch):
    """A property of the environment goes before the file, and is named as the reason."""
    app = project(files={"android/settings.gradle": "", SCRIPT: "", PROPERTIES: "hermesEnabled=true"})
    monkeypatch.setenv("ORG_GRADLE_PROJECT_hermesEnabled", "false")
    told = uses_hermes(app, "android", gradle_script=find_gradle_script(root))
    assert (told.is_used, told.reason) == (False, "hermesEnabled=false in ORG_GRADLE_PROJECT_hermesEnabled")


@pytest.mark.parametrize(
    "podfile",
    [
        "use_react_native!(:hermes_enabled => computed?)",
        "a!(:hermes_enabled => true)\nb!(:hermes_enabled => false)",
        "ENV['USE_HERMES'] = value",
        "ENV['USE_HERMES'] = '1'\nENV['USE_HERMES'] = '0'",
    ],
)
def test_engine_that_cannot_be_followed_on_ios(project, root, podfile):
    """An engine that only CocoaPods can work out is that of the installed pods, or else an error."""
    app = project(files={"ios/Podfile": podfile})
    with pytest.raises(ProjectError, match=r'"ios/Podfile", line 1.*--use-hermes or --no-use-hermes'):
        uses_hermes(app, "ios")
    write_files(root, {"ios/Podfile.lock": "PODS:\n  - React-jsc (0.80.3)\n"})
    assert not uses_hermes(app, "ios").is_used


@pytest.mark.parametrize(("sign", "answer"), [("=", True), ("||=", False)])
def test_environment_and_podfile(project, monkeypatch, sign, answer):
    """The environment goes before a Podfile's value that is only a default."""
    monkeypatch.setenv("USE_HERMES", "0")
    assert uses_hermes(project(files={"ios/Podfile": f"ENV['USE_HERMES'] {sign} '1'"}), "ios").is_used is answer


def test_engine_of_expo_podfile(project, root):
    """In Expo's Podfile no engine means Hermes, and the engine that is set counts."""
    line = "podfile_properties['expo.jsEngine']"
    app = project("0.69.0", {"ios/Podfile": f":hermes_enabled => {line} == nil || {line} == 'hermes',"})
    assert uses_hermes(app, "ios").is_used
    write_files(root, {"ios/Podfile.properties.json": {"expo.jsEngine": "jsc"}})
    assert not uses_hermes(app, "ios").is_used


def test_windows_line_ends_in_podfile(project, root):
    """Windows line ends and a byte order mark in a Podfile change nothing."""
    app = project(files={"ios/Podfile": ""})
    (root / "ios/Podfile").write_bytes(b"\xef\xbb\xbfa!(:hermes_enabled => false)\r\n# :hermes_enabled => true\r\n")
    assert not uses_hermes(app, "ios").is_used


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

"""React Native projects: what is where, also in monorepos."""

import shutil
from pathlib import Path

import pytest

from codepush.errors import ProjectError
from codepush.projects.bundler import BundleOptions, bundle_command
from codepush.projects.bundler_choice import bundles_with_expo
from codepush.projects.expo import uses_expo
from codepush.projects.node import find_package
from codepush.projects.react_native import NEWEST, ReactNativeProject
from codepush.projects.react_native_update import ReactNativeOptions, ReactNativeUpdate
from support.projects import install_package, write_files

NODE = shutil.which("node")
TEMPLATE = Path(__file__).parents[2] / "data/projects/template.pbxproj"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, 'There is no "package.json"'),
        ({"package.json": "{"}, "not valid JSON"),
        ({"package.json": "[]"}, "has no name"),
        ({"package.json": {"name": "a", "dependencies": {"react": "1"}}}, "does not depend on react-native"),
    ],
)
def test_no_project(root, files, said):
    """What is no React Native app is said to be none, with the reason."""
    write_files(root, files)
    with pytest.raises(ProjectError, match=said):
        ReactNativeProject.open(root)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["index.js"], "index.js"),
        (["index.js", "index.android.js"], "index.android.js"),
        (["index.ios.js", "index.tsx"], "index.tsx"),
        (["index.android.tsx", "index.js"], "index.android.tsx"),
    ],
)
def test_entry_file(project, root, names, found):
    """The platform's own entry file goes before the common one; TypeScript's are found too."""
    app = project()
    (root / "index.js").unlink()
    write_files(root, dict.fromkeys(names, ""))
    assert app.entry_file("android") == found


def test_entry_file_given(project, root):
    """An entry file that was named must be there."""
    app = project(files={"src/main.js": ""})
    assert app.entry_file("ios", "src/main.js") == "src/main.js"
    with pytest.raises(ProjectError, match=r'no entry file "nothing.js".*--entry-file'):
        app.entry_file("ios", "nothing.js")
    (root / "index.js").unlink()
    with pytest.raises(ProjectError, match=r"looked for index.ios.js, .*index.js"):
        app.entry_file("ios")


@pytest.mark.parametrize(
    ("text", "version"), [("0.80.3", (0, 80)), ("1.2.0-rc.1", (1, 2)), ("0.0.0-nightly", NEWEST), ("x", NEWEST)]
)
def test_version(project, text, version):
    """React Native's version is that of the installed package; builds of one's own count as newest."""
    assert project(text).version == version


def test_monorepo(root, monkeypatch):
    """A package hoisted to the monorepo's folder, or behind a link, is found as Node finds it."""
    app = root / "apps/mobile"
    write_files(app, {"package.json": {"name": "mobile", "dependencies": {"react-native": "*"}}})
    hoisted = install_package(root, "react-native", "0.80.3", {"cli.js": ""})
    monkeypatch.chdir(app)
    found = ReactNativeProject.open(app)
    assert found.react_native == hoisted.resolve()
    store = install_package(root / "store", "react-native", "0.81.0", {"cli.js": ""})
    install_package(root / "store", "beside")
    (app / "node_modules").mkdir()
    (app / "node_modules/react-native").symlink_to(store)
    found = ReactNativeProject.open(app)
    assert found.version == (0, 81)
    assert find_package("beside", found.react_native) is not None


def test_not_installed(project, root):
    """Without its packages the project cannot be bundled, and the person is told what to do."""
    app = project()
    shutil.rmtree(root / "node_modules")
    with pytest.raises(ProjectError, match=r"react-native is not installed.*npm ci"):
        _ = app.react_native


@pytest.mark.parametrize(
    ("dependencies", "answer"),
    [({}, False), ({"expo": "56"}, True), ({"expo": "56", "@react-native-community/cli": "20"}, False)],
)
def test_uses_expo(project, dependencies, answer):
    """Without build files, Expo bundles the apps that depend on it and have no other command line."""
    assert uses_expo(project(**dependencies)) is answer


APPLY = 'apply from: "../../node_modules/react-native/react.gradle"'
EMBED = 'react {\n bundleCommand = "export:embed"\n}'


@pytest.mark.parametrize(
    ("script", "is_expo"),
    [
        (APPLY, False),
        ("react { }", False),
        ('react {\n bundleCommand = "bundle"\n}', False),
        (EMBED, True),
        ('react { bundleCommand.set("export:embed") }', True),
        ("project.ext.react = [bundleCommand: 'export:embed']", True),
        ('react {\n bundleCommand = "webpack-bundle"\n}', None),
        ("react {\n bundleCommand = computed()\n}", None),
        ('react { if (x) { bundleCommand = "export:embed" } }', None),
    ],
)
@pytest.mark.parametrize("dependencies", [{}, {"expo": "56"}, {"expo": "56", "@react-native-community/cli": "20"}])
def test_bundler_of_android(project, root, script, is_expo, dependencies):
    """What the Gradle files say decides who bundles, whatever the app depends on."""
    app = project("0.68.7", {"android/settings.gradle": "", "android/app/build.gradle": script}, **dependencies)
    gradle_script = root / "android/app/build.gradle"
    if is_expo is None:
        with pytest.raises(ProjectError, match=r'the bundler in "android/app/build.gradle".*--bundler react-native'):
            bundles_with_expo(app, "android", gradle_script=gradle_script)
    else:
        assert bundles_with_expo(app, "android", gradle_script=gradle_script) is is_expo


@pytest.mark.parametrize(
    ("lines", "environment", "is_expo"),
    [
        ("", None, False),
        ('export BUNDLE_COMMAND=\\"export:embed\\"\\n', None, True),
        ("export BUNDLE_COMMAND=export:embed\\n", None, True),
        ("", "export BUNDLE_COMMAND=export:embed", True),
        ("export BUNDLE_COMMAND=webpack-bundle\\n", None, None),
        ("export BUNDLE_COMMAND=$MINE\\n", None, None),
        ("export BUNDLE_COMMAND=export:embed\\n", "export BUNDLE_COMMAND=bundle", None),
    ],
)
def test_bundler_of_ios(project, root, lines, environment, is_expo):
    """The script phase of the Xcode project decides who bundles, with the files of variables that it reads."""
    text = TEMPLATE.read_text(encoding="utf-8").replace("set -e\\n", lines, 1)
    path = root / "ios/HelloWorld.xcodeproj/project.pbxproj"
    app = project(files={"ios/HelloWorld.xcodeproj/project.pbxproj": text}, expo="56")
    if environment is not None:
        write_files(root, {"ios/.xcode.env": environment})
    if is_expo is None:
        with pytest.raises(ProjectError, match=r"the bundler in .*project.pbxproj.*--bundler react-native"):
            bundles_with_expo(app, "ios", xcode_project=path)
    else:
        assert bundles_with_expo(app, "ios", xcode_project=path) is is_expo


def test_bundler_without_native_projects(project, root):
    """Where Expo writes the native projects itself, it bundles; a native folder that says nothing is React Native's."""
    app = project(expo="56")
    assert bundles_with_expo(app, "ios")
    (root / "ios").mkdir()
    assert not bundles_with_expo(app, "ios")


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("", "index.js"),
        ('react { entryFile = file("../../src/main.js") }', "src/main.js"),
        ("project.ext.react = [entryFile: 'src/main.js']", "src/main.js"),
        ("react { entryFile = computed() }", None),
        ('react { entryFile = file("../../nothing.js") }', None),
    ],
)
def test_entry_file_of_build(project, script, found):
    """The entry file that the Gradle script names is bundled, and is an error where it cannot be followed."""
    files = {"android/settings.gradle": "", "android/app/build.gradle": script, "src/main.js": ""}
    update = ReactNativeUpdate(project(files=files), ReactNativeOptions(platform="android"), print)
    if found is None:
        with pytest.raises(ProjectError, match="--entry-file"):
            update._entry_file()
    else:
        assert update._entry_file() == found


def test_workspace_root(root):
    """In a workspace's root the error sends to the app's own folder."""
    write_files(root, {"package.json": {"name": "all", "workspaces": ["apps/*"]}, "apps/mobile/index.js": ""})
    with pytest.raises(ProjectError, match="in the folder of the app itself"):
        ReactNativeProject.open(root)


def test_byte_order_mark_in_package(root):
    """A byte order mark and Windows line ends in package.json change nothing."""
    text = '{\r\n"name": "a", "dependencies": {"react-native": "1"}}\r\n'
    (root / "package.json").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert ReactNativeProject.open(root).name == "a"


def options(root, **changed):
    return BundleOptions(platform="android", entry_file="index.js", bundle=root / "out/b.js", **changed)


def test_bundle_command(project, root, monkeypatch):
    """React Native's own command line is run by Node, with every option as an argument of its own."""
    app = project()
    monkeypatch.setenv("CODE_PUSH_NODE_ARGS", "--max-old-space-size=8192 --title='a b'")
    command = bundle_command(
        app, options(root, source_map=root / "b.map", config="metro two.js", extra=["--reset-cache"])
    )
    assert command == [
        NODE, "--max-old-space-size=8192", "--title=a b", str(app.react_native / "cli.js"), "bundle",
        "--platform", "android", "--dev", "false", "--entry-file", "index.js",
        "--bundle-output", str(root / "out/b.js"), "--assets-dest", str(root / "out"),
        "--sourcemap-output", str(root / "b.map"), "--config", "metro two.js", "--reset-cache",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "is_there"),
    [
        ({"is_for_hermes": True}, True),
        ({}, False),
        ({"is_for_hermes": True, "is_development": True}, False),
        ({"is_for_hermes": True, "extra": ["--minify=true"]}, False),
    ],
)
def test_minify(project, root, changed, is_there):
    """What Hermes compiles is not minified, as in the builds for stores, unless the person says so."""
    command = bundle_command(project(), options(root, **changed))
    assert (command[-2:] == ["--minify", "false"]) is is_there


def test_old_command_line(project, root):
    """React Native's command line of old is used where it is there."""
    app = project(files={"node_modules/react-native/local-cli/cli.js": ""})
    assert "local-cli" in bundle_command(app, options(root))[1]


def test_expo_command(project, root):
    """Expo's own command line embeds the bundle."""
    app = project(expo="56")
    install_package(root, "expo", "56.0.0", {"bin/cli": ""})
    command = bundle_command(app, options(root, with_expo=True))
    assert command[1:5] == [
        str((root / "node_modules/expo/bin/cli").resolve()),
        "export:embed",
        "--platform",
        "android",
    ]

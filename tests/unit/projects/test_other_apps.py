"""Windows, Cordova, Electron and Expo apps, as far as it shows without their tools."""

import shutil

import pytest

from codepush.errors import ProjectError
from codepush.projects.cordova import CordovaProject
from codepush.projects.electron import ElectronOptions, ElectronProject
from codepush.projects.expo import ExpoApp
from codepush.projects.tools import output_of, run
from codepush.projects.windows import appx_version
from support.projects import install_package, install_tool, put_on_path, write_files

MANIFEST = '<Package xmlns="http://schemas.microsoft.com/x"><Identity Name="a" Version="{}" /></Package>'


@pytest.mark.parametrize("place", ["windows/hello", "windows/HelloApp"])
def test_windows(root, place):
    """The first three numbers of the manifest's identity are the version."""
    write_files(root, {f"{place}/Package.appxmanifest": MANIFEST.format("1.2.3.0")})
    assert appx_version(root, "hello").value == "1.2.3"


@pytest.mark.parametrize(
    "text", [MANIFEST.format("x"), "<Package>", "<Package/>", '<!DOCTYPE a [<!ENTITY b "c">]><a/>', None]
)
def test_windows_unusable(root, text):
    """A manifest that is missing, broken or says nothing is an error that names it."""
    if text is not None:
        write_files(root, {"windows/hello/Package.appxmanifest": text})
    with pytest.raises(ProjectError, match=r"Package\.appxmanifest"):
        appx_version(root, "hello")


CONFIG = '<?xml version="1.0"?><widget id="a" version="1.2.3" xmlns="http://www.w3.org/ns/widgets"></widget>'


def test_cordova(root):
    """The project's own Cordova goes before others; it is given arguments, never a shell's line."""
    write_files(root, {"config.xml": CONFIG, "platforms/ios/www/index.html": ""})
    tool = install_tool(root / "node_modules/.bin", "cordova", "")
    project = CordovaProject.open(root)
    assert project.version().value == "1.2.3"
    assert project.content("ios") == root / "platforms/ios/www"
    assert project.command("ios") == [str(tool), "prepare", "ios", "--verbose"]
    assert project.command("ios", build=True) == [str(tool), "build", "ios", "--verbose"]
    assert project.command("ios", build=True, is_release_build=True)[1:3] == ["build", "--release"]
    with pytest.raises(ProjectError, match=r"assets/www.*cordova platform add android"):
        project.content("android")


def test_phonegap(root, monkeypatch):
    """PhoneGap does where there is no Cordova; without both the person is told what to install."""
    write_files(root, {"config.xml": CONFIG})
    monkeypatch.setenv("PATH", str(root / "bin"))
    with pytest.raises(ProjectError, match=r'"cordova" was not found. .*npm install'):
        CordovaProject.open(root).command("ios")
    tool = install_tool(root / "bin", "phonegap", "")
    assert CordovaProject.open(root).command("ios")[0] == str(tool)


@pytest.mark.parametrize(
    "text", ["<widget/>", "<widget", '<widget version="one"/>', '<!DOCTYPE a [<!ENTITY b "c">]><widget version="1"/>']
)
def test_cordova_unusable(root, text):
    """A configuration that is broken or says no version is an error that names it."""
    write_files(root, {"config.xml": text})
    with pytest.raises(ProjectError, match=r"config\.xml"):
        CordovaProject.open(root).version()


def test_no_cordova(root):
    """Outside a Cordova app the person is told so."""
    with pytest.raises(ProjectError, match=r"no \"config.xml\""):
        CordovaProject.open(root)


@pytest.fixture
def electron(root):
    write_files(root, {"package.json": {"name": "a", "version": "1.2.3", "devDependencies": {"electron": "40"}}})
    install_package(root, "webpack", files={"bin/webpack.js": ""})
    install_package(root, "webpack-cli")
    return ElectronProject.open(root)


def test_electron(electron, root):
    """Without a configuration the entry file is found, and webpack is told what it is for; it maps scripts only."""
    write_files(root, {"index.js": "", "index.electron.js": ""})
    assert electron.version().value == "1.2.3"
    assert electron.entry_file() == "index.electron.js"
    command = electron.command(ElectronOptions(bundle=root / "out/b.bundle", entry_file="index.js", extra=["--x"]))
    assert command[2:] == [
        "--mode", "production", "--target", "electron-renderer", "--entry-reset", "--entry", "./index.js",
        "--output-path", str(root / "out"), "--output-filename", "b.bundle.js", "--x",
    ]  # fmt: skip


def test_electron_configuration(electron, root):
    """A configuration says where to start, unless the person does."""
    write_files(root, {"webpack.config.js": "", "other.js": ""})
    assert electron.entry_file() is None
    assert electron.entry_file("other.js") == "other.js"
    assert electron.command(ElectronOptions(bundle=root / "b.js"))[4:6] == ["--config", str(root / "webpack.config.js")]
    with pytest.raises(ProjectError, match="--config"):
        electron.entry_file(config="nothing.js")


@pytest.mark.parametrize("name", ["webpack.config.ts", "webpack.config.cjs", "webpack.config.mjs"])
def test_electron_configuration_by_other_names(electron, root, name):
    """webpack's other names for its configuration are found as well as the usual one."""
    write_files(root, {name: "", "index.js": ""})
    assert electron.entry_file() is None
    assert str(root / name) in electron.command(ElectronOptions(bundle=root / "b.js"))


@pytest.mark.parametrize("version", ["2.01", "", "v1", "1.2.3.4"])
def test_version_that_servers_refuse(root, version):
    """A version that no server accepts is refused when the project is read."""
    package = {"name": "a", "version": version, "devDependencies": {"electron": "40"}}
    write_files(root, {"config.xml": f'<widget version="{version}"/>', "package.json": package})
    for project in (CordovaProject.open(root), ElectronProject.open(root)):
        with pytest.raises(ProjectError, match="--target-binary-version"):
            project.version()


def test_electron_without_webpack(electron, root):
    """Without webpack in the project the person is told how to install it."""
    shutil.rmtree(root / "node_modules/webpack-cli")
    with pytest.raises(ProjectError, match="npm install --save-dev webpack webpack-cli"):
        electron.command(ElectronOptions(bundle=root / "b.js"))


EXPO = """
import json, sys
print("Loading the configuration")
print(json.dumps({"version": "1.0.0", "jsEngine": "hermes", "ios": {"version": "2.0.0", "jsEngine": "jsc"}}))
"""


def test_expo_configuration(project, root, monkeypatch):
    """Where Expo writes the native projects itself, version and engine come from the configuration it works out."""
    app = ExpoApp(project(expo="56"))
    install_package(root, "expo", files={"bin/cli": EXPO})
    install_tool(root / "bin", "node", "import runpy, sys; sys.argv.pop(0); runpy.run_path(sys.argv[0])")
    put_on_path(monkeypatch, root / "bin")
    assert (app.version("android").value, app.engine("android")) == ("1.0.0", "hermes")
    assert (app.version("ios").value, app.engine("ios")) == ("2.0.0", "jsc")


def test_unknown_engine_of_expo(project, root, monkeypatch):
    """An engine that is not known is an error with the options to choose one."""
    app = ExpoApp(project(expo="56"))
    install_package(root, "expo", files={"bin/cli": EXPO.replace('"jsc"', '"v8"')})
    install_tool(root / "bin", "node", "import runpy, sys; sys.argv.pop(0); runpy.run_path(sys.argv[0])")
    put_on_path(monkeypatch, root / "bin")
    with pytest.raises(ProjectError, match="--use-hermes"):
        app.engine("ios")


def test_expo_entry_file(project, root):
    """Expo's own script says where to start; without it the usual names are looked for."""
    app = ExpoApp(project(expo="56"))
    folder = install_package(root, "expo", files={"bin/cli": ""})
    assert app.entry_file("ios") == "index.js"
    script = "console.log('noise'); console.log(require('path').join(process.argv[1], 'src', process.argv[2] + '.js'))"
    write_files(folder, {"scripts/resolveAppEntry.js": script})
    assert app.entry_file("ios") == "src/ios.js"


def test_output_of_tools(root, capfd):
    """What a tool says goes to standard error, so that standard output holds results only."""
    tool = install_tool(root, "tool", "import os, sys; print('out', os.environ['X']); print('err', file=sys.stderr)")
    run([str(tool)], root, environment={"X": "1"})
    said = capfd.readouterr()
    assert said.out == ""
    assert "out 1" in said.err
    assert "err" in said.err


def test_failing_tools(root):
    """A tool that fails, is stopped or is not there is told with its command and how it ended."""
    with pytest.raises(ProjectError, match=r"exit code 4: .*/tool 'a b'"):
        run([str(install_tool(root, "tool", "raise SystemExit(4)")), "a b"], root)
    with pytest.raises(ProjectError, match="stopped by signal 9"):
        run([str(install_tool(root, "tool", "import os; os.kill(os.getpid(), 9)"))], root)
    with pytest.raises(ProjectError, match="cannot be run"):
        run([str(root / "nothing")], root)
    with pytest.raises(ProjectError, match=r"(?s)exit code 1: .*Output:\nwhy"):
        output_of([str(install_tool(root, "tool", "raise SystemExit('why')"))], root)

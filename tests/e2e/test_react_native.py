"""A real React Native app: released by the real command, changed, released again, and followed by phones.

The app is the community template. ``react_native/package.json`` names what bundling it needs, which is less than the
template's own (nothing to lint, test or run it), and the lock beside it says exactly which versions; the app's files
are taken out of the template's package.

All steps are one test, because the app takes long to install and tests of a module may run in different processes.
The compiler to bytecode that comes with React Native runs on macOS and on x86-64 Linux.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pytest

from codepush.packaging.local import prepare
from codepush.packaging.signing import read_public_key
from support.commands import CommandLine
from support.keys import make_key_pair
from support.npm import install_locked, needs_npm, run_tool, tool_path

PACKAGES = Path(__file__).with_name("react_native")
TEMPLATE_FILES = ["App.tsx", "index.js", "app.json", "babel.config.js", "metro.config.js", "tsconfig.json"]
LINE = '<NewAppScreen templateFileName="App.tsx" />'
CHANGED_TEXT = "the second edition"
HERMES_MAGIC = bytes.fromhex("c61fbc03c103191f")


class App:
    """A React Native app in a folder of its own, and somebody who releases it."""

    def __init__(self, folder, server):
        self.cli = CommandLine(
            folder,
            PATH=tool_path(),
            TMPDIR=str(folder / "tmp"),  # for Metro's cache, beside the source so that Metro does not watch it
            CODEPUSH_SERVER_URL=server.url,
            CODEPUSH_ACCESS_KEY=server.access_key,
        )
        self.cli.timeout = 600
        (folder / "tmp").mkdir()
        self.source = self.cli.folder

    def install(self):
        """Take the locked packages from npm, and the app's own files out of the template."""
        install_locked(PACKAGES, self.source)
        template = self.source / "node_modules/@react-native-community/template/template"
        for name in TEMPLATE_FILES:
            shutil.copy(template / name, self.source)
        for name in ("android", "ios"):
            shutil.copytree(template / name, self.source / name)

    def change(self, name, old, new):
        """Change a line of a file, as a developer would."""
        file = self.source / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def release(self, platform, *options):
        """Release the app; return what the server has now, and the directory that was released."""
        output = self.source / "out" / platform
        released = self.cli.json("release-react", "App", platform, "-o", output, *options)
        with prepare(output / "CodePush") as local:
            assert released["packageHash"] == local.hash
        return released, output / "CodePush"

    def built_by_gradle_plugin(self):
        """Run the commands that React Native's Gradle plugin runs in a build for a store, and return the bytecode."""
        folder = self.source / "gradle"
        folder.mkdir()
        bundle, compiled = folder / "index.android.bundle", folder / "index.android.bundle.hbc"
        run_tool(
            *("node", "node_modules/react-native/cli.js", "bundle", "--platform", "android", "--dev", "false"),
            *("--entry-file", "index.js", "--bundle-output", str(bundle), "--assets-dest", str(folder / "res")),
            *(
                "--sourcemap-output",
                str(folder / "index.android.bundle.packager.map"),
                "--minify",
                "false",
                "--verbose",
            ),
            folder=self.source,
        )
        system = "osx-bin" if sys.platform == "darwin" else "linux64-bin"
        run_tool(
            *(f"node_modules/react-native/sdks/hermesc/{system}/hermesc", "-w", "-emit-binary"),
            *("-max-diagnostic-width=80", "-out", str(compiled), str(bundle), "-O", "-output-source-map"),
            folder=self.source,
        )
        return compiled.read_bytes()


def contents(folder):
    """All files of a folder: name and sha256, which read better than a megabyte of script when they differ."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".codepushrelease"]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def follow(phone):
    """Let a phone take what there is and start it; return the hash of what it runs, and the files it has."""
    phone.sync()
    running = phone.restart()
    return running.package_hash, contents(running.bundle.parent)


def sources(path):
    """The sources that a source map leads to."""
    return {Path(source).name for source in json.loads(path.read_text(encoding="utf-8"))["sources"]}


@pytest.fixture
def app(tmp_path, codepush_server):
    """Give the app, installed; what came from npm is removed afterwards, because pytest keeps old temporary folders."""
    app = App(tmp_path, codepush_server)
    app.install()
    yield app
    shutil.rmtree(app.source)


@needs_npm
@pytest.mark.timeout(900)
def test_react_native_app(app, codepush_server, codepush_device, tmp_path):
    """Phones end with what was released last, file for file: the app, a line changed, its bytecode, and on iOS."""
    private, public = make_key_pair(tmp_path)
    app.cli.text("app", "add", "App")
    with codepush_server.client() as code_push:
        key = code_push.get_deployment("App", "Staging").key
    phone = codepush_device(deployment_key=key, app_version="1.0.0")

    # plain JavaScript, because the person says so
    released, output = app.release("android", "--no-use-hermes")
    first = (output / "index.android.bundle").read_bytes()
    assert released["appVersion"] == "1.0"  # what the template's build.gradle says
    assert CHANGED_TEXT.encode() not in first
    assert any(name.endswith(".png") for name in contents(output))
    assert follow(phone) == (released["packageHash"], contents(output))

    # plain JavaScript, because the app is built so
    app.change("App.tsx", LINE, LINE.replace("App.tsx", CHANGED_TEXT))
    app.change("android/gradle.properties", "hermesEnabled=true", "hermesEnabled=false")
    app.change("android/app/build.gradle", 'versionName "1.0"', 'versionName "1.${1}.0"')
    released, output = app.release("android", "-s", "maps/android.map")
    assert released["appVersion"] == "1.1.0"
    assert CHANGED_TEXT.encode() in (output / "index.android.bundle").read_bytes()
    assert {"App.tsx", "index.js"} <= sources(app.source / "maps/android.map")
    app.cli.text("patch", "App", "Staging", "-t", "1.x")
    assert follow(phone) == (released["packageHash"], contents(output))

    # bytecode, byte for byte what goes into the binary, signed, with a source map that leads from it to the sources
    app.change("android/gradle.properties", "hermesEnabled=false", "hermesEnabled=true")
    released, output = app.release("android", "-k", private, "-t", "1.x", "--sourcemap-output-dir", "maps")
    assert (output / "index.android.bundle").read_bytes().startswith(HERMES_MAGIC)
    assert {"App.tsx", "index.js"} <= sources(app.source / "maps/index.android.bundle.map")
    assert (output / "index.android.bundle").read_bytes() == app.built_by_gradle_plugin()
    careful = codepush_device(deployment_key=key, app_version="1.0.0", public_key=read_public_key(public))
    for one in (phone, careful):
        assert follow(one) == (released["packageHash"], contents(output))

    # iOS, for the version that the Xcode project sets
    app.change("ios/HelloWorld.xcodeproj/project.pbxproj", "MARKETING_VERSION = 1.0;", "MARKETING_VERSION = 2.0.1;")
    released, output = app.release("ios")
    assert released["appVersion"] == "2.0.1"
    assert (output / "main.jsbundle").read_bytes().startswith(HERMES_MAGIC)
    iphone = codepush_device(deployment_key=key, app_version="2.0.1", bundle_name="main.jsbundle")
    assert follow(iphone) == (released["packageHash"], contents(output))
    assert [one["label"] for one in app.cli.json("deployment", "history", "App", "Staging")] == ["v1", "v2", "v3", "v4"]


@pytest.mark.parametrize("name", ["react_native", "cordova", "electron"])
def test_lock_names_no_address(name):
    """A lock says which packages by version and hash, and leaves it to npm where to get them."""
    lock = json.loads((PACKAGES.with_name(name) / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert [name for name, package in packages.items() if "resolved" in package or "integrity" not in package] == []

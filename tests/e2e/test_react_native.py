"""A real React Native app: built, released, changed, released again, and followed by a phone.

The app is the community template. ``react_native/package.json`` names what bundling it needs, which is less than the
template's own (nothing to lint, test or run it), and the lock beside it says exactly which versions; the app's files
are taken out of the template's package. Node comes from the environment that runs the tests, packages from npm's
registry, as configured on this machine. Nothing is written outside pytest's temporary folder but npm's own cache.

The lock holds hashes but no download addresses, so that any mirror will do. To make it anew, after a change of
``package.json``, in that folder::

    npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

All steps are one test, because the app takes long to install and tests of a module may run in different processes.
Without a network, ``CODEPUSH_TEST_OFFLINE=1`` skips it. The compiler to bytecode that comes with React Native runs on
macOS and on x86-64 Linux.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codepush.packaging.local import prepare

PACKAGES = Path(__file__).with_name("react_native")
TEMPLATE_FILES = ["App.tsx", "index.js", "app.json", "babel.config.js", "metro.config.js", "tsconfig.json"]
BUNDLE_NAME = "index.android.bundle"
LINE = '<NewAppScreen templateFileName="App.tsx" />'
CHANGED_TEXT = "the second edition"
HERMES_MAGIC = bytes.fromhex("c61fbc03c103191f")
OFFLINE = os.environ.get("CODEPUSH_TEST_OFFLINE") == "1"  # read here: each test finds the environment cleaned


class App:
    """A React Native app in a folder of its own."""

    def __init__(self, folder):
        self.source = folder / "app"
        self._temporary = folder / "tmp"  # for Metro's cache, beside the source so that Metro does not watch it
        self._temporary.mkdir()

    def install(self):
        """Take the locked packages from npm, and the app's own files out of the template."""
        shutil.copytree(PACKAGES, self.source, ignore=shutil.ignore_patterns("node_modules"))
        self._run("npm", "ci", "--include=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund")
        template = self.source / "node_modules/@react-native-community/template/template"
        for name in TEMPLATE_FILES:
            shutil.copy(template / name, self.source)

    def change(self):
        """Change a line of the app, as its developer would."""
        screen = self.source / "App.tsx"
        code = screen.read_text(encoding="utf-8")
        assert code.count(LINE) == 1
        screen.write_text(code.replace(LINE, LINE.replace("App.tsx", CHANGED_TEXT)), encoding="utf-8")

    def bundle(self, folder):
        """Bundle the app for Android, and return the directory to release."""
        output = folder / "CodePush"
        output.mkdir(parents=True)
        options = {"platform": "android", "dev": "false", "entry-file": "index.js"}
        options |= {"bundle-output": str(output / BUNDLE_NAME), "assets-dest": str(output)}
        self._run("npx", "--no", "react-native", "bundle", *(f"--{name}={value}" for name, value in options.items()))
        return output

    def compile(self, output, folder):
        """Compile a bundle to Hermes bytecode under the same name, and return a directory with it and the assets."""
        compiled = shutil.copytree(output, folder / "CodePush")
        system = "osx-bin" if sys.platform == "darwin" else "linux64-bin"
        compiler = self.source / "node_modules/react-native/sdks/hermesc" / system / "hermesc"
        self._run(str(compiler), "-w", "-emit-binary", "-out", str(compiled / BUNDLE_NAME), str(output / BUNDLE_NAME))
        return compiled

    def _run(self, *command):
        """Run a command in the app's folder; what it said is told when it fails."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            command,
            cwd=self.source,
            env={**os.environ, "PATH": path, "CI": "1", "TMPDIR": str(self._temporary)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\nexited with {done.returncode} and said:\n{done.stdout}"


def contents(folder):
    """All files of a folder: name and sha256, which read better than a megabyte of script when they differ."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def release(code_push, output):
    """Release a directory, see that the server agrees about its hash, and return that hash."""
    released = code_push.release("App", "Production", output, "1.0.0")
    with prepare(output) as local:
        assert released.package_hash == local.hash
    return released.package_hash


def follow(phone):
    """Let a phone take what there is and start it; return the hash of what it runs, and the files it has."""
    phone.sync()
    running = phone.restart()
    assert running.bundle.name == BUNDLE_NAME
    return running.package_hash, contents(running.bundle.parent)


@pytest.fixture
def app(tmp_path):
    """Give the app, installed; what came from npm is removed afterwards, because pytest keeps old temporary folders."""
    app = App(tmp_path)
    app.install()
    yield app
    shutil.rmtree(app.source)


@pytest.mark.skipif(OFFLINE, reason="CODEPUSH_TEST_OFFLINE=1: npm needs a network")
@pytest.mark.timeout(900)
def test_react_native_app(app, codepush_server, codepush_phone, tmp_path):
    """A phone ends with what was built last, file for file: the app, the app with a line changed, and its bytecode."""
    first = app.bundle(tmp_path / "first")
    app.change()
    second = app.bundle(tmp_path / "second")
    bytecode = app.compile(second, tmp_path / "bytecode")

    assert CHANGED_TEXT.encode() not in (first / BUNDLE_NAME).read_bytes()
    assert CHANGED_TEXT.encode() in (second / BUNDLE_NAME).read_bytes()
    assert (bytecode / BUNDLE_NAME).read_bytes().startswith(HERMES_MAGIC)
    assert any(name.endswith(".png") for name in contents(first))

    with codepush_server.client() as code_push:
        code_push.add_app("App", os="Android", platform="React-Native")
        key = code_push.get_deployment("App", "Production").key
        phone = codepush_phone(deployment_key=key, app_version="1.0.0")
        for output in (first, second, bytecode):
            package_hash = release(code_push, output)
            assert follow(phone) == (package_hash, contents(output))
        assert code_push.get_deployment_metrics("App", "Production")["v3"].active == 1


def test_lock_names_no_address():
    """The lock says which packages by version and hash, and leaves it to npm where to get them."""
    lock = json.loads((PACKAGES / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert [name for name, package in packages.items() if "resolved" in package or "integrity" not in package] == []

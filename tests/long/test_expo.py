"""A real Expo app: bundled by Expo's own command line, compiled by the Hermes of its React Native, taken by phones.

The app is Expo's bare template. ``expo/package.json`` names what bundling it needs, and the lock beside it says exactly
which versions; the app's files are taken out of the template's package.
"""

import json
import shutil
from pathlib import Path

import pytest

from support.commands import CommandLine
from support.npm import install_locked, needs_npm, tool_path

PACKAGES = Path(__file__).with_name("expo")
TEMPLATE_FILES = ["App.js", "index.js", "app.json", "metro.config.js"]
HERMES_MAGIC = bytes.fromhex("c61fbc03c103191f")


@pytest.fixture
def cli(tmp_path, codepush_server):
    """Give the command line of somebody in the folder of an Expo app; what npm brought is removed afterwards."""
    (tmp_path / "tmp").mkdir()
    cli = CommandLine(
        tmp_path,
        PATH=tool_path(),
        TMPDIR=str(tmp_path / "tmp"),
        EXPO_NO_TELEMETRY="1",
        CODEPUSH_SERVER_URL=codepush_server.url,
        CODEPUSH_ACCESS_KEY=codepush_server.access_key,
    )
    cli.timeout = 600
    install_locked(PACKAGES, cli.folder)
    template = cli.folder / "node_modules/expo-template-bare-minimum"
    for name in TEMPLATE_FILES:
        shutil.copy(template / name, cli.folder)
    for name in ("android", "ios"):
        shutil.copytree(template / name, cli.folder / name)
    yield cli
    shutil.rmtree(cli.folder)


def follow(codepush_server, codepush_device, app_version, bundle_name):
    """Return the bundle that a new phone ends with."""
    with codepush_server.client() as code_push:
        key = code_push.get_deployment("App", "Staging").key
    phone = codepush_device(deployment_key=key, app_version=app_version, bundle_name=bundle_name)
    phone.sync()
    return phone.restart().bundle.read_bytes()


@needs_npm
@pytest.mark.timeout(1800)
def test_expo_app(cli, codepush_server, codepush_device):
    """The app is released with and without its native projects, as bytecode and as script, and phones run it."""
    cli.text("app", "add", "App")

    released = cli.json("release-react", "App", "android", "-s", "maps/android.map")
    assert released["appVersion"] == "1.0"  # what build.gradle says
    assert follow(codepush_server, codepush_device, "1.0.0", "index.android.bundle").startswith(HERMES_MAGIC)
    sources = json.loads((cli.folder / "maps/android.map").read_text(encoding="utf-8"))["sources"]
    assert {"App.js", "index.js"} <= {Path(source).name for source in sources}

    released = cli.json("release-react", "App", "ios")
    assert released["appVersion"] == "1.0"  # what Info.plist says
    assert follow(codepush_server, codepush_device, "1.0.0", "main.jsbundle").startswith(HERMES_MAGIC)

    # without native projects, as where Expo makes them for each build
    shutil.rmtree(cli.folder / "android")
    configuration = json.loads((cli.folder / "app.json").read_text(encoding="utf-8"))
    configuration["expo"]["version"] = "2.3.4"
    (cli.folder / "app.json").write_text(json.dumps(configuration), encoding="utf-8")
    released = cli.json("release-react", "App", "android", "--no-use-hermes")
    assert released["appVersion"] == "2.3.4"
    script = follow(codepush_server, codepush_device, "2.3.4", "index.android.bundle")
    assert b"Open up App.js to start working on your app!" in script

"""A Cordova and an Electron app, released by the real command with their own real tools, and taken by a phone."""

import json
import shutil
from pathlib import Path

import pytest

from support.commands import CommandLine
from support.npm import install_locked, needs_npm, tool_path
from support.projects import write_files

HERE = Path(__file__).parent
CONFIG = """<?xml version="1.0" encoding="utf-8"?>
<widget id="com.example.hello" version="1.2.3" xmlns="http://www.w3.org/ns/widgets">
    <name>Hello</name>
    <content src="index.html" />
</widget>
"""


@pytest.fixture
def cli(tmp_path, codepush_server):
    """Give the command line of somebody with an app on the server; the packages from npm are removed afterwards."""
    cli = CommandLine(
        tmp_path,
        PATH=tool_path(),
        CODEPUSH_SERVER_URL=codepush_server.url,
        CODEPUSH_ACCESS_KEY=codepush_server.access_key,
    )
    cli.timeout = 300
    cli.text("app", "add", "App")
    yield cli
    shutil.rmtree(cli.folder)


def run(codepush_server, codepush_device, bundle_name, app_version="1.2.3"):
    """Return the bundle that a phone ends with, and the directory that it is in."""
    with codepush_server.client() as code_push:
        key = code_push.get_deployment("App", "Staging").key
    phone = codepush_device(deployment_key=key, app_version=app_version, bundle_name=bundle_name)
    phone.sync()
    bundle = phone.restart().bundle
    return bundle.read_text(), bundle.parent


@needs_npm
@pytest.mark.timeout(600)
def test_cordova_app(cli, codepush_server, codepush_device):
    """What Cordova prepares for Android reaches a phone in a folder www, for the version of config.xml."""
    write_files(cli.folder, {"config.xml": CONFIG, "www/index.html": "<p>Hello</p>"})
    install_locked(HERE / "cordova", cli.folder)
    told = cli.run("release-cordova", "App", "android", "--format", "json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["appVersion"] == "1.2.3"
    page, folder = run(codepush_server, codepush_device, "index.html")
    assert page == "<p>Hello</p>"
    assert folder.name == "www"
    assert (folder / "cordova.js").is_file()


@needs_npm
@pytest.mark.timeout(600)
def test_electron_app(cli, codepush_server, codepush_device):
    """What webpack bundles reaches the app, with and without a configuration; the source map stays here."""
    write_files(
        cli.folder,
        {"index.js": "console.log('first', require('fs').constants.F_OK)", "other.js": "console.log('second')"},
    )
    install_locked(HERE / "electron", cli.folder)
    package = json.loads((cli.folder / "package.json").read_text())
    package["devDependencies"]["electron"] = "*"  # bundling does not need it, being an Electron app does
    write_files(cli.folder, {"package.json": package})

    assert cli.json("release-electron", "App", "-s", "maps/app.map")["appVersion"] == "1.2.3"
    script, folder = run(codepush_server, codepush_device, "index.electron.bundle")
    assert "first" in script
    assert [path.name for path in folder.iterdir()] == ["index.electron.bundle"]
    assert "index.js" in str(json.loads((cli.folder / "maps/app.map").read_text())["sources"])

    write_files(
        cli.folder, {"webpack.config.js": "module.exports = {entry: './other.js', target: 'electron-renderer'}"}
    )
    cli.text("release-electron", "App", "-b", "app.js")
    assert "second" in run(codepush_server, codepush_device, "app.js")[0]
    cli.text("release-electron", "App", "-b", "app.js", "-e", "index.js", "--development")
    script, _ = run(codepush_server, codepush_device, "app.js")
    assert "first" in script
    assert "second" not in script

    code, said = cli.fails("release-electron", "App", "--extra-bundler-option", "--nonsense")
    assert code == 12
    assert "--nonsense" in said

"""``codepush release-cordova``, ``release-electron`` and ``debug``, with stand-ins for the tools."""

import os
import re
import signal
import subprocess

import pytest

from support.commands import COMMAND, CommandLine
from support.projects import install_tool, install_webpack, make_cordova, write_files

ADB = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
if sys.argv[1] == "devices":
    print("List of devices attached\\nR5\\tdevice")
else:
    print("I/a: [CodePush] Checking for update.", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def cli(codepush_server, tmp_path):
    """Give the command line of somebody with an app for iOS on the server."""
    cli = CommandLine(tmp_path, CODEPUSH_SERVER_URL=codepush_server.url, CODEPUSH_ACCESS_KEY=codepush_server.access_key)
    cli.text("app", "add", "App", "ios", "cordova")
    return cli


@pytest.fixture
def cordova(cli):
    make_cordova(cli.folder, "ios")
    return cli


def test_cordova(cordova):
    """A Cordova app is prepared and released, for the platform it was added for and the version it tells."""
    told = cordova.run("release-cordova", "-a", "App", "--format", "json")
    assert told.returncode == 0, told.stderr
    assert "cordova prepare ios --verbose" in told.stderr
    assert cordova.json("deployment", "history", "App", "Staging")[0]["appVersion"] == "1.2.3"
    assert cordova.json("release-cordova", "App", "ios", "-t", "2.x", "--dry-run")["release"]["label"] == "v2"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["App", "windows"], 2, 'Available options are "android", "ios"'),
        (["App", "ios", "-b", "-rb"], 12, "exit code 5: "),
        (["App", "android"], 12, "cordova platform add android"),
        (["Nothing", "ios"], 6, "does not exist"),
    ],
)
def test_cordova_mistakes(cordova, words, code, told):
    """What goes wrong is a sentence and an exit code, and releases nothing."""
    ended, said = cordova.fails("release-cordova", *words)
    assert (ended, told in said) == (code, True), said
    assert cordova.json("deployment", "history", "App", "Staging") == []


def test_electron(cli):
    """An Electron app is bundled and released, for the version of its package."""
    write_files(cli.folder, {"package.json": {"version": "1.2.3", "dependencies": {"electron": "40"}}, "index.js": "a"})
    code, said = cli.fails("release-electron", "App")
    assert code == 12
    assert "npm install --save-dev webpack webpack-cli" in said
    install_webpack(cli.folder)
    planned = cli.json("release-electron", "App", "--dry-run")
    released = cli.json("release-electron", "App", "--outputDir", "out")
    assert (released["appVersion"], released["packageHash"]) == ("1.2.3", planned["release"]["packageHash"])
    assert (cli.folder / "out/CodePush/index.electron.bundle").read_text() == "a"


def test_debug(cli, tmp_path):
    """What an app says about updates is shown line by line until Ctrl-C, which ends adb too."""
    install_tool(tmp_path / "bin", "adb", ADB)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    with subprocess.Popen(
        [COMMAND, "debug", "android"],
        env=cli.environment | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert re.fullmatch(r"\[\d\d:\d\d:\d\d\] Checking for update\.\n", process.stdout.readline())
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert "Traceback" not in said
    assert process.returncode == 0


def test_debug_mistakes(cli, tmp_path):
    """Without a device, or for another platform, the person is told so."""
    install_tool(tmp_path / "bin", "adb", "print('List of devices attached')")
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    assert "No Android device is ready" in cli.fails("debug", "android", PATH=path)[1]
    assert 'Available options are "android", "ios"' in cli.fails("debug", "windows")[1]

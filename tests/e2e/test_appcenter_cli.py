"""npm ``appcenter-cli@3.0.4``, App Center's command line, unmodified, through what it does for CodePush.

It speaks nothing but HTTPS, so a front with a certificate of its own stands before the server, as a proxy does.

The packages are locked in ``appcenter_cli``, with hashes and without download addresses. To lock them anew, in that
folder: ``npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund``.
"""

import json
import random
import re
import shutil
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from codepush.device import SimulatedDevice, connection
from codepush.packaging.local import prepare
from codepush.testing import live_server
from support.blocks import blocks_of
from support.packages import make_bundle
from support.processes import NPM_CI, OFFLINE, full, run
from support.tls import make_certificate, tls_front

SOURCE = Path(__file__).with_name("appcenter_cli")
PAGE = Path(__file__).parents[2] / "docs/appcenter.md"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
FAILED, MISUSED = 3, 4
"""Exit codes of the command line."""

pytestmark = [
    pytest.mark.skipif(OFFLINE, reason="CODEPUSH_TEST_OFFLINE=1: npm's registry is not to be asked"),
    pytest.mark.timeout(900),
]


class CommandLine:
    """The command line, as a script uses it: told where to go by its environment, and without a terminal."""

    def __init__(self, folder, server, certificate):
        self._program = folder / "node_modules/appcenter-cli/bin/appcenter.js"
        self._environment = {
            "APPCENTER_ENV": "local",
            "APPCENTER_ENDPOINT": server.settings.public_url,
            "APPCENTER_ACCESS_TOKEN": server.access_key,
            "NODE_EXTRA_CA_CERTS": str(certificate),
            "HOME": str(folder),
        }

    def run(self, *command, code=0, token=None):
        """Run a command, check its exit code, and return what it said."""
        environment = self._environment | ({"APPCENTER_ACCESS_TOKEN": token} if token else {})
        done = subprocess.run(
            ["node", self._program, *map(str, command), "--disable-telemetry", "--quiet"],
            env=full(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        said = COLOURS.sub("", done.stdout + done.stderr)
        assert done.returncode == code, said
        return said

    def paste(self, block):
        """Run a shell block of the page, with the server and the token of this test."""
        for written, used in {
            "https://codepush.example.com": self._environment["APPCENTER_ENDPOINT"],
            "cpk_...": self._environment["APPCENTER_ACCESS_TOKEN"],
        }.items():
            block = block.replace(written, used)
        environment = full(self._environment)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            env=environment
            | {
                "CURL_CA_BUNDLE": self._environment["NODE_EXTRA_CA_CERTS"],
                "PATH": f"{self._program.parents[2] / '.bin'}:{environment['PATH']}",
                "TOKEN": self._environment["APPCENTER_ACCESS_TOKEN"],
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def codepush(self, *command, code=0):
        """Run one of the commands for CodePush on the app of this test."""
        return self.run("codepush", *command, "--app", "owner-example.test/App", code=code)

    def read(self, *command):
        """Return what a command tells in JSON."""
        return json.loads(self.codepush(*command, "--output", "json"))


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    """Make a certificate that phones of this test trust."""
    path = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    connection._trust.cache_clear()
    yield path
    connection._trust.cache_clear()


@pytest.fixture
def server(tmp_path, certificate):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with (
            live_server(tmp_path / "data", public_url=url) as server,
            tls_front(certificate, listener, urlsplit(server.url).port),
        ):
            yield server


@pytest.fixture
def command_line(tmp_path, server, certificate):
    folder = shutil.copytree(SOURCE, tmp_path / "cli", ignore=shutil.ignore_patterns("node_modules"))
    run(*NPM_CI, folder=folder)
    return CommandLine(folder, server, certificate)


@pytest.fixture
def bundles(tmp_path):
    bundles = [make_bundle(tmp_path / name, name, assets=["assets/logo.png"]) for name in ("one", "two", "three")]
    (bundles[-1] / "picture.bin").write_bytes(random.Random(0).randbytes(9_000_000))  # three chunks
    return bundles


def test_every_command(command_line, server, bundles, tmp_path):
    """Each does what it says and exits as it should, and a phone gets what was released in the end."""
    make_apps(command_line)
    make_tokens(command_line)
    make_deployments(command_line)
    make_releases(command_line, bundles)
    with server.client() as client:
        check_our_view(client, bundles)
        key = client.get_deployment("App", "Production").key
    url = server.settings.public_url
    phone = SimulatedDevice(tmp_path / "phone", server_url=url, deployment_key=key, app_version="1.0.0")
    phone.sync()
    assert phone.restart().label == "v1"
    clear(command_line)
    follow_the_page(command_line, server)


def make_apps(command_line):
    """Apps are made, listed and shown, one's own and an organization's."""
    app = ("-d", "App", "-o", "Android", "-p", "React-Native")
    assert re.search(r"Owner Name: +owner-example.test", command_line.run("apps", "create", *app))
    assert "already exists" in command_line.run("apps", "create", *app, code=MISUSED)
    assert "Successfully created organization fabrikam" in command_line.run(
        "orgs", "create", "-d", "Fabrikam", "-n", "fabrikam"
    )
    assert "Fabrikam" in command_line.run("orgs", "list")
    command_line.run("orgs", "apps", "create", "-n", "fabrikam", "-d", "Shared", "-o", "iOS", "-p", "React-Native")
    assert command_line.run("apps", "list").split() == ["fabrikam/Shared", "owner-example.test/App"]
    assert re.search(r"Platform: +React-Native", command_line.run("apps", "show", "-a", "owner-example.test/App"))


def make_tokens(command_line):
    """A token works while it is there, and is listed without its secret."""
    created = command_line.run("tokens", "create", "-d", "ci key")
    identifier, token = re.search(r"ID: +(\S+)", created)[1], re.search(r"API Token: +(\S+)", created)[1]
    assert "owner@example.test" in command_line.run("profile", "list", token=token)
    listed = command_line.run("tokens", "list")
    assert (identifier in listed, "ci key" in listed, token in listed) == (True, True, False)
    command_line.run("tokens", "delete", identifier)
    assert identifier not in command_line.run("tokens", "list")
    refused = command_line.run("apps", "list", token=token, code=FAILED)
    assert "owner-example.test" not in refused


def make_deployments(command_line):
    """Deployments are added, renamed, removed and listed; a name that is taken is a failure that says so."""
    for name in ("Staging", "Production", "Gone"):
        assert f"Deployment {name} has been created" in command_line.codepush("deployment", "add", name)
    assert "Gone already exists" in command_line.codepush("deployment", "add", "Gone", code=FAILED)
    command_line.codepush("deployment", "rename", "Gone", "Beta")
    command_line.codepush("deployment", "remove", "Beta")
    keys = command_line.codepush("deployment", "list", "--displayKeys")
    assert re.findall(r"(Production|Staging|Beta|Gone) +│ [\w-]{43} ", keys) == ["Production", "Staging"]
    assert "No updates released" in command_line.codepush("deployment", "list")


def make_releases(command_line, bundles):
    """Releases are made, in one chunk or in more, patched, promoted and rolled back; refusals say why."""
    one, two, three = bundles
    release = ("release", "-t", "1.0.0", "-d", "Staging", "-c")
    said = command_line.codepush(*release, one, "--description", "First", "--mandatory")
    assert f'Successfully released an update containing the "{one}" directory to the "Staging" deployment' in said
    assert "identical to the contents" in command_line.codepush(*release, one, code=FAILED)
    assert "[Warning]" in command_line.codepush(*release, one, "--disable-duplicate-release-error")
    command_line.codepush(*release, two, "--rollout", 25)
    assert "Successfully updated the v2" in command_line.codepush("patch", "Staging", "-r", 100, "-d", "Second")
    assert "completed rollout" in command_line.codepush("patch", "Staging", "-r", 100, code=FAILED)
    command_line.codepush(*release, three)
    nowhere = ("release", "-t", "1.0.0", "-d", "Nope", "-c", one)
    assert 'Deployment "Nope" does not exist.' in command_line.codepush(*nowhere, code=MISUSED)
    assert "Successfully promoted" in command_line.codepush("promote", "-s", "Staging", "-d", "Production")
    assert "Successfully performed a rollback" in command_line.codepush("rollback", "Staging")
    command_line.codepush("rollback", "Staging", "--target-release", "v1")
    rows = command_line.read("deployment", "history", "Staging")
    assert [row[0] for row in rows] == ["v1", "v2", "v3", "v4", "v5"]
    unknown = command_line.codepush("deployment", "history", "Nope", code=FAILED)
    assert "The deployment Nope does not exist." in unknown


def check_our_view(client, bundles):
    """What the command line released is what our own SDK finds."""
    hashes = []
    for bundle in bundles:
        with prepare(bundle) as package:
            hashes.append(package.hash)
    one, two, three = hashes
    history = client.get_deployment_history("App", "Staging")
    assert [(one.label, one.package_hash, one.release_method, one.description) for one in history] == [
        ("v1", one, "Upload", "First"),
        ("v2", two, "Upload", "Second"),
        ("v3", three, "Upload", None),
        ("v4", two, "Rollback", "Second"),
        ("v5", one, "Rollback", "First"),
    ]
    [promoted] = client.get_deployment_history("App", "Production")
    assert (promoted.package_hash, promoted.original_label) == (three, "v3")
    assert {app.name for app in client.get_apps()} == {"App", "Shared"}


def clear(command_line):
    """A phone's report is told, and a history can be cleared."""
    production = ("Production",)
    assert "Active: 100% (1 of 1)" in command_line.codepush("deployment", "list")
    command_line.codepush("deployment", "clear", *production)
    assert command_line.read("deployment", "history", *production) == []


def follow_the_page(command_line, server):
    """The page's commands work: those about organizations make the app that the others list."""
    for email in ("ada@example.com", "bob@example.com"):
        server.add_account(email)
    connect, organize = [one.text for one in blocks_of(PAGE.read_text(encoding="utf-8")) if one.is_shell]
    command_line.paste(organize)
    command_line.paste(connect)
    members = command_line.run("orgs", "collaborators", "list", "-n", "contoso")
    assert {"ada-example.com", "bob-example.com"} <= set(re.findall(r"[a-z]+-example\.com", members)), members

"""The code blocks of the documentation do what they show, against a real server.

Each page is one test. Its shell and Python blocks run in their order, in one folder: shell blocks keep variables and
the folder they change to, as a terminal does, and Python blocks share one namespace. A block that cannot run here has a
comment on the line before its fence, such as ``<!-- not run: needs a device -->``; `support.blocks.REASONS` lists the
reasons. README.md and docs/sdk.md have tests of their own.

What a page may rely on:

- ``CODEPUSH_SERVER_URL``, ``CODEPUSH_ACCESS_KEY`` and ``CODEPUSH_DATA`` of a server; ``http://127.0.0.1:3000`` and
  ``https://codepush.example.com`` stand for. A page with ``codepush server start`` sets up its own, without accounts;
- an app ``MyApp`` with a release in both deployments, unless the page creates it; ``DEPLOYMENT_KEY`` of its Staging;
- an account ``you@example.com``, unless the page creates it;
- the folders of a clone, the folder ``CodePush`` with an update, and ``my-app`` with a signing key and an app for React
  Native, Cordova and Electron, whose tools are stand-ins.
"""

import os
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from codepush import PackageInfo
from support.blocks import REASONS, blocks_of
from support.commands import CommandLine
from support.keys import make_key_pair
from support.npm import tool_path
from support.packages import make_bundle
from support.processes import free_port
from support.projects import install_tool, install_webpack, make_cordova, make_react_native

ROOT = Path(__file__).parents[2]
TESTED_ELSEWHERE = {"docs/sdk.md"}
PAGES = [
    name
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if (name := path.relative_to(ROOT).as_posix()) not in TESTED_ELSEWHERE
]
SERVERS = ("http://127.0.0.1:3000", "https://codepush.example.com")
DATABASE = "postgresql://codepush:SECRET@db.example.com/codepush"
CLONE = ("benchmarks", "deploy", "examples", "requirements")
PIP = """
import re, sys, tomllib
with open({project!r}, "rb") as file:
    project = tomllib.load(file)["project"]
for word in sys.argv[1:]:
    if match := re.fullmatch(r"(?:\\.|codepush(?= *@))(?:\\[([a-z,]+)])?(?: *@ .+)?", word):
        unknown = set((match[1] or "cli").split(",")) - set(project["optional-dependencies"])
        sys.exit(f"no such extra: {{unknown}}" if unknown else 0)
sys.exit(f"codepush is on no registry: {{sys.argv[1:]}}")
"""
"""Stands in for pip: checks that what is to be installed exists. test_readme installs it."""

TERMINAL = """
trap '{ export -p; printf "cd %q\\n" "$PWD"; } >"$STATE"' EXIT
codepush() { # servers and workers run on in the background, once they have said that they are ready
    case "$*" in
        *--once*) command codepush "$@"; return ;;
        "server start" | "server start "*) set -- "$@" --port "$PORT" ;;
        "server worker"*) ;;
        *) command codepush "$@"; return ;;
    esac
    local log; log=$(mktemp)
    command codepush "$@" >"$log" 2>&1 &
    until [ -s "$log" ]; do kill -0 $!; sleep 0.1; done
    grep -q "codepush server" "$log" || { cat "$log" >&2; return 1; }
}
if [ -e "$STATE" ]; then . "$STATE"; fi
"""
"""Starts each shell block: it continues where the last one ended."""


class Reader(CommandLine):
    """A user who pastes the blocks of a page into a terminal and into a Python session."""

    def __init__(self, folder):
        port = free_port()
        super().__init__(
            folder,
            PATH=f"{folder / 'bin'}{os.pathsep}{tool_path()}",
            PORT=str(port),
            STATE=str(folder / "state.sh"),
            CODEPUSH_SERVER_URL=f"http://127.0.0.1:{port}",
            CODEPUSH_DATA=str(folder / "data"),
        )
        self._sessions = []
        self._namespace = {"__name__": "__main__"}

    def develop(self):
        """Change the app and the update, as happens between the releases of two blocks."""
        for name in ("CodePush/index.android.bundle", "my-app/index.js"):
            with (self.folder / name).open("a") as file:
                file.write("// changed\n")

    def paste_into_shell(self, block, name):
        """Run a shell block; it fails with its first command that fails."""
        output = self.home / "output.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", TERMINAL + block, name],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                text=True,
                start_new_session=True,
            )
        self._sessions.append(process.pid)
        answers = self.environment.get("CODEPUSH_ACCESS_KEY", "")  # what 'codepush login' asks for
        process.communicate(f"{answers}\n", timeout=self.timeout)
        assert process.returncode == 0, f"{name} exited with {process.returncode}:\n{output.read_text()}"

    def paste_into_python(self, block, name, monkeypatch):
        """Run a Python block in the namespace of those before it."""
        with monkeypatch.context() as patch:
            patch.chdir(self.folder)
            for variable, value in self.environment.items():
                patch.setenv(variable, value)
            exec(compile(block, name, "exec"), self._namespace)

    def close(self):
        """End the servers that blocks have started."""
        for session in self._sessions:
            with suppress(ProcessLookupError):
                os.killpg(session, signal.SIGTERM)


@pytest.fixture
def reader(tmp_path):
    """Give a reader with the folders that pages rely on."""
    reader = Reader(tmp_path)
    make_bundle(reader.folder)
    for name in CLONE:
        (reader.folder / name).symlink_to(ROOT / name)
    install_tool(tmp_path / "bin", "pip", PIP.format(project=str(ROOT / "pyproject.toml")))
    app = reader.folder / "my-app"
    dependencies = {"electron": "40", "react-native": "0.80.3"}
    make_react_native(app, files={"package.json": {"name": "app", "version": "1.2.3", "dependencies": dependencies}})
    make_cordova(app, "android")
    install_webpack(app)
    make_key_pair(app)[0].rename(app / "private.pem")
    yield reader
    reader.close()


def use_server(reader, server, text):
    """Let a reader use a server, with the account and the app that the page does not create."""
    reader.environment |= {
        "CODEPUSH_SERVER_URL": server.url,
        "CODEPUSH_ACCESS_KEY": server.access_key,
        "CODEPUSH_DATA": str(server.settings.data),
    }
    if "account add you@example.com" not in text:
        server.add_account("you@example.com")
    if "app add MyApp" not in text:
        make_app(reader, server)


def make_app(reader, server):
    """Create the app that pages name, with one release."""
    with server.client() as code_push:
        code_push.add_app("MyApp", os="Android", platform="React-Native")
        code_push.release("MyApp", "Staging", reader.folder / "CodePush", "^1.2.0", PackageInfo(description="First"))
        code_push.promote("MyApp", "Staging", "Production")
        reader.environment["DEPLOYMENT_KEY"] = code_push.get_deployment("MyApp", "Staging").key


@pytest.mark.parametrize("page", PAGES)
def test_page(page, reader, codepush_server, request, monkeypatch):
    """Each block succeeds, or says why it is not run."""
    blocks = blocks_of((ROOT / page).read_text(encoding="utf-8"))
    text = "\n".join(block.text for block in blocks if block.is_shell or block.is_python)
    if not re.search(r"codepush server start\b(?!-)", text):
        use_server(reader, codepush_server, text)
    replacements = dict.fromkeys(SERVERS, reader.environment["CODEPUSH_SERVER_URL"])
    if DATABASE in text:
        replacements[DATABASE] = request.getfixturevalue("postgresql_url")
    for block in blocks:
        assert block.reason in REASONS | {None}, f"{page}:{block.line}"
        if block.reason is not None:
            continue
        reader.develop()
        code = block.text
        for written, used in replacements.items():
            code = code.replace(written, used)
        if block.is_shell:
            reader.paste_into_shell(code, f"{page}:{block.line}")
        elif block.is_python:
            reader.paste_into_python(code, f"{page}:{block.line}", monkeypatch)

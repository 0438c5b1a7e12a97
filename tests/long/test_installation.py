"""What is published works in a clean environment: the wheel, the source distribution, and the image's build steps."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from codepush.device import SimulatedDevice
from support.packages import make_bundle
from support.processes import OFFLINE, free_port, run

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
FILES = {"wheel": f"codepush-{VERSION}-py3-none-any.whl", "sdist": f"codepush-{VERSION}.tar.gz"}

pytestmark = [
    pytest.mark.skipif(OFFLINE, reason="CODEPUSH_TEST_OFFLINE=1: pip needs a network"),
    pytest.mark.timeout(900),
]


class Installation:
    """The command of a virtual environment, with a server's data, and without anything of this repository."""

    def __init__(self, venv, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "CODEPUSH_CONFIG_DIR": str(folder / "config"),
            "CODEPUSH_DATA": str(folder / "data"),
            "CODEPUSH_KEYRING": "off",
            "CODEPUSH_SERVER_URL": self.url,
            "HOME": str(folder),
            "PATH": f"{venv / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin",
        }

    def run(self, *command):
        """Run a command to its end, and return what it printed."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def serving(self, *command):
        """Run a server until the block ends; it has to end well."""
        log = self.folder / "server.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [*command, "--port", str(self.port)],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        try:
            while not self._is_healthy():
                assert server.poll() is None, log.read_text()
                time.sleep(0.1)
            yield
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) == 0, log.read_text()

    def _is_healthy(self):
        try:
            return httpx2.get(f"{self.url}/health").status_code == 200
        except httpx2.TransportError:
            return False

    def release(self):
        """Set up an account and an app, release an update, and check that a device runs it."""
        self.environment["CODEPUSH_ACCESS_KEY"] = self.run("codepush", "server", "account", "add", "you@example.com")
        self.run("codepush", "app", "add", "MyApp", "android", "react-native")
        self.run("codepush", "release", "MyApp", str(make_bundle(self.folder)), "1.0.0")
        deployments = json.loads(self.run("codepush", "deployment", "list", "MyApp", "--json"))
        (key,) = [one["key"] for one in deployments if one["name"] == "Staging"]
        device = SimulatedDevice(self.folder / "device", server_url=self.url, deployment_key=key, app_version="1.0.0")
        device.sync()
        assert device.restart().label == "v1"


@pytest.mark.parametrize("kind", FILES)
def test_distribution(kind, tmp_path):
    """Each file installs into an empty environment, and what it installs releases an update."""
    run(ROOT / "tools/dist.sh", tmp_path / "dist", folder=ROOT)
    venv = tmp_path / "venv"
    run(sys.executable, "-m", "venv", venv, folder=tmp_path)
    requirement = f"codepush[server,cli] @ {(tmp_path / 'dist' / FILES[kind]).as_uri()}"
    run(venv / "bin/python", "-m", "pip", "install", "--quiet", requirement, folder=tmp_path)
    installation = Installation(venv, tmp_path)
    assert installation.run("codepush", "--version").endswith(VERSION)
    with installation.serving("codepush", "server", "start"):
        installation.release()


def test_image(tmp_path):
    """The instructions of the Dockerfile build an environment that serves; its health check succeeds."""
    build, final = stages((ROOT / "deploy/Dockerfile").read_text(encoding="utf-8"))
    source, target = tmp_path / "source", tmp_path / "opt"
    source.mkdir()
    for name, words in build:
        if name == "COPY":
            copy(shlex.split(words), source)
        elif name == "RUN":
            steps = words.replace("/opt/codepush", str(target)).replace("python -m venv", f"{sys.executable} -m venv")
            run("sh", "-euc", steps, folder=source, environment={"PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    assert not (target / "bin/pip").exists()
    instructions = dict(final)
    assert instructions["COPY"] == "--from=build /opt/codepush /opt/codepush"
    installation = Installation(target, tmp_path)
    command = [*json.loads(instructions["ENTRYPOINT"]), *json.loads(instructions["CMD"])]
    with installation.serving(*command):
        check = json.loads(re.search(r"CMD (\[.*])", instructions["HEALTHCHECK"])[1])
        installation.run(*(word.replace(":3000/", f":{installation.port}/") for word in check))
        installation.release()


def stages(dockerfile):
    """Return the stages of a Dockerfile, each a list of instructions and their words."""
    text = re.sub(r"^#.*\n", "", dockerfile, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line]
    starts = [number for number, (name, *_) in enumerate(lines) if name == "FROM"]
    return [
        [(name, words.strip()) for name, _, words in lines[start + 1 : end]]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]


def copy(words, folder):
    """Copy files as the instruction COPY does, of what .dockerignore lets through."""
    *sources, target = words
    passed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    for name in sources:
        assert Path(name).parts[0] in passed, f".dockerignore keeps {name} out"
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (folder / target).mkdir(exist_ok=True)
            shutil.copy(path, folder / target)

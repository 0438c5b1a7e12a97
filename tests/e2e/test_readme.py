"""What the README promises: its blocks work when pasted line by line, and the demo runs to its end."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from codepush import CodePush
from support.blocks import blocks_of
from support.processes import OFFLINE, free_port

ROOT = Path(__file__).parent.parent.parent
CLONE = ("LICENSE", "README.md", "pyproject.toml", "src")
"""What the package is built from."""


@pytest.fixture
def clone(tmp_path):
    """Return a copy of the files that the package is built from, without what was built here."""
    folder = tmp_path / "codepush"
    folder.mkdir()
    for name in CLONE:
        source, ignored = ROOT / name, shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder)
    return folder


@pytest.mark.skipif(OFFLINE, reason="CODEPUSH_TEST_OFFLINE=1: pip needs a network")
@pytest.mark.timeout(600)
def test_blocks_in_the_readme(clone, tmp_path):
    """A user pastes everything into one terminal, and the Python lines twice; only the port is another."""
    url = f"http://127.0.0.1:{free_port()}"
    lines = []
    for block in blocks_of((ROOT / "README.md").read_text(encoding="utf-8")):
        if block.is_python:
            script = tmp_path / "example.py"
            script.write_text(block.text.replace("http://127.0.0.1:3000", url))
            lines += [f"python {script}\n"] * 2
        elif block.is_shell:
            lines.append(block.text.replace("codepush server start", f"codepush server start --port {url[17:]}"))
    environment = os.environ | {
        "CODEPUSH_CONFIG_DIR": str(tmp_path / "config"),
        "CODEPUSH_DATA": str(tmp_path / "data"),
        "CODEPUSH_KEYRING": "off",
        "CODEPUSH_SERVER_URL": url,
        "PATH": os.pathsep.join([str(Path(sys.base_prefix, "bin")), os.environ["PATH"]]),
    }
    output = tmp_path / "output.txt"
    with output.open("w") as file:
        terminal = subprocess.Popen(
            ["bash", "-eu"], cwd=clone, env=environment, stdin=subprocess.PIPE, stdout=file, stderr=file, text=True,
            start_new_session=True,
        )  # fmt: skip
        terminal.communicate("".join(lines))
        os.killpg(terminal.pid, signal.SIGTERM)
    shown = output.read_text()
    assert terminal.returncode == 0, shown
    assert shown.endswith("v1\nv1\n")
    assert '"event":' not in shown  # the server's log
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    written = {path.name for path in clone.iterdir()} - set(CLONE)
    assert {name for name in written if not {f"/{name}", f"/{name}/"} & set(ignored)} == set()


def test_methods_in_the_readme():
    """The README lists exactly the methods that the SDK has."""
    section = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("## The SDK")[2].partition("`release` takes")[0]
    )
    listed = set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", section))
    assert listed == {name for name in vars(CodePush) if name[0].islower() and name != "close"}


def test_demo():
    """``make demo`` ends well, and its last word says so."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All as expected" in done.stdout

"""Packages from npm's registry, as configured on this machine, in the versions that a lock in ``tests`` names.

Node comes from the environment that runs the tests. Nothing is written outside pytest's temporary folder but npm's own
cache. The locks hold hashes but no download addresses, so that any mirror will do. To make one anew, after a change of
its ``package.json``, in that folder::

    npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

Without a network, ``CODEPUSH_TEST_OFFLINE=1`` skips what needs them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OFFLINE = os.environ.get("CODEPUSH_TEST_OFFLINE") == "1"  # read here: each test finds the environment cleaned

needs_npm = pytest.mark.skipif(OFFLINE, reason="CODEPUSH_TEST_OFFLINE=1: npm needs a network")


def tool_path():
    """Return a ``PATH`` on which the environment's Node comes first."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def install_locked(packages, folder):
    """Copy a folder with a lock, and install the packages that the lock names there; none of their scripts is run."""
    shutil.copytree(packages, folder, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True)
    run_tool(
        "npm", "ci", "--include=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", folder=folder
    )  # fmt: skip


def run_tool(*command, folder):
    """Run a tool in a folder; what it said is told when it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": tool_path(), "CI": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\nexited with {done.returncode} and said:\n{done.stdout}"

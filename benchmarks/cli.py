"""Measure how long the command line takes to start, beside the original ones.

    make bench-cli

Every command runs in each round, so that other load on the machine affects all of them equally; the best round counts.
On a busy machine, CPU time is more precise than elapsed time. The originals come from npm in the versions locked next
to this file, and run on the Node of this environment. Commands that need a server use the same one, on this machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from results import circumstances, table, write_section

from codepush.testing import live_server

COMMAND: Final = "make bench-cli"
ROUNDS: Final = 11
ORIGINALS: Final = Path(__file__).with_name("originals")
BIN: Final = Path(sys.executable).parent

OURS: Final = "codepush"
OLD: Final = "code-push-cli"
APP_CENTER: Final = "appcenter-cli"


class Time(Struct, frozen=True):
    """Seconds that a command took: by the clock, and of all processors together."""

    clock: float
    processors: float


class Task(Struct, frozen=True):
    """A command, with the arguments of each command line by its name."""

    title: str
    commands: Mapping[str, Sequence[str]]


def main() -> None:
    """Measure, and write the section."""
    with tempfile.TemporaryDirectory() as name, live_server(Path(name) / "data") as server:
        folder = Path(name)
        modules = install(folder)
        with server.client() as code_push:
            code_push.add_app("App")
        session = {"accessKey": server.access_key, "preserveAccessKeyOnLogout": True, "customServerUrl": server.url}
        (folder / ".code-push.config").write_text(json.dumps(session), encoding="utf-8")
        environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": name, "CODEPUSH_KEYRING": "off"}
        old, app_center = str(modules / ".bin/code-push"), str(modules / ".bin/appcenter")
        tasks = [
            Task("help", {OURS: ["codepush", "--help"], OLD: [old, "--help"], APP_CENTER: [app_center, "--help"]}),
            Task(
                "help of a command",
                {
                    OURS: ["codepush", "release", "--help"],
                    OLD: [old, "release", "--help"],
                    APP_CENTER: [app_center, "codepush", "release", "--help"],
                },
            ),
            Task("app list", {OURS: ["codepush", "app", "list"], OLD: [old, "app", "list"]}),
        ]
        best = {task.title: measure(task, environment) for task in tasks}
        write(best, {name: version(modules, name) for name in (OLD, APP_CENTER)})


def install(folder: Path) -> Path:
    """Install the originals, and return where their modules are."""
    here = shutil.copytree(ORIGINALS, folder / "originals", ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run([BIN / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=here, check=True)
    return here / "node_modules"


def version(modules: Path, package: str) -> str:
    """Return the version of an installed package."""
    described = json.loads((modules / package / "package.json").read_bytes())
    return f"{package} {described['version']}"


def measure(task: Task, environment: Mapping[str, str]) -> dict[str, Time]:
    """Return the best time of each command line."""
    times: dict[str, list[Time]] = {name: [] for name in task.commands}
    for _ in range(ROUNDS):
        for name, command in task.commands.items():
            times[name].append(run(command, environment))
    return {
        name: Time(min(one.clock for one in taken), min(one.processors for one in taken))
        for name, taken in times.items()
    }


def run(command: Sequence[str], environment: Mapping[str, str]) -> Time:
    """Run a command to its end, and return its duration.

    Raises:
        SystemExit: It failed, so its duration is meaningless.

    """
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    begin = time.perf_counter()
    with subprocess.Popen(
        [program, *command[1:]], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr
        output = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {output.decode()}")
    return Time(time.perf_counter() - begin, used.ru_utime + used.ru_stime)


def write(best: Mapping[str, Mapping[str, Time]], versions: Mapping[str, str]) -> None:
    """Write the section."""
    node = subprocess.run([BIN / "node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    rows = [
        [
            f"{title}: {name}",
            f"{taken.clock * 1000:.0f}",
            f"{taken.processors * 1000:.0f}",
            f"{taken.clock / times[OURS].clock:.2f}",
            f"{taken.processors / times[OURS].processors:.2f}",
        ]
        for title, times in best.items()
        for name, taken in times.items()
    ]
    write_section(
        "The command line's start",
        circumstances(COMMAND, "codepush", "click", others=f"Node {node}, {', '.join(versions.values())}"),
        table(["Task", "ms (clock)", "ms (processors)", "ratio (clock)", "ratio (processors)"], rows),
        f"The least of {ROUNDS} runs each. A ratio of 2 means: takes twice as long as `codepush`.",
    )


if __name__ == "__main__":
    main()

"""Other people's programs, run for the tests: to their end, or as servers on free ports of the loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

OFFLINE = os.environ.get("CODEPUSH_TEST_OFFLINE") == "1"  # read here: each test finds the environment cleaned
NPM_CI = ("npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund")


def run(*command, folder, environment=None):
    """Run a program to its end, and return what it printed."""
    done = subprocess.run(
        command, cwd=folder, env=full(environment), capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def started(command, log, folder, is_ready, environment=None):
    """Run a server until the block ends; its words go to a log, which is shown when it does not start."""
    with log.open("wb") as output:
        # A session of its own, as Node is started by a small program that does not hand signals on.
        process = subprocess.Popen(
            command, cwd=folder, env=full(environment), stdout=output, stderr=output, start_new_session=True
        )
        try:
            deadline = time.monotonic() + 60
            while not is_ready():
                alive = process.poll() is None and time.monotonic() < deadline
                assert alive, log.read_text(errors="replace")
                time.sleep(0.1)
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def full(environment):
    """Return the environment of a program: Node is that of this environment, and times are in UTC."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "TZ": "UTC"} | (environment or {})


def free_port():
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def is_listening(port):
    """Tell whether somebody listens on a port."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0

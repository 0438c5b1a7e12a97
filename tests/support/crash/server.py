"""The real server command, on an address that stays the same however often it is killed."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2

COMMAND = [str(Path(sys.executable).with_name("codepush")), "server"]
START_SECONDS = 60


class KillableServer:
    """A server over a data folder; ``options`` go to ``codepush server start``.

    With a ``file_limit`` the system refuses to let a file grow beyond so many bytes, as a full disk would.
    """

    def __init__(self, data, *options, environment=None, file_limit=None):
        self._data = data
        self._options = options
        self._environment = {**os.environ, "CODEPUSH_RATE_LIMITS": "off", **(environment or {})}
        self._file_limit = file_limit
        self._port = _free_port()
        self._process = None
        self.url = f"http://127.0.0.1:{self._port}"
        self.log = data.with_suffix(".log")

    def run(self, *arguments):
        """Run another server command on the same data, and return what it printed."""
        command = [*COMMAND, *arguments, "--data", str(self._data), *self._places()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=self._environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _places(self):
        """Return the options that say where things are kept: all but those of the process itself."""
        pairs = zip(self._options[::2], self._options[1::2], strict=True)
        return [word for name, value in pairs if name != "--workers" for word in (name, value)]

    def start(self):
        """Start it and wait until it answers."""
        command = [*COMMAND, "start", "--data", str(self._data), "--port", str(self._port), *self._options]
        if self._file_limit is not None:
            command = ["sh", "-c", f'ulimit -f {self._file_limit // 512}; exec "$@"', "sh", *command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, env=self._environment
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def _answers(self):
        try:
            return httpx2.get(f"{self.url}/health", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False

    def kill(self):
        """End it and its workers between two instructions, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self):
        """Let it finish, and wait for it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=60)


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]

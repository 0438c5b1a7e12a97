"""The server as people run it: the real command, in a process of its own."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from codepush import CodePush, TransportError
from support.packages import make_bundle
from support.postgresql import undo_newest_migration

COMMAND = [str(Path(sys.executable).with_name("codepush")), "server"]


def run(*arguments):
    """Run a server command to its end."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=120, check=False)


def get(url):
    """Ask for a page, with patience: the server may still be starting on a busy machine."""
    return httpx2.get(url, timeout=60)


def add_account(data, email="owner@example.test"):
    """Add an account and return its key."""
    done = run("account", "add", email, "--data", str(data), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["access_key"]


class Server:
    """A server in a process; what it says is kept."""

    def __init__(self, process):
        self.process = process
        self.said = [process.stderr.readline()]
        match = re.search(r"http://\S+", self.said[0])
        if match is None:
            process.kill()
            pytest.fail(f"The server said: {self.said[0]}{process.stderr.read()}")
        self.url = match.group()
        self._reader = threading.Thread(target=lambda: self.said.extend(process.stderr))
        self._reader.start()

    def stop(self, number):
        """Send a signal, and return the exit status and all that was said."""
        self.process.send_signal(number)
        status = self.process.wait(timeout=60)
        self._reader.join()
        return status, "".join(self.said)


@contextmanager
def start(data, *options):
    """Run a server on a free port until the block ends."""
    command = [*COMMAND, "start", "--data", str(data), "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        server = Server(process)
        try:
            yield server
        finally:
            if process.poll() is None:
                server.stop(signal.SIGTERM)


def test_first_start(tmp_path):
    """A server without accounts says which command to run, answers, and prints no secret."""
    with start(tmp_path / "data") as server:
        assert get(server.url).text == "Welcome to the CodePush REST API!"
        assert get(f"{server.url}/health").text == "Healthy"
        ready = get(f"{server.url}/ready")
        assert ready.json() == {"status": "ready", "database": "ok", "storage": "ok"}
        access_key = add_account(tmp_path / "data")
        with CodePush(access_key, server.url) as code_push:
            assert code_push.is_authenticated()
        status, said = server.stop(signal.SIGTERM)
    assert status == 0
    assert "codepush server account add EMAIL" in said
    assert access_key not in said


@pytest.mark.parametrize(("public_url", "is_warned"), [((), True), (("--public-url", "https://u.example.test"), False)])
def test_a_public_url_that_devices_cannot_reach(tmp_path, public_url, is_warned):
    """A server that listens on every address says at start that it needs a public URL, unless it has one."""
    with start(tmp_path / "data", "--host", "0.0.0.0", *public_url) as server:
        get(f"{server.url}/health")
        said = server.stop(signal.SIGTERM)[1]
    assert ("Set --public-url to the address that devices use." in said) == is_warned


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_clean_shutdown(tmp_path, number, workers):
    """SIGTERM and Ctrl-C stop the server without a complaint, whatever the number of workers."""
    with start(tmp_path / "data", "--workers", workers) as server:
        assert get(f"{server.url}/health").status_code == 200
        status, said = server.stop(number)
    assert status == 0
    assert "Traceback" not in said


def test_account_before_the_first_start(tmp_path):
    """An account can be added first; its key is printed once and alone, and works after the start."""
    data = tmp_path / "data"
    added = run("account", "add", "owner@example.test", "--name", "Owner", "--data", str(data))
    assert added.returncode == 0
    access_key = added.stdout.strip()
    assert re.fullmatch(r"cpk_[A-Za-z0-9_-]{43}", access_key)
    with start(data) as server:
        with CodePush(access_key, server.url) as code_push:
            assert code_push.get_account_info().name == "Owner"
        assert "account add" not in server.stop(signal.SIGTERM)[1]
    stored = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert access_key.encode() not in stored


def test_account_that_exists(tmp_path):
    """An address that is taken, in any letter case, exits with 1 and changes nothing."""
    access_key = add_account(tmp_path)
    again = run("account", "add", "Owner@Example.Test", "--data", str(tmp_path))
    assert again.returncode == 1
    assert again.stdout == ""
    assert "exists already" in again.stderr
    with start(tmp_path) as server, CodePush(access_key, server.url) as code_push:
        assert code_push.get_account_info().email == "owner@example.test"


def test_a_database_is_migrated_once(tmp_path):
    """The command says whether there was something to do, and refuses what a newer version made."""
    places = ["--data", str(tmp_path)]
    assert "was upgraded" in run("migrate", *places).stdout
    assert "Nothing was changed" in run("migrate", *places).stdout
    with closing(sqlite3.connect(tmp_path / "codepush.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (["migrate"], ["start", "--port", "0"]):
        done = run(*command, *places)
        assert (done.returncode, done.stdout) == (1, "")
        assert "a newer version created it" in done.stderr
        assert "Traceback" not in done.stderr


def test_an_older_database_on_a_server_is_migrated_on_purpose(tmp_path, postgresql_server, postgresql_url):
    """A start says which command to run and ends; after it the server starts."""
    places = ["--data", str(tmp_path), "--database-url", postgresql_url]
    undo_newest_migration(postgresql_server, postgresql_url)
    refused = run("start", "--port", "0", *places)
    assert refused.returncode == 1
    assert "run: codepush server migrate" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "was upgraded" in run("migrate", *places).stdout
    with start(tmp_path, "--database-url", postgresql_url) as server:
        assert get(f"{server.url}/ready").json()["database"] == "ok"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["account", "add", "no address"], "not an e-mail address"),
        (["account", "add", "a@example.test", "--database-url", "mysql://h/db"], "sqlite:///"),
        (["start", "--database-url", "nonsense"], "sqlite:///"),
        (["start", "--storage-url", "ftp://host/folder"], "CODEPUSH_STORAGE_URL"),
        (["start", "--public-url", "codepush.example.com"], "CODEPUSH_PUBLIC_URL"),
        (["start", "--public-url", "http://["], "CODEPUSH_PUBLIC_URL"),
    ],
)
def test_settings_that_cannot_be(tmp_path, arguments, sentence):
    """An invalid setting leads to an error message, and the server does not start."""
    done = run(*arguments, "--data", str(tmp_path / "data"))
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", [["start", "--port", "0"], ["account", "add", "a@example.test"], ["worker", "--once"]]
)
def test_data_folder_that_cannot_be(tmp_path, command):
    """A data folder that cannot be made is told in a sentence, with what to choose instead."""
    taken = tmp_path / "file"
    taken.touch()
    done = run(*command, "--data", str(taken))
    assert done.returncode == 1
    assert f"The folder {taken} cannot be used" in done.stderr
    assert "--data" in done.stderr
    assert "Traceback" not in done.stderr


def test_port_in_use(tmp_path, monkeypatch):
    """A port that is taken is told in a sentence."""
    with start(tmp_path / "data") as server:
        port = server.url.rpartition(":")[2]
        second = run("start", "--data", str(tmp_path / "other"), "--port", port)
        monkeypatch.setenv("CODEPUSH_OPERATIONS_PORT", port)
        third = run("start", "--data", str(tmp_path / "other"), "--port", "0")
    assert (second.returncode, third.returncode) == (1, 1)
    assert "Is another server running? Try --port." in second.stderr
    assert f"Cannot listen on 127.0.0.1:{port}" in third.stderr
    assert "Try CODEPUSH_OPERATIONS_PORT." in third.stderr


def test_a_variable_that_has_no_effect(tmp_path, monkeypatch):
    """The server warns that it ignores the variable in which proxies were named before."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with start(tmp_path / "data") as server:
        assert get(f"{server.url}/health").status_code == 200
        assert "CODEPUSH_TRUSTED_PROXIES" in server.stop(signal.SIGTERM)[1]


def test_data_folder_is_private(tmp_path):
    """Nobody but the owner can read what the server keeps."""
    data = tmp_path / "data"
    access_key = add_account(data)
    with start(data) as server, CodePush(access_key, server.url) as code_push:
        code_push.add_app("App")
        code_push.release("App", "Staging", make_bundle(tmp_path), "1.0.0")
    assert [str(path) for path in (data, *data.rglob("*")) if path.stat().st_mode & 0o077] == []


def test_several_workers(tmp_path):
    """With several workers, a release made through one of them is soon told by all."""
    data = tmp_path / "data"
    access_key = add_account(data)
    with start(data, "--workers", "2") as server, CodePush(access_key, server.url) as code_push:
        code_push.add_app("App")
        key = code_push.get_deployment("App", "Staging").key
        question = f"{server.url}/v0.1/public/codepush/update_check?deployment_key={key}&app_version=1.0.0"

        def told():
            """Ask over a new connection each time, so that every worker gets to answer."""
            return {get(question).json()["update_info"]["label"] for _ in range(40)}

        assert told() == {""}
        code_push.release("App", "Staging", make_bundle(tmp_path), "1.0.0")
        deadline = time.monotonic() + 10
        while told() != {"v1"}:
            assert time.monotonic() < deadline
        assert told() == {"v1"}


def test_workers_end_with_their_parent(tmp_path):
    """When the parent is killed with -9, no worker lives on to hold its port."""
    with start(tmp_path / "data", "--workers", "2") as server:
        assert get(f"{server.url}/health").status_code == 200
        server.stop(signal.SIGKILL)  # returns when the last worker has closed its end of stderr
    with pytest.raises(httpx2.ConnectError):
        get(f"{server.url}/health")


def test_acknowledged_releases_survive_a_kill(tmp_path):
    """After kill -9 in the middle of releasing, every acknowledged release is there and can be downloaded."""
    data = tmp_path / "data"
    access_key = add_account(data)
    acknowledged = []
    bundle = tmp_path / "app.bundle"
    with start(data) as server, CodePush(access_key, server.url, max_retries=0) as code_push:
        code_push.add_app("App")
        killer = threading.Timer(1.5, server.process.kill)
        killer.start()
        with suppress(TransportError):
            while server.process.poll() is None:
                bundle.write_bytes(os.urandom(100_000))
                acknowledged.append(code_push.release("App", "Staging", bundle, "1.0.0"))
        killer.join()
    assert acknowledged
    with start(data) as server, CodePush(access_key, server.url) as code_push:
        history = code_push.get_deployment_history("App", "Staging")
        assert [one.label for one in history] == [f"v{n}" for n in range(1, len(history) + 1)]
        assert [one.package_hash for one in history[: len(acknowledged)]] == [one.package_hash for one in acknowledged]
        for release in history:
            blob = get(server.url + "/blobs/" + release.blob_url.rpartition("/")[2])
            assert len(blob.content) == release.size


def test_help_is_quick():
    """``codepush --help`` imports neither the HTTP library nor the server."""
    program = (
        "import sys; from click.testing import CliRunner; from codepush.cli.main import main;"
        "result = CliRunner().invoke(main, ['--help']); assert result.exit_code == 0, result.output;"
        "sys.exit(', '.join({'httpx2', 'rich', 'starlette', 'sqlalchemy', 'msgspec'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

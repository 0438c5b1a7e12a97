"""``codepush server key``: another key for an account, with the real command."""

import json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from codepush.testing import live_server

COMMAND = [str(Path(sys.executable).with_name("codepush")), "server", "key", "add"]


def add_key(data, *arguments):
    return subprocess.run(
        [*COMMAND, *arguments, "--data", str(data)], capture_output=True, text=True, timeout=60, check=False
    )


def test_another_key_while_the_server_runs(tmp_path):
    """The key is printed alone and once, works at once, and is in the list under its name."""
    with live_server(tmp_path / "data") as server:
        added = add_key(tmp_path / "data", "Owner@Example.test", "--name", "ci")
        assert (added.returncode, added.stderr.count("'ci'")) == (0, 1)
        access_key = added.stdout.strip()
        assert re.fullmatch(r"cpk_[A-Za-z0-9_-]{43}", access_key)
        with server.client(access_key) as code_push:
            assert code_push.get_account_info().email == "owner@example.test"
            assert "ci" in [key.name for key in code_push.get_access_keys()]


def test_a_key_for_a_script(tmp_path):
    """With --json the object says whose it is, what it is called and until when it is good."""
    with live_server(tmp_path / "data"):
        added = json.loads(add_key(tmp_path / "data", "owner@example.test", "--days", "3", "--json").stdout)
    assert added.keys() == {"email", "name", "expires", "access_key"}
    life = datetime.fromisoformat(added["expires"]) - datetime.now().astimezone()
    assert timedelta(days=2, hours=23) < life < timedelta(days=3)


def test_a_key_for_nobody_or_of_a_taken_name(tmp_path):
    """An address without an account, and a name that a key has, exit with 1 and print no key."""
    with live_server(tmp_path / "data"):
        for arguments, reason in (
            (("nobody@example.test",), "There is no account"),
            (("owner@example.test", "--name", "first key"), "already exists"),
        ):
            refused = add_key(tmp_path / "data", *arguments)
            assert (refused.returncode, refused.stdout) == (1, "")
            assert reason in refused.stderr

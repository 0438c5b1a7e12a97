"""What the page about the SDK promises: its examples work, name every method, and print what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import anyio
import httpx2

from codepush import CodePush
from codepush.client._sync.rollouts import Rollouts
from codepush.server.operations import make_login_code

PAGE = (Path(__file__).parents[2] / "docs" / "sdk.md").read_text(encoding="utf-8")
SCRIPT = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
METHODS = {name for name in vars(CodePush) if name[0].islower()}
ROLLOUT_METHODS = {name for name in vars(Rollouts) if name[0].islower()}


def log_in(server, hostname):
    """Log in with a one-time code, as a person with a browser does."""
    code = anyio.run(make_login_code, server.settings, "owner@example.test")
    with httpx2.Client(base_url=server.url, follow_redirects=True) as browser:
        form = browser.get("/auth/login", params={"hostname": hostname}).text
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
        assert browser.post("/auth/login", data={**fields, "code": code}).url.path == "/accesskey"


def test_examples(codepush_server, tmp_path):
    """All examples run as one program, and print what the comments beside and below them say."""
    codepush_server.add_account("colleague@example.com")
    log_in(codepush_server, "laptop")
    environment = os.environ | {
        "CODEPUSH_ACCESS_KEY": codepush_server.access_key,
        "CODEPUSH_SERVER_URL": codepush_server.url,
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == re.findall(r"(?:^|  )# (.+)$", SCRIPT, re.MULTILINE)


def test_every_method_has_an_example():
    """No method is only in the table."""
    assert (METHODS | ROLLOUT_METHODS) - set(re.findall(r"\.([a-z_]+)\(", SCRIPT)) == set()


def test_names_of_the_original():
    """The table has one row for each method of the original, spelled in Python's way."""
    rows = dict(re.findall(r"^\| `([a-zA-Z]+)` \| `([a-z_]+)` \|$", PAGE, re.MULTILINE))
    assert {re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name) for name in rows} == set(rows.values())
    assert set(rows.values()) == METHODS - {"close", "with_options", "get_deployment_metrics_series"}

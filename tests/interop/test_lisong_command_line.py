"""The command line against npm ``code-push-server``: the life of a release."""

import pytest

from support.commands import CommandLine
from support.packages import make_bundle


@pytest.fixture
def cli(lisong, tmp_path):
    return CommandLine(tmp_path, CODEPUSH_SERVER_URL=lisong.url, CODEPUSH_ACCESS_KEY=lisong.access_key)


def test_lifecycle(cli, tmp_path):
    """An app is added, released to, promoted, patched, rolled back, looked at and removed."""
    made = cli.json("app", "add", "Typed", "android", "react-native")
    assert {one["name"] for one in made["deployments"]} == {"Production", "Staging"}
    foreseen = cli.json("release", "Typed", make_bundle(tmp_path / "1", "one"), "1.0.0", "--dry-run")
    first = cli.json("release", "Typed", tmp_path / "1" / "CodePush", "1.0.0", "-des", "First")
    assert (first["label"], first["description"]) == ("v1", "First")
    assert foreseen["release"]["label"] == first["label"]
    assert foreseen["release"]["packageHash"] == first["packageHash"]
    done = cli.run("release", "Typed", tmp_path / "1" / "CodePush", "1.0.0", "--noDuplicateReleaseError")
    assert (done.returncode, done.stdout, "[Warning]" in done.stderr) == (0, "", True)
    cli.text("release", "Typed", make_bundle(tmp_path / "2", "two"), "1.0.0")
    cli.text("promote", "Typed", "Staging", "Production", "-r", "20")
    assert cli.json("patch", "Typed", "Production", "-des", "To some")["description"] == "To some"
    cli.text("rollback", "Typed", "Staging", "-y")
    history = cli.json("deployment", "history", "Typed", "Staging")
    assert [(one["label"], one["releaseMethod"]) for one in history] == [
        ("v1", "Upload"),
        ("v2", "Upload"),
        ("v3", "Rollback"),
    ]
    assert "Label: v3" in cli.text("deployment", "ls", "Typed", "-k")
    assert cli.fails("deployment", "history", "Nowhere", "Staging")[0] != 2
    cli.text("app", "rm", "Typed", "-y")


def test_account(cli):
    """Whoever logs in is told who they are, and can look after their keys."""
    assert "@" in cli.text("whoami")
    assert cli.json("access-key", "add", "typed")["name"] == "typed"
    assert "typed" in [one["name"] for one in cli.json("access-key", "ls")]
    cli.text("access-key", "rm", "typed", "-y")
    assert cli.run("whoami", CODEPUSH_ACCESS_KEY="k" * 37).returncode == 5

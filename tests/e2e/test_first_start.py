"""An empty database beside archives is refused until the administrator accepts it."""

import shutil
import signal

import pytest

from codepush import CodePush
from e2e.test_server_command import add_account, get, run, start
from support.packages import make_bundle


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request, tmp_path):
    """Return the options that name a database with a release, and those that name an empty one."""
    data = tmp_path / "data"
    if request.param == "sqlite":
        return ["--data", str(data)], ["--data", str(data), "--database-url", f"sqlite:///{tmp_path}/other.db"]
    server = request.getfixturevalue("postgresql_server")
    return tuple(["--data", str(data), "--database-url", server.new_database()] for _ in range(2))


def test_a_lost_database_is_not_replaced_silently(tmp_path, databases):
    """No command takes an empty database beside archives for a new server; --new does so once and for all."""
    full, empty = databases
    data = tmp_path / "data"
    added = run("account", "add", "owner@example.test", *full)
    with start(data, *full[2:]) as server, CodePush(added.stdout.strip(), server.url) as code_push:
        code_push.add_app("App")
        code_push.release("App", "Staging", make_bundle(tmp_path), "1.0.0")
    archives = sorted(path for path in (data / "blobs").rglob("*") if path.is_file())
    run("migrate", *empty)
    for command in (["start", "--port", "0"], ["account", "add", "a@example.test"], ["gc"], ["worker", "--once"]):
        refused = run(*command, *empty)
        assert refused.returncode == 1, command
        assert f"The database is empty, but file://{data}/blobs holds archives of releases." in refused.stderr
        assert "codepush server restore FILE" in refused.stderr
        assert "codepush server start --new" in refused.stderr
        assert "Traceback" not in refused.stderr
    with start(data, *empty[2:], "--new") as server:
        assert get(f"{server.url}/ready").status_code == 200
        assert run("account", "add", "a@example.test", *empty).returncode == 0
        assert server.stop(signal.SIGTERM)[0] == 0
    with start(data, *empty[2:]) as server:
        assert get(f"{server.url}/ready").status_code == 200
    assert sorted(path for path in (data / "blobs").rglob("*") if path.is_file()) == archives


def test_a_deleted_database(tmp_path):
    """A deleted file is an empty database too, and a restored backup is a way on."""
    data = tmp_path / "data"
    access_key = add_account(data)
    with start(data) as server, CodePush(access_key, server.url) as code_push:
        code_push.add_app("App")
        code_push.release("App", "Staging", make_bundle(tmp_path), "1.0.0")
    assert run("backup", str(tmp_path / "all.backup"), "--data", str(data)).returncode == 0
    for file in data.glob("codepush.db*"):
        file.unlink()
    assert "holds archives of releases" in run("start", "--port", "0", "--data", str(data)).stderr
    assert run("restore", str(tmp_path / "all.backup"), "--data", str(data)).returncode == 0
    with start(data) as server, CodePush(access_key, server.url) as code_push:
        assert [one.label for one in code_push.get_deployment_history("App", "Staging")] == ["v1"]


def test_new_on_a_server_that_is_new(tmp_path):
    """Without archives the option changes nothing."""
    with start(tmp_path / "data", "--new") as server:
        assert get(f"{server.url}/ready").status_code == 200
    shutil.rmtree(tmp_path / "data")

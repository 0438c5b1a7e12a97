"""``codepush server account`` and ``key``: listing and removing, by the command as it is installed."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from codepush import PackageInfo, Unauthorized
from support.packages import make_bundle

SERVER = [str(Path(sys.executable).with_name("codepush")), "server"]


@pytest.fixture
def run(codepush_server):
    """Give a function that runs an operator's command beside the server."""

    def run(*words, code=0):
        command = [*SERVER, *words, "--data", str(codepush_server.settings.data)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def test_accounts(codepush_server, run, tmp_path):
    """They are listed by address. One that owns an app stays; once it owns none it goes, with its keys."""
    key = codepush_server.add_account("ada@example.test")
    listed = [{"email": "ada@example.test", "name": "ada"}, {"email": "owner@example.test", "name": "Owner"}]
    assert json.loads(run("account", "list", "--json").stdout) == listed
    assert run("account", "list").stdout.splitlines()[1].split() == ["ada@example.test", "ada"]
    with codepush_server.client(key) as ada, codepush_server.client() as owner:
        ada.add_app("Shop")
        ada.release("Shop", "Staging", make_bundle(tmp_path), "1.0.0", PackageInfo())
        assert "owns apps: Shop. Transfer" in run("account", "remove", "ADA@example.test", "--yes", code=1).stderr
        ada.transfer_app("Shop", "owner@example.test")
        assert "Cannot ask for confirmation" in run("account", "remove", "ada@example.test", code=2).stderr
        run("account", "remove", "ada@example.test", "--yes")
        with pytest.raises(Unauthorized):
            ada.get_apps()
        [release] = owner.get_deployment_history("Shop", "Staging")
        assert release.released_by == "ada@example.test"
        assert list(owner.get_collaborators("Shop")) == ["owner@example.test"]
    assert json.loads(run("account", "list", "--json").stdout) == listed[1:]
    assert "no account" in run("account", "remove", "ada@example.test", "--yes", code=1).stderr


def test_the_only_manager_of_an_organization(codepush_server, run):
    """An organization is never left without anybody who may do everything in it."""
    codepush_server.add_account("ada@example.test")
    organization = {"display_name": "Team", "name": "team"}
    headers = {"X-API-Token": codepush_server.access_key}
    answer = httpx2.post(f"{codepush_server.url}/v0.1/orgs", json=organization, headers=headers)
    assert answer.status_code == 201, answer.text
    refused = run("account", "remove", "owner@example.test", "--yes", code=1)
    assert "the only manager of the organization team" in refused.stderr


def test_keys(codepush_server, run):
    """Keys are listed without their secrets; one that is revoked is refused at once, the others are not."""
    run("key", "add", "owner@example.test", "--name", "ci")
    listed = json.loads(run("key", "list", "owner@example.test", "--json").stdout)
    assert [key["name"] for key in listed] == ["first key", "ci"]
    assert set(listed[0]) == {"name", "created", "expires", "created_by", "is_session"}
    assert "cpk_" not in run("key", "list", "owner@example.test").stdout
    with codepush_server.client() as client:
        client.get_apps()
        run("key", "revoke", "owner@example.test", "first key", "--yes")
        with pytest.raises(Unauthorized):
            client.get_apps()
    assert (
        'Access key "first key" does not exist'
        in run("key", "revoke", "owner@example.test", "first key", "--yes", code=1).stderr
    )
    assert "no account" in run("key", "list", "nobody@example.test", code=1).stderr

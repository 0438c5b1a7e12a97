"""The life of a release with the real command: output for people and for scripts."""

import re

import pytest

from support.commands import CommandLine
from support.packages import make_bundle

KEY = "key-of-an-older-server"


@pytest.fixture
def cli(codepush_server, tmp_path):
    """Give the command line of somebody whose environment has the server and the access key."""
    return CommandLine(
        tmp_path, CODEPUSH_SERVER_URL=codepush_server.url, CODEPUSH_ACCESS_KEY=codepush_server.access_key
    )


def test_account(cli, codepush_server):
    """People are told who they are; scripts also where, and by which key."""
    assert cli.text("whoami") == "owner@example.test"
    assert cli.json("whoami") == {
        "email": "owner@example.test",
        "name": "Owner",
        "linkedProviders": [],
        "server": codepush_server.url,
        "accessKeyFrom": "CODEPUSH_ACCESS_KEY",
    }


def test_apps(cli, codepush_server):
    """An app is added with two deployments, listed, renamed, transferred, and removed."""
    codepush_server.add_account("colleague@example.test")
    assert cli.json("app", "list") == []
    lines = cli.text("app", "add", "Zebra", "ANDROID", "react-native").split("\n")
    assert lines[0] == 'Successfully added the "Zebra" app, along with the following default deployments:'
    assert [line.split()[0] for line in lines[1:]] == ["Name", "Production", "Staging"]
    made = cli.json("apps", "create", "-d", "apple", "-o", "iOS", "-p", "Cordova")
    assert made["name"] == "apple"
    assert [one["name"] for one in made["deployments"]] == ["Production", "Staging"]
    listed = cli.json("app", "ls")
    assert listed[1] == {
        "name": "Zebra",
        "collaborators": {"owner@example.test": {"permission": "Owner", "isCurrentAccount": True}},
        "deployments": ["Production", "Staging"],
        "os": "Android",
        "platform": "React-Native",
    }
    assert cli.text("app", "list") == ("Name   Deployments\napple  Production, Staging\nZebra  Production, Staging")
    assert cli.text("app", "rename", "apple", "Pear") == 'Successfully renamed the "apple" app to "Pear".'
    assert cli.text("app", "transfer", "Pear", "colleague@example.test", "--yes") == (
        'Successfully transferred the ownership of app "Pear" to the account with email "colleague@example.test".'
    )
    assert cli.text("app", "rm", "Zebra", "-y") == 'Successfully removed the "Zebra" app.'
    assert [one["name"] for one in cli.json("app", "list")] == ["Pear"]


def test_json_of_changes(cli, codepush_server):
    """Every change tells scripts what it changed."""
    codepush_server.add_account("colleague@example.test")
    assert cli.json("app", "add", "Empty", "--no-deployments") == {"name": "Empty", "deployments": []}
    assert cli.json("app", "rename", "Empty", "App") == {"app": "App", "renamedFrom": "Empty"}
    one = {"app": "App", "collaborator": "colleague@example.test"}
    assert cli.json("collaborator", "add", "App", one["collaborator"]) == one | {"added": True}
    assert cli.json("collaborator", "list", "App") == {
        "collaborators": {
            "colleague@example.test": {"permission": "Collaborator", "isCurrentAccount": False},
            "owner@example.test": {"permission": "Owner", "isCurrentAccount": True},
        }
    }
    assert cli.json("collaborator", "rm", "App", one["collaborator"], "-y") == one | {"removed": True}
    assert cli.json("deployment", "add", "App", "Beta", "-k", KEY) == {"name": "Beta", "key": KEY}
    assert [made["name"] for made in cli.json("deployment", "add", "App", "--default")] == ["Staging", "Production"]
    beta = {"app": "App", "deployment": "Beta"}
    assert cli.json("deployment", "rename", "App", "Beta", "Gamma") == {
        "app": "App",
        "deployment": "Gamma",
        "renamedFrom": "Beta",
    }
    assert cli.json("deployment", "clear", "App", "Gamma", "-y") == beta | {"deployment": "Gamma", "cleared": True}
    assert cli.json("deployment", "rm", "App", "Gamma", "-y") == beta | {"deployment": "Gamma", "removed": True}
    assert cli.json("app", "transfer", "App", "colleague@example.test", "-y")["owner"] == "colleague@example.test"


def test_collaborators(cli, codepush_server):
    """Collaborators are added, listed with who owns the app, and removed."""
    codepush_server.add_account("colleague@example.test")
    cli.text("app", "add", "App")
    assert cli.text("collaborator", "add", "App", "colleague@example.test") == (
        'Successfully added "colleague@example.test" as a collaborator to the app "App".'
    )
    assert cli.text("collaborator", "ls", "App").split("\n") == [
        "E-mail Address",
        "colleague@example.test",
        "owner@example.test (Owner)",
    ]
    assert cli.text("collaborator", "remove", "App", "colleague@example.test", "--yes") == (
        'Successfully removed "colleague@example.test" as a collaborator from the app "App".'
    )


def test_access_keys(cli):
    """A key is made and shown once, works, is listed without its secret, changed, and removed."""
    sentence = cli.text("access-key", "add", "ci", "--ttl", "1h")
    assert sentence.startswith('Successfully created the "ci" access key: ')
    assert cli.text("whoami", CODEPUSH_ACCESS_KEY=sentence.rpartition(" ")[2]) == "owner@example.test"
    made = cli.json("tokens", "create", "-d", "nightly", "-t", "user")
    assert made.keys() == {"name", "key", "createdTime", "expires"}
    assert (
        0 <= 60 * 86_400_000 - (made["expires"] - made["createdTime"]) < 600_000
    )  # at most as long as the key that asks
    assert "earlier than requested" in cli.run("access-key", "add", "years", "--ttl", "10y").stderr
    listed = {one["name"]: one for one in cli.json("access-key", "ls")}
    assert listed["nightly"].keys() == {"name", "createdTime", "expires"}
    assert made["key"] not in cli.text("tokens", "list")
    assert cli.text("access-key", "patch", "ci", "--name", "build") == (
        'Successfully renamed the access key "ci" to "build".'
    )
    said = cli.text("access-key", "patch", "build", "--name", "old", "--ttl", "0s")
    assert said.startswith('Successfully renamed the access key "build" to "old" and changed its expiration date to ')
    assert cli.text("access-key", "list").split("\n")[-1].startswith("old ")
    assert cli.text("access-key", "patch", "old", "--ttl", "5m").startswith(
        'Successfully changed the expiration date of the "old" access key to '
    )
    assert cli.text("access-key", "rm", "old", "-y") == 'Successfully removed the "old" access key.'
    assert cli.json("tokens", "delete", "nightly", "-y") == {"name": "nightly", "removed": True}


def test_deployments(cli):
    """Deployments are added with a chosen key, listed with it, renamed, and removed."""
    cli.text("app", "add", "App", "--no-deployments")
    assert cli.text("deployment", "add", "App", "Beta", "-k", KEY) == (
        f'Successfully added the "Beta" deployment with key "{KEY}" to the "App" app.'
    )
    assert cli.text("deployment", "list", "App", "--displayKeys") == (
        "Name  Deployment Key          Update Metadata      Install Metrics\n"
        f"Beta  {KEY}  No updates released  No installs recorded"
    )
    assert cli.json("deployment", "ls", "App") == [{"name": "Beta", "key": KEY}]
    assert cli.text("deployment", "rename", "App", "Beta", "Gamma") == (
        'Successfully renamed the "Beta" deployment to "Gamma" for the "App" app.'
    )
    assert cli.text("deployment", "rm", "App", "Gamma", "-y") == (
        'Successfully removed the "Gamma" deployment from the "App" app.'
    )


def test_releases(cli, tmp_path):
    """A directory is released, patched, promoted and rolled back, and the history tells it all."""
    cli.text("app", "add", "App")
    bundle = make_bundle(tmp_path / "1", "one")
    done = cli.run("release", "App", bundle, "1.0.0", "-des", r"First\nline", "-m", "-r", "25%")
    assert done.stdout == (
        f'Successfully released an update containing the "{bundle}" directory to the "Staging" deployment'
        ' of the "App" app.\n'
    )
    assert done.stderr == "Released as v1 for versions 1.0.0.\n"
    assert cli.text("patch", "App", "Staging", "-r", "100", "-m", "false") == (
        'Successfully updated the "latest" release of "App" app\'s "Staging" deployment.'
    )
    unchanged = cli.text("patch", "App", "Staging", "--label", "v1", "--mandatory=false")
    assert (
        unchanged
        == 'Nothing to change: the "v1" release of "App" app\'s "Staging" deployment already has these settings.'
    )
    file = make_bundle(tmp_path / "2", "two") / "index.android.bundle"
    second = cli.json("release", "-a", "App", "-c", file, "-t", "1.0.0", "-d", "Staging", "-x")
    assert (second["label"], second["isDisabled"], second["isMandatory"], second["rollout"]) == ("v2", True, False, 100)
    assert cli.text("promote", "App", "Staging", "Production", "-l", "v1", "--description", "To all") == (
        'Successfully promoted "v1" of the "Staging" deployment of the "App" app to the "Production" deployment.'
    )
    assert cli.text("rollback", "App", "Staging", "--yes") == (
        'Successfully performed a rollback on the "Staging" deployment of the "App" app.'
    )
    third = cli.json("deployment", "history", "App", "Staging")[2]
    assert (third["label"], third["releaseMethod"], third["originalLabel"]) == ("v3", "Rollback", "v1")
    (promoted,) = cli.json("deployment", "h", "App", "Production")
    assert {
        name: promoted[name]
        for name in ("label", "appVersion", "description", "isMandatory", "releaseMethod", "originalDeployment")
    } == {
        "label": "v1",
        "appVersion": "1.0.0",
        "description": "To all",
        "isMandatory": False,
        "releaseMethod": "Promote",
        "originalDeployment": "Staging",
    }
    shown = cli.text("deployment", "history", "App", "Staging", "--displayAuthor").split("\n")
    assert re.split(" {2,}", shown[0]) == [
        "Label",
        "Release Time",
        "App Version",
        "Mandatory",
        "Released By",
        "Description",
        "Install Metrics",
    ]
    assert "You" in shown[1]
    assert "(Rolled back v2 to v1)" in shown[-1] + shown[-2]


def test_metrics(cli, codepush_device, tmp_path):
    """What phones report is told to people and to scripts."""
    cli.text("app", "add", "App")
    (deployment,) = [one for one in cli.json("deployment", "ls", "App") if one["name"] == "Staging"]
    cli.text("release", "App", make_bundle(tmp_path), "1.0.0")
    phone = codepush_device(deployment_key=deployment["key"], app_version="1.0.0")
    phone.sync()
    phone.restart()
    counted = {"active": 1, "downloaded": 1, "failed": 0, "installed": 1, "totalActive": 1}
    (listed,) = [one for one in cli.json("deployment", "ls", "App") if one["name"] == "Staging"]
    assert listed["package"]["metrics"] == counted
    (release,) = cli.json("deployment", "history", "App", "Staging")
    assert release["metrics"] == counted
    assert "Active: 100% (1 of 1)" in cli.text("deployment", "ls", "App")
    assert "Active:" not in cli.text("deployment", "ls", "App", "--skipFetchingDeploymentMetrics")


def test_duplicates(cli, tmp_path):
    """A duplicate is a conflict, or only a warning when asked so; an unfinished rollout stays a conflict."""
    cli.text("app", "add", "App")
    bundle = make_bundle(tmp_path / "1")
    cli.text("release", "App", bundle, "1.0.0")
    assert cli.fails("release", "App", bundle, "1.0.0")[0] == 7
    done = cli.run("release", "App", bundle, "1.0.0", "--noDuplicateReleaseError")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("[Warning] The uploaded package was not released because it is identical")
    duplicate = cli.json("release", "App", bundle, "1.0.0", "--disable-duplicate-release-error")
    assert (duplicate["isDuplicate"], duplicate["label"]) == (True, "v1")
    cli.text("promote", "App", "Staging", "Production", "-r", "50")
    assert cli.fails("promote", "App", "Staging", "Production", "--noDuplicateReleaseError")[0] == 7
    cli.text("patch", "App", "Production", "-r", "100")
    done = cli.run("promote", "App", "Staging", "Production", "--noDuplicateReleaseError")
    assert (done.returncode, done.stdout) == (0, "")
    assert "[Warning]" in done.stderr


def test_dry_runs(cli, codepush_device, tmp_path):
    """A dry run tells what would happen, ends as the real thing would, and changes nothing."""
    cli.text("app", "add", "App")
    keys = {one["name"]: one["key"] for one in cli.json("deployment", "ls", "App")}
    bundle = make_bundle(tmp_path / "1", "one")
    foreseen = cli.json("release", "App", bundle, "1.0.0", "--dry-run")
    made = cli.json("release", "App", bundle, "1.0.0")
    for name in ("label", "packageHash", "appVersion", "rollout"):
        assert foreseen["release"][name] == made[name]
    phone = codepush_device(deployment_key=keys["Staging"], app_version="1.0.0")
    phone.sync()
    phone.restart()
    second = make_bundle(tmp_path / "2", "two")
    foreseen = cli.json("release", "App", second, "^1.0.0", "--dry-run")
    assert foreseen["release"]["label"] == "v2"
    assert foreseen["devices"] == {"atLeast": 1, "atMost": 1}
    assert foreseen["moves"] == [{"runs": "v1", "active": 1, "atLeast": 1, "atMost": 1}]
    assert cli.run("release", "App", bundle, "1.0.0", "--dry-run").returncode == 7
    said = cli.text("promote", "App", "Staging", "Production", "--dry-run", "-r", "50")
    assert 'The "Production" deployment of the "App" app would have v1: for 1.0.0, rollout 50%.' in said
    assert cli.run("rollback", "App", "Staging", "--dry-run").returncode == 6
    assert cli.run("patch", "App", "Staging", "-r", "50", "--dry-run").returncode == 7
    cli.text("release", "App", second, "1.0.0")
    foreseen = cli.json("rollback", "App", "Staging", "--dry-run")
    assert (foreseen["release"]["label"], foreseen["release"]["originalLabel"]) == ("v3", "v1")
    assert cli.json("patch", "App", "Staging", "-x", "--dry-run")["release"]["isDisabled"] is True
    assert [one["label"] for one in cli.json("deployment", "h", "App", "Staging")] == ["v1", "v2"]
    assert cli.json("deployment", "h", "App", "Staging")[1]["isDisabled"] is False
    assert cli.json("deployment", "h", "App", "Production") == []


def test_project_file(cli):
    """With a project file, server, app and deployment need not be named; what is named goes before it."""
    server = cli.environment.pop("CODEPUSH_SERVER_URL")
    cli.text("app", "add", "App", "--server", server)
    (cli.folder / ".codepush.toml").write_text(f'server = "{server}"\napp = "App"\ndeployment = "Production"\n')
    make_bundle(cli.folder)
    assert cli.json("release", "CodePush", "1.0.0")["label"] == "v1"
    assert [one["label"] for one in cli.json("deployment", "history")] == ["v1"]
    assert cli.json("deployment", "history", "Staging") == []
    assert cli.json("patch", "-des", "Changed")["description"] == "Changed"
    assert cli.json("promote", "Production", "Staging")["originalDeployment"] == "Production"
    assert [one["name"] for one in cli.json("deployment", "ls")] == ["Production", "Staging"]
    assert cli.json("deployment", "add", "Beta")["name"] == "Beta"
    code, said = cli.fails("deployment", "list", "Other")
    assert (code, 'App "Other" does not exist' in said) == (6, True)
    code, said = cli.fails("app", "remove", "-y")
    assert (code, "Missing argument 'APP'" in said) == (2, True)

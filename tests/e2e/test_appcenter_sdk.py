"""npm ``code-push@4.2.3``, the SDK of App Center's dialect, unmodified, through all its methods.

The packages are locked in ``appcenter_sdk``, with hashes and without download addresses. To lock them anew, in that
folder: ``npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund``.
"""

import json
import random
import re
import shutil
from pathlib import Path

import httpx2
import pytest

from codepush.packaging.local import prepare
from support.packages import make_bundle
from support.processes import NPM_CI, OFFLINE, run

SOURCE = Path(__file__).with_name("appcenter_sdk")
LARGE = 20_000_000
"""Bytes that cannot be packed smaller: five chunks, sent at once."""

TOKEN_MISSING = "The API token is missing or invalid."
DEPRECATED = {"error": "Method is deprecated", "statusCode": 404}
FOREVER = 253_402_300_799_000
"""What the SDK takes for the end of every token: the year 9999, whatever was asked for."""

pytestmark = [
    pytest.mark.skipif(OFFLINE, reason="CODEPUSH_TEST_OFFLINE=1: npm's registry is not to be asked"),
    pytest.mark.timeout(600),
]


def error(given, name):
    """Return status and message of the error that a step gave."""
    return given[name]["statusCode"], given[name]["error"]


def make_bundles(folder):
    bundles = [
        make_bundle(folder / name, name, assets=["assets/logo.png"]) for name in ("one", "two", "three", "large")
    ]
    (bundles[-1] / "picture.bin").write_bytes(random.Random(0).randbytes(LARGE))
    return bundles


def hash_of(bundle):
    with prepare(bundle) as package:
        return package.hash


def test_every_method(codepush_server, tmp_path):
    """Each gives what its documentation promises, and what it made is what our own SDK then finds."""
    codepush_server.add_account("other@example.test")
    token = {"X-API-Token": codepush_server.access_key}
    httpx2.post(f"{codepush_server.url}/v0.1/orgs", headers=token, json={"name": "contoso"}).raise_for_status()
    folder = shutil.copytree(SOURCE, tmp_path / "sdk", ignore=shutil.ignore_patterns("node_modules"))
    run(*NPM_CI, folder=folder)
    bundles, told = make_bundles(tmp_path), tmp_path / "given.json"
    server = [f"{codepush_server.url}/v0.1", codepush_server.access_key, "other@example.test", "contoso"]
    run("node", "scenario.js", str(told), *server, *map(str, bundles), folder=folder)
    given = json.loads(told.read_text(encoding="utf-8"))

    check_account(given)
    check_access_keys(given)
    check_apps(given)
    check_collaborators(given)
    check_deployments(given)
    hashes = [hash_of(bundle) for bundle in bundles]
    check_releases(given, hashes)
    check_history(given, hashes)
    with codepush_server.client() as client:
        check_our_view(client, given)


def check_account(given):
    """Who is asked for is who the token belongs to; without a token that is known it is a 401, else a 504."""
    assert given["no token"]["error"] == "A token must be specified."
    assert given["isAuthenticated"] is True
    assert given["isAuthenticated, stranger"] is False
    for name in ("isAuthenticated, stranger, thrown", "getAccountInfo, stranger"):
        status, message = error(given, name)
        assert (status, message.startswith(TOKEN_MISSING)) == (401, True)
    info = {"name": "owner-example.test", "email": "owner@example.test", "linkedProviders": []}
    assert given["getAccountInfo"] == info
    assert error(given, "getAccountInfo, no server")[0] == 504


def check_access_keys(given):
    """Tokens are shown once and listed without their secret; what App Center had dropped says so."""
    added = given["addAccessKey"]
    assert re.fullmatch(r"cpk_[A-Za-z0-9_-]{43}", added["key"])
    assert (added["name"], added["expires"]) == ("ci key", FOREVER)
    assert given["new token works"] is True
    listed = {key: value for key, value in added.items() if key != "key"}
    assert listed in given["getAccessKeys"]
    assert added["key"] not in json.dumps(given["getAccessKeys"])
    assert given["removeAccessKey"] is None
    assert error(given, "removeAccessKey, again") == (404, 'Access key "ci key" does not exist.')
    assert given["removed token works"] is False
    for name in ("getAccessKey", "patchAccessKey", "getSessions", "removeSession"):
        assert given[name] == DEPRECATED


def check_apps(given):
    """Apps are what was asked for, their owner's or their organization's, with the deployments that the SDK adds."""
    mine = {
        "name": "My-App",
        "os": "iOS",
        "platform": "React-Native",
        "collaborators": {"owner-example.test": {"isCurrentAccount": True, "permission": "Owner"}},
        "deployments": ["Production", "Staging"],
    }
    bare = mine | {"name": "Bare", "os": "Android", "platform": "Cordova", "deployments": []}
    shared = mine | {
        "name": "contoso/Shared",
        "os": "Android",
        "collaborators": {"contoso": {"isCurrentAccount": False, "permission": "Owner"}},
    }
    assert given["addApp"]["name"] == "My-App"
    assert given["getApp"] == mine
    assert given["getApp, of an organization"] == shared
    assert given["getApps"] == [shared, bare, mine]
    assert error(given, "addApp, again") == (409, "An app named 'My-App' already exists.")
    assert [error(given, f"addApp, odd {what}")[0] for what in ("name", "system")] == [409, 409]
    assert error(given, "getApp, unknown") == (404, 'App "owner-example.test/Nope" does not exist.')
    assert [given[name] for name in ("renameApp", "removeApp", "transferApp")] == [None] * 3
    assert error(given, "renameApp, taken") == (409, "An app named 'Bare' already exists.")
    assert error(given, "removeApp, again")[0] == 404
    assert given["getApp, transferred"] == shared | {"name": "contoso/Our-App", "os": "iOS"}


def check_collaborators(given):
    """Who is added belongs to the app, and does so no longer when removed."""
    owner = {"isCurrentAccount": True, "permission": "Owner"}
    other = {"isCurrentAccount": False, "permission": "Collaborator"}
    assert [given["addCollaborator"], given["removeCollaborator"]] == [None, None]
    assert error(given, "addCollaborator, unknown")[0] == 404
    assert given["getCollaborators"] == {"other@example.test": other, "owner@example.test": owner}
    assert given["getCollaborators, removed"] == {"owner@example.test": owner}


def check_deployments(given):
    """Deployments are added, renamed, listed and removed."""
    added = given["addDeployment"]
    assert (added["name"], added["package"]) == ("Beta", None)
    assert error(given, "addDeployment, again") == (409, "A deployment named 'Beta' already exists.")
    assert [one["name"] for one in given["getDeployments"]] == ["Gamma", "Production", "Staging"]
    assert given["getDeployment"] == added | {"name": "Gamma"}
    assert error(given, "getDeployment, unknown") == (404, 'Deployment "Nope" does not exist.')
    assert [given["renameDeployment"], given["removeDeployment"]] == [None, None]


def check_releases(given, hashes):
    """Releases are uploaded, in one chunk or in many, patched and promoted; what is refused says why."""
    first, second, large = (given[name] for name in ("release", "release, second", "release, in many chunks"))
    assert (first["label"], first["packageHash"], first["description"]) == ("v1", hashes[0], "First")
    assert (first["isMandatory"], first["isDisabled"], first["rollout"]) == (True, False, 100)
    assert (first["releasedBy"], first["releaseMethod"]) == ("owner@example.test", "Upload")
    assert (second["label"], second["rollout"], second["packageHash"]) == ("v2", 20, hashes[1])
    assert (large["label"], large["packageHash"]) == ("v3", hashes[3])
    assert large["size"] > LARGE
    assert httpx2.get(large["blobUrl"]).headers["content-length"] == str(large["size"])
    for progress in (given["progress"], given["progress, in many chunks"]):
        assert progress == sorted(progress)
        assert progress[-1] == 100
    assert len(given["progress, in many chunks"]) > 5  # as each of five chunks begins, and as it has arrived
    assert "identical to the contents" in given["release, identical"]["error"]
    assert [error(given, f"release, {how}")[0] for how in ("identical", "during a rollout")] == [409, 409]
    assert error(given, "release, to nowhere") == (404, 'Deployment "Nope" does not exist.')
    status, message = error(given, "release, odd target")
    assert (status, "target_binary_version" in message) == (400, True)
    assert given["patchRelease"] is None
    assert error(given, "patchRelease, unknown") == (404, "Release not found for given label.")
    promoted = given["promote"]
    assert (promoted["label"], promoted["packageHash"], promoted["rollout"]) == ("v1", hashes[0], 50)
    assert (promoted["originalLabel"], promoted["originalDeployment"]) == ("v1", "Staging")
    assert (promoted["releaseMethod"], promoted["isMandatory"]) == ("Promote", True)
    assert error(given, "promote, during a rollout")[0] == 409


def check_history(given, hashes):
    """Rollbacks are new releases of old content; history tells all, and can be cleared."""
    assert [given[name] for name in ("rollback", "rollback, to a label", "clearDeploymentHistory")] == [None] * 3
    assert error(given, "rollback, to itself")[0] == 409
    history = [
        (one["label"], one["packageHash"], one["releaseMethod"], one.get("originalLabel"), one.get("description"))
        for one in given["getDeploymentHistory"]
    ]
    one, two, _, large = hashes
    assert history == [
        ("v1", one, "Upload", None, "First"),
        ("v2", two, "Upload", None, "Second"),
        ("v3", large, "Upload", None, None),
        ("v4", two, "Rollback", "v2", "Second"),
        ("v5", one, "Rollback", "v1", "First"),
    ]
    assert given["getDeploymentMetrics"] == {}
    assert given["getDeploymentHistory, cleared"] == []
    assert given["release, after that"]["label"] == "v1"


def check_our_view(client, given):
    """What one SDK made, the other one finds: the same apps, keys and releases."""
    assert {app.name for app in client.get_apps()} == {"Our-App", "Shared"}
    app = client.get_app("contoso:Our-App")
    assert (app.os, app.platform, app.deployments) == ("iOS", "React-Native", ("Production", "Staging"))
    ours = {one.name: one for one in client.get_deployments("contoso:Our-App")}
    keys = {one["name"]: one["key"] for one in given["getDeployments"] if one["name"] != "Gamma"}
    assert {name: one.key for name, one in ours.items()} == keys
    for deployment, step in (("Staging", "release, after that"), ("Production", "promote")):
        theirs = given[step]
        [package] = client.get_deployment_history("contoso:Our-App", deployment)
        assert ours[deployment].package == package
        assert (package.label, package.package_hash, package.blob_url, package.size) == (
            theirs["label"],
            theirs["packageHash"],
            theirs["blobUrl"],
            theirs["size"],
        )
        assert package.upload_time.timestamp() * 1000 == pytest.approx(theirs["uploadTime"], abs=1)
        assert bool(package.is_mandatory) == theirs["isMandatory"]

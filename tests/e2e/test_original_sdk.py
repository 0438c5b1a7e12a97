"""npm ``code-push``, the original SDK of the standalone dialect, unmodified, through all its methods.

Version 2 was made for a server of one's own, version 3 for App Center, which had this dialect below ``/v0.1/legacy``.

The packages are locked in ``original_sdk``, with hashes and without download addresses. To lock them anew, in that
folder: ``npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund``.
"""

import json
import re
import shutil
from pathlib import Path

import pytest

from codepush.packaging.local import prepare
from support.packages import make_bundle
from support.processes import NPM_CI, OFFLINE, run

SOURCE = Path(__file__).with_name("original_sdk")

pytestmark = [
    pytest.mark.skipif(OFFLINE, reason="CODEPUSH_TEST_OFFLINE=1: npm's registry is not to be asked"),
    pytest.mark.timeout(600),
]


def error(given, name):
    """Return status and message of the error that a step gave."""
    return given[name]["statusCode"], given[name]["error"]


@pytest.mark.parametrize(("module", "prefix"), [("code-push", ""), ("code-push-3", "/v0.1/legacy")])
def test_every_method(codepush_server, tmp_path, module, prefix):
    """Each method gives what its documentation promises, and each error the status that people test for."""
    codepush_server.add_account("other@example.test")
    folder = shutil.copytree(SOURCE, tmp_path / "sdk", ignore=shutil.ignore_patterns("node_modules"))
    run(*NPM_CI, folder=folder)
    bundles = [make_bundle(tmp_path / name, name, assets=["assets/logo.png"]) for name in ("one", "two", "three")]
    server = [codepush_server.url + prefix, codepush_server.access_key, "other@example.test"]
    given = json.loads(run("node", "scenario.js", module, *server, *map(str, bundles), folder=folder))
    with prepare(bundles[0]) as first, prepare(bundles[1]) as second:
        hashes = [first.hash, second.hash]

    assert given["isAuthenticated"] is True
    assert given["isAuthenticated, stranger"] is False
    assert error(given, "isAuthenticated, stranger, thrown")[0] == 401
    assert given["getAccountInfo"] == {"name": "Owner", "email": "owner@example.test", "linkedProviders": []}
    assert error(given, "getAccountInfo, no server")[0] == 504
    check_access_keys(given)
    check_apps(given)
    check_deployments(given)
    check_releases(given, hashes)


def check_access_keys(given):
    """Keys are shown once, listed without their secret, changed and removed."""
    added = given["addAccessKey"]
    assert added["name"] == "ci key"
    assert re.fullmatch(r"[A-Za-z0-9_-]{10,100}", added["key"])
    assert added["expires"] - added["createdTime"] == 3_600_000
    assert error(given, "addAccessKey, again") == (409, 'The access key "ci key" already exists.')
    assert given["new key works"] is True
    assert given["getAccessKey"]["name"] == "ci key"
    assert "ci key" in [one["name"] for one in given["getAccessKeys"]]
    assert added["key"] not in json.dumps([given["getAccessKey"], given["getAccessKeys"]])
    assert given["patchAccessKey"]["name"] == "nightly"
    assert given["removeAccessKey"] is None
    assert error(given, "getAccessKey, removed") == (404, 'Access key "nightly" does not exist.')
    assert given["getSessions"] == []
    assert error(given, "removeSession")[0] == 404


def check_apps(given):
    """Apps and collaborators are what was asked for."""
    assert given["addApp"]["name"] == "My App"
    assert error(given, "addApp, again") == (409, "An app named 'My App' already exists.")
    assert [one["name"] for one in given["getApps"]] == ["Bare", "My App"]
    owner = {"isCurrentAccount": True, "permission": "Owner"}
    assert given["getApp"]["collaborators"] == {"owner@example.test": owner}
    assert given["getApp"]["deployments"] == ["Production", "Staging"]
    assert error(given, "getApp, unknown") == (404, 'App "Nope" does not exist.')
    assert [given[name] for name in ("renameApp", "removeApp", "addCollaborator", "removeCollaborator")] == [None] * 4
    assert error(given, "addCollaborator, unknown")[0] == 404
    assert given["getCollaborators"] == {
        "other@example.test": {"permission": "Collaborator"},
        "owner@example.test": owner,
    }
    assert given["transferApp"] is None
    assert error(given, "removeApp, not the owner")[0] == 403


def check_deployments(given):
    """Deployments are added, renamed, listed and removed."""
    assert given["addDeployment"]["name"] == "Beta"
    assert error(given, "addDeployment, again") == (409, "A deployment named 'Beta' already exists.")
    assert given["renameDeployment"] is None
    assert [one["name"] for one in given["getDeployments"]] == ["Gamma", "Production", "Staging"]
    assert given["getDeployment"] == given["addDeployment"] | {"name": "Gamma"}
    assert given["removeDeployment"] is None


def check_releases(given, hashes):
    """Releases are uploaded, patched, promoted, rolled back and listed."""
    released = given["release"]
    assert (released["label"], released["packageHash"]) == ("v1", hashes[0])
    assert (released["description"], released["isMandatory"], released["rollout"]) == ("First", True, 100)
    assert given["progress"][-1] == 100
    assert error(given, "release, identical")[0] == 409
    assert (given["release, second"]["label"], given["release, second"]["rollout"]) == ("v2", 20)
    assert error(given, "release, during a rollout")[0] == 409
    assert given["patchRelease"] is None
    assert error(given, "patchRelease, unknown") == (404, "Release not found for given label.")
    promoted = given["promote"]
    assert (promoted["label"], promoted["originalLabel"], promoted["rollout"]) == ("v1", "v1", 50)
    assert given["rollback"] is None
    assert given["rollback, to a label"] is None
    assert error(given, "rollback, to itself")[0] == 409
    history = [(one["label"], one["packageHash"], one["releaseMethod"]) for one in given["getDeploymentHistory"]]
    one, two = hashes
    assert history == [
        ("v1", one, "Upload"),
        ("v2", two, "Upload"),
        ("v3", one, "Rollback"),
        ("v4", two, "Rollback"),
    ]
    assert given["getDeploymentMetrics"] == {}
    assert given["clearDeploymentHistory"] is None
    assert given["getDeploymentHistory, cleared"] == []

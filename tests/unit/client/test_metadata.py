"""What may be given as the metadata of an update, and the names that arguments have in older documentation."""

from datetime import timedelta

import pytest

import codepush
from codepush import Invalid, Package, PackageInfo
from codepush.client.metadata import package_info
from codepush.wire import standalone
from codepush.wire.messages import decode_json

V1 = Package(app_version="1.0.0", package_hash="ab" * 32, label="v1", size=5)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, PackageInfo()),
        ({}, PackageInfo()),
        ({"is_mandatory": True}, PackageInfo(is_mandatory=True)),
        ({"isMandatory": True, "isDisabled": False}, PackageInfo(is_mandatory=True, is_disabled=False)),
        ({"description": "x", "rollout": 5}, PackageInfo(description="x", rollout=5)),
        (PackageInfo(rollout=5), PackageInfo(rollout=5)),
        ({"appVersion": "1.0.0", "label": None}, PackageInfo(app_version="1.0.0")),
    ],
)
def test_metadata(given, meant):
    """An object, a mapping in either spelling and None mean the same."""
    assert package_info(given) == meant


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"mandatory": True}, "Unknown key 'mandatory' in the update metadata. Known keys: app_version, description"),
        ({"ismandatory": True}, "isMandatory"),
        ({1: 2}, "Unknown key 1"),
        ({"is_mandatory": True, "isMandatory": True}, "'is_mandatory' in both spellings"),
        ("mandatory", "not str"),
        ([("rollout", 5)], "not list"),
    ],
)
def test_no_metadata(given, sentence):
    """What cannot be metadata is an error that lists what can, before anything is sent."""
    with pytest.raises(Invalid) as caught:
        package_info(given)
    assert sentence in caught.value.message
    assert caught.value.status_code == 400


def test_every_method_takes_a_mapping(server, connect, tmp_path):
    """Releases, patches and promotions send what a mapping says."""
    bundle = tmp_path / "main.jsbundle"
    bundle.write_text("x")
    call = connect()
    for _ in range(3):
        server.answer(standalone.package_body(V1), 201)
    call("release", "App", "Staging", bundle, "1.0.0", {"isMandatory": True})
    call("patch_release", "App", "Staging", "v1", {"is_disabled": True})
    call("promote", "App", "Staging", "Production", {"rollout": 5})
    released, patched, promoted = server.received
    assert b'"isMandatory":true' in released.body
    assert decode_json(patched.body)["packageInfo"]["isDisabled"] is True
    assert decode_json(promoted.body)["packageInfo"] == {"rollout": 5}


@pytest.mark.parametrize("target", ["", " ", "\t"])
def test_an_empty_target(server, connect, tmp_path, target):
    """A release for all versions of the app has to be asked for; nothing is sent."""
    with pytest.raises(Invalid, match=r'Write "\*" for all versions'):
        connect()("release", "App", "Staging", tmp_path, target)
    assert server.received == []


def test_argument_names_of_the_original(server, connect):
    """Keys are added by description and looked up by access_key too; exactly one of both names is given."""
    call = connect()
    body = b'{"accessKey": {"name": "n", "friendlyName": "ci", "createdTime": 0, "expires": 1}}'
    server.answer(body, 201)
    server.answer(body)
    server.answer(status=204)
    assert call("add_access_key", description="ci", ttl=timedelta(days=1)).name == "ci"
    assert call("get_access_key", access_key="ci").name == "ci"
    assert call("remove_access_key", access_key="ci") is None
    added, got, removed = server.received
    assert decode_json(added.body)["friendlyName"] == "ci"
    assert (got.path, removed.path) == ("/accessKeys/ci", "/accessKeys/ci")
    for method in ("add_access_key", "get_access_key", "remove_access_key"):
        with pytest.raises(TypeError, match="exactly one"):
            call(method)
    with pytest.raises(TypeError, match="exactly one"):
        call("get_access_key", "ci", access_key="ci")


def test_types_of_results_can_be_imported():
    """The types that the original has for collaborators and metrics are there."""
    assert codepush.CollaboratorMap == dict[str, codepush.Collaborator]
    assert codepush.DeploymentMetrics == dict[str, codepush.Metrics]

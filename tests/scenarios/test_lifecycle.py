"""The life of a release with both clients of the SDK: release, promote, patch, and the updates of a device."""

from datetime import UTC, datetime, timedelta

import pytest

from codepush import Conflict, Metrics, NotFound, PackageInfo
from codepush.packaging.local import prepare
from support.clients import CLIENTS, open_client
from support.databases import ENGINES
from support.packages import make_bundle, make_zip

DATABASES = ENGINES


@pytest.fixture(params=CLIENTS)
def code_push(request, codepush_server):
    with open_client(request.param, codepush_server.access_key, codepush_server.url) as client:
        yield client


def test_account(code_push):
    """A good key is told whose it is."""
    assert code_push.is_authenticated()
    account = code_push.get_account_info()
    assert (account.email, account.name) == ("owner@example.test", "Owner")


def test_apps(code_push):
    """An app is created with two deployments, found, listed, and removed."""
    assert code_push.get_apps() == []
    code_push.add_app("Zebra", os="Android", platform="React-Native")
    code_push.add_app("apple")
    app = code_push.get_app("Zebra")
    assert app.deployments == ("Production", "Staging")
    assert app.collaborators["owner@example.test"].permission == "Owner"
    assert app.collaborators["owner@example.test"].is_current_account
    assert [one.name for one in code_push.get_apps()] == ["apple", "Zebra"]
    code_push.remove_app("apple")
    assert [one.name for one in code_push.get_apps()] == ["Zebra"]
    with pytest.raises(NotFound, match='App "apple" does not exist'):
        code_push.get_app("apple")


@pytest.mark.parametrize("name", ["Spaces and ümläuts", "日本語 😀", "100% #1 & more;=+", "a.b~c", "..."])
def test_names(code_push, name):
    """Any name that the protocol allows comes back as it was given."""
    code_push.add_app(name)
    code_push.add_deployment(name, name)
    assert code_push.get_app(name).name == name
    assert code_push.get_deployment(name, name).name == name
    code_push.remove_app(name)
    assert code_push.get_apps() == []


def test_deployments(code_push):
    """Deployments are added with a new key or a chosen one, and listed by name."""
    code_push.add_app("App", manually_provision_deployments=True)
    assert code_push.get_deployments("App") == []
    beta = code_push.add_deployment("App", "Beta")
    chosen = code_push.add_deployment("App", "Alpha", key="key-of-an-older-server")
    assert chosen.key == "key-of-an-older-server"
    listed = code_push.get_deployments("App")
    assert [(one.name, one.key, one.package) for one in listed] == [
        ("Alpha", chosen.key, None),
        ("Beta", beta.key, None),
    ]
    with pytest.raises(Conflict, match="already exists"):
        code_push.add_deployment("App", "Beta")
    with pytest.raises(Conflict, match="in use"):
        code_push.add_deployment("App", "Gamma", key=chosen.key)


def test_release_of_a_directory(code_push, tmp_path):
    """A released directory is stored with what was said about it, and progress is told to the end."""
    code_push.add_app("App")
    bundle = make_bundle(tmp_path, assets=["drawable-mdpi/logo.png"])
    progress = []
    before = datetime.now(UTC)
    package = code_push.release(
        "App",
        "Staging",
        bundle,
        "^1.0.0",
        PackageInfo(description="First", is_mandatory=True, rollout=50),
        on_progress=lambda sent, total: progress.append((sent, total)),
    )
    with prepare(bundle) as local:
        assert package.package_hash == local.hash
    assert (package.label, package.app_version, package.description) == ("v1", "^1.0.0", "First")
    assert (package.is_mandatory, package.is_disabled, package.rollout) == (True, None, 50)
    assert (package.release_method, package.released_by) == ("Upload", "owner@example.test")
    assert before - timedelta(seconds=1) <= package.upload_time <= datetime.now(UTC) + timedelta(seconds=1)
    assert progress
    assert progress[-1][0] == progress[-1][1]
    assert code_push.get_deployment("App", "Staging").package.package_hash == package.package_hash


def test_release_of_a_zip_and_of_a_single_file(code_push, tmp_path):
    """A zip is taken for its content, and a single file as it is."""
    code_push.add_app("App")
    archive = make_zip(tmp_path / "update.zip", [("CodePush/index.android.bundle", "console.log(1)\n")])
    zipped = code_push.release("App", "Staging", archive, "1.0.0")
    bundle = make_bundle(tmp_path)
    with pytest.raises(Conflict, match="identical"):
        code_push.release("App", "Staging", bundle, "1.0.0")
    single = code_push.release("App", "Staging", bundle / "index.android.bundle", "1.0.0")
    assert (zipped.label, single.label) == ("v1", "v2")
    assert zipped.package_hash != single.package_hash
    assert single.size == len("console.log(1)\n")


def test_history_patch_and_promote(code_push, tmp_path):
    """Releases are listed oldest first; patches and promotions follow the rules of rollouts."""
    code_push.add_app("App")
    code_push.release("App", "Staging", make_bundle(tmp_path / "1", "one"), "1.0.0")
    code_push.release("App", "Staging", make_bundle(tmp_path / "2", "two"), "1.0.0", PackageInfo(rollout=20))
    assert [one.label for one in code_push.get_deployment_history("App", "Staging")] == ["v1", "v2"]

    with pytest.raises(Conflict, match="100% rollout"):
        code_push.release("App", "Staging", make_bundle(tmp_path / "3", "three"), "1.0.0")
    with pytest.raises(Conflict, match='greater than "20"'):
        code_push.patch_release("App", "Staging", None, PackageInfo(rollout=10))
    patched = code_push.patch_release("App", "Staging", "v2", PackageInfo(rollout=100, description="Done"))
    assert (patched.label, patched.rollout, patched.description) == ("v2", 100, "Done")
    assert code_push.patch_release("App", "Staging", "v2", PackageInfo(description="Done")) is None

    promoted = code_push.promote("App", "Staging", "Production", PackageInfo(label="v1", rollout=5))
    assert (promoted.label, promoted.release_method, promoted.rollout) == ("v1", "Promote", 5)
    assert (promoted.original_label, promoted.original_deployment) == ("v1", "Staging")
    with pytest.raises(Conflict, match="unfinished rollout"):
        code_push.promote("App", "Staging", "Production")
    with pytest.raises(NotFound, match="no enabled releases"):
        code_push.promote("App", "Staging", "Production", PackageInfo(label="v9"))


def test_phone_follows_a_release(code_push, codepush_device, tmp_path):
    """A phone takes what was released, and the metrics say so."""
    code_push.add_app("App")
    key = code_push.get_deployment("App", "Production").key
    phone = codepush_device(deployment_key=key, app_version="1.0.0")
    assert phone.check() is None
    package = code_push.release("App", "Production", make_bundle(tmp_path), "1.x")
    phone.sync()
    running = phone.restart()
    assert (running.label, running.package_hash) == ("v1", package.package_hash)
    assert running.bundle.read_text() == "console.log(1)\n"
    assert code_push.get_deployment_metrics("App", "Production") == {
        "1.0.0": Metrics(active=0),
        "v1": Metrics(active=1, downloaded=1, installed=1, failed=0),
    }


def test_phone_rolls_back_what_crashes(code_push, codepush_device, tmp_path):
    """A crash on the first start brings the phone back to what it ran, once and for all, and is counted."""
    code_push.add_app("App")
    key = code_push.get_deployment("App", "Production").key
    phone = codepush_device(deployment_key=key, app_version="1.0.0")
    code_push.release("App", "Production", make_bundle(tmp_path / "good", "good"), "1.0.0")
    phone.sync()
    phone.restart()
    code_push.release("App", "Production", make_bundle(tmp_path / "bad", "bad"), "1.0.0")
    phone.sync()
    phone.restart(crash=True)
    assert phone.restart().label == "v1"
    assert phone.check().failed_install
    metrics = code_push.get_deployment_metrics("App", "Production")
    assert metrics["v1"] == Metrics(active=1, downloaded=1, installed=1, failed=0)
    assert metrics["v2"] == Metrics(active=0, downloaded=1, installed=0, failed=1)


def test_phone_of_another_version_gets_nothing(code_push, codepush_device, tmp_path):
    """A release for other binary versions is not offered, and the phone learns which ones it is for."""
    code_push.add_app("App")
    key = code_push.get_deployment("App", "Production").key
    code_push.release("App", "Production", make_bundle(tmp_path), "^2.0.0")
    wanted = []
    assert codepush_device(deployment_key=key, app_version="1.0.0").check(on_version_mismatch=wanted.append) is None
    assert wanted == ["^2.0.0"]

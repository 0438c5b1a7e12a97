"""The life of a release with the SDK against npm ``code-push-server`` 5; ``docs/interop.md`` lists differences."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from codepush import CodePush, Invalid, Metrics, NotFound, PackageError, PackageInfo
from codepush.device import SimulatedDevice
from codepush.packaging.local import prepare
from support.clients import CLIENTS, open_client
from support.keys import make_key_pair
from support.packages import make_bundle, make_zip

pytestmark = pytest.mark.timeout(900)  # the first test also waits for what is fetched

OTHER = "other@example.test"
HOUR = timedelta(hours=1)


@pytest.fixture(params=CLIENTS)
def code_push(request, lisong):
    with open_client(request.param, lisong.access_key, lisong.url) as client:
        yield client


@pytest.fixture
def app(code_push):
    """Give the name of a new app with nothing released."""
    name = f"App {uuid4()}"
    code_push.add_app(name, os="Android", platform="React-Native")
    return name


@pytest.fixture
def phone(lisong, code_push, app, tmp_path):
    """Give a phone with the app, on the deployment Staging."""
    return SimulatedDevice(
        tmp_path / "phone",
        server_url=lisong.url,
        deployment_key=code_push.get_deployment(app, "Staging").key,
        app_version="1.2.0",
    )


def labels(releases):
    return [(one.label, one.release_method) for one in releases]


def eventually(look, expected):
    """Wait for what the server does after it has answered."""
    deadline = time.monotonic() + 30
    while (seen := look()) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    assert seen == expected


def test_account(code_push, lisong):
    """A good key is told whose it is, and a bad one is refused."""
    assert code_push.is_authenticated()
    account = code_push.get_account_info()
    assert (account.name, account.linked_providers) == ("admin", ())
    with CodePush("x" * 37, lisong.url) as stranger:
        assert not stranger.is_authenticated()


def test_access_keys(code_push, lisong):
    """A key works until it is removed, and its secret is told once."""
    name = f"key {uuid4()}"
    created = code_push.add_access_key(name, HOUR)
    assert created.expires - created.created_time == HOUR
    with CodePush(created.key, lisong.url) as client:
        assert client.is_authenticated()
        listed = {one.name: one for one in code_push.get_access_keys()}
        assert (listed[name].key, listed[name].expires) == (None, created.expires)
        with pytest.raises(Invalid, match="already exists"):
            code_push.add_access_key(name, HOUR)
        code_push.remove_access_key(name)
        assert not client.is_authenticated()
    assert name not in [one.name for one in code_push.get_access_keys()]
    assert code_push.get_sessions() == []


def test_access_keys_without_a_life_are_dead(code_push):
    """The server does not know a life of its own, so one has to be given."""
    created = code_push.add_access_key(f"key {uuid4()}")
    assert created.expires == created.created_time


def test_apps(code_push):
    """An app is created, listed, renamed and removed."""
    name = f"Zebra ümläut {uuid4()}"
    email = code_push.get_account_info().email
    assert code_push.add_app(name, os="iOS", platform="Cordova").collaborators[email].permission == "Owner"
    with pytest.raises(Invalid, match="Exist"):
        code_push.add_app(name, os="iOS", platform="Cordova")
    code_push.rename_app(name, f"{name}!")
    (app,) = [one for one in code_push.get_apps() if one.name.startswith(name)]
    assert (app.name, app.os, app.platform) == (f"{name}!", "iOS", "Cordova")
    assert app.deployments == ("Production", "Staging")
    assert app.collaborators[email].is_current_account
    code_push.remove_app(app.name)
    assert app.name not in [one.name for one in code_push.get_apps()]
    with pytest.raises(Invalid, match="not exists"):
        code_push.get_deployments(app.name)


def test_apps_need_an_os_and_a_platform(code_push):
    """The server says so, and has none of the app afterwards."""
    name = f"Bare {uuid4()}"
    with pytest.raises(Invalid, match="Please input os"):
        code_push.add_app(name)
    with pytest.raises(Invalid, match="Please input platform"):
        code_push.add_app(name, os="iOS")
    assert name not in [one.name for one in code_push.get_apps()]


def test_collaborators(code_push, lisong, app):
    """Another account is let in, gets the app, and the first one is out: the server keeps no former owner."""
    email = code_push.get_account_info().email
    code_push.add_collaborator(app, OTHER)
    people = code_push.get_collaborators(app)
    assert {one: person.permission for one, person in people.items()} == {email: "Owner", OTHER: "Collaborator"}
    code_push.remove_collaborator(app, OTHER)
    assert list(code_push.get_collaborators(app)) == [email]
    with pytest.raises(Invalid, match="does not exist"):
        code_push.add_collaborator(app, "nobody@example.test")
    code_push.transfer_app(app, OTHER)
    with CodePush(lisong.other_access_key, lisong.url) as other:
        assert list(other.get_collaborators(app)) == [OTHER]
    with pytest.raises(Invalid, match="not exists"):
        code_push.get_collaborators(app)


def test_deployments(code_push, app):
    """Deployments are added, found, renamed and removed; the server makes the keys itself."""
    beta = code_push.add_deployment(app, "Beta")
    assert code_push.get_deployment(app, "Beta").key == beta.key
    with pytest.raises(Invalid, match="does Exist"):
        code_push.add_deployment(app, "Beta")
    assert code_push.add_deployment(app, "Moved", key="key-of-an-older-server").key != "key-of-an-older-server"
    code_push.rename_deployment(app, "Beta", "Gamma")
    assert {one.name for one in code_push.get_deployments(app)} == {"Production", "Staging", "Gamma", "Moved"}
    code_push.remove_deployment(app, "Gamma")
    with pytest.raises(Invalid, match="does not find the deployment"):
        code_push.get_deployment(app, "Gamma")


def test_releases(code_push, app, tmp_path):
    """A release is looked up, as the server does not describe it, and has the hash that phones compute."""
    bundle = make_bundle(tmp_path, assets=["drawable-mdpi/logo.png"])
    assert code_push.get_deployment(app, "Staging").package is None
    info = PackageInfo(description="First", is_mandatory=True)
    before = datetime.now(UTC)
    package = code_push.release(app, "Staging", bundle, "^1.0.0", info)
    with prepare(bundle) as local:
        assert (package.package_hash, package.size) == (local.hash, local.size)
    assert (package.label, package.app_version, package.description) == ("v1", "^1.0.0", "First")
    assert (package.is_mandatory, package.release_method) == (True, "Upload")
    assert package.released_by == code_push.get_account_info().email
    assert abs(package.upload_time - before) < HOUR
    assert code_push.get_deployment(app, "Staging").package == package
    assert code_push.get_deployment_history(app, "Staging") == [package]


def test_releases_that_are_refused(code_push, app, tmp_path):
    """Identical ones (unless they are welcome), single files, and versions in a way that the server cannot read."""
    bundle = make_bundle(tmp_path, "console.log(1)\n")
    archive = make_zip(tmp_path / "same.zip", [("CodePush/index.android.bundle", "console.log(1)\n")])
    package = code_push.release(app, "Staging", archive, "1.0.0")
    with pytest.raises(Invalid, match="identical"):
        code_push.release(app, "Staging", bundle, "1.0.0")
    assert code_push.release(app, "Staging", bundle, "1.0.0", no_duplicate_release_error=True) == package
    with pytest.raises(Invalid, match="file type"):
        code_push.release(app, "Staging", bundle / "index.android.bundle", "1.0.0")
    with pytest.raises(Invalid, match="not support"):
        code_push.release(app, "Staging", bundle, "1.0.0 || 2.0.0")
    assert code_push.get_deployment_history(app, "Staging") == [package]


def test_patches(code_push, app, phone, tmp_path):
    """What is said about a release changes, with and without its label; a disabled one is not offered."""
    for script in ("one", "two"):
        code_push.release(app, "Staging", make_bundle(tmp_path / script, script), "1.2.0", PackageInfo(rollout=100))
    patched = code_push.patch_release(app, "Staging", "v1", PackageInfo(description="Old", is_mandatory=True))
    assert (patched.label, patched.description, patched.is_mandatory) == ("v1", "Old", True)
    assert code_push.patch_release(app, "Staging", None, PackageInfo(description="New")).label == "v2"
    assert phone.check().description == "New"
    code_push.patch_release(app, "Staging", None, PackageInfo(is_disabled=True))
    assert phone.check() is None
    with pytest.raises(Invalid, match="does not find the packageInfo"):
        code_push.patch_release(app, "Staging", "v9", PackageInfo(description="?"))


def test_promotions(code_push, app, tmp_path):
    """A promotion is looked up where it went, as the server answers with a row of its database."""
    with pytest.raises(Invalid, match="does not exist"):
        code_push.promote(app, "Staging", "Production")
    first = code_push.release(app, "Staging", make_bundle(tmp_path / "1", "one"), "1.0.0")
    second = code_push.release(app, "Staging", make_bundle(tmp_path / "2", "two"), "1.0.0")
    promoted = code_push.promote(app, "Staging", "Production", PackageInfo(label="v1", description="Good"))
    assert (promoted.label, promoted.package_hash, promoted.description) == ("v1", first.package_hash, "Good")
    assert (promoted.original_label, promoted.original_deployment) == ("v1", "Staging")
    assert code_push.promote(app, "Staging", "Production").package_hash == second.package_hash
    assert labels(code_push.get_deployment_history(app, "Production")) == [("v1", "Promote"), ("v2", "Promote")]
    with pytest.raises(Invalid, match="identical"):
        code_push.promote(app, "Staging", "Production")


def test_rollbacks_and_history(code_push, app, tmp_path):
    """Rollbacks are releases; the history is oldest first, and empty when it was cleared."""
    assert code_push.get_deployment_history(app, "Staging") == []
    first = code_push.release(app, "Staging", make_bundle(tmp_path / "1", "one"), "1.0.0")
    second = code_push.release(app, "Staging", make_bundle(tmp_path / "2", "two"), "1.0.0")
    back = code_push.rollback(app, "Staging")
    assert (back.label, back.package_hash, back.original_label) == ("v3", first.package_hash, "v1")
    assert code_push.rollback(app, "Staging", "v2").package_hash == second.package_hash
    history = code_push.get_deployment_history(app, "Staging")
    assert labels(history) == [("v1", "Upload"), ("v2", "Upload"), ("v3", "Rollback"), ("v4", "Rollback")]
    with pytest.raises(Invalid):
        code_push.rollback(app, "Staging", "v9")
    code_push.clear_deployment_history(app, "Staging")
    assert code_push.get_deployment_history(app, "Staging") == []
    assert code_push.get_deployment_metrics(app, "Staging") == {}


def test_phone(code_push, app, phone, tmp_path):
    """A phone takes a release and then only the difference to the next one, and goes back when that one crashes."""
    assert phone.check() is None
    code_push.release(app, "Staging", make_bundle(tmp_path / "good", "good", assets=["large.png"]), "1.2.0")
    phone.sync()
    running = phone.restart()
    assert (running.label, running.bundle.read_text()) == ("v1", "good")

    code_push.release(app, "Staging", make_bundle(tmp_path / "bad", "bad", assets=["large.png"]), "1.2.0")
    eventually(
        lambda: list(code_push.get_deployment_history(app, "Staging")[-1].diff_package_map), [running.package_hash]
    )
    diff = code_push.get_deployment_history(app, "Staging")[-1].diff_package_map[running.package_hash]
    assert phone.check().download_url == diff.url
    phone.sync()
    assert phone.restart(crash=True).bundle.read_text() == "bad"
    assert phone.restart().label == "v1"
    assert phone.check().failed_install
    eventually(
        lambda: code_push.get_deployment_metrics(app, "Staging"),
        {
            "v1": Metrics(active=1, downloaded=1, installed=1, failed=0),
            "v2": Metrics(active=0, downloaded=1, installed=1, failed=1),  # a failure counts as installed there
        },
    )


def test_phone_drops_a_release_for_a_range(code_push, app, phone, tmp_path):
    """The server tells phones the range in place of their own version, and they take it for another binary's."""
    code_push.release(app, "Staging", make_bundle(tmp_path), "^1.0.0")
    phone.sync()
    assert phone.restart().label is None


def test_phone_refuses_a_release_of_a_directory_with_another_name(code_push, app, phone, tmp_path):
    """The server computes the hash as if every directory were named CodePush; phones take its real name."""
    code_push.release(app, "Staging", make_bundle(tmp_path, name="build"), "1.2.0")
    with pytest.raises(PackageError, match="hash"):
        phone.sync()


def test_phone_takes_a_signed_release(code_push, lisong, app, tmp_path):
    """The signature travels in the package, of which the server need not know."""
    private, public = make_key_pair(tmp_path)
    code_push.release(app, "Staging", make_bundle(tmp_path, "signed"), "1.2.0", private_key_path=private)
    key = code_push.get_deployment(app, "Staging").key
    phone = SimulatedDevice(
        tmp_path / "careful", server_url=lisong.url, deployment_key=key, app_version="1.2.0", public_key=public
    )
    phone.sync()
    assert phone.restart().bundle.read_text() == "signed"


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("get_app", ["App"]),
        ("get_access_key", ["tests"]),
        ("patch_access_key", ["tests", "renamed"]),
        ("remove_session", ["machine"]),
    ],
)
def test_methods_that_the_server_does_not_have(code_push, method, arguments):
    """They say that nothing was found, and change nothing."""
    keys = code_push.get_access_keys()
    with pytest.raises(NotFound, match="Not Found"):
        getattr(code_push, method)(*arguments)
    assert code_push.get_access_keys() == keys

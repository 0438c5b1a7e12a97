"""Signed releases, from the directory to phones whose app has the public key built in."""

import pytest

from codepush import PackageError
from support.keys import make_key_pair
from support.packages import make_bundle


@pytest.fixture
def code_push(codepush_server):
    with codepush_server.client() as client:
        client.add_app("App")
        yield client


@pytest.fixture
def key(code_push):
    return code_push.get_deployment("App", "Staging").key


@pytest.fixture
def keys(tmp_path):
    """The app's key pair: the paths of the private and the public key."""
    return make_key_pair(tmp_path)


def test_a_signed_release_reaches_every_phone(code_push, key, keys, codepush_device, tmp_path):
    """Phones with the public key and phones without take it; the directory stays as the build left it."""
    private, public = keys
    bundle = make_bundle(tmp_path, "signed", assets=["logo.png"])
    (bundle / "main.jsbundle").write_text("signed")
    before = {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}

    package = code_push.release("App", "Staging", bundle, "1.0.0", private_key_path=private)

    assert {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()} == before
    for options in ({"public_key": public}, {"public_key": public, "platform": "ios"}, {}):
        phone = codepush_device(deployment_key=key, app_version="1.0.0", **options)
        phone.sync(install_mode="immediate")
        assert phone.running.package_hash == package.package_hash


def test_a_signed_bundle_reaches_the_phone(code_push, key, keys, codepush_device, tmp_path):
    """A single file is signed too, in a folder of its own."""
    private, public = keys
    bundle = tmp_path / "index.android.bundle"
    bundle.write_text("console.log('bare')\n")
    code_push.release("App", "Staging", bundle, "1.0.0", private_key_path=private)
    phone = codepush_device(deployment_key=key, app_version="1.0.0", public_key=public)

    phone.sync(install_mode="immediate")

    assert phone.running.bundle.read_bytes() == bundle.read_bytes()


def test_a_phone_with_a_key_goes_from_signed_to_signed_release_only(code_push, key, keys, codepush_device, tmp_path):
    """Releases that are unsigned, or signed by somebody else, do not move it; the next good one does."""
    private, public = keys
    stranger, _ = make_key_pair(tmp_path, "stranger")
    phone = codepush_device(deployment_key=key, app_version="1.0.0", public_key=public)

    def release(number, private_key_path):
        bundle = make_bundle(tmp_path / str(number), f"release {number}")
        code_push.release("App", "Staging", bundle, "1.0.0", private_key_path=private_key_path)

    release(1, private)
    phone.sync(install_mode="immediate")
    for number, bad_key in ((2, None), (3, stranger)):
        release(number, bad_key)
        with pytest.raises(PackageError):
            phone.sync()
        assert phone.check().failed_install
        assert phone.restart().label == "v1"
    release(4, private)
    phone.sync(install_mode="immediate")

    assert phone.running.label == "v4"
    assert phone.running.bundle.read_text() == "release 4"


def test_what_was_signed_can_be_signed_again(code_push, keys, codepush_device, tmp_path):
    """One directory goes to two deployments, signed each time; a signature left by another tool is replaced."""
    private, public = keys
    bundle = make_bundle(tmp_path)
    (bundle / ".codepushrelease").write_text("left by another tool")
    for deployment in ("Staging", "Production"):
        code_push.release("App", deployment, bundle, "1.0.0", private_key_path=private)
        key = code_push.get_deployment("App", deployment).key
        phone = codepush_device(deployment_key=key, app_version="1.0.0", public_key=public)
        phone.sync(install_mode="immediate")
        assert phone.running.label == "v1"


def test_the_same_files_with_another_signature(code_push, keys, codepush_device, tmp_path):
    """Files that were released unsigned, and by another key, are served with the signature they were released with."""
    private, public = keys
    stranger, _ = make_key_pair(tmp_path, "stranger")
    bundle = make_bundle(tmp_path)
    hashes = set()
    for deployment, signed_by in (("Production", None), ("Beta", stranger), ("Staging", private)):
        if deployment == "Beta":
            code_push.add_deployment("App", deployment)
        package = code_push.release("App", deployment, bundle, "1.0.0", private_key_path=signed_by)
        hashes.add(package.package_hash)
    assert len(hashes) == 1

    def phone_of(deployment):
        key = code_push.get_deployment("App", deployment).key
        return codepush_device(deployment_key=key, app_version="1.0.0", public_key=public)

    for deployment in ("Production", "Beta"):
        with pytest.raises(PackageError):
            phone_of(deployment).sync()
    phone = phone_of("Staging")
    phone.sync(install_mode="immediate")
    assert phone.running.label == "v1"

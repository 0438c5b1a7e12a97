"""Signed updates: what a device accepts whose app has a public key built in."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from codepush.errors import ConfigurationError, PackageError
from codepush.packaging.signing import sign
from unit.device.scripted import app_files, package_hash, zipped

PLACE = "CodePush/.codepushrelease"
KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ONE = app_files("one")
TWO = app_files("two", **{"CodePush/assets/new.txt": "new"})


def signature(files, key=KEY):
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return sign(package_hash(files), pem, issued_at=1_700_000_000)


def signed(files, key=KEY):
    return files | {PLACE: signature(files, key)}


def files_of(running):
    root = running.bundle.parent.parent
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(params=["android", "ios"])
def device(request, make_device):
    """Give a device of either platform whose app has the public key."""
    return make_device(platform=request.param, bundle_name="index.android.bundle", public_key=PUBLIC)


@pytest.fixture
def updated(server, device):
    """Give one that runs a signed package."""
    server.release("v1", signed(ONE))
    device.sync(install_mode="immediate")
    return device


def assert_refused(device, match):
    """The update is refused, remembered as failed, and what ran before still runs."""
    before = device.running
    with pytest.raises(PackageError, match=match):
        device.sync()
    assert device.check().failed_install
    assert device.restart() == before


def test_a_signed_update_is_accepted(updated):
    """A package that is signed with the private key runs."""
    assert updated.running.label == "v1"
    assert files_of(updated.running) == signed(ONE)


def test_an_unsigned_update_is_refused(server, updated):
    """Without a signature nobody knows where an update comes from."""
    server.release("v2", TWO)
    assert_refused(updated, "only signed updates")


def test_an_update_signed_by_another_key_is_refused(server, updated):
    """A good signature of somebody else is none."""
    server.release("v2", signed(TWO, OTHER_KEY))
    assert_refused(updated, "does not pass with this public key")


def test_an_update_with_the_signature_of_another_package_is_refused(server, updated):
    """A signature of the release before does not cover new files, though the key is right."""
    server.release("v2", TWO | {PLACE: signature(ONE)})
    assert_refused(updated, f"signature is for {package_hash(ONE)}")


def test_an_altered_update_is_refused(server, updated):
    """Files that were exchanged on the way do not have the hash that was promised and signed."""
    altered = signed(TWO) | {"CodePush/index.android.bundle": "evil"}
    server.offer("v2", zipped(altered), package_hash(TWO))
    assert_refused(updated, "announced")


def test_an_altered_update_is_refused_even_if_the_server_promises_it(server, updated):
    """Whoever owns the server can promise any hash, but cannot sign it."""
    evil = TWO | {"CodePush/index.android.bundle": "evil"}
    server.release("v2", evil | {PLACE: signature(TWO)})
    assert_refused(updated, f"signature is for {package_hash(TWO)}")


@pytest.mark.parametrize("place", ["www/.codepushrelease", ".codepushrelease", "CodePush/assets/.codepushrelease"])
def test_the_signature_is_looked_for_in_one_place(server, updated, place):
    """React Native apps read it from the folder CodePush and nowhere else."""
    server.release("v2", TWO | {place: signature(TWO)})
    assert_refused(updated, "only signed updates")


@pytest.mark.parametrize("junk", ["", "a.b.c", "\udcff".encode("utf-8", "surrogatepass"), b"\xff\xfe"])
def test_a_signature_that_is_none_is_refused(server, updated, junk):
    """Any bytes may stand in the file; they are refused with a sentence."""
    server.release("v2", TWO | {PLACE: junk})
    assert_refused(updated, "signature")


def test_a_bare_bundle_is_refused(server, make_device):
    """A single file cannot carry a signature, so one with the right name and hash is refused too."""
    device = make_device(public_key=PUBLIC)
    content = b"console.log(2)"
    server.offer("v1", content, hashlib.sha256(content).hexdigest())
    assert_refused(device, "only signed updates")


def test_a_difference_brings_the_new_signature(server, updated):
    """The signature of the package before is replaced by that of the new one."""
    server.release_diff("v2", signed(ONE), signed(TWO))
    updated.sync(install_mode="immediate")
    assert files_of(updated.running) == signed(TWO)


@pytest.mark.parametrize(
    ("old", "match"), [(signed(ONE), "only signed updates"), (ONE, "its signature is for")], ids=["deleted", "left"]
)
def test_a_difference_without_a_signature_is_refused(server, updated, old, match):
    """The signature of the package before does not do for the new one, whether the difference deletes it or not."""
    server.release_diff("v2", old, TWO)
    assert_refused(updated, match)


def test_signatures_are_not_looked_at_without_a_public_key(server, make_device):
    """An app without a public key takes any package of the right hash, whatever signature it carries."""
    device = make_device()
    server.release("v1", ONE | {PLACE: "junk"})
    device.sync(install_mode="immediate")
    assert device.running.label == "v1"
    server.release_diff("v2", ONE, TWO)
    device.sync(install_mode="immediate")
    assert files_of(device.running) == TWO | {PLACE: "junk"}


def test_the_public_key_may_be_a_file(server, make_device, tmp_path):
    """The key is given as text or as a path."""
    path = tmp_path / "public.pem"
    path.write_text(PUBLIC)
    device = make_device(public_key=path)
    server.release("v1", signed(ONE))
    device.sync(install_mode="immediate")
    assert device.running.label == "v1"


@pytest.mark.parametrize("key", ["missing.pem", "-----BEGIN PUBLIC KEY-----\njunk\n-----END PUBLIC KEY-----\n"])
def test_a_bad_public_key_is_refused_when_the_device_is_made(make_device, tmp_path, key):
    """An app cannot be built with it, and nothing is left of the attempt."""
    with pytest.raises(ConfigurationError, match="PEM"):
        make_device(public_key=key)
    assert not (tmp_path / "device").exists()

"""Signatures: made, checked, and put into packages without a trace on disk."""

import base64
import json
import sys
import tempfile
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, strategies as st
from jwt.warnings import InsecureKeyLengthWarning

from codepush.errors import ConfigurationError, PackageError
from codepush.packaging.archive import Limits, store_package
from codepush.packaging.local import package_directory, prepare
from codepush.packaging.signing import read_private_key, read_public_key, sign, verify
from unit.packaging.forge import Member, archive

HASH = "0123456789abcdef" * 4
PRIVATE_FORMS = {"pkcs1": PrivateFormat.TraditionalOpenSSL, "pkcs8": PrivateFormat.PKCS8}
PUBLIC_FORMS = {"pkcs1": PublicFormat.PKCS1, "spki": PublicFormat.SubjectPublicKeyInfo}


def private_pem(key, form="pkcs8", protection=None):
    return key.private_bytes(Encoding.PEM, PRIVATE_FORMS[form], protection or NoEncryption()).decode()


def public_pem(key, form="spki"):
    return key.public_key().public_bytes(Encoding.PEM, PUBLIC_FORMS[form]).decode()


KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)
CURVE_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = public_pem(KEY)
TOKEN = sign(HASH, private_pem(KEY), issued_at=1)


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch):
    """A folder for temporary files of this test alone, so that it can see what is left there."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def key_path(tmp_path):
    """A file with the private key."""
    path = tmp_path / "private.pem"
    path.write_text(private_pem(KEY))
    return path


@pytest.fixture
def build(tmp_path):
    """A directory as a build writes it."""
    root = tmp_path / "CodePush"
    (root / "assets").mkdir(parents=True)
    (root / "main.jsbundle").write_bytes(b"var a = 1;" * 100)
    (root / "assets" / "logo.png").write_bytes(b"img")
    return root


def on_disk(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def packed(package):
    with zipfile.ZipFile(package.path) as found:
        return {name: found.read(name) for name in found.namelist()}


def forged(header, claims):
    """Return a token of any header and claims, with the signature of another one."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = TOKEN.rpartition(".")[2].encode()
    return b".".join([*parts, signature]).decode()


@pytest.mark.parametrize("public_form", PUBLIC_FORMS)
@pytest.mark.parametrize("private_form", PRIVATE_FORMS)
def test_every_form_of_a_key_pair_works(private_form, public_form):
    """A signature by a key in one form passes with the public key in any form, and gives back the hash."""
    token = sign(HASH, private_pem(KEY, private_form).encode(), issued_at=1_700_000_000)
    assert verify(token, public_pem(KEY, public_form)) == HASH


def test_a_signature_depends_on_nothing_but_its_arguments():
    """The same hash, key and time give the same text; another time gives another."""
    assert sign(HASH, private_pem(KEY, "pkcs1"), issued_at=1) == TOKEN
    assert sign(HASH, private_pem(KEY), issued_at=2) != TOKEN


def test_short_keys_of_old_apps_still_sign():
    """A key that an app in users' hands was built with cannot be changed, so it works, with a warning."""
    old = rsa.generate_private_key(65537, 1024)
    with pytest.warns(InsecureKeyLengthWarning, match="1024 bits"):
        token = sign(HASH, private_pem(old), issued_at=1)
    with pytest.warns(InsecureKeyLengthWarning, match="1024 bits"):
        assert verify(token, public_pem(old)) == HASH


ALTERED = {
    "another key": (TOKEN, public_pem(OTHER_KEY)),
    "another hash": (forged({"alg": "RS256", "typ": "JWT"}, {"contentHash": "0" * 64}), PUBLIC),
    "no algorithm": (forged({"typ": "JWT"}, {"contentHash": HASH}), PUBLIC),
    "algorithm none": (forged({"alg": "none"}, {"contentHash": HASH}), PUBLIC),
    "algorithm of no type": (forged({"alg": ["RS256"]}, {"contentHash": HASH}), PUBLIC),
    "signature missing": (TOKEN.rpartition(".")[0] + ".", PUBLIC),
    "signature cut": (TOKEN[:-8], PUBLIC),
    "line break": (TOKEN + "\n", PUBLIC),
    "padding": (TOKEN + "==", PUBLIC),
    "empty": ("", PUBLIC),
    "not ASCII": ("é.é.é", PUBLIC),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_what_is_not_the_signature_is_refused(kind):
    """A signature by another key, an altered one, and everything that is none, is refused."""
    token, public_key = ALTERED[kind]
    with pytest.raises(PackageError, match="signature"):
        verify(token, public_key)


@given(at=st.integers(0, len(TOKEN) - 1), character=st.characters())
def test_no_character_can_be_changed(at, character):
    """Whatever single character is put in its place anywhere, the signature is refused."""
    changed = TOKEN[:at] + character + TOKEN[at + 1 :]
    if changed != TOKEN:
        with pytest.raises(PackageError):
            verify(changed, PUBLIC)


NOT_PRIVATE = {
    "no key": "certainly not a key",
    "empty": "",
    "public key": PUBLIC,
    "elliptic curve": private_pem(CURVE_KEY),
    "passphrase": private_pem(KEY, protection=BestAvailableEncryption(b"secret")),
    "cut off": private_pem(KEY)[:400],
    "lone surrogate": "\ud800",
}


@pytest.mark.parametrize("kind", NOT_PRIVATE)
def test_what_cannot_sign_is_no_private_key(kind):
    """The sentence says what kind of key is wanted."""
    with pytest.raises(ConfigurationError, match="Give an RSA private key in PEM form, without a passphrase"):
        sign(HASH, NOT_PRIVATE[kind], issued_at=1)


@pytest.mark.parametrize(
    "pem", ["certainly not a key", private_pem(KEY), public_pem(CURVE_KEY), PUBLIC[:200]], ids=range(4)
)
def test_what_cannot_verify_is_no_public_key(pem):
    """The sentence says what kind of key is wanted; a private key is not taken for its public half."""
    with pytest.raises(ConfigurationError, match="Give an RSA public key in PEM form"):
        verify(TOKEN, pem)


def test_a_private_key_is_read_from_its_file(key_path):
    """What is read can sign."""
    assert sign(HASH, read_private_key(key_path), issued_at=1) == TOKEN


@pytest.mark.parametrize("name", ["missing.pem", ".", "a\0b"])
def test_a_private_key_that_cannot_be_read_is_named(tmp_path, name):
    """The error says which path was given for the key, and that a file is wanted."""
    path = f"{tmp_path}/{name}"
    with pytest.raises(ConfigurationError, match="path of a PEM file") as refusal:
        read_private_key(path)
    assert refusal.value.message.startswith(f'The path specified for the signing key ("{path}") was not valid.')


def test_a_file_without_a_private_key_is_refused(tmp_path):
    """A file is looked into when it is read, before anything is packed."""
    (tmp_path / "key.pem").write_text(PUBLIC)
    with pytest.raises(ConfigurationError, match="The specified signing key file was not valid"):
        read_private_key(tmp_path / "key.pem")


def test_a_public_key_is_given_as_text_or_as_a_path(tmp_path):
    """Both ways give the text, ready to verify with."""
    path = tmp_path / "public.pem"
    path.write_text(PUBLIC)
    assert read_public_key(PUBLIC) == read_public_key(path) == read_public_key(str(path)) == PUBLIC


@pytest.mark.parametrize("content", [None, b"\xff", b"no key"])
def test_a_public_key_that_cannot_be_read_is_refused(tmp_path, content):
    """A path without a file, without text or without a key is refused at once."""
    path = tmp_path / "public.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="PEM"):
        read_public_key(path)


@pytest.mark.parametrize("missing", ["jwt", "cryptography.exceptions"])
def test_without_the_extra_it_is_said_what_to_install(monkeypatch, missing):
    """The base installation cannot sign, and says how it can."""
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigurationError, match=r'pip install "codepush\[signing\]"'):
        sign(HASH, private_pem(KEY), issued_at=1)
    with pytest.raises(ConfigurationError, match=r'pip install "codepush\[signing\]"'):
        verify(TOKEN, PUBLIC)


def test_a_signed_directory_is_the_same_package(build, key_path, temporary):
    """The archive gains the signature of its own hash, and nothing else; the hash and the directory stay."""
    before = on_disk(build)
    with prepare(build) as plain, prepare(build, private_key_path=key_path) as signed:
        content = packed(signed)
        token = content.pop("CodePush/.codepushrelease").decode()
        assert content == packed(plain)
        assert verify(token, PUBLIC) == signed.hash == plain.hash
        assert signed.size == signed.path.stat().st_size
    assert on_disk(build) == before
    assert list(temporary.iterdir()) == []


def test_a_server_keeps_the_signed_package_as_it_was_sent(build, key_path, tmp_path):
    """Normalising a signed archive changes none of its bytes."""
    with prepare(build, private_key_path=key_path) as signed:
        stored = store_package(signed.path, tmp_path / "stored")
        assert stored.hash == signed.hash
        assert (tmp_path / "stored").read_bytes() == signed.path.read_bytes()


def test_an_old_signature_is_replaced_and_nested_ones_stay(build, key_path):
    """Signing what was signed before works; the old file is left on disk, the new signature is in the archive."""
    (build / ".codepushrelease").write_text("old")
    (build / "assets" / ".codepushrelease").write_text("somebody else's")
    before = on_disk(build)
    for _ in range(2):
        with prepare(build, private_key_path=key_path) as signed:
            content = packed(signed)
            assert verify(content["CodePush/.codepushrelease"].decode(), PUBLIC) == signed.hash
            assert content["CodePush/assets/.codepushrelease"] == b"somebody else's"
    assert on_disk(build) == before


def test_the_directory_keeps_its_name(build, key_path):
    """A Cordova app finds the signature in the folder that was released."""
    www = build.rename(build.parent / "www")
    with package_directory(www, private_key_path=key_path) as signed:
        assert "www/.codepushrelease" in packed(signed)


def test_a_signed_file_becomes_a_folder(tmp_path, key_path, temporary):
    """A single file lies beside its signature in the folder where React Native apps look for it."""
    bundle = tmp_path / "main.jsbundle"
    bundle.write_bytes(b"var a")
    with prepare(bundle, private_key_path=str(key_path)) as signed:
        content = packed(signed)
        assert verify(content.pop("CodePush/.codepushrelease").decode(), PUBLIC) == signed.hash
        assert content == {"CodePush/main.jsbundle": b"var a"}
        assert (signed.is_archive, signed.is_temporary) == (True, True)
    assert bundle.exists()
    assert list(temporary.iterdir()) == []


def with_archive(folder):
    (folder / "release.zip").write_bytes(archive(Member(name="CodePush/main.jsbundle")))
    return folder / "release.zip"


def with_empty_file(folder):
    (folder / "main.jsbundle").touch()
    return folder / "main.jsbundle"


def with_nothing_but_a_signature(folder):
    (folder / "empty").mkdir()
    (folder / "empty" / ".codepushrelease").touch()
    return folder / "empty"


def with_a_folder_in_the_way(folder):
    (folder / "www" / ".codepushrelease").mkdir(parents=True)
    (folder / "www" / ".codepushrelease" / "index.html").touch()
    return folder / "www"


UNSIGNABLE = {
    with_archive: "is an archive, which cannot be signed. Pass the directory",
    with_empty_file: "is empty",
    with_nothing_but_a_signature: "holds no files to release",
    with_a_folder_in_the_way: "both a file and the folder",
}


@pytest.mark.parametrize("make", UNSIGNABLE)
def test_what_cannot_be_signed_is_refused(make, tmp_path, key_path, temporary):
    """Each mistake gets a sentence, and leaves no temporary file behind."""
    path = make(tmp_path)
    with pytest.raises(PackageError, match=UNSIGNABLE[make]):
        prepare(path, private_key_path=key_path)
    assert list(temporary.iterdir()) == []


def test_limits_hold_for_signed_directories_too(build, key_path):
    """A directory that is too large is refused before it is signed."""
    with pytest.raises(PackageError, match="holds 2 files; at most 1"):
        prepare(build, private_key_path=key_path, limits=Limits(entries=1))


@pytest.mark.parametrize("kind", ["build", "file"])
def test_a_bad_key_is_refused_before_anything_is_packed(build, tmp_path, temporary, kind):
    """Whatever is to be signed, a key that is not there ends it."""
    path = build if kind == "build" else build / "main.jsbundle"
    with pytest.raises(ConfigurationError, match="path specified for the signing key"):
        prepare(path, private_key_path=tmp_path / "missing.pem")
    assert list(temporary.iterdir()) == []


def test_a_directory_that_changes_while_it_is_signed_is_refused(build, key_path, temporary, monkeypatch):
    """A signature of files that are not those in the archive never leaves this machine."""

    def look_at_the_clock():
        (build / "main.jsbundle").write_text("changed by a build that still runs")
        return 1.0

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("time.time", look_at_the_clock)
        with pytest.raises(PackageError, match="changed while it was being signed"):
            prepare(build, private_key_path=key_path)
    assert list(temporary.iterdir()) == []

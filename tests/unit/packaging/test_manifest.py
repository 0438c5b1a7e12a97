"""Manifests and package hashes beyond the recorded answers."""

import hashlib

import pytest

from codepush.errors import PackageError
from codepush.packaging.manifest import SIGNATURE_NAME, Manifest, hash_directory, hash_file, hash_tree, is_empty

PAGES = {
    "three files at the root": (
        {"b.txt": b"b", "c.txt": b"c", "d.txt": b"d"},
        "9e0499ce7df5c04cb304c9deed684dc137fc603cb484a5b027478143c595d80b",
    ),
    "a bundle, an image and a signature": (
        {
            "CodePush/main.jsbundle": b"console.log(1)\n",
            "CodePush/assets/a.png": b"img\n",
            "CodePush/.codepushrelease": b"any",
        },
        "ec6254dfa96238b11c67610eb303892340031fa1f4ca935ed145d1bed8f40efb",
    ),
    "names that sort and escape in JavaScript's way": (
        {'CodePush/a"b\x7f\u2028.txt': b"a", "CodePush/é\U0001f600.txt": b"b", "CodePush/\uffee.txt": b"c"},
        "96b56866a7cae01483f4d5db3e8f1488f5a0935aa55d3895e61b5aba2c02825c",
    ),
    "nothing": ({}, "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"),
}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", PAGES)
def test_hashes_of_the_protocol_pages(name):
    """The examples of the protocol pages have the hashes written there."""
    files, expected = PAGES[name]
    assert Manifest.of((name, sha256(data)) for name, data in files.items()).package_hash == expected


def test_names_stand_in_the_order_of_their_utf16_units():
    """Characters beyond the first plane come before the last ones of it, as JavaScript sorts."""
    manifest = Manifest.of([("\uffee", "1"), ("\U0001f600", "2"), ("b", "3"), ("a", "4")])
    assert list(manifest.files) == ["a", "b", "\U0001f600", "\uffee"]


def test_lone_surrogates_are_escaped_in_the_hash():
    """A half character, which UTF-8 cannot hold, is hashed in the escaped form that JavaScript writes."""
    text = '["\\udfffa:1"]'
    assert Manifest.of([("\udfffa", "1")]).package_hash == sha256(text.encode())


def test_a_manifest_survives_being_stored():
    """Names of every kind come back in the same order."""
    manifest = Manifest.of((name, sha256(name.encode())) for name in ('q"', "10", "2", "__proto__", "ü\n", "😀"))
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert list(Manifest.from_json(manifest.to_json()).files) == list(manifest.files)


def test_a_phone_and_a_signing_tool_see_the_same_files(tmp_path):
    """The hash of a directory is what a phone finds in the folder that the directory was unpacked into."""
    (tmp_path / "CodePush" / "assets").mkdir(parents=True)
    (tmp_path / "CodePush" / "main.jsbundle").write_bytes(b"var a")
    (tmp_path / "CodePush" / "assets" / "a.png").write_bytes(b"img")
    assert hash_directory(tmp_path / "CodePush") == hash_tree(tmp_path)
    assert hash_tree(tmp_path).files == {
        "CodePush/assets/a.png": sha256(b"img"),
        "CodePush/main.jsbundle": sha256(b"var a"),
    }


def test_a_signature_does_not_change_the_hash(tmp_path):
    """A directory can be signed: the signature is in the manifest, but not in the hash it signs."""
    (tmp_path / "main.jsbundle").write_bytes(b"var a")
    before = hash_directory(tmp_path)
    (tmp_path / SIGNATURE_NAME).write_bytes(b"jwt")
    after = hash_directory(tmp_path)
    assert after.package_hash == before.package_hash
    assert set(after.files) - set(before.files) == {f"{tmp_path.name}/{SIGNATURE_NAME}"}


def test_nothing_counts_but_real_files():
    """Signatures and what macOS leaves behind are not enough for a package."""
    assert is_empty([])
    assert is_empty(["CodePush/.codepushrelease", "__MACOSX/a", ".DS_Store"])
    assert not is_empty([".DS_Store", "a"])


def test_a_directory_without_files_has_no_hash(tmp_path):
    """There is nothing to sign in a directory that holds only folders."""
    (tmp_path / "assets").mkdir()
    with pytest.raises(PackageError, match="holds no files"):
        hash_directory(tmp_path)


def test_what_cannot_be_read_is_named(tmp_path):
    """Missing files and folders are refused by name."""
    for read in (hash_file, hash_tree, hash_directory):
        with pytest.raises(PackageError, match=r'missing" cannot be read \(No such file or directory\)'):
            read(tmp_path / "missing")

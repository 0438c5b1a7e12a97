"""Manifests and package hashes, against the recorded answers of the original tools and server."""

import base64
import json

from codepush.errors import PackageError
from codepush.packaging.archive import store_package
from codepush.packaging.local import prepare
from codepush.packaging.manifest import Manifest, hash_directory, is_ignored
from contract.differences import PACKAGES, REFUSED, difference
from support.vectors import load, vector_path

RECORDED = load("package_hash")


def cases(kind):
    found = [case for case in RECORDED["cases"] if case["kind"] == kind]
    assert found
    return found


def wanted(case, recorded):
    rule = difference(PACKAGES, case)
    return recorded if rule is None else rule.wanted(case)


def answer(question):
    """Return what a function returns, or that it refuses."""
    try:
        return question()
    except PackageError:
        return REFUSED


def prepared_hash(path):
    with prepare(path) as package:
        return package.hash


def stored_hash(path, folder):
    """Store a package, then what was stored: the second time must change nothing."""
    once, twice = folder / "once", folder / "twice"
    stored = store_package(path, once)
    again = store_package(once, twice)
    same = twice.read_bytes() == once.read_bytes() and again == stored
    once.unlink()
    twice.unlink()
    return stored.hash if same else "another package when stored again"


def answers_differ(case, path, folder, expected):
    """Return every way of reading the package at the path that does not give the expected hash."""
    ways = {"prepared": lambda: prepared_hash(path), "stored": lambda: stored_hash(path, folder)}
    found = {way: answer(question) for way, question in ways.items()}
    return [(case["note"], way, given, expected) for way, given in found.items() if given != expected]


def directories(folder):
    """Yield each recorded directory that this file system can hold (not all tell "a" and "A" apart), and its path."""
    for case in cases("directory"):
        root = build(case, folder)
        found = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
        if found == {file["path"] for file in case["files"]}:
            yield case, root


def build(case, folder):
    """Write a recorded directory to disk and return its path."""
    root = folder / str(case["id"]) / case["directory_name"]
    for relative in case["empty_dirs"]:
        (root / relative).mkdir(parents=True)
    for file in case["files"]:
        path = root / file["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(file["base64"]))
    return root


def test_ignored_files_are_the_recorded_ones():
    """Exactly what the original leaves out of manifests is left out."""
    table = RECORDED["ignored_paths"]
    assert table
    assert [row for row in table if is_ignored(row["path"]) != row["ignored"]] == []


def test_manifests_have_the_recorded_hash():
    """Names and hashes give the recorded package hash, and still do after being stored."""
    wrong = []
    for case in cases("manifest"):
        manifest = Manifest.of(case["manifest"])
        hashes = {manifest.package_hash, Manifest.from_json(manifest.to_json()).package_hash}
        if hashes != {case["package_hash"]}:
            wrong.append((case, hashes))
    assert wrong[:3] == []


def test_stored_manifests_hold_the_recorded_files():
    """A stored manifest has the recorded names and hashes, in canonical order."""
    wrong = []
    for case in cases("manifest"):
        stored = json.loads(Manifest.of(case["manifest"]).to_json(), object_pairs_hook=list)
        recorded = json.loads(case["manifest_json"], object_pairs_hook=list)
        if [list(pair) for pair in stored] != [list(pair) for pair in wanted(case, recorded)]:
            wrong.append((case, stored))
    assert wrong[:3] == []


def test_archives_have_the_recorded_hash(tmp_path):
    """Before it is sent and as it is stored, an archive has the recorded hash; storing it again changes no byte."""
    wrong = []
    for case in cases("zip"):
        expected = wanted(case, case.get("package_hash"))
        wrong += answers_differ(case, vector_path(case["zip"]), tmp_path, expected)
    assert wrong[:5] == []


def test_single_files_have_the_recorded_hash(tmp_path):
    """A file that is no archive is a package of its own, known by the hash of its bytes."""
    wrong = []
    for case in cases("file"):
        path = tmp_path / "main.jsbundle"
        path.write_bytes(base64.b64decode(case["base64"]))
        wrong += answers_differ(case, path, tmp_path, wanted(case, case["package_hash"]))
    assert wrong[:5] == []


def test_directories_hash_as_signing_tools_hash_them(tmp_path):
    """A directory has the hash the server's own code computes; no signature file counts, however deep it lies."""
    wrong = []
    for case, root in directories(tmp_path):
        recorded = case["server_utils"].get("package_hash", REFUSED)
        found = answer(lambda root=root: hash_directory(root).package_hash)
        if found != recorded:
            wrong.append((case["note"], found, recorded))
    assert wrong[:5] == []


def test_directories_are_sent_with_the_recorded_hash(tmp_path):
    """The archive made of a directory has the hash that the server recorded for the original's archive."""
    wrong = []
    for case, root in directories(tmp_path):
        expected = wanted(case, case.get("uploaded_zip", {}).get("package_hash"))
        found = answer(lambda root=root: sent_hash(root, tmp_path))
        if found != expected:
            wrong.append((case["note"], found, expected))
    assert wrong[:5] == []


def sent_hash(root, folder):
    """Pack a directory, store the archive as a server does, and check that both sides agree byte for byte."""
    with prepare(root) as package:
        stored = store_package(package.path, folder / "received")
        same = (folder / "received").read_bytes() == package.path.read_bytes()
        (folder / "received").unlink()
    assert stored.hash == package.hash
    assert same
    return stored.hash

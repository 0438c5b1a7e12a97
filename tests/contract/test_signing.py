"""Signatures, against the recorded ones of the original tool."""

import base64
import re
import zipfile

from codepush.errors import ConfigurationError, PackageError
from codepush.packaging.local import prepare
from codepush.packaging.signing import sign, verify
from contract.differences import PACKAGES, REFUSED, SIGNING, difference
from support.vectors import load

RECORDED = load("signing")
KEYS = {key["name"]: key for key in RECORDED["keys"]}
PUBLIC_FORMS = ("public_key_spki", "public_key_pkcs1")


def private_key(case):
    return KEYS[case["key"]][case["key_form"]]


def signed_cases():
    found = [case for case in RECORDED["cases"] if case["outcome"] == "ok"]
    assert found
    return found


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()


def test_signatures_are_the_recorded_ones():
    """The same hash, key and time give the same text, byte for byte, whatever form the key has."""
    wrong = []
    for case in signed_cases():
        claims = case["claims"]
        token = sign(claims["contentHash"], private_key(case), issued_at=claims["iat"])
        if token != case["jwt"]:
            wrong.append((case["note"], token, case["jwt"]))
    assert wrong[:3] == []


def test_header_and_claims_are_the_recorded_text():
    """What is signed is the recorded JSON, down to the order of its fields."""
    wrong = []
    cases = [case for case in signed_cases() if "claims_json" in case]
    assert cases
    for case in cases:
        token = sign(case["claims"]["contentHash"], private_key(case), issued_at=case["iat"])
        header, claims, _ = token.split(".")
        found = (decoded(header), decoded(claims))
        if found != (case["header_json"], case["claims_json"]):
            wrong.append((case["note"], found))
    assert wrong[:3] == []


def test_signatures_pass_as_recorded():
    """A signature gives back the recorded hash or is refused, with the public key in either form."""
    assert RECORDED["verify"]
    wrong = []
    for case in RECORDED["verify"]:
        for form in PUBLIC_FORMS:
            found = claimed(case["jwt"], KEYS[case["public_key"]][form])
            accepted = found == case["package_hash"]
            if found != recorded_claim(case) or accepted != case["accepted"]:
                wrong.append((case["note"], form, found))
    assert wrong[:3] == []


def recorded_claim(case):
    """The hash that a recorded signature proves; a claim that is no text proves none."""
    claim = case["claims"].get("contentHash") if case["signature_valid"] else None
    return claim if isinstance(claim, str) else REFUSED


def claimed(token, public_key):
    try:
        return verify(token, public_key)
    except PackageError:
        return REFUSED


def test_directories_are_signed_with_the_recorded_hash(tmp_path):
    """What is sent carries the signature of its own hash, which is the recorded one; nothing is written beside it."""
    found = [case for case in RECORDED["cases"] if "files" in case]
    assert found
    wrong = []
    for case in found:
        folder = tmp_path / str(case["id"])
        path = build(case, folder)
        before = snapshot(folder)
        if {name for name in before if not name.is_dir()} != {folder / name for name in names(case)}:
            continue  # not every file system can hold every name
        expected = wanted(case)
        answer = signed_hash(case, path, tmp_path)
        if answer != expected or snapshot(folder) != before:
            wrong.append((case["note"], answer, expected))
    assert wrong[:3] == []


def wanted(case):
    """Return the hash that the signature must be for."""
    rule = difference(SIGNING, case) or difference(PACKAGES, {**case, "kind": "directory"})
    if rule is not None:
        return rule.wanted(case)
    assert case["claims"]["contentHash"] == case["package_hash_of_uploaded_zip"]
    return case["claims"]["contentHash"]


def names(case):
    return [f"{case['directory_name']}/{file['path']}" for file in case["files"]]


def build(case, folder):
    """Write the recorded files to disk, and return what is to be signed: the directory, or the single file."""
    root = folder / case["directory_name"]
    root.mkdir(parents=True)
    for file in case["files"]:
        path = root / file["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(file["base64"]))
    rule = difference(SIGNING, case)
    return root / case["files"][0]["path"] if rule is not None and rule.name == "single file" else root


def snapshot(folder):
    return {path: path.is_dir() or path.read_bytes() for path in folder.rglob("*")}


def signed_hash(case, path, folder):
    """Return what the signature in the archive is for, having checked that it belongs to the archive."""
    key_path = folder / "private.pem"
    key_path.write_text(private_key(case))
    try:
        with prepare(path, private_key_path=key_path) as package:
            place = f"{'CodePush' if path.is_file() else path.name}/.codepushrelease"
            assert place == case.get("signature_path", place)
            with zipfile.ZipFile(package.path) as archive:
                token = archive.read(place).decode()
            assert verify(token, KEYS[case["key"]]["public_key_spki"]) == package.hash
            return package.hash
    except PackageError:
        return REFUSED


def test_bad_keys_are_refused_in_the_recorded_words(tmp_path):
    """The sentence begins as recorded, and goes on to say what to do; nothing is written."""
    found = [case for case in RECORDED["cases"] if case["key"] is None]
    assert RECORDED["cases"]
    wrong = []
    for case in found:
        root = tmp_path / str(case["id"]) / case["directory_name"]
        root.mkdir(parents=True)
        (root / "main.jsbundle").write_text("a")
        key_path = root.parent / "key.pem"
        if "<key path>" not in case["error"]:  # the path was good, and what was there no key
            key_path.write_text("not a key")
        sentence = refusal(root, key_path)
        recorded = re.escape(case["error"].rstrip(".")).replace(re.escape("<key path>"), re.escape(str(key_path)))
        if not re.match(rf"{recorded}\. \S", sentence) or (root / ".codepushrelease").exists():
            wrong.append((case["note"], sentence))
    assert wrong == []


def refusal(root, key_path):
    try:
        with prepare(root, private_key_path=key_path):
            return "not refused"
    except ConfigurationError as error:
        return error.message

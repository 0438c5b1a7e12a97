"""Diffs, against the recorded archives and choices of the original server."""

import hashlib
import io
import zipfile
from functools import partial

from codepush.errors import PackageError
from codepush.models import Package
from codepush.packaging.archive import store_package
from codepush.packaging.diff import find_changes, write_diff
from codepush.packaging.directory import read_at
from codepush.rules import diffs
from contract.differences import DIFFS, REFUSED
from support.vectors import load, vector_path

RECORDED = load("diff")


def wanted(case):
    """Return what is compared of a recorded case, once every rule that applies to it has changed it."""
    for rule in DIFFS:
        if rule.applies(case):
            case = rule.wanted(case)
    if case["outcome"] != "archive":
        return {"outcome": case["outcome"]}
    return {name: case[name] for name in ("outcome", "hotcodepush_json", "archive_entries")}


def found(case, folder):
    """Store both packages as a server does, make the diff, and return what other tools read in it."""
    folder.mkdir()
    try:
        old = store_package(vector_path(case["old_zip"]), folder / "old")
        new = store_package(vector_path(case["new_zip"]), folder / "new")
    except PackageError:
        return {"outcome": REFUSED}
    changes = None if old.manifest is None or new.index is None else find_changes(new.index, old.manifest)
    if changes is None:
        return {"outcome": "none"}
    target = io.BytesIO()
    with (folder / "new").open("rb") as archive:
        write_diff(changes, partial(read_at, archive), target)
    return {"outcome": "archive"} | contents(target)


def contents(archive):
    with zipfile.ZipFile(archive) as opened:
        return {
            "hotcodepush_json": opened.read("hotcodepush.json").decode(),
            "archive_entries": [
                {
                    "name": entry.filename,
                    "directory": entry.is_dir(),
                    "size": entry.file_size,
                    "sha256": hashlib.sha256(opened.read(entry)).hexdigest(),
                }
                for entry in opened.infolist()
            ],
        }


def test_diffs_hold_what_is_recorded(tmp_path):
    """For every recorded pair there is a diff or none as recorded, and it holds the recorded list and files."""
    cases = RECORDED["cases"]
    wrong = []
    for number, case in enumerate(cases):
        expected, made = wanted(case), found(case, tmp_path / str(number))
        if made != expected:
            wrong.append((case["note"], made, expected))
    assert cases
    assert wrong[:2] == []


def test_diffs_are_made_for_the_recorded_releases():
    """For every recorded history and new release, diffs are made from the recorded older ones, or from none."""
    table = RECORDED["packages_to_diff"]
    wrong = [(case, chosen) for case in table if (chosen := bases(case)) != (case["selected"] or [])]
    assert table
    assert wrong[:3] == []


def bases(case):
    """Return the labels of the releases to make diffs from."""
    history = [
        Package(label=entry["label"], app_version=entry["appVersion"], package_hash=entry["packageHash"])
        for entry in case["history"]
    ]
    new = Package(label=case["label"], app_version=case["app_version"], package_hash=case["package_hash"])
    return [base.label for base in diffs.bases(history, new, limit=case["max"])]

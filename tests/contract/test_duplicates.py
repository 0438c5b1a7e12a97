"""Duplicates, against the recorded tables of the original's release and promote."""

from codepush.models import Package
from codepush.rules import duplicates
from support.vectors import load

RECORDED = load("diff")


def history(case):
    return [Package(app_version=entry["appVersion"], package_hash=entry["packageHash"]) for entry in case["history"]]


def test_the_hash_a_new_package_must_not_have_is_as_recorded():
    """For every recorded history and target, the current hash is the recorded one."""
    table = RECORDED["last_hash_with_same_app_version"]
    wrong = [
        (case, found)
        for case in table
        if (found := duplicates.current_hash(history(case), case["app_version"])) != case["package_hash"]
    ]
    assert table
    assert wrong[:5] == []


def test_targets_match_as_recorded():
    """Two recorded targets are the same exactly when the original says so."""
    table = RECORDED["matching_app_version"]
    wrong = [case for case in table if duplicates.same_target(case["base"], case["other"]) is not case["match"]]
    assert table
    assert wrong[:5] == []

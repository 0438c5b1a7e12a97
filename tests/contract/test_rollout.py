"""Rollouts, against the recorded hashes, buckets and choices."""

from codepush.rules import rollout
from support.vectors import load

RECORDED = load("rollout")
CASES = RECORDED["cases"]


def place(case):
    text = f"{case['client_unique_id']}-{case['release_tag']}"
    return rollout.string_hash(text), rollout.bucket(case["client_unique_id"], case["release_tag"])


def selected(case):
    return rollout.is_selected(case["client_unique_id"], case["rollout"], case["release_tag"])


def test_devices_have_their_recorded_places():
    """Hash and bucket of every recorded device and release are exactly as recorded."""
    wrong = [(case, found) for case in CASES if (found := place(case)) != (case["hash"], case["bucket"])]
    assert CASES
    assert wrong[:5] == []


def test_devices_are_selected_as_recorded():
    """Every recorded device is in or out of the rollout as recorded."""
    wrong = [case for case in CASES if selected(case) is not case["selected"]]
    assert CASES
    assert wrong[:5] == []


def test_unfinished_rollouts_are_told_as_recorded():
    """Every stored rollout value counts as unfinished exactly when it did."""
    table = RECORDED["unfinished_rollout"]
    wrong = [row for row in table if rollout.is_unfinished(row["rollout"]) is not row["unfinished"]]
    assert table
    assert wrong == []

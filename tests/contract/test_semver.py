"""Versions and ranges, against the recorded answers of the library the original decides with."""

import pytest

from codepush.rules import semver
from support.vectors import load

CASES = load("semver")["cases"]


def gtr(case):
    try:
        return semver.greater_than_range(case["version"], case["range"])
    except ValueError:
        return None


ANSWERS = {
    "valid": lambda case: semver.valid(case["version"]),
    "valid_range": lambda case: semver.valid_range(case["range"]),
    "range_valid_as_version": lambda case: semver.valid(case["range"]),
    "satisfies": lambda case: semver.satisfies(case["version"], case["range"]),
    "gtr": gtr,
}


@pytest.mark.parametrize("question", ANSWERS)
def test_versions_and_ranges_are_judged_as_recorded(question):
    """Every recorded version and range gets exactly the recorded answer; where the original throws, so do we."""
    wrong = [(case, answer) for case in CASES if (answer := ANSWERS[question](case)) != case[question]]
    assert CASES
    assert wrong[:5] == []


def test_a_target_is_exact_when_it_is_a_valid_version():
    """The server's question "exact version or range" has the recorded answer."""
    wrong = [case for case in CASES if semver.is_exact(case["range"]) != (case["range_valid_as_version"] is not None)]
    assert CASES
    assert wrong[:5] == []

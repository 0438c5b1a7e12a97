"""What counters can be of: released labels, and a bounded number of binary versions."""

import pytest

from codepush.rules.subjects import MOST_VERSIONS, OTHER, Subjects, label_subject, version_subject


@pytest.mark.parametrize("text", ["v1", "v10", "v2147483647"])
def test_labels_are_v_and_a_number(text):
    """A label stays as it is."""
    assert label_subject(text) == text


@pytest.mark.parametrize("text", ["", "1", "v0", "v01", "V1", " v1", "v1.0.0", "vv1", "café", "v" + "9" * 9000])
def test_other_texts_are_no_labels(text):
    """No other text is a label, however long it is."""
    assert label_subject(text) is None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1", "1"),
        ("1.0", "1.0"),
        ("1.2.3", "1.2.3"),
        ("1.2.3-beta.1", "1.2.3-beta.1"),
        ("1.2.3+build", "1.2.3+build"),
        ("v1.2.3", "1.2.3"),
        (" 1.2.3 ", "1.2.3"),
        ("1.2.3-" + "a" * 58, "1.2.3-" + "a" * 58),
    ],
)
def test_versions_are_those_that_an_update_check_accepts(text, version):
    """A version is counted as it was sent, without blanks and a leading v."""
    assert version_subject(text) == version


@pytest.mark.parametrize(
    "text", ["", "v1", "1.0.0.1", "1-beta", "01.0.0", "other", "^1.0.0", "1.2.3-" + "a" * 59, "\ud800"]
)
def test_other_texts_are_no_versions(text):
    """No other text is a version, and none of more than 64 characters."""
    assert version_subject(text) is None


def test_labels_count_once_they_are_released():
    """Every label up to the newest one counts, and no later one."""
    subjects = Subjects(released=2)
    assert [subjects.of(label) for label in ("v1", "v2", "v3")] == ["v1", "v2", None]


def test_versions_beyond_the_limit_are_others():
    """The versions that have counters keep them, the last free place is given away once, all others share one."""
    subjects = Subjects(0, {"1.0.0"}, MOST_VERSIONS - 1)
    assert [subjects.of(text) for text in ("1.0.0", "2.0.0", "3.0.0")] == ["1.0.0", "2.0.0", "3.0.0"]
    subjects.use("2.0.0")
    assert [subjects.of(text) for text in ("1.0.0", "2.0.0", "3.0.0")] == ["1.0.0", "2.0.0", OTHER]


def test_using_what_has_counters_takes_no_place():
    """Labels, known versions and the others take no place of a version."""
    subjects = Subjects(5, {"1.0.0"}, MOST_VERSIONS - 1)
    for subject in ("v1", "1.0.0", OTHER):
        subjects.use(subject)
    assert subjects.of("2.0.0") == "2.0.0"

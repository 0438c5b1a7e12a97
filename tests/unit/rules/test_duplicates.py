"""Duplicates."""

from codepush.models import Package
from codepush.rules import duplicates


def test_nothing_is_a_duplicate_in_an_empty_deployment():
    """The first release can be anything."""
    assert duplicates.current_hash([], "1.0.0") is None
    assert duplicates.current_hash([], "*") is None


def test_disabled_releases_count():
    """A package that was disabled is still what a version has now."""
    history = [
        Package(app_version="1.0.0", package_hash="old"),
        Package(app_version="^1.0.0", package_hash="new", is_disabled=True),
    ]
    assert duplicates.current_hash(history, "1.0.0") == "new"

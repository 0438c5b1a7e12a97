"""Collation: the order in which names are listed."""

import random

from codepush.rules.collation import alphabetical

SORTED = [
    "_a",
    "-a",
    ".a",
    "@a",
    "&a",
    "$a",
    "1",
    "a",
    "A",
    "á",
    "a b",
    "a_b",
    "a-b",
    "a.1",
    "a1",
    "ab",
    "eb",
    "éc",
    "Zoo",
]
"""As ``localeCompare`` of Node 20 sorts them."""


def test_names_are_sorted_as_javascript_does():
    """Signs, digits, letters; accents and case only between names that are else the same."""
    mixed = random.Random(1).sample(SORTED, len(SORTED))
    assert sorted(mixed, key=alphabetical) == SORTED

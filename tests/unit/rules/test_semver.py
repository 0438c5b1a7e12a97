"""What the recordings do not show of versions and ranges: limits, errors, and laws that always hold."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from codepush.rules import semver
from codepush.rules.semver import ranges

NUMBERS = st.integers(min_value=0, max_value=20)
TAGS = st.sampled_from(["", "-0", "-1", "-alpha", "-alpha.1", "-beta", "-rc.1"])
VERSIONS = st.builds("{}.{}.{}{}".format, NUMBERS, NUMBERS, NUMBERS, TAGS)
OPERATORS = st.sampled_from(["", "=", "<", "<=", ">", ">=", "^", "~"])
RANGES = st.builds(str.__add__, OPERATORS, VERSIONS)


def key(version):
    return semver.parse_version(version).key


@pytest.mark.parametrize(
    "ascending",
    [
        ["1.0.0-0", "1.0.0-1", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.b", "1.0.0-beta", "1.0.0"],
        ["0.0.1", "0.1.0", "0.10.0", "1.0.0", "2.0.0-rc.1", "2.0.0", "10.0.0"],
    ],
)
def test_versions_are_in_order(ascending):
    """Numbers order by value, words by text, numbers before words, prereleases before their release."""
    assert all(key(lower) < key(higher) for lower, higher in pairwise(ascending))


def test_a_range_too_long_is_refused_before_it_is_parsed():
    """Parsing may cost the square of the length, so the length has an end, and nothing above it is cached."""
    ranges._parsed.cache_clear()
    longest = "1.0.0".ljust(ranges.MAX_LENGTH)
    assert semver.valid_range(longest) == "1.0.0"
    assert semver.valid_range(f"{longest} ") is None
    assert ranges._parsed.cache_info().currsize == 1


def test_caches_are_bounded():
    """However many different texts phones send, only so many are kept."""
    assert ranges._parsed.cache_info().maxsize
    for number in range(ranges._parsed.cache_info().maxsize + 10):
        semver.parse_range(f"1.0.{number}")
    assert ranges._parsed.cache_info().currsize == ranges._parsed.cache_info().maxsize


@pytest.mark.parametrize(
    "hostile", [" " * 2048, "|| " * 600, "v=" * 1000, "1.2.3-" + "a." * 1000, "> " * 1000, "1 - " * 500, "9" * 2048]
)
def test_hostile_ranges_are_answered(hostile):
    """Long runs of blanks, bars, prefixes and digits are judged like any other text."""
    assert semver.valid_range(hostile) in {None, "*"}


@pytest.mark.parametrize(("version", "range_text"), [("one", "*"), ("", "*"), ("1.0.0", "latest"), ("1", "x.y")])
def test_comparing_with_something_invalid_raises(version, range_text):
    """Above an invalid range, or with an invalid version, there is no answer: ValueError."""
    with pytest.raises(ValueError, match="Invalid"):
        semver.greater_than_range(version, range_text)


def test_the_first_version_of_an_impossible_range_is_above_it():
    """npm looks at the lowest and the highest comparator alone, so a version equal to the lowest one can be above."""
    assert semver.greater_than_range("1.0.0", ">=1.0.0 1.5.0")
    assert not semver.greater_than_range("0.9.0", ">=1.0.0 1.5.0")


@given(VERSIONS, RANGES)
def test_a_version_above_a_range_is_not_within(version, range_text):
    """No version satisfies a range and lies above it."""
    assert not (semver.satisfies(version, range_text) and semver.greater_than_range(version, range_text))


@given(VERSIONS, RANGES, RANGES)
def test_alternatives_add_and_conditions_restrict(version, one, other):
    """A version is within "a || b" when within either, and within "a b" only when each alone would compare."""
    either = semver.satisfies(version, one) or semver.satisfies(version, other)
    assert semver.satisfies(version, f"{one} || {other}") == either
    if semver.satisfies(version, f"{one} {other}"):
        assert either


@given(VERSIONS, RANGES, RANGES)
def test_a_normalised_range_means_the_same(version, one, other):
    """Normalising a range twice changes nothing, and no version is judged differently."""
    text = f"{one} || {other}"
    normalised = semver.valid_range(text)
    assert semver.valid_range(normalised) == normalised
    assert semver.satisfies(version, normalised) == semver.satisfies(version, text)


@pytest.mark.parametrize(
    ("sent", "padded"),
    [
        ("1", "1.0.0"),
        ("1.2", "1.2.0"),
        ("1.2-beta", "1.2.0-beta"),
        ("1.2+7", "1.2.0+7"),
        ("1.2.3", "1.2.3"),
        (" 1.2.3", " 1.2.3"),
        ("v1.2.3", "v1.2.3"),
        ("1-beta", None),
        ("1.2.3.4", None),
        ("01", None),
        ("1.2-b\n", None),
        ("1\n", None),
        ("\u0661", None),
        ("", None),
    ],
)
def test_missing_places_are_filled_in(sent, padded):
    """One or two numbers become three; everything else stays as it is or is no version."""
    assert semver.normalise_app_version(sent) == padded

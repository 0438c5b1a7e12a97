"""A range of versions: alternatives, each of comparators that must all hold.

A text is read in three steps. Each alternative's blanks are closed up, and its hyphens, carets,
tildes and wild cards are written out as plain comparators. The comparators are parsed; one bad one
spoils the whole range. What is left are intervals, and matching a version is two comparisons of
tuples for each of them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from codepush.rules.javascript import collapse
from codepush.rules.semver.grammar import LOOSE, PARTIAL
from codepush.rules.semver.versions import HIGHEST, LOWEST, Key, Version, just_after, parse_version, valid

__all__ = ["Range", "greater_than_range", "is_exact", "parse_range", "satisfies", "valid_range"]

MAX_LENGTH: Final = 2048
"""The longest range that is read, in characters: some 170 exact versions in a row, four times the
longest one seen. npm has no limit. Some steps may cost the square of the length, and this keeps the
worst text below some tens of milliseconds, paid once by each release."""

_NOTHING: Final = "<0.0.0-0"
_EVERYTHING: Final = ">=0.0.0"

_LOOSE_OPERATOR: Final = re.compile(rf"( ?)([<>]?=?) ?({LOOSE}|{PARTIAL})")
_LOOSE_TILDE: Final = re.compile(r"~>? ")
_LOOSE_CARET: Final = re.compile(r"\^ ")

_HYPHEN: Final = re.compile(rf"({PARTIAL}) - ({PARTIAL})")
_CARET: Final = re.compile(rf"\^{PARTIAL}")
_TILDE: Final = re.compile(rf"~>?{PARTIAL}")
_WILD: Final = re.compile(rf"([<>]?=?){PARTIAL}")
_STAR: Final = re.compile(r"[<>]?=?\*")
_COMPARATOR: Final = re.compile(r"([<>]?=?)(.*)")


class _Comparator(Struct, frozen=True):
    """One condition. ``operator`` is ``<``, ``<=``, ``>``, ``>=`` or, for equality, empty."""

    operator: str
    version: Version

    @property
    def text(self) -> str:
        return self.operator + self.version.text

    @property
    def low(self) -> Key:
        """The first key that meets the condition."""
        if self.operator == ">":
            return just_after(self.version.key)
        return LOWEST if self.operator in {"<", "<="} else self.version.key

    @property
    def high(self) -> Key:
        """The first key that no longer meets the condition."""
        if self.operator == "<":
            return self.version.key
        return HIGHEST if self.operator in {">", ">="} else just_after(self.version.key)


class _Alternative(Struct, frozen=True):
    """Comparators that must all hold; without any, every release matches.

    A prerelease matches only when a comparator names a prerelease of the same three numbers
    (``open_cores``): ``>=1.0.0-beta`` does not match ``2.0.0-alpha``.
    """

    comparators: tuple[_Comparator, ...]
    low: Key
    high: Key
    open_cores: frozenset[tuple[int, int, int]]

    @property
    def text(self) -> str:
        return " ".join(comparator.text for comparator in self.comparators)

    def contains(self, version: Version) -> bool:
        return self.low <= version.key < self.high and (not version.is_prerelease or version.core in self.open_cores)

    def is_below(self, version: Version) -> bool:
        """Return whether a version, not contained, lies above everything that is.

        npm looks only at the comparators with the highest and with the lowest version, and so do we.
        """
        if not self.comparators:
            return False
        highest = max(self.comparators, key=_place)
        lowest = min(self.comparators, key=_place)
        if highest.operator in {">", ">="}:
            return False
        if lowest.operator in {"", ">"}:
            return version.key > lowest.version.key
        return lowest.operator != ">=" or version.key >= lowest.version.key


class Range(Struct, frozen=True):
    """A range of versions.

    Attributes:
        text: Its normalised spelling, ``*`` for all releases.

    """

    text: str
    alternatives: tuple[_Alternative, ...]

    def contains(self, version: Version) -> bool:
        """Return whether a version is within the range."""
        return any(alternative.contains(version) for alternative in self.alternatives)

    def is_below(self, version: Version) -> bool:
        """Return whether a version lies above everything the range allows."""
        return not self.contains(version) and all(alternative.is_below(version) for alternative in self.alternatives)


def _place(comparator: _Comparator) -> Key:
    return comparator.version.key


def parse_range(text: str) -> Range | None:
    """Parse a range; return None for an invalid one or one of more than 2048 characters.

    An empty text is ``*``; so is every range with an alternative that allows all releases.
    """
    return _parsed(text) if len(text) <= MAX_LENGTH else None


def valid_range(text: str) -> str | None:
    """Return the normalised spelling of a range, or None for an invalid one."""
    parsed = parse_range(text)
    return parsed.text if parsed else None


def is_exact(range_text: str) -> bool:
    """Return whether a target binary version is one exact version rather than a range.

    ``=1.0.0`` is a range in this sense, although it has only one member.
    """
    return valid(range_text) is not None


def satisfies(version: str, range_text: str) -> bool:
    """Return whether a version is within a range; false if either is invalid."""
    parsed_version = parse_version(version)
    parsed_range = parse_range(range_text)
    return parsed_version is not None and parsed_range is not None and parsed_range.contains(parsed_version)


def greater_than_range(version: str, range_text: str) -> bool:
    """Return whether a version lies above everything a range allows.

    Raises:
        ValueError: The version or the range is invalid.

    """
    parsed_version = parse_version(version)
    if parsed_version is None:
        raise ValueError(f"Invalid version: {version}")
    parsed_range = parse_range(range_text)
    if parsed_range is None:
        raise ValueError(f"Invalid range of versions: {range_text}")
    return parsed_range.is_below(parsed_version)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Range | None:
    try:
        alternatives = [_alternative(part.strip(" ")) for part in collapse(text).split("||")]
    except ValueError:
        return None
    kept = _simplified(alternatives)
    normalised = "||".join(alternative.text for alternative in kept)
    return Range(normalised or "*", kept)


def _simplified(alternatives: list[_Alternative]) -> tuple[_Alternative, ...]:
    """Remove alternatives that allow nothing; one that allows all releases replaces the rest."""
    some = [alternative for alternative in alternatives if alternative.text != _NOTHING] or alternatives[:1]
    everything = next((alternative for alternative in some if not alternative.comparators), None)
    return (everything,) if everything else tuple(some)


def _alternative(text: str) -> _Alternative:
    written_out = " ".join(_written_out(word) for word in _closed_up(_without_hyphen(text)).split(" "))
    return _joined([_comparator(word) for word in written_out.split(" ") if word not in {"", _EVERYTHING}])


def _joined(comparators: list[_Comparator]) -> _Alternative:
    """Return the comparators as one alternative: without repetitions, or only the one that allows nothing."""
    distinct = {comparator.text: comparator for comparator in comparators}
    kept = (distinct[_NOTHING],) if _NOTHING in distinct else tuple(distinct.values())
    return _Alternative(
        comparators=kept,
        low=max((comparator.low for comparator in kept), default=LOWEST),
        high=min((comparator.high for comparator in kept), default=HIGHEST),
        open_cores=frozenset(comparator.version.core for comparator in kept if comparator.version.is_prerelease),
    )


def _comparator(word: str) -> _Comparator:
    match = _COMPARATOR.fullmatch(word)
    version = parse_version(match[2]) if match else None
    if not match or not version:
        raise ValueError(f"Invalid comparator: {word}")
    return _Comparator(match[1] if match[1] != "=" else "", version)


def _closed_up(text: str) -> str:
    """Remove the blank between an operator and its version: ``>= 1.2.3 ^ 4`` becomes ``>=1.2.3 ^4``."""
    text = _LOOSE_OPERATOR.sub(r"\1\2\3", text)
    text = _LOOSE_TILDE.sub("~", text)
    return _LOOSE_CARET.sub("^", text)


def _written_out(word: str) -> str:
    """Write one word without caret, tilde and wild cards; other words do not change."""
    if match := _CARET.fullmatch(word):
        return _caret(*match.groups())
    if match := _TILDE.fullmatch(word):
        return _tilde(*match.groups())
    if (match := _WILD.fullmatch(word)) and any(_is_wild(place) for place in match.groups()[1:4]):
        return _wild(*match.groups()[:4])
    return _STAR.sub("", word, count=1)


def _without_hyphen(text: str) -> str:
    """Write ``A - B`` as two comparators. Full versions keep their spelling: ``1.0.0 - =2.0.0`` stays invalid."""
    match = _HYPHEN.fullmatch(text)
    if not match:
        return text
    start, end = match.groups()[:5], match.groups()[5:]
    return f"{_from(*start)} {_up_to(*end)}".strip(" ")


def _from(text: str, major: str, minor: str | None, patch: str | None, _tag: str | None) -> str:
    if _is_wild(major):
        return ""
    return f">={_first(major, minor, patch)}" if _is_wild(minor) or _is_wild(patch) else f">={text}"


def _up_to(text: str, major: str, minor: str | None, patch: str | None, tag: str | None) -> str:
    if _is_wild(major):
        return ""
    if _is_wild(minor) or _is_wild(patch):
        return f"<{_next(major, minor)}-0"
    return f"<={major}.{minor}.{patch}-{tag}" if tag else f"<={text}"


def _caret(major: str, minor: str | None, patch: str | None, tag: str | None) -> str:
    """Allow versions with the same first part that is not zero."""
    if _is_wild(major):
        return ""
    if major != "0":
        end = _next(major, None)
    elif minor != "0" or _is_wild(patch):
        end = _next(major, minor)
    else:
        end = f"0.0.{int(patch or 0) + 1}"
    return f">={_first(major, minor, patch, tag)} <{end}-0"


def _tilde(major: str, minor: str | None, patch: str | None, tag: str | None = None) -> str:
    """Allow other patches; without a minor number, also other minor versions."""
    if _is_wild(major):
        return ""
    return f">={_first(major, minor, patch, tag)} <{_next(major, minor)}-0"


def _wild(operator: str, major: str, minor: str | None, patch: str | None) -> str:
    """Compare with all versions that a version with missing parts matches."""
    if _is_wild(major):
        return _NOTHING if operator in {"<", ">"} else ""
    if operator == ">":
        return f">={_next(major, minor)}"
    if operator == ">=":
        return f">={_first(major, minor, patch)}"
    if operator == "<":
        return f"<{_first(major, minor, patch)}-0"
    return f"<{_next(major, minor)}-0" if operator == "<=" else _tilde(major, minor, patch)


def _first(major: str, minor: str | None, patch: str | None, tag: str | None = None) -> str:
    """Return the first version that a version with missing parts matches."""
    if _is_wild(minor):
        return f"{major}.0.0"
    if _is_wild(patch):
        return f"{major}.{minor}.0"
    return f"{major}.{minor}.{patch}-{tag}" if tag else f"{major}.{minor}.{patch}"


def _next(major: str, minor: str | None) -> str:
    """Return the first version with another minor number; without one, with another major number."""
    return f"{int(major) + 1}.0.0" if minor is None or _is_wild(minor) else f"{major}.{int(minor) + 1}.0"


def _is_wild(place: str | None) -> bool:
    return place is None or place in "xX*"

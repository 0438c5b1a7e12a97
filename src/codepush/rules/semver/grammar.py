"""The pieces of npm's grammar for versions and ranges, as regular expressions over ASCII.

Repetitions are bounded where npm bounds them. The bounds are part of its answers: a build tag of
251 characters is no build tag, and a number can never be long enough to be costly.
"""

from __future__ import annotations

from typing import Final

NUMBER: Final = r"(?:0|[1-9][0-9]{0,256})"
"""A number without leading zeros."""

_DIGITS: Final = r"[0-9]{1,256}"
_WORD: Final = r"[0-9]{0,256}[A-Za-z-][0-9A-Za-z-]{0,250}"
_TAG: Final = r"[0-9A-Za-z-]{1,250}"
_IDENTIFIER: Final = rf"(?:{NUMBER}|{_WORD})"

PRERELEASE: Final = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*"
"""The part after the hyphen: identifiers, those of digits only without leading zeros."""

BUILD: Final = rf"{_TAG}(?:\.{_TAG})*"
"""The part after the plus sign, which does not affect the order."""

_PLACE: Final = rf"({NUMBER}|[xX*])"

PARTIAL: Final = rf"[v= ]*+{_PLACE}(?:\.{_PLACE}(?:\.{_PLACE}(?:-({PRERELEASE}))?(?:\+{BUILD})?)?)?"
"""A version with missing parts or wild cards. Groups: major, minor, patch, prerelease."""

_LOOSE_IDENTIFIER: Final = rf"(?:{_DIGITS}|{_WORD})"

LOOSE: Final = (
    rf"[v= ]*+{_DIGITS}\.{_DIGITS}\.{_DIGITS}"
    rf"(?:-?{_LOOSE_IDENTIFIER}(?:\.{_LOOSE_IDENTIFIER})*)?(?:\+{BUILD})?"
)
"""A loosely written version, which npm skips when it removes blanks."""

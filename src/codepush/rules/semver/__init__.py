"""Versions and ranges of versions, exactly as npm's semver 7.6.3 reads them with default options.

The original server uses that library, so devices in the field must get the same results here. Strings are parsed once
and kept in bounded caches; matching compares tuples.

    >>> satisfies("1.2.3", "^1.0.0")
    True
    >>> valid_range("~1.2")
    '>=1.2.0 <1.3.0-0'

"""

from codepush.rules.semver.ranges import (
    Range,
    greater_than_range,
    is_exact,
    parse_range,
    satisfies,
    valid_range,
)
from codepush.rules.semver.versions import Version, normalise_app_version, parse_version, valid

__all__ = [
    "Range",
    "Version",
    "greater_than_range",
    "is_exact",
    "normalise_app_version",
    "parse_range",
    "parse_version",
    "satisfies",
    "valid",
    "valid_range",
]

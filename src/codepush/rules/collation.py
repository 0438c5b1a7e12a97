"""Collation: the order in which names are listed."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["alphabetical"]

_SIGNS: Final = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
"""The signs of ASCII in the order of ICU's root collation; digits and letters come after them."""


def alphabetical(name: str) -> tuple[list[tuple[int, str]], str, str]:
    """Return a key that sorts as the original does, by JavaScript's ``localeCompare``.

    Signs come before digits, and digits before letters. Accents count only between names that are otherwise equal, and
    then case: lower before upper.
    """
    folded = unicodedata.normalize("NFD", name.casefold())
    letters = [letter for letter in folded if not unicodedata.combining(letter)]
    return [_rank(letter) for letter in letters], folded, name.swapcase()


def _rank(letter: str) -> tuple[int, str]:
    place = _SIGNS.find(letter)
    return (len(_SIGNS) if place < 0 else place), letter

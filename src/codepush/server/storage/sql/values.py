"""Values that every database can store, so that all accept the same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.server.ports.errors import UnstorableError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST: Final = 2**63 - 1


def check_storable(values: Mapping[str, object]) -> None:
    """Raise an error unless all values of a statement can be stored.

    Raises:
        UnstorableError: A string contains the character NUL, which PostgreSQL rejects, or an unpaired surrogate,
            which UTF-8 cannot encode; or a number needs more than 64 bits.

    """
    for value in values.values():
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, int) and not -_LARGEST - 1 <= value <= _LARGEST:
            raise UnstorableError("A number is too large: at most 64 bits can be stored.")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise UnstorableError("A text holds the character NUL, which cannot be stored.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnstorableError("A text holds half of a surrogate pair, which cannot be stored.") from error

"""Request bodies of App Center's clients, and errors with their field names."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from codepush.rules.validation import FieldError, InvalidFields
from codepush.server.services.errors import InvalidError
from codepush.server.web.bodies import json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.requests import Request

__all__ = ["fields_of", "in_their_words", "read_word"]

T = TypeVar("T")

_LIMIT: Final = 64 * 1024
"""Bytes: the longest description has 10 000 characters, of up to four bytes each."""


async def fields_of(request: Request) -> dict[str, Any]:
    """Return the fields of a request's body; an empty body has none.

    Raises:
        TooLargeError: The body exceeds the limit.
        codepush.errors.Invalid: The body is not JSON.
        InvalidError: The body is JSON, but not an object.

    """
    return await json_object(request, limit=_LIMIT)


@contextmanager
def in_their_words(fields: Mapping[str, str]) -> Iterator[None]:
    """Rename invalid fields to the client's names; ``fields`` maps names of the standalone dialect to these.

    Raises:
        InvalidFields: The block raises it.

    """
    try:
        yield
    except InvalidFields as error:
        errors = tuple(FieldError(fields.get(one.field, one.field), one.message) for one in error.errors)
        allowed = {fields.get(field, field): message for field, message in error.allowed.items()}
        raise InvalidFields(errors, allowed) from error


def read_word(field: str, read: Callable[[object], T], word: object) -> T:
    """Return the value of a word.

    Raises:
        InvalidError: The word has no value.

    """
    try:
        return read(word)
    except ValueError as error:
        raise InvalidError(f"The field '{field}' is invalid. {error}", code="invalid_field", field=field) from error

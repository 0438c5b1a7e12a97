"""The fields of an object in a request, read one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from codepush.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msgspec import Struct

__all__ = ["RequestFields"]

T = TypeVar("T")

_SHOWN: Final = 40
"""How much of an unknown name an error quotes."""


class RequestFields:
    """A reader of the fields of an object; null counts as missing.

    Unknown fields are rejected: a misspelled setting of a rollout would change its effect.

    Args:
        raw: The object.
        of: The shape that has its fields.
        place: What the object is called in errors.
        code: The code of errors.

    Raises:
        Invalid: A field is unknown.

    """

    def __init__(self, raw: Mapping[str, Any], *, of: type[Struct], place: str, code: str) -> None:
        self._raw = raw
        self._place = place
        self._code = code
        known = of.__struct_encode_fields__
        if strange := sorted(raw.keys() - set(known)):
            name = ascii(strange[0][:_SHOWN])
            raise self._invalid(f"The field {name} of {place} is unknown. Known fields: {', '.join(known)}.", None)

    def read(self, name: str, kind: type[T], expected: str) -> T | None:
        """Return a field of exactly this type.

        Raises:
            Invalid: It is something else than ``expected``.

        """
        value: Any = self._raw.get(name)
        if value is None or type(value) is kind:
            return value
        raise self.wrong(name, expected)

    def number(self, name: str) -> int | float | None:
        """Return a field that is a number.

        Raises:
            Invalid: It is something else.

        """
        value: Any = self._raw.get(name)
        if value is None or type(value) in {int, float}:
            return cast("int | float | None", value)
        raise self.wrong(name, "a number, such as 1.5")

    def whole(self, name: str, most: int) -> int | None:
        """Return a field that is a whole number from 0 to ``most``.

        Raises:
            Invalid: It is something else.

        """
        value = self.number(name)
        if value is None:
            return None
        if not 0 <= value <= most or value != int(value):
            raise self.wrong(name, f"a whole number from 0 to {most}")
        return int(value)

    def wrong(self, name: str, expected: str) -> Invalid:
        """Return the error that a field is something else than ``expected``."""
        return self._invalid(f'The field "{name}" of {self._place} must be {expected}.', name)

    def _invalid(self, message: str, field: str | None) -> Invalid:
        return Invalid(message, 400, code=self._code, field=field)

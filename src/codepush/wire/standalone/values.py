"""Numbers, times and shares as the standalone dialect writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from codepush.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msgspec import Struct

__all__ = [
    "Fields",
    "Number",
    "duration",
    "milliseconds",
    "moment",
    "percent",
    "seconds",
    "share",
    "unknown",
    "whole",
]

Number: TypeAlias = int | float
"""JavaScript has one kind of number, and some servers write ``1.0`` for 1."""

Fields: TypeAlias = "Mapping[str, Any]"
"""An object of a response as it was sent."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def unknown(shape: Struct, fields: Fields) -> dict[str, object]:
    """Return the fields of an object that its shape does not have."""
    return {name: value for name, value in fields.items() if name not in shape.__struct_encode_fields__}


def milliseconds(moment: datetime) -> int:
    """Return a time in milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment(milliseconds: Number) -> datetime:
    """Return the time that a number of milliseconds since 1970 means.

    Raises:
        DecodeError: The time is invalid.

    """
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise DecodeError(f"Could not parse response: {milliseconds} is not a time.") from error


def seconds(duration: timedelta) -> int:
    """Return a duration in whole seconds."""
    return duration // timedelta(seconds=1)


def duration(seconds: Number) -> timedelta:
    """Return the duration that a number of seconds means.

    Raises:
        DecodeError: The duration is invalid.

    """
    try:
        return timedelta(seconds=seconds)
    except OverflowError as error:
        raise DecodeError(f"Could not parse response: {seconds} seconds are not a duration.") from error


def percent(share: float) -> float:
    """Return a share from 0 to 1 in percent, without the noise of binary fractions."""
    return float(Decimal(repr(share)).scaleb(2))


def share(percent: Number) -> float:
    """Return the share from 0 to 1 that a percentage means, without the noise of binary fractions."""
    return float(Decimal(repr(percent)).scaleb(-2))


def whole(number: Number | None) -> int | None:
    """Return a number as a whole one."""
    return None if number is None else int(number)

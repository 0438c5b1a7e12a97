"""The bodies of requests that control a rollout, such as ``pause``, or stop a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from codepush.wire.standalone.request_fields import RequestFields
from codepush.wire.standalone.values import Number, percent, share

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["VERBS", "ControlShape", "NoteShape", "read_control", "read_note"]

VERBS: Final[tuple[Literal["pause", "resume", "advance", "halt", "complete", "cancel"], ...]] = (
    "pause",
    "resume",
    "advance",
    "halt",
    "complete",
    "cancel",
)
"""Verbs that control a rollout; the last segment of the path."""

_NOTE_LENGTH: Final = 1000
_LARGEST_VERSION: Final = 2**53


class NoteShape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a request with nothing but a note."""

    note: str | None = None


class ControlShape(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The body of a request with a verb. ``limitPercent`` is for ``resume``, ``force`` for ``advance``."""

    note: str | None = None
    limit_percent: Number | None = None
    expected_version: int | None = None
    force: bool = False

    @classmethod
    def of(
        cls,
        *,
        note: str | None = None,
        limit: float | None = None,
        expected_version: int | None = None,
        force: bool = False,
    ) -> ControlShape:
        """Return the shape; ``limit`` is a share."""
        limit_percent = None if limit is None else percent(limit)
        return cls(note=note, limit_percent=limit_percent, expected_version=expected_version, force=force)


def read_control(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a verb in a request: ``note``, ``limit`` as a share, ``expected_version`` and ``force``.

    Raises:
        Invalid: A field is wrong or unknown.

    """
    fields = RequestFields(raw, of=ControlShape, place="the request", code="invalid_field")
    limit = fields.number("limitPercent")
    if limit is not None and not 0 < limit < 100:  # noqa: PLR2004 - percent
        raise fields.wrong("limitPercent", "a percentage between 0 and 100, such as 1.5")
    return {
        "note": _note(fields),
        "limit": None if limit is None else share(limit),
        "expected_version": fields.whole("expectedVersion", _LARGEST_VERSION),
        "force": bool(fields.read("force", bool, "true or false")),
    }


def read_note(raw: Mapping[str, Any]) -> str | None:
    """Return the note of a request that holds nothing else.

    Raises:
        Invalid: It is wrong, or there is something else.

    """
    return _note(RequestFields(raw, of=NoteShape, place="the request", code="invalid_field"))


def _note(fields: RequestFields) -> str | None:
    expected = f"a text of at most {_NOTE_LENGTH} characters"
    note = fields.read("note", str, expected)
    if note is not None and len(note) > _NOTE_LENGTH:
        raise fields.wrong("note", expected)
    return note or None

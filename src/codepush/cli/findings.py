"""What an examination comes to: findings, each with a verdict and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from codepush.errors import CodePushError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Finding", "Judgement", "guarded"]

Judgement: TypeAlias = Literal["ok", "warning", "error", "skipped"]
"""What to make of something: it is right; it may be meant so; it cannot work; it could not be looked at."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        subject: what.
        verdict: what to make of it.
        found: what was found, in a sentence.
        advice: how to fix it; empty where there is nothing to fix.

    """

    subject: str
    verdict: Judgement
    found: str
    advice: str = ""


def guarded(subject: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Make a fault of what goes wrong while something is looked at."""
    try:
        yield from look()
    except CodePushError as error:
        yield Finding(subject=subject, verdict="error", found=error.message)

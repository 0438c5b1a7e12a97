"""Findings of a check, each with a verdict and advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from codepush.errors import CodePushError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Finding", "Judgement", "guarded"]

Judgement: TypeAlias = Literal["ok", "warning", "error", "skipped"]
"""Correct; possibly intended; cannot work; could not be checked."""


class Finding(Struct, frozen=True, kw_only=True):
    """The result of one check.

    Attributes:
        subject: What was checked.
        verdict: The result.
        found: Details, as a sentence.
        advice: How to fix it; empty if there is nothing to fix.

    """

    subject: str
    verdict: Judgement
    found: str
    advice: str = ""


def guarded(subject: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield the findings of a check, and an error if it fails."""
    try:
        yield from look()
    except CodePushError as error:
        yield Finding(subject=subject, verdict="error", found=error.message)

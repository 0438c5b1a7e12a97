"""Counters over time: one value per hour and, after some days, one per day.

Counters of a state (active devices) store the number at the end of the span, counters of events the number within
the span. A span without changes has no entry. Days are in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from codepush.models import MetricsPoint
from codepush.rules.metrics import CounterKind, summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["DAY", "HOUR", "Entry", "Span", "by_day", "show", "start_of"]

HOUR: Final = 60 * 60 * 1000
DAY: Final = 24 * HOUR
"""Milliseconds."""

_STANDING: Final = frozenset({"active", "anonymous"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Span: TypeAlias = Literal["hour", "day"]


class Entry(Struct, frozen=True):
    """Value of a counter of a label or binary version (``subject``) in the span that begins at ``starts_at``."""

    subject: str
    kind: CounterKind
    span: Span
    starts_at: int
    value: int


def start_of(span: int, moment: int) -> int:
    """Return the start of the hour or day (`HOUR`, `DAY`) that contains a moment."""
    return moment - moment % span


def by_day(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries of whole days, from entries of hours in chronological order; existing days come first."""
    days: dict[tuple[str, CounterKind, int], Entry] = {}
    for entry in entries:
        starts_at = start_of(DAY, entry.starts_at)
        name = (entry.subject, entry.kind, starts_at)
        sum_until_now = days[name].value if name in days and entry.kind not in _STANDING else 0
        days[name] = replace(entry, span="day", starts_at=starts_at, value=sum_until_now + entry.value)
    return list(days.values())


def show(
    before: Mapping[tuple[str, CounterKind], int], entries: Iterable[Entry], *, since: int
) -> Mapping[str, list[MetricsPoint]]:
    """Return the metrics of a deployment over time for display.

    Args:
        before: Counters of states before the first entry.
        entries: Entries in chronological order.
        since: Start of the requested period, in milliseconds since 1970.

    Returns:
        By label or binary version, the points at which a value changed, oldest first. Labels and versions that had
        active devices before begin with a point at ``since``.

    """
    standing = dict(before)
    at: dict[tuple[str, int], tuple[Span, dict[tuple[str, CounterKind], int]]] = {
        (subject, since): ("hour", {}) for (subject, _), value in before.items() if value
    }
    for entry in entries:
        _, counters = at.setdefault((entry.subject, entry.starts_at), (entry.span, {}))
        at[entry.subject, entry.starts_at] = (entry.span, counters)
        counters[entry.subject, entry.kind] = entry.value
    series: dict[str, list[MetricsPoint]] = {}
    for (subject, starts_at), (span, counters) in sorted(at.items(), key=lambda one: one[0][1]):
        standing |= {name: value for name, value in counters.items() if name[1] in _STANDING}
        series.setdefault(subject, []).append(_point(subject, starts_at, span, {**_of(subject, standing), **counters}))
    return series


def _of(subject: str, standing: Mapping[tuple[str, CounterKind], int]) -> dict[tuple[str, CounterKind], int]:
    return {name: standing.get(name, 0) for name in ((subject, "active"), (subject, "anonymous"))}


def _point(subject: str, starts_at: int, span: Span, counters: Mapping[tuple[str, CounterKind], int]) -> MetricsPoint:
    shown = summarise(counters)[subject]
    return MetricsPoint(
        starts_at=_EPOCH + timedelta(milliseconds=starts_at),
        span=span,
        active=shown.active,
        downloaded=shown.downloaded,
        failed=shown.failed,
        installed=shown.installed,
    )

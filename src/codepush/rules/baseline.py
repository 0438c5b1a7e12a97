"""Baselines: the share of failures that earlier releases had, and the limits for a new one.

The caller selects the references, newest first: earlier releases of the deployment for the same target, with trials in
the last 90 days, and neither held, halted nor rolled back.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from codepush.rollout_models import RolloutBaseline
from codepush.rules.evidence import FLOOR, POINTS, SHARE, SILENCE_POINTS_1H, SILENCE_POINTS_24H

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ASSUMED_SHARE", "Age", "Reference", "baseline", "limit", "silence_limit", "usual_gap", "wilson"]

Age: TypeAlias = Literal["1h", "24h"]
"""How long devices are given for a verdict before they count as silent."""

ASSUMED_SHARE: Final = 0.01
"""The baseline if its references have too few verdicts."""

_LEAST_VERDICTS: Final = 200
_LEAST_DOWNLOADS: Final = 500
_ENOUGH: Final = 5_000
_MOST_RELEASES: Final = 5
_ONE_SIDED_95: Final = 1.6448536269514722


class Reference(Struct, frozen=True, kw_only=True):
    """An earlier release that a new one is compared with.

    Attributes:
        label: Label of the release.
        verdicts: Counted verdicts, failures included.
        failures: Verdicts that are failures.
        installs_alike: Whether the release is mandatory if and only if the new one is. Devices install mandatory
            releases immediately, so their verdicts come sooner.
        downloads_1h: Downloads at least an hour old.
        gone_1h: Those without a verdict within an hour.
        downloads_24h: Downloads at least 24 hours old.
        gone_24h: Those without a verdict within 24 hours.

    """

    label: str
    verdicts: int
    failures: int
    installs_alike: bool = True
    downloads_1h: int = 0
    gone_1h: int = 0
    downloads_24h: int = 0
    gone_24h: int = 0


class _Silence(Struct, frozen=True):
    """How a reference's silence at one age is read, and how far above it the limit is."""

    downloads: Callable[[Reference], int]
    gone: Callable[[Reference], int]
    points: float


_SILENCES: Final[dict[Age, _Silence]] = {
    "1h": _Silence(attrgetter("downloads_1h"), attrgetter("gone_1h"), SILENCE_POINTS_1H),
    "24h": _Silence(attrgetter("downloads_24h"), attrgetter("gone_24h"), SILENCE_POINTS_24H),
}


def baseline(references: Sequence[Reference]) -> RolloutBaseline:
    """Return the baseline that references give.

    The newest ones count until 5,000 verdicts are reached, at most five. With fewer than 200 verdicts it is assumed.

    Args:
        references: Newest first.

    """
    pooled = _newest(references, lambda reference: reference.verdicts)
    failures = sum(reference.failures for reference in pooled)
    verdicts = sum(reference.verdicts for reference in pooled)
    is_assumed = verdicts < _LEAST_VERDICTS
    limits = {age: silence_limit(references, age) for age in _SILENCES}
    gaps = {age: usual_gap(references, age) for age in _SILENCES}
    return RolloutBaseline(
        share=ASSUMED_SHARE if is_assumed else wilson(failures, verdicts),
        verdicts=verdicts,
        releases=tuple(reference.label for reference in pooled),
        is_assumed=is_assumed,
        silence_limits={age: limit for age, limit in limits.items() if limit is not None},
        gaps={age: gap for age, gap in gaps.items() if gap is not None},
    )


def limit(baseline: RolloutBaseline) -> float:
    """Return the share of failures that a new release may have, given the baseline when its rollout starts."""
    return min(1.0, max(FLOOR, baseline.share + max(POINTS, SHARE * baseline.share)))


def silence_limit(references: Iterable[Reference], age: Age) -> float | None:
    """Return the share of downloads without a verdict that a new release may have.

    References count that install alike and have at least 500 downloads of that age, the newest ones until 5,000
    downloads are reached, at most five.

    Args:
        references: Newest first.
        age: Time within which the verdict is expected.

    Returns:
        The limit. None if no reference counts: silence is then no signal.

    """
    gone, downloads = _silent(references, age)
    return min(1.0, wilson(gone, downloads) + _SILENCES[age].points) if downloads else None


def usual_gap(references: Iterable[Reference], age: Age) -> float | None:
    """Return the share of downloads without a verdict in the references that `silence_limit` counts.

    Args:
        references: Newest first.
        age: Time within which the verdict is expected.

    """
    gone, downloads = _silent(references, age)
    return gone / downloads if downloads else None


def wilson(failures: int, verdicts: int) -> float:
    """Return Wilson's upper bound of a share of failures, one-sided with 95 % confidence.

    Args:
        failures: Verdicts that are failures.
        verdicts: All verdicts.

    Returns:
        The bound, from 0 to 1; 1 without verdicts.

    """
    if not verdicts:
        return 1.0
    share, squared = failures / verdicts, _ONE_SIDED_95**2 / verdicts
    spread = sqrt(squared * (share * (1 - share) + squared / 4))
    return min(1.0, (share + squared / 2 + spread) / (1 + squared))


def _silent(references: Iterable[Reference], age: Age) -> tuple[int, int]:
    """Return the downloads without a verdict, and all downloads, of the references that count for silence."""
    silence = _SILENCES[age]
    fitting = (one for one in references if one.installs_alike and silence.downloads(one) >= _LEAST_DOWNLOADS)
    counted = _newest(fitting, silence.downloads)
    return sum(map(silence.gone, counted)), sum(map(silence.downloads, counted))


def _newest(references: Iterable[Reference], cases: Callable[[Reference], int]) -> list[Reference]:
    """Return the newest references with any cases, until there are enough cases or releases."""
    newest: list[Reference] = []
    found = 0
    for reference in references:
        if found >= _ENOUGH or len(newest) == _MOST_RELEASES:
            break
        if cases(reference):
            newest.append(reference)
            found += cases(reference)
    return newest

"""Baselines: what the earlier releases of a deployment lead to expect of a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct, structs

from codepush.rules import baseline as rules, labels, looks
from codepush.rules.baseline import Reference
from codepush.rules.duplicates import same_target
from codepush.server.ports.trials import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from codepush.insight_models import TrialTotals
    from codepush.rollout_models import RolloutBaseline
    from codepush.server.ports.releases import ReleaseRecord
    from codepush.server.ports.store import Records

__all__ = ["Candidate", "of_release", "same_target_numbers"]

_DAYS: Final = 90 * 24 * 3_600_000
"""Milliseconds for which the cohorts of a release are compared."""

_CONSIDERED: Final = 20
"""Releases that are considered at most; five are compared."""


class Candidate(Struct, frozen=True, kw_only=True):
    """A release, made or planned, that needs a baseline.

    Attributes:
        app_version: Its target binary version.
        is_mandatory: Whether apps install it immediately.
        number: The number of its label; ``None``: it does not exist yet.

    """

    app_version: str
    is_mandatory: bool | None
    number: int | None = None


async def of_release(
    records: Records, deployment_id: int, history: Sequence[ReleaseRecord], release: Candidate, *, at: int
) -> RolloutBaseline:
    """Return the baseline of a release.

    Args:
        records: The records.
        deployment_id: The deployment.
        history: Its releases, oldest first.
        release: The release that is compared with the others.
        at: The time, in milliseconds since 1970.

    """
    compared = list(_comparable(history, release))[:_CONSIDERED]
    windows = looks.reference_windows(at, since=at - _DAYS)
    spans = [Span(deployment_id, one.number, *window) for one in compared for window in windows]
    totals = await records.trials.totals(spans)
    groups = [totals[start : start + len(windows)] for start in range(0, len(totals), len(windows))]
    references = [_reference(one, group, release) for one, group in zip(compared, groups, strict=True)]
    found = rules.baseline(references)
    counted = [group[0] for group, one in zip(groups, references, strict=True) if one.label in found.releases]
    return structs.replace(found, strangers=strangers(counted))


def strangers(totals: Sequence[TrialTotals]) -> float | None:
    """Return the share of verdicts from devices that were unknown before the release; ``None`` without verdicts."""
    verdicts = sum(one.verdicts for one in totals)
    return sum(one.standings.get("new", 0) for one in totals) / verdicts if verdicts else None


def same_target_numbers(history: Sequence[ReleaseRecord], app_version: str, *, but: int) -> list[int]:
    """Return the numbers of the newest releases for the same binary versions, newest first, without one of them."""
    found = [one.number for one in reversed(history) if one.number != but and same_target(one.app_version, app_version)]
    return found[:_CONSIDERED]


def _comparable(history: Sequence[ReleaseRecord], release: Candidate) -> Iterator[ReleaseRecord]:
    """Yield the releases that a release may be compared with, newest first.

    They are for the same binary versions, and neither held nor rolled back.
    """
    undone_after: int | None = None
    for one in reversed(history):
        if not same_target(one.app_version, release.app_version):
            continue
        is_undone = undone_after is not None and one.number > undone_after
        if one.release_method == "Rollback" and one.original_label and not is_undone:
            undone_after = labels.number(one.original_label)
        if one.number != release.number and not one.is_held and not is_undone:
            yield one


def _reference(one: ReleaseRecord, totals: Sequence[TrialTotals], release: Candidate) -> Reference:
    verdicts, hour, day = totals
    return Reference(
        label=labels.label(one.number),
        verdicts=verdicts.verdicts,
        failures=verdicts.failures,
        installs_alike=bool(one.is_mandatory) == bool(release.is_mandatory),
        downloads_1h=hour.began,
        gone_1h=hour.began - hour.answered("1h"),
        downloads_24h=day.began,
        gone_24h=day.began - day.answered("24h"),
    )

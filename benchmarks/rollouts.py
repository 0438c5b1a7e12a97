"""Measure the rules by which rollout plans advance and halt, beside two common ones.

    make bench-rollouts

Exact figures come from walks through every number of failures, the others from seeded runs of a simulated fleet.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final

from fleet_tables import simulated
from halting import (
    ADVANCING,
    BASES,
    POWERS,
    VERDICTS,
    advanced,
    advancing_times,
    by_evidence,
    by_wilson,
    by_wilson_alone,
    halted,
    halting_times,
    limit_of,
    rise_name,
)
from results import circumstances, table, write_section

from codepush.rules.evidence import HOLD, needed, worst

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.pool import Pool

    from halting import Rule

COMMAND: Final = "make bench-rollouts"
BASE: Final = 0.005
RISES: Final = (0.005, 0.01, 0.03, 0.1, 1.0)
RULES: Final[dict[str, Callable[[float], Rule]]] = {
    "evidence 100 (halt)": by_evidence,
    "evidence 10 (hold)": partial(by_evidence, bar=HOLD),
    "Wilson": by_wilson,
    "Wilson, no minimum": by_wilson_alone,
}


def main() -> None:
    """Measure everything and write the section."""
    with get_context("spawn").Pool() as pool:
        parts = [*_exact(pool), *simulated(pool)]
    write_section("Rollout plans", circumstances(COMMAND, "codepush"), *parts)


def _exact(pool: Pool) -> Iterator[str]:
    """Yield the figures that are exact."""
    limits = ", ".join(f"{limit_of(base):.1%}" for base in BASES)
    yield (
        f"Halts of 100 releases within {VERDICTS:,} verdicts, looked at with each verdict; exact. First with no rise "
        f"of failures, then with as many as the limit tolerates: {limits}. Wilson: its lower bound, two-sided at 95 %, "
        "is above the same limit, and there are 50 verdicts and 3 failures."
    )
    cells = pool.starmap(false_halts, product(RULES, BASES), chunksize=1)
    columns = len(BASES)
    rows = [[name, *cells[place * columns :][:columns]] for place, name in enumerate(RULES)]
    yield table(["", *(f"base {base:.1%}" for base in BASES)], rows)
    yield "Verdicts until the halt, median / 95th of 100; exact. Failures alone halt, from evidence of 100."
    rows = pool.starmap(detection, product(("evidence", "Wilson"), BASES), chunksize=1)
    yield table(["", *map(rise_name, RISES)], rows)
    yield _advances(limit_of(BASE))


def _advances(limit: float) -> str:
    middle, late = advancing_times(BASE, limit)
    above = 100 * advanced(2 * limit, limit, guard=by_evidence(limit, HOLD))
    as_bad, twice = (100 * advanced(share, limit) for share in (worst(limit), 2 * worst(limit)))
    return (
        f"Advances with a limit of {limit:.0%}; exact. With {BASE:.1%} of failures, {middle} verdicts are needed in "
        f"the median, {late} at the 95th of 100. Of 100 releases with the share that has to be ruled out, "
        f"{worst(limit):.0%}, {as_bad:.1f} advance within {ADVANCING:,} verdicts, and {twice:.2f} of those with twice "
        f"that share. With twice the limit, {above:.0f} advance before they are held."
    )


def false_halts(name: str, base: float) -> str:
    """Return the halts of 100 without a rise, and at the limit."""
    limit = limit_of(base)
    rule = RULES[name](limit)
    return f"{100 * halted(base, rule):.2g} / {100 * halted(limit, rule):.2g}"


def detection(name: str, base: float) -> list[str]:
    """Return within how many verdicts each rise is noticed."""
    return [f"{name}, base {base:.1%}", *(_noticed(name, base, rise) for rise in RISES)]


def _noticed(name: str, base: float, rise: float) -> str:
    limit, share = limit_of(base), min(1.0, base + rise)
    if share <= limit:
        return "tolerated"
    times: Sequence[int | None] = halting_times(share, by_wilson(limit))
    if name == "evidence":
        times = [needed(limit, rise, power, base) for power in POWERS]
    return " / ".join("more" if time is None else f"{time:,}" for time in times)


if __name__ == "__main__":
    main()

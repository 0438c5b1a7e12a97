"""Figures of rollouts to a simulated fleet."""

from __future__ import annotations

from itertools import product
from statistics import median
from typing import TYPE_CHECKING, Final

from fleet import HOUR, MODEL, Release
from fleet_runs import BEGINS_AT, LENGTH, Outcome, Scene, by_plan, by_time, halts_at_once
from halting import by_evidence, by_ratio, by_wilson, by_wilson_alone, limit_of, rise_name
from results import table
from two_arms import DELAY, DEVICES, FAILING, HOURS, Bias, halts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.pool import Pool

PLAN: Final = "5% 1h, 25% 6h, 100%"
PATIENT: Final = "5% 4h, 25% 1d, 100%"
FOR_FEW: Final = "20% 1h, 50% 6h, 100%"
WATCHED: Final = "5% 3d, 100%"

WAYS: Final[dict[str, Callable[[Scene, int], Outcome]]] = {
    f"plan {PLAN}": lambda scene, seed: by_plan(scene, PLAN, seed),
    "same stages by time, Wilson": lambda scene, seed: by_time(scene, PLAN, by_wilson(scene.limit), seed),
    "same stages by time, ratio": lambda scene, seed: by_time(scene, PLAN, by_ratio(0.1), seed, of_downloads=True),
    "all at once": lambda scene, seed: by_time(scene, "100%", None, seed),
    f"plan {PATIENT}": lambda scene, seed: by_plan(scene, PATIENT, seed),
}
RISES: Final = ((20_000, 0.03), (20_000, 0.1), (20_000, 1.0), (200_000, 0.01), (200_000, 0.03), (200_000, 1.0))
"""Devices, and the rise of the share of failures."""

HEALTHY: Final = (
    (20_000, PLAN), (20_000, PATIENT), (200_000, PLAN), (200_000, PATIENT), (2_000, PLAN), (2_000, FOR_FEW),
)  # fmt: skip
SILENT: Final = ((20_000, 0.0), (20_000, 0.05), (20_000, 0.1), (20_000, 0.2), (20_000, 0.5), (200_000, 0.1))
"""Devices, and the share of them that stop reporting because of the release."""

BIASES: Final = {
    "on time": Bias(0.0),
    f"2 of 10 {DELAY} h late": Bias(0.2),
    f"all {DELAY} h late": Bias(1.0),
    f"all {DELAY} h late, with a margin of 1.5": Bias(1.0, margin=1.5),
}
RUNS: Final = {2_000: 60, 20_000: 100, 200_000: 40}
"""Runs of each setting, by the number of devices."""

BIASED_RUNS: Final = 50
SWINGING_RUNS: Final = 300
SWING: Final = 0.9


def simulated(pool: Pool) -> Iterator[str]:
    """Yield the figures of the simulated fleet."""
    runs = ", ".join(f"{runs} with {devices:,} devices" for devices, runs in RUNS.items())
    yield (
        f"All further figures are from simulations. A run takes {LENGTH // HOUR} hours from {BEGINS_AT // HOUR:02}:00 "
        f"on, with a look in each minute with reports, and every ten. {' '.join(MODEL.split())} "
        f"Runs of each setting: {runs}."
    )
    yield (
        f"Users hurt, and hours until the halt; medians. {FAILING:.1%} of the devices fail before the rise. Ratio: "
        "failures are more than 10 % of the downloads, from 50 on. Shares are of the runs; those held were not halted."
    )
    cells = pool.starmap(harm, product(WAYS, RISES), chunksize=1)
    columns = len(RISES)
    rows = [[name, *cells[place * columns :][:columns]] for place, name in enumerate(WAYS)]
    yield table(["", *(f"{devices:,}: {rise_name(rise)}" for devices, rise in RISES)], rows)
    yield "Nothing wrong: share of the runs that reach all devices, hours until then (median), shares held and halted."
    yield table(["", "reached", "hours", "held", "halted"], pool.starmap(healthy, HEALTHY, chunksize=1))
    yield f"Devices that stop reporting, with the plan {WATCHED}: shares of the runs, and hours; medians."
    yield table(["", "held", "hours", "halted", "hours"], pool.starmap(silence, SILENT, chunksize=1))
    yield _swings(pool)
    yield (
        f"Halts of 100 releases as good as the last one, by when failures are reported; {DEVICES:,} devices, "
        f"{BIASED_RUNS} runs. Compared: with the old release, which has 100 times the verdicts, by an exact test of "
        f"each of {HOURS} hours, at a level of 1 % for all of them."
    )
    yield table(["", "compared", "evidence"], pool.starmap(biased, BIASES.items(), chunksize=1))


def harm(way: str, fleet: tuple[int, float]) -> str:
    """Return the users hurt, and the hours until the halt."""
    devices, rise = fleet
    outcomes = _outcomes(WAYS[way], devices, Release(min(1.0, FAILING + rise)))
    hurt = f"{median(one.hurt for one in outcomes):,.0f}"
    halted = [one.halted_at for one in outcomes if one.halted_at is not None]
    if not halted:
        return hurt
    shares = [f"{hurt}; {median(halted) / HOUR:.2f} h"]
    if len(halted) < len(outcomes):
        shares.append(f"{_share(halted, outcomes)} halt")
    held = [one for one in outcomes if one.halted_at is None and one.held_at is not None]
    if held:
        shares.append(f"{_share(held, outcomes)} held")
    return ", ".join(shares)


def healthy(devices: int, plan: str) -> list[str]:
    """Return what becomes of a rollout with nothing wrong."""
    outcomes = _outcomes(lambda scene, seed: by_plan(scene, plan, seed), devices, Release(FAILING))
    held = [one for one in outcomes if one.held_at is not None]
    halted = [one for one in outcomes if one.halted_at is not None]
    reached = _share_and_hours([one.complete_at for one in outcomes])
    return [f"{devices:,} devices, {plan}", *reached, _share(held, outcomes), _share(halted, outcomes)]


def silence(devices: int, silent: float) -> list[str]:
    """Return when devices that stop reporting hold and halt a rollout."""
    outcomes = _outcomes(lambda scene, seed: by_plan(scene, WATCHED, seed), devices, Release(FAILING, silent))
    held, halted = [one.held_at for one in outcomes], [one.halted_at for one in outcomes]
    return [f"{devices:,} devices, {silent:.0%}", *_share_and_hours(held), *_share_and_hours(halted)]


def swinging(seed: int) -> list[bool]:
    """Return which rules halt a release whose share of failures depends on the time of day."""
    limit = limit_of(FAILING)
    scene = Scene(20_000, Release(FAILING, swing=SWING), limit)
    return halts_at_once(scene, [by_evidence(limit), by_wilson(limit), by_wilson_alone(limit)], seed)


def biased(name: str, bias: Bias) -> list[str]:
    """Return the halts of 100 by the rule that compares, and by evidence."""
    found = [halts(bias, seed) for seed in range(BIASED_RUNS)]
    compared = sum(one.compared for one in found) / BIASED_RUNS
    return [name, f"{100 * compared:.0f}", f"{100 * sum(one.by_evidence for one in found) / BIASED_RUNS:.0f}"]


def _swings(pool: Pool) -> str:
    runs = pool.map(swinging, range(SWINGING_RUNS), chunksize=10)
    evidence, wilson, alone = (f"{100 * sum(run) / SWINGING_RUNS:.1f}" for run in zip(*runs, strict=True))
    return (
        f"Halts of 100 where the share of failures swings by {SWING:.0%} around {FAILING:.1%} with the time of day; "
        f"20,000 devices at once, looked at with each failure, {SWINGING_RUNS} runs: evidence {evidence}, "
        f"Wilson {wilson}, Wilson without a minimum {alone}."
    )


def _outcomes(way: Callable[[Scene, int], Outcome], devices: int, release: Release) -> list[Outcome]:
    scene = Scene(devices, release, limit_of(FAILING))
    return [way(scene, seed) for seed in range(RUNS[devices])]


def _share_and_hours(times: Sequence[int | None]) -> list[str]:
    """Return how many of the runs have a time, and its median in hours."""
    known = [time for time in times if time is not None]
    return [_share(known, times), f"{median(known) / HOUR:.1f}" if known else ""]


def _share(some: Sequence[object], every: Sequence[object]) -> str:
    return f"{len(some) / len(every):.0%}"

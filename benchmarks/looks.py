"""Measure a look at many rollouts, and an insight over many days, with SQLite and without HTTP.

    make bench-rollouts

Each figure comes from a process of its own, whose memory is that of the work alone.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from results import circumstances, table, write_section

from codepush.server.ports.trials import TrialAddition
from codepush.server.services.caller import Caller
from codepush.server.services.change import Changes
from codepush.server.services.releasing.insight import Insights
from codepush.server.services.releasing.looking import Looking
from codepush.server.storage.sql.migrate import upgrade
from codepush.server.storage.sql.store import SqlStore
from support.rollouts import HOUR, MINUTE, Clock, Stand
from unit.storage.factories import lay_ground

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from codepush.insight_models import TrialAge, TrialKind, TrialStanding

COMMAND: Final = "make bench-rollouts"
ROUNDS: Final = 7
DAY: Final = 24 * HOUR
_COUNTS: Final[tuple[tuple[TrialKind, TrialAge, int], ...]] = (
    ("began", "", 40), ("ok", "1h", 30), ("ok", "24h", 8), ("ok", "later", 1), ("bad", "24h", 0),
)  # fmt: skip
_STANDINGS: Final[tuple[TrialStanding, ...]] = ("known", "new")
_MEMORY_UNIT: Final = 1 if sys.platform == "darwin" else 1024


async def _prepare(url: str, setting: Setting) -> int:
    """Record rollouts that have gone on for some days, and return the time at which they have."""
    store = SqlStore(url)
    clock = Clock()
    began = clock() - clock() % DAY
    clock.at = began
    for _ in range(setting.plans):
        stand = await Stand.of(store, await lay_ground(store), clock=clock)
        label = await stand.release(rollout=5)
        await stand.plan(label, "5% 90d, 100%")
        async with store.write() as records:
            await records.trials.add(list(_trials(stand.ground.deployment.id, began, setting)))
    await store.close()
    return began + setting.days * DAY


def _trials(deployment_id: int, began: int, setting: Setting) -> Iterator[TrialAddition]:
    for at in range(began, began + setting.days * DAY, setting.cohort):
        for kind, age, value in _COUNTS:
            for standing in _STANDINGS:
                yield TrialAddition(deployment_id, 1, at, kind, age, standing, value)


def look(url: str, at: int) -> tuple[float, float]:
    """Return the milliseconds of a look and the MiB that it takes."""

    async def run() -> tuple[float, float]:
        store = SqlStore(url)
        clock = Clock(at)
        return await _measured(store, Looking(store, Changes(store, clock=clock), clock=clock).look_all)

    return asyncio.run(run())


def insight(url: str, at: int) -> tuple[float, float]:
    """Return the milliseconds of an insight and the MiB that it takes."""

    async def run() -> tuple[float, float]:
        store = SqlStore(url)
        async with store.read() as records:
            [active] = await records.rollouts.active(halted_since=at)
            deployment = await records.deployments.with_id(active.record.deployment_id)
            assert deployment is not None
            app = await records.apps.get(deployment.app_id)
            [owner] = await records.accounts.all()
        assert app is not None
        caller = Caller(kind="person", acts_as=owner)
        shown = Insights(store, clock=Clock(at))
        return await _measured(store, lambda: shown.of_label(caller, app.name, deployment.name, "v1"))

    return asyncio.run(run())


async def _measured(store: SqlStore, work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return the milliseconds of processor time of one piece of work, the median, and the MiB that all took."""
    async with store.read() as records:
        await records.rollouts.counts()  # the connection and the statement cache are there before
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        await work()
        seconds.append(time.process_time() - began)
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    await store.close()
    return statistics.median(seconds) * 1_000, taken * _MEMORY_UNIT / 2**20


class Setting(Struct, frozen=True, kw_only=True):
    """What is measured: after so many days of so many rollouts, with one cohort each so many milliseconds."""

    name: str
    measure: Callable[[str, int], tuple[float, float]]
    plans: int
    days: int
    cohort: int
    most_milliseconds: int


SETTINGS: Final = (
    Setting(
        name="look at 100 plans of 2 days", measure=look, plans=100, days=2, cohort=10 * MINUTE, most_milliseconds=250
    ),
    Setting(name="insight of 90 days", measure=insight, plans=1, days=90, cohort=HOUR, most_milliseconds=100),
)


def main() -> None:
    """Measure both and write the section."""
    write_section(
        "Looks at rollouts",
        circumstances(COMMAND, "codepush", "sqlalchemy"),
        "With SQLite, without HTTP: milliseconds of processor time, medians of "
        f"{ROUNDS}, and the rise of peak memory. Each cohort has "
        f"{len(_COUNTS) * len(_STANDINGS)} rows; a cohort is of ten minutes for the look, of an hour for the insight.",
        table(("what", "ms", "floor: ms", "memory: MiB", "floor: MiB"), [_row(one) for one in SETTINGS]),
    )


def _row(setting: Setting) -> list[str]:
    with tempfile.TemporaryDirectory() as folder, multiprocessing.get_context("spawn").Pool(1) as pool:
        url = f"sqlite:///{Path(folder) / 'codepush.db'}"
        upgrade(url)
        at = asyncio.run(_prepare(url, setting))
        milliseconds, memory = pool.apply(setting.measure, (url, at))
    return [
        setting.name, f"{milliseconds:.0f}", f"at most {setting.most_milliseconds}", f"{memory:.1f}", "at most 50",
    ]  # fmt: skip


if __name__ == "__main__":
    main()

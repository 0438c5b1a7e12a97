"""Draw the pictures of docs/images: two releases, replayed against the services of a server in a temporary database.

The first is healthy and reaches all devices. The second fails on 3 % more devices and is drawn when it is halted.

PYTHONPATH=src:tests python -m support.rollout_images
"""

import runpy
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import anyio

from codepush.rules import labels
from codepush.rules.replay import Faults, modelled
from codepush.rules.replay.cohorts import devices
from codepush.rules.replay.run import _Counts, _Fleet
from codepush.server.operations import prepare
from codepush.server.ports.devices import Addition
from codepush.server.ports.trials import TrialAddition
from codepush.server.services.releasing.insight import Insights
from codepush.server.settings import Settings
from codepush.server.storage.sql.store import SqlStore
from support.rollouts import HOUR, MINUTE, Clock, Stand
from unit.storage.factories import lay_ground

IMAGES = Path(__file__).parents[2] / "docs/images"
pictures = runpy.run_path(str(Path(__file__).parents[2] / "examples/rollout_pictures.py"))["pictures"]
PLAN = "5% 4h, 25% 1d, 100%"
DEVICES = 20_000
COHORT = 10 * MINUTE


class Recorder(_Counts):
    """Collects what devices report, until it is stored."""

    def __init__(self):
        super().__init__(begins=0)
        self.counted = Counter()

    def add(self, at, kind, age):
        """Count one in the cohort of a moment."""
        self.counted[at - at % COHORT, kind, age] += 1


async def released(stand, plan, faults, *, hours, seed):
    """Release to a modelled fleet, and let it report for some hours; return the label."""
    begins = stand.clock.at
    cohorts = modelled(DEVICES, seed=seed)
    label = await stand.release(rollout=None if plan is None else 5)
    if plan is not None:
        await stand.plan(label, plan)
    shift = int(cohorts[0].at.timestamp() * 1000) - begins
    fleet = _Fleet(list(devices(cohorts, faults, Random(seed))), begins=begins + shift)
    fleet.counts = recorder = Recorder()
    for _ in range(hours * HOUR // MINUTE):
        stand.clock.pass_(MINUTE)
        release = await stand.shown(label)
        percent = 0 if release.is_held else release.rollout or 100
        fleet.move(stand.clock.at + shift, percent=percent)
        await store(stand, label, recorder, shift)
        await stand.looking.look_all()
        if plan is not None and (await stand.get(label)).state == "halted":
            break
    return label


async def store(stand, label, recorder, shift):
    """Store what was reported since the last time."""
    counted, recorder.counted = recorder.counted, Counter()
    if not counted:
        return
    deployment, number = stand.ground.deployment.id, labels.number(label)
    running = sum(count for (_, kind, _), count in counted.items() if kind == "ok")
    async with stand.store.write() as records:
        rollout = await records.rollouts.of_release(deployment, number)
        since = 0 if rollout is None else rollout.evidence_since
        sums = Counter()
        for (cohort, kind, age), value in counted.items():
            sums[max(cohort - shift, since), kind, "" if kind == "began" else age] += value
        await records.trials.add(
            [
                TrialAddition(deployment, number, cohort, kind, age, "known", value)
                for (cohort, kind, age), value in sums.items()
            ]
        )
        additions = [Addition(deployment, label, kind, running) for kind in ("active", "installed") if running]
        await records.devices.count(additions, hour=stand.clock.at - stand.clock.at % HOUR)


async def main():
    """Draw all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load({"data": Path(folder)}, {}, address="http://127.0.0.1:3000")
        await prepare(settings)
        records = SqlStore(settings.database_url)
        stand = await Stand.of(records, await lay_ground(records), clock=Clock(1_800_000_000_000))
        await released(stand, None, Faults(), hours=48, seed=3)
        healthy = await released(stand, PLAN, Faults(), hours=40, seed=2)
        await draw(stand, healthy, {"adoption", "gap"})
        failing = await released(stand, PLAN, Faults(failing=0.03), hours=12, seed=1)
        await draw(stand, failing, {"funnel", "failures", "evidence"})
        await records.close()


async def draw(stand, label, names):
    """Draw the named pictures of a release."""
    insight = await Insights(stand.store, clock=stand.clock).of_label(*stand.place, label)
    decisions = await stand.rollouts.decisions(*stand.place, label)
    IMAGES.mkdir(exist_ok=True)
    for name, svg in pictures(insight, decisions).items():
        if name in names:
            (IMAGES / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    anyio.run(main)

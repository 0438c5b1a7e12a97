"""Counting reports in every store: any sequence, cut into any batches, is what a recount finds."""

import asyncio
import hashlib
import hmac
from collections import Counter
from itertools import pairwise

import anyio
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from msgspec.structs import replace

from codepush.models import StatusReport
from codepush.rollout_models import RolloutPlan, RolloutStage
from codepush.rules.rollout import bucket
from codepush.rules.series import DAY
from codepush.server.ports.devices import STANDING, CounterRecord, DeviceRecord
from codepush.server.ports.rollouts import RolloutRecord
from codepush.server.ports.trials import Span
from codepush.server.services.phones.counting import Arrival, count
from codepush.server.services.phones.new_devices import NewDevices
from support import recounts
from support.recounts import recount
from unit.storage.factories import a_release, lay_ground, release_labels

pytestmark = pytest.mark.anyio

MINUTE = 60 * 1000

KEYS = st.sampled_from(["here", "there", "unknown"])
DEVICES = st.sampled_from([None, "one", "two", "three"])
SUBJECTS = st.sampled_from(["v1", "v2", "1.0.0"])


@st.composite
def reports(draw):
    """Return a report about one of two deployments, or an unknown one, by one of a few devices."""
    subject = draw(SUBJECTS)
    if draw(st.integers(0, 2)) == 0:
        return StatusReport(
            kind="download",
            deployment_key=draw(KEYS),
            label=draw(st.sampled_from(["v1", "v2"])),
            status="Downloaded",
            client_unique_id=draw(DEVICES),
        )
    labelled = {"label": subject, "status": draw(st.sampled_from(["DeploymentSucceeded", "DeploymentFailed"]))}
    return StatusReport(
        kind="deploy",
        deployment_key=draw(KEYS),
        app_version="1.0.0",
        client_unique_id=draw(DEVICES),
        previous_deployment_key=draw(st.none() | KEYS),
        previous_label_or_app_version=draw(st.none() | SUBJECTS),
        **(labelled if subject.startswith("v") else {}),
    )


HAPPENED = st.lists(reports() | st.sampled_from(["here", "there"]), max_size=30)
"""Reports, and the names of deployments whose history is cleared."""


class Run:
    """Two deployments of one run in which the same things happen as in others."""

    def __init__(self, store, grounds):
        self._store = store
        self._grounds = grounds
        self._keys = {name: ground.deployment.key for name, ground in grounds.items()}

    async def happen(self, batches):
        for number, batch in enumerate(batches):
            async with self._store.write(alone=False) as records:
                if isinstance(batch, str):
                    await records.devices.clear(self._grounds[batch].deployment.id)
                    await records.trials.clear(self._grounds[batch].deployment.id)
                else:
                    await counted(records, [self._here(report) for report in batch], at=number * 20 * MINUTE)

    def _here(self, report):
        keys = {name: self._key(getattr(report, name)) for name in ("deployment_key", "previous_deployment_key")}
        return StatusReport(**{**{name: getattr(report, name) for name in report.__struct_fields__}, **keys})

    def _key(self, name):
        return self._keys.get(name, name)

    async def counters(self, name):
        async with self._store.read() as records:
            return summed(await records.devices.counters(self._grounds[name].deployment.id))

    async def trials(self, name):
        """Return how many trials began and ended, by label, kind and whether a device was named."""
        found = Counter()
        for number in (1, 2):
            for (kind, _, standing), value in (await trial_counts(self._store, self._grounds[name], number)).items():
                found[f"v{number}", kind, standing != "nameless"] += value
        return found

    async def last_of_series(self, name):
        """Return the counters that follow from what is kept of each hour."""
        async with self._store.read() as records:
            points = await records.series.points(self._grounds[name].deployment.id, since=0, until=10 * DAY)
        kept = {}
        for point in points:
            before = kept.get((point.subject, point.kind))
            value = point.value if before is None or point.kind in STANDING else before.value + point.value
            kept[point.subject, point.kind] = CounterRecord(subject=point.subject, kind=point.kind, value=value)
        return summed(kept.values())


async def trial_counts(store, ground, number=1):
    """Return all sums of a label's trials, by kind, age and standing."""
    async with store.read() as records:
        [totals] = await records.trials.totals([Span(ground.deployment.id, number, 0, 1 << 60)])
    return totals.counts


async def counted(records, reports, *, at=1):
    """Count reports of addresses without a limit."""
    await count(records, [Arrival(report) for report in reports], NewDevices(None).begin(), at=at)


def summed(counters):
    counts = {kind: Counter() for kind in ("active", "downloaded", "failed", "installed")}
    for one in counters:
        counts["active" if one.kind == "anonymous" else one.kind][one.subject] += one.value
    return {kind: +values for kind, values in counts.items()}


async def released_ground(store, labels=2):
    ground = await lay_ground(store)
    await release_labels(store, ground.deployment.id, ground.package.id, labels)
    return ground


async def a_run(store):
    return Run(store, {name: await released_ground(store) for name in ("here", "there")})


def cut(happened, places):
    """Cut what happened into batches, at the given places and around everything that is no report."""
    batches = []
    for start, end in pairwise(sorted({0, len(happened), *(place for place in places if place < len(happened))})):
        batch = []
        for one in happened[start:end]:
            if isinstance(one, str):
                batches += [batch, one]
                batch = []
            else:
                batch.append(one)
        batches.append(batch)
    return batches


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=HAPPENED, places=st.sets(st.integers(0, 30), max_size=4))
async def test_any_reports_in_any_batches_are_what_a_recount_finds(store, happened, places):
    """Duplicates, moves, failures, devices without an id, clears in between: one by one or many at once."""
    batched, single = await a_run(store), await a_run(store)
    await batched.happen(cut(happened, places))
    await single.happen(one if isinstance(one, str) else [one] for one in happened)
    for name in ("here", "there"):
        wanted = {kind: +values for kind, values in recount(happened, name).items()}
        assert await batched.counters(name) == await single.counters(name) == wanted
        assert await batched.last_of_series(name) == await single.last_of_series(name) == wanted
        here = [one for one in recounts.life(happened, name) if one.deployment_key == name]
        assert await batched.trials(name) == await single.trials(name) == recounts.trials(here)


async def test_two_nodes_count_the_same_devices_at_once(stores):
    """Each device is counted once and every download, whichever node was told first; and nobody waits for ever."""
    one, other = stores
    grounds = [await released_ground(one, 3), await released_ground(one, 3)]
    keys = [ground.deployment.key for ground in grounds]

    def told(number):
        here, there = keys[number % 2], keys[(number + 1) % 2]
        return [
            StatusReport(kind="download", deployment_key=here, label="v1"),
            *(
                StatusReport(
                    kind="deploy",
                    deployment_key=here,
                    label=f"v{number % 3 + 1}",
                    status="DeploymentSucceeded",
                    client_unique_id=f"device {device}",
                    previous_deployment_key=there,
                )
                for device in range(20)
            ),
        ]

    async def node(store, numbers):
        for number in numbers:
            async with store.write(alone=False) as records:
                await counted(records, told(number))

    with anyio.fail_after(60):
        await asyncio.gather(node(one, range(30)), node(other, range(30, 60)), node(one, range(60, 70)))
    async with one.read() as records:
        shown = [await records.devices.counters(ground.deployment.id) for ground in grounds]
    values = Counter()
    for counter in (counter for counters in shown for counter in counters):
        values[counter.kind] += counter.value
    assert (values["downloaded"], values["active"]) == (70, 20)


async def test_reports_and_a_clear_at_once_leave_whole_counts(stores):
    """Whether a report comes before or after the history is cleared, active devices are those that are remembered."""
    one, other = stores
    ground = await released_ground(one)

    def told(device):
        return StatusReport(
            kind="deploy",
            deployment_key=ground.deployment.key,
            label="v1",
            status="DeploymentSucceeded",
            client_unique_id=device,
        )

    async def report():
        for number in range(30):
            async with one.write(alone=False) as records:
                await counted(records, [told(f"{number} {part}") for part in range(5)])

    async def clear():
        for _ in range(10):
            async with other.write() as records:
                await records.deployments.lock(ground.deployment.id)
                await records.devices.clear(ground.deployment.id)

    with anyio.fail_after(60):
        await asyncio.gather(report(), clear())
    async with one.write() as records:
        before = {record.kind: record.value for record in await records.devices.counters(ground.deployment.id)}
        await counted(records, [told(f"{number} {part}") for number in range(30) for part in range(5)])
        after = {record.kind: record.value for record in await records.devices.counters(ground.deployment.id)}
    assert after["active"] == 150
    assert after["installed"] - before.get("installed", 0) == 150 - before.get("active", 0)


def a_run_of(ground, subject, device=None, **fields):
    """Return the report of something that runs: a label or a binary version."""
    labelled = {"label": subject, "status": "DeploymentSucceeded"} if subject.startswith("v") else {}
    version = "1.0.0" if labelled else subject
    return StatusReport(
        kind="deploy",
        deployment_key=ground.deployment.key,
        app_version=version,
        client_unique_id=device,
        **labelled,
        **fields,
    )


async def shown(store, ground):
    """Return a deployment's counters by subject and kind."""
    async with store.read() as records:
        return {(one.subject, one.kind): one.value for one in await records.devices.counters(ground.deployment.id)}


async def take(store, *reports):
    async with store.write(alone=False) as records:
        await counted(records, reports)


async def test_labels_that_were_not_released_count_for_nothing(store):
    """Downloads, failures and runs of them change nothing, also as the label before; the device stays unknown."""
    ground = await released_ground(store, 1)
    key = ground.deployment.key
    await take(
        store,
        StatusReport(kind="download", deployment_key=key, label="v2"),
        StatusReport(kind="deploy", deployment_key=key, app_version="1.0.0", label="v2", status="DeploymentFailed"),
        a_run_of(ground, "v2", "device"),
        a_run_of(ground, "v2"),
    )
    assert await shown(store, ground) == {}
    await take(store, a_run_of(ground, "v1", previous_label_or_app_version="v2"))
    assert await shown(store, ground) == {("v1", "installed"): 1, ("v1", "anonymous"): 1}
    await take(store, a_run_of(ground, "v1", "device"))
    assert (await shown(store, ground))["v1", "active"] == 1


async def test_a_disabled_release_counts(store):
    """It was released, and devices may still run it."""
    ground = await released_ground(store, 1)
    async with store.write() as records:
        [release] = await records.releases.history(ground.deployment.id)
        await records.releases.update(ground.deployment.id, replace(release, is_disabled=True))
    await take(store, a_run_of(ground, "v1", "device"))
    assert (await shown(store, ground))["v1", "active"] == 1


async def test_a_version_before_that_was_not_counted_makes_no_counter(store):
    """A report can name any version as the one before: only one that was counted is lowered."""
    ground = await released_ground(store, 1)
    await take(store, *(a_run_of(ground, "v1", previous_label_or_app_version=f"1.0.{number}") for number in range(9)))
    assert await shown(store, ground) == {("v1", "installed"): 9, ("v1", "anonymous"): 9}
    await take(store, a_run_of(ground, "2.0.0"), a_run_of(ground, "v1", previous_label_or_app_version="2.0.0"))
    assert (await shown(store, ground))["2.0.0", "anonymous"] == 0


async def test_two_nodes_count_no_more_binary_versions_than_allowed(stores):
    """200 versions have counters, however they are reported, and all further devices are active on others."""
    one, other = stores
    ground = await released_ground(one)

    async def node(store, numbers):
        for start in range(0, len(numbers), 10):
            batch = numbers[start : start + 10]
            await take(store, *(a_run_of(ground, f"1.0.{number}", f"device {number}") for number in batch))

    with anyio.fail_after(60):
        await asyncio.gather(node(one, range(150)), node(other, range(150, 300)))
    counters = await shown(one, ground)
    subjects = {subject for subject, _ in counters}
    assert (len(subjects), "other" in subjects) == (201, True)
    assert counters["other", "active"] == counters["other", "installed"] == 100
    assert len(counters) == 2 * 201
    await take(one, *(a_run_of(ground, f"2.0.{number}") for number in range(50)))
    await take(other, *(a_run_of(ground, "v1", previous_label_or_app_version=f"2.0.{number}") for number in range(50)))
    counters = await shown(one, ground)
    assert len({subject for subject, _ in counters}) == 202
    assert (counters["other", "anonymous"], counters["v1", "anonymous"]) == (0, 50)


async def test_others_are_one_thing(store):
    """A device that goes from one of the other versions to the next changes nothing, and leaves them for a label."""
    ground = await released_ground(store)
    await take(store, *(a_run_of(ground, f"1.0.{number}") for number in range(200)))
    await take(store, a_run_of(ground, "2.0.0", "device"), a_run_of(ground, "2.0.1", "device"))
    assert {kind: value for (subject, kind), value in (await shown(store, ground)).items() if subject == "other"} == {
        "installed": 1,
        "active": 1,
    }
    await take(store, a_run_of(ground, "v1", "device"))
    counters = await shown(store, ground)
    assert (counters["other", "active"], counters["v1", "active"]) == (0, 1)


async def test_labels_of_a_history_that_is_cleared_meanwhile_are_not_counted(stores):
    """Whether a report comes before or after, nothing is left of a label that is there no more."""
    one, other = stores
    grounds = [await released_ground(one, 1) for _ in range(10)]

    async def report():
        for _ in range(10):
            for ground in grounds:
                await take(one, a_run_of(ground, "v1"))

    async def clear():
        for ground in grounds:
            async with other.write() as records:
                await records.deployments.lock(ground.deployment.id)
                await records.devices.clear(ground.deployment.id)
                await records.releases.clear(ground.deployment.id)

    with anyio.fail_after(60):
        await asyncio.gather(report(), clear())
    assert [await shown(one, ground) for ground in grounds] == [{}] * len(grounds)


async def test_a_deployment_that_is_removed_meanwhile_counts_for_nothing(stores):
    """Reports about it are written with the others of their batch."""
    one, other = stores
    kept = await released_ground(one, 1)

    async def report(removed):
        for number in range(10):
            await take(one, *(a_run_of(ground, "1.0.0", f"device {number}") for ground in (removed, kept)))

    async def remove(ground):
        async with other.write() as records:
            await records.deployments.lock(ground.deployment.id)
            await records.devices.clear(ground.deployment.id)
            await records.releases.clear(ground.deployment.id)
            await records.deployments.remove(ground.deployment.id)

    with anyio.fail_after(60):
        for _ in range(3):
            ground = await released_ground(one, 1)
            await asyncio.gather(report(ground), remove(ground))
    assert (await shown(one, kept))["1.0.0", "active"] == 10


def a_report_of(ground, kind, device="device", label="v1", **fields):
    """Return a report of a label: a download, success or failure."""
    kinds = {"download": "Downloaded", "ok": "DeploymentSucceeded", "bad": "DeploymentFailed"}
    return StatusReport(
        kind="download" if kind == "download" else "deploy",
        deployment_key=ground.deployment.key,
        app_version=None if kind == "download" else "1.0.0",
        label=label,
        status=kinds[kind],
        client_unique_id=device,
        **fields,
    )


async def take_at(store, at, *reports, new_devices=None):
    async with store.write(alone=False) as records:
        admissions = (new_devices or NewDevices(None)).begin()
        await count(records, [Arrival(report, "192.0.2.1") for report in reports], admissions, at=at)


async def test_identical_failures_of_a_device_count_once(store):
    """So do its downloads, in one batch or in several; reports without an ID count each time."""
    ground = await released_ground(store)
    named = [a_report_of(ground, kind) for kind in ("download", "bad") for _ in range(4)]
    await take_at(store, 1, *named[::2])
    await take_at(store, 2, *named[1::2])
    await take_at(store, 3, *(a_report_of(ground, kind, None) for kind in ("download", "bad") for _ in range(4)))
    assert await shown(store, ground) == {("v1", "downloaded"): 5, ("v1", "failed"): 5}
    assert await trial_counts(store, ground) == {
        ("began", "none", "new"): 1,
        ("bad", "1h", "new"): 1,
        ("began", "none", "nameless"): 4,
        ("bad", "none", "nameless"): 4,
    }


async def test_a_device_is_known_if_it_was_stored_before_the_release(store):
    """Whatever it reported then; devices stored before that moment was recorded are known too."""
    ground = await released_ground(store)
    async with store.write() as records:
        await records.releases.add(ground.deployment.id, a_release(ground.package, upload_time=1_000))
        [old] = _devices_of(ground, ["old"])
        await records.devices.remember({old: DeviceRecord("1.0.0")}, at=5)
    await take_at(store, 999, a_report_of(ground, "download", "early", "v1"))
    await take_at(store, 1_000, a_report_of(ground, "download", "late", "v1"))
    await take_at(store, 2_000, *(a_report_of(ground, "ok", one, "v3") for one in ("old", "early", "late", "never")))
    assert await trial_counts(store, ground, 3) == {("ok", "none", "known"): 2, ("ok", "none", "new"): 2}


def _devices_of(ground, names):
    keys = [hmac.digest(ground.deployment.device_key, name.encode(), hashlib.sha256) for name in names]
    return [(ground.deployment.id, key) for key in keys]


async def test_a_device_does_not_vote_again_after_it_moved(store):
    """It is remembered without a subject where it came from, so its verdict there stays its only one."""
    here, there = await released_ground(store), await released_ground(store)
    moves = {"previous_deployment_key": here.deployment.key, "previous_label_or_app_version": "v1"}
    for _ in range(3):
        await take(store, a_report_of(here, "ok"), a_report_of(there, "ok", **moves), a_report_of(here, "bad"))
    assert await trial_counts(store, here) == {("ok", "none", "new"): 1}
    counters = await shown(store, here)
    assert (counters["v1", "active"], counters["v1", "failed"]) == (0, 1)


async def test_alternating_labels_gives_no_second_vote(store):
    """A verdict of a lower label than the last one counts for the counters only."""
    ground = await released_ground(store)
    for _ in range(5):
        await take(store, a_report_of(ground, "bad", label="v2"), a_report_of(ground, "bad", label="v1"))
        await take(store, a_report_of(ground, "ok", label="v1"), a_report_of(ground, "ok", label="v2"))
    assert await trial_counts(store, ground, 1) == {}
    assert await trial_counts(store, ground, 2) == {("bad", "none", "new"): 1}


async def test_devices_outside_the_rollout_are_strays(store):
    """With a plan below 100 percent only; the percentage is that of the moment."""
    ground = await released_ground(store)
    devices = [f"device {number}" for number in range(200)]
    places = [bucket(device, "v3") for device in devices]
    async with store.write() as records:
        release = await records.releases.add(ground.deployment.id, a_release(ground.package, rollout=20))
    await take(store, *(a_report_of(ground, "download", device, "v3") for device in devices))
    assert await trial_counts(store, ground, 3) == {("began", "none", "new"): 200}
    plan = RolloutPlan(stages=(RolloutStage(percent=20), RolloutStage(percent=100)))
    record = RolloutRecord(
        deployment_id=ground.deployment.id,
        number=3,
        state="running",
        plan=plan,
        stage_at=1,
        evidence_since=1,
        looked_at=1,
    )
    async with store.write() as records:
        await records.rollouts.add(record)
    await take(store, *(a_report_of(ground, "bad", device, "v3") for device in devices[:100]))
    inside = sum(place < 20 for place in places[:100])
    found = await trial_counts(store, ground, 3)
    assert (found["bad", "1h", "new"], found["bad", "1h", "stray"]) == (inside, 100 - inside)
    async with store.write() as records:
        await records.releases.update(ground.deployment.id, replace(release, rollout=None))
    await take(store, *(a_report_of(ground, "bad", device, "v3") for device in devices[100:]))
    found = await trial_counts(store, ground, 3)
    assert (found["bad", "1h", "new"], found["bad", "1h", "stray"]) == (inside + 100, 100 - inside)


async def test_invented_devices_beyond_the_limit_of_an_address_do_not_count_as_evidence(store):
    """Downloads and failures use the limit too: each new ID is a row."""
    ground = await released_ground(store)
    limit = NewDevices(10)
    told = [a_report_of(ground, kind, f"device {one}") for one in range(15) for kind in ("download", "bad")]
    await take_at(store, 1, *told, new_devices=limit)
    assert await trial_counts(store, ground) == {
        ("began", "none", "new"): 10,
        ("bad", "1h", "new"): 10,
        ("began", "none", "nameless"): 5,
        ("bad", "none", "nameless"): 5,
    }
    async with store.read() as records:
        everyone = _devices_of(ground, [f"device {one}" for one in range(15)])
        assert len(await records.devices.remembered(everyone)) == 10
        assert await records.inventory.counter_gaps() == []


def test_batches_are_cut_around_what_is_no_report():
    """The helper of these tests loses and reorders nothing."""
    happened = [*range(3), "here", *range(4)]
    flat = [one for batch in cut(happened, [1, 5]) for one in ([batch] if isinstance(batch, str) else batch)]
    assert flat == happened

"""Counters of one process, and their sum over several."""

import msgspec

from codepush.server.counters import BOUNDS, Counters, Durations, HaltTimes, Held, Requests, Rollouts, total


def counted(*, updates=0, routes=(), held=0, behind_since=0.0):
    counters = Counters(held=Held(held, behind_since))
    counters.fast.update = updates
    for route, status, seconds in routes:
        counters.requests(route).add(status, seconds)
    return counters


def test_a_duration_is_counted_in_the_first_bucket_that_holds_it():
    """Bounds are inclusive, the last bucket has none, and the seconds add up."""
    durations = Durations()
    for seconds in (0.0, BOUNDS[0], 0.002, BOUNDS[-1], BOUNDS[-1] + 1):
        durations.add(seconds)
    assert durations.counts[:2] == [2, 1]
    assert durations.counts[-2:] == [1, 1]
    assert durations.seconds == 2 * BOUNDS[-1] + 1 + 0.003


def test_counters_of_processes_add_up():
    """Counters are added field by field, also for a route that only one process has served."""
    one = counted(updates=2, routes=[("GET /apps", 200, 0.002), ("GET /apps", 404, 0.002)])
    other = counted(updates=3, routes=[("GET /apps", 200, 0.002), ("GET /account", 200, 0.2)])
    added = total([one, other])
    assert added.fast.update == 5
    assert added.management["GET /apps"].statuses == {200: 2, 404: 1}
    assert added.management["GET /apps"].durations.counts[1] == 3
    assert added.management["GET /account"] == other.management["GET /account"]
    assert one.fast.update == 2


def test_an_ended_process_adds_to_counters_but_holds_nothing():
    """Its deployments are not held and it is not behind; of the others, the one furthest behind counts."""
    running = [counted(updates=1, held=2, behind_since=50.0), counted(held=3, behind_since=40.0), counted()]
    added = total(running, ended=[counted(updates=7, held=9, behind_since=1.0)])
    assert added.fast.update == 8
    assert added.held == Held(5, 40.0)


def test_halts_add_up_and_the_last_look_is_that_of_any_running_process():
    """A halt is counted by the process that decided it; a process that has ended looks no more."""
    running = [Counters(rollouts=Rollouts(looked_at=at)) for at in (50.0, 0.0, 40.0)]
    ended = Counters(rollouts=Rollouts(looked_at=60.0))
    for one, seconds in zip((running[0], running[2], ended), (60.0, 61.0, 10_000_000.0), strict=True):
        one.rollouts.halts.add(seconds)
    added = total(running, ended=[ended]).rollouts
    assert added.looked_at == 50.0
    assert added.halts == HaltTimes(counts=[1, 1, 0, 0, 0, 0, 0, 0, 0, 1], seconds=10_000_121.0)


def test_the_sum_over_no_process_is_zero():
    """Every counter of an empty sum is zero."""
    assert total([]) == Counters()


def test_counters_survive_json():
    """Another process reads the same values; statuses stay numbers."""
    counters = counted(updates=2, routes=[("GET /apps", 200, 0.002)])
    assert msgspec.json.decode(msgspec.json.encode(counters), type=Counters) == counters
    assert Requests({200: 1}).statuses == {200: 1}

"""Evidence: what it promises, by exact walks through all outcomes, and how it moves with the counts."""

import json
import math
from itertools import accumulate

import pytest
from hypothesis import given, strategies as st

from codepush.rules.evidence import (
    ADVANCE,
    HALT,
    HOLD,
    LEAST_FAILURES,
    RATIOS,
    evidence,
    health,
    interval,
    is_failing,
    needed,
    total,
    verdicts_to_advance,
    worst,
)
from support.walks import stops

WALK = 50_000
COUNTS = st.integers(0, 100_000).flatmap(lambda verdicts: st.tuples(st.integers(0, verdicts), st.just(verdicts)))
SHARES = st.floats(0.001, 0.6)
COHORTS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)), min_size=1, max_size=30)


def halts(failures, verdicts, limit, bar=HALT):
    return is_failing(failures, verdicts, limit) and evidence(failures, verdicts, limit) >= bar


def last(walk):
    *_, outcome = walk
    return outcome


def mean_of(ratio, share, verdicts):
    """Return the mean of a function of failures over all outcomes of so many verdicts."""
    return sum(
        math.comb(verdicts, failures) * share**failures * (1 - share) ** (verdicts - failures) * ratio(failures)
        for failures in range(verdicts + 1)
    )


@pytest.mark.parametrize("limit", [0.006, 0.01, 0.03])
def test_a_release_at_the_limit_is_rarely_halted(limit):
    """Looked at after each of 50,000 verdicts, at most 1 in 100 is halted and 1 in 10 held."""
    halted, _ = last(stops(limit, WALK, many=lambda failures, verdicts: halts(failures, verdicts, limit)))
    held, _ = last(stops(limit, WALK, many=lambda failures, verdicts: halts(failures, verdicts, limit, HOLD)))
    assert 0.003 < halted <= 0.01
    assert 0.03 < held <= 0.1


@pytest.mark.parametrize("limit", [0.01, 0.03])
def test_a_release_that_must_be_ruled_out_rarely_advances(limit):
    """With as many failures as the worst share, at most 1 in 10 advances; with twice as many, 1 in 200."""
    ruled_out = worst(limit)

    def advances(failures, verdicts):
        return health(failures, verdicts, ruled_out) >= ADVANCE

    _, advanced = last(stops(ruled_out, 20_000, few=advances))
    assert 0.05 < advanced <= 0.1
    _, advanced = last(stops(2 * ruled_out, 20_000, few=advances))
    assert advanced < 0.005


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_the_interval_contains_the_share_at_every_look(share):
    """The share is ever below the interval, or above it, in at most 2.5 of 100 runs each."""
    below, _ = last(stops(share, 20_000, many=lambda failures, verdicts: evidence(failures, verdicts, share) >= 40))
    _, above = last(stops(share, 20_000, few=lambda failures, verdicts: health(failures, verdicts, share) >= 40))
    assert 0.005 < below <= 0.025
    assert 0.005 < above <= 0.025


@given(SHARES, st.integers(0, 12))
def test_the_mean_of_evidence_is_one_at_the_limit(limit, verdicts):
    """Over all outcomes, evidence and health are 1 on average at the share itself, and less on the harmless side."""

    def against(failures):
        return evidence(failures, verdicts, limit)

    def of_health(failures):
        return health(failures, verdicts, limit)

    assert mean_of(against, limit, verdicts) == pytest.approx(1)
    assert mean_of(against, limit / 2, verdicts) <= 1 + 1e-9
    assert mean_of(of_health, limit, verdicts) == pytest.approx(1)
    assert mean_of(of_health, min(1.0, limit * 1.5), verdicts) <= 1 + 1e-9


@given(st.lists(st.booleans(), max_size=60), SHARES)
def test_evidence_is_the_product_of_likelihood_ratios_in_any_order(verdicts, limit):
    """Multiplied up verdict by verdict, the ratios have the mean that the two counts give."""

    def product(ratio):
        odds = ratio * limit / (1 - limit)
        share = odds / (1 + odds)
        return math.prod(share / limit if is_failure else (1 - share) / (1 - limit) for is_failure in verdicts)

    failures = sum(verdicts)
    mean = sum(product(ratio) for ratio in RATIOS) / len(RATIOS)
    assert evidence(failures, len(verdicts), limit) == pytest.approx(mean, rel=1e-9)
    mean = sum(product(1 / ratio) for ratio in RATIOS) / len(RATIOS)
    assert health(failures, len(verdicts), limit) == pytest.approx(mean, rel=1e-9)


@given(COUNTS, SHARES)
def test_failures_raise_evidence_and_lower_health(counts, limit):
    """One failure more, in place of a success or besides, never helps; one success more never harms."""
    failures, verdicts = counts
    now, then = evidence(failures, verdicts, limit), health(failures, verdicts, limit)
    assert evidence(failures + 1, verdicts + 1, limit) >= now >= evidence(failures, verdicts + 1, limit)
    assert health(failures + 1, verdicts + 1, limit) <= then <= health(failures, verdicts + 1, limit)
    if failures < verdicts:
        assert evidence(failures + 1, verdicts, limit) >= now
        assert health(failures + 1, verdicts, limit) <= then


@given(COHORTS, st.data(), st.sampled_from([0.005, 0.01, 0.05]))
def test_late_failures_never_halt_a_run_that_did_not_halt(cohorts, data, limit):
    """Whenever failures are reported later than they were, a look that halts has halted without the delay too."""
    in_time = [bad for _, bad in cohorts]
    late = [0] * len(cohorts)
    for place, bad in enumerate(in_time):
        late[data.draw(st.integers(place, len(cohorts) - 1))] += bad
    successes = list(accumulate(ok for ok, _ in cohorts))
    for ok, bad, delayed in zip(successes, accumulate(in_time), accumulate(late), strict=True):
        assert halts(bad, ok + bad, limit) or not halts(delayed, ok + delayed, limit)


def test_few_failures_halt_nothing():
    """Two failures are never enough, nor is a share within the limit."""
    assert evidence(1, 1, 0.01) > HOLD
    assert not is_failing(2, 2, 0.01)
    assert is_failing(LEAST_FAILURES, 3, 0.01)
    assert not is_failing(5, 500, 0.01)
    assert is_failing(6, 500, 0.01)


@pytest.mark.parametrize(("failures", "verdicts"), [(3, 14), (20, 792)])
def test_so_few_false_failures_halt_a_plan(failures, verdicts):
    """With a limit of 1 % and silence watched, three failures among 14 verdicts halt, and 20 among 792."""
    assert total(evidence(failures, verdicts, 0.01), 1.0) >= HALT
    assert total(evidence(failures, verdicts + 1, 0.01), 1.0) < HALT


def test_both_signals_share_the_false_halts():
    """Failures count four fifths and silence one fifth; failures count in full if silence is no signal."""
    assert total(100.0, None) == 100.0
    assert total(100.0, 0.0) == 80.0
    assert total(1.0, 500.0) == 100.0


@given(COUNTS)
def test_the_interval_surrounds_the_observed_share(counts):
    """Both ends are shares, one on each side of the share of failures; evidence and health agree with them."""
    failures, verdicts = counts
    lower, upper = interval(failures, verdicts)
    assert 0 <= lower <= (failures / verdicts if verdicts else 0) <= upper <= 1
    if lower:
        assert evidence(failures, verdicts, lower * 0.999) >= 40 >= evidence(failures, verdicts, lower * 1.001)
    if upper < 1:
        assert health(failures, verdicts, upper * 0.999) <= 40 <= health(failures, verdicts, upper * 1.001)


def test_no_verdicts_say_nothing():
    """Without verdicts evidence and health are 1, and the interval is everything."""
    assert evidence(0, 0, 0.01) == health(0, 0, 0.03) == 1
    assert interval(0, 0) == (0, 1)


@given(COUNTS.filter(lambda counts: evidence(counts[0], counts[1], 0.01) >= HALT))
def test_a_halt_implies_an_interval_above_the_limit(counts):
    """What is shown never contradicts a halt."""
    assert interval(*counts)[0] > 0.01


@pytest.mark.parametrize("share", [0.0, 1e-9, 0.01, 0.5, 1.0])
@pytest.mark.parametrize(("failures", "verdicts"), [(0, 10**9), (10**9, 10**9), (10**6, 10**9), (1, 1)])
def test_results_are_finite(share, failures, verdicts):
    """JSON holds every result, however many verdicts there are."""
    results = [evidence(failures, verdicts, share), health(failures, verdicts, share), *interval(failures, verdicts)]
    assert all(result >= 0 for result in results)
    json.dumps(results, allow_nan=False)


def test_verdicts_without_a_failure_advance():
    """For 3 % it takes 92 verdicts, for higher limits fewer."""
    assert worst(0.005) == worst(0.01) == 0.03
    assert worst(0.02) == 0.06
    assert worst(0.5) == 1
    for limit in (0.01, 0.02, 0.5):
        verdicts = verdicts_to_advance(limit)
        assert health(0, verdicts, worst(limit)) >= ADVANCE > health(0, verdicts - 1, worst(limit))
    assert verdicts_to_advance(0.01) == 92


@pytest.mark.parametrize(("limit", "baseline"), [(0.006, 0.001), (0.01, 0.005), (0.03, 0.02), (0.3, 0.2)])
@pytest.mark.parametrize("rise", [0.02, 0.1, 0.5])
def test_needed_verdicts_are_exact(limit, baseline, rise):
    """The number is that of a walk from verdict to verdict, for every power."""
    walk = stops(baseline + rise, 4_000, many=lambda failures, verdicts: halts(failures, verdicts, limit))
    chances = [halted for halted, _ in walk]
    for power in (0.05, 0.5, 0.95):
        expected = next((number for number, chance in enumerate(chances, 1) if chance >= power), None)
        assert needed(limit, rise, power, baseline) == expected


def test_needed_verdicts_start_from_the_baseline_of_the_limit():
    """By default the rise is added to the baseline for which the limit is computed."""
    assert needed(0.01, 0.03, 0.5) == needed(0.01, 0.03, 0.5, 0.005)
    assert needed(0.03, 0.03, 0.5) == needed(0.03, 0.03, 0.5, 0.02)
    assert needed(0.001, 0.03, 0.5) == needed(0.001, 0.03, 0.5, 0.0)


def test_a_rise_to_everything_is_noticed_after_three():
    """Where every device fails, the third failure halts, however high the baseline is."""
    assert needed(0.01, 1.0, 0.95) == LEAST_FAILURES
    assert needed(0.01, 0.995, 0.95) == LEAST_FAILURES


def test_no_number_of_verdicts_notices_a_tolerated_rise():
    """What stays within the limit, or hardly exceeds it, is not noticed within the bound."""
    assert needed(0.01, 0.005, 0.5) is None
    assert needed(0.01, 0.0051, 0.95) is None
    assert needed(1.0, 1.0, 0.5) is None

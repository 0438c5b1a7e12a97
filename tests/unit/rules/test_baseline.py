"""Baselines: which earlier releases count, and the limits that follow."""

import pytest

from codepush.rollout_models import RolloutBaseline
from codepush.rules.baseline import (
    ASSUMED_SHARE,
    Reference,
    baseline,
    limit,
    silence_limit,
    usual_gap,
    wilson,
)
from codepush.rules.evidence import FLOOR


def reference(label, verdicts=1_000, failures=5, **silence):
    return Reference(label=label, verdicts=verdicts, failures=failures, **silence)


def known(share):
    return RolloutBaseline(share=share, verdicts=5_000, releases=("v1",), is_assumed=False)


def test_the_newest_releases_count_until_they_have_enough_verdicts():
    """The release that reaches 5,000 verdicts is the last that counts."""
    found = baseline([reference("v9", 3_000, 10), reference("v8", 2_000, 20), reference("v7", 1_000, 900)])
    assert found == RolloutBaseline(share=wilson(30, 5_000), verdicts=5_000, releases=("v9", "v8"), is_assumed=False)


def test_at_most_five_releases_count():
    """Releases without verdicts are not among the five."""
    found = baseline([reference("v9", 0, 0), *(reference(f"v{number}", 100, 1) for number in (8, 7, 6, 5, 4, 3))])
    assert found.releases == ("v8", "v7", "v6", "v5", "v4")
    assert found.share == wilson(5, 500)


@pytest.mark.parametrize(("verdicts", "is_assumed"), [(0, True), (199, True), (200, False)])
def test_a_baseline_of_few_verdicts_is_assumed(verdicts, is_assumed):
    """Fewer than 200 verdicts give no baseline, however many of them are failures."""
    found = baseline([reference("v1", verdicts, verdicts // 2)])
    assert found.is_assumed is is_assumed
    assert (found.share == ASSUMED_SHARE) is is_assumed
    assert found.verdicts == verdicts


def test_a_deployment_without_releases_has_an_assumed_baseline():
    """The first release of a deployment has a limit too."""
    found = baseline([])
    assert found == RolloutBaseline(share=ASSUMED_SHARE, verdicts=0, releases=(), is_assumed=True)
    assert limit(found) == pytest.approx(0.015)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, FLOOR), (0.001, 0.006), (0.01, 0.015), (0.02, 0.03), (0.9, 1.0), (1.0, 1.0)]
)
def test_the_limit_is_half_a_point_or_half_the_baseline_above_it(share, expected):
    """The larger distance counts, and no limit is above 100 %."""
    assert limit(known(share)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("failures", "verdicts", "expected"),
    [(0, 0, 1.0), (0, 200, 0.0133), (1, 200, 0.0221), (25, 5_000, 0.0069), (200, 200, 1.0)],
)
def test_the_upper_bound_is_wilsons(failures, verdicts, expected):
    """The bound solves Wilson's equation: the share is 1.645 standard deviations of the bound below it."""
    bound = wilson(failures, verdicts)
    assert bound == pytest.approx(expected, abs=5e-5)
    if verdicts:
        deviation = (bound * (1 - bound) / verdicts) ** 0.5
        assert bound - failures / verdicts == pytest.approx(1.644854 * deviation, abs=1e-6)


def test_each_age_has_its_own_limit_of_silence():
    """The limit is 10 points above the bound of the references after an hour, and 5 after a day."""
    references = [reference("v2", downloads_1h=1_000, gone_1h=300, downloads_24h=800, gone_24h=40)]
    assert silence_limit(references, "1h") == pytest.approx(wilson(300, 1_000) + 0.10)
    assert silence_limit(references, "24h") == pytest.approx(wilson(40, 800) + 0.05)


def test_silence_is_compared_with_releases_that_install_alike():
    """References that install otherwise, or have fewer than 500 downloads of that age, do not count."""
    references = [
        reference("v5", installs_alike=False, downloads_1h=9_000, gone_1h=0),
        reference("v4", downloads_1h=499, gone_1h=499),
        reference("v3", downloads_1h=500, gone_1h=50, downloads_24h=499),
        reference("v2", downloads_1h=4_500, gone_1h=450, downloads_24h=499),
        reference("v1", downloads_1h=5_000, gone_1h=5_000),
    ]
    assert silence_limit(references, "1h") == pytest.approx(wilson(500, 5_000) + 0.10)
    assert usual_gap(references, "1h") == 0.1
    assert silence_limit(references, "24h") is usual_gap(references, "24h") is None


def test_the_limit_of_silence_is_a_share():
    """Where every reference is silent, the limit is 100 %."""
    assert silence_limit([reference("v1", downloads_24h=500, gone_24h=500)], "24h") == 1.0

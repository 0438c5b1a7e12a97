"""Trials: the table of changes row by row, what counts, and that each device has one verdict per label."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, strategies as st

from codepush.insight_models import TrialTotals
from codepush.models import StatusReport
from codepush.rules import trials
from codepush.rules.rollout import bucket
from codepush.rules.trials import COHORT, Trial, TrialChange, TrialCount, TriedLabel
from support import recounts

HOUR = 3_600_000
NOW = 1_000 * COHORT + 123_456
COHORT_NOW = 1_000 * COHORT
STATUSES = {"download": "Downloaded", "ok": "DeploymentSucceeded", "bad": "DeploymentFailed"}


def report(kind, number=5, device="device"):
    return StatusReport(
        kind="download" if kind == "download" else "deploy",
        deployment_key="key",
        label=f"v{number}",
        status=STATUSES[kind],
        client_unique_id=device,
    )


def label(number=5, **facts):
    return TriedLabel(number=number, released_at=1, **facts)


def change(one, trial, *, at=NOW, is_known=False, **facts):
    return trials.change(one, trial, label(int(one.label[1:]), **facts), is_known=is_known, at=at)


def count(kind, *, age="none", standing="new", cohort_at=COHORT_NOW):
    return TrialCount(cohort_at, kind, age, standing)


LOWER = [Trial(4), Trial(4, 7), Trial(4, 7, "ok"), Trial(4, None, "bad")]


@pytest.mark.parametrize("before", [None, *LOWER])
def test_a_download_begins_a_trial(before):
    """Without a trial, or with one of a lower label, the download begins one."""
    assert change(report("download"), before) == TrialChange(Trial(5, NOW), count("began"))


@pytest.mark.parametrize("outcome", [None, "ok", "bad"])
def test_a_second_download_is_a_repeat(outcome):
    """The trial remains as it is."""
    assert change(report("download"), Trial(5, 7, outcome)) == TrialChange(is_repeat=True)


@pytest.mark.parametrize("outcome", ["ok", "bad"])
def test_a_download_after_the_verdict_is_remembered_only(outcome):
    """The verdict is counted already, so nothing begins; a second such download is a repeat."""
    assert change(report("download"), Trial(5, None, outcome)) == TrialChange(Trial(5, NOW, outcome))


@pytest.mark.parametrize("outcome", ["ok", "bad"])
@pytest.mark.parametrize(
    ("took", "age"),
    [(0, "1h"), (HOUR, "1h"), (HOUR + 1, "24h"), (24 * HOUR, "24h"), (24 * HOUR + 1, "later"), (-5, "1h")],
)
def test_a_verdict_counts_in_the_cohort_of_the_download(outcome, took, age):
    """With its age; a clock that went back makes it young."""
    began_at = NOW - took
    wanted = count(outcome, age=age, cohort_at=began_at - began_at % COHORT)
    assert change(report(outcome), Trial(5, began_at)) == TrialChange(Trial(5, began_at, outcome), wanted)


@pytest.mark.parametrize("outcome", ["ok", "bad"])
@pytest.mark.parametrize("before", [None, *LOWER])
def test_a_verdict_without_a_download_counts_when_it_comes(outcome, before):
    """Its age is none."""
    assert change(report(outcome), before) == TrialChange(Trial(5, None, outcome), count(outcome))


@pytest.mark.parametrize(("first", "second"), list(product(["ok", "bad"], repeat=2)))
@pytest.mark.parametrize("began_at", [None, 7])
def test_the_first_verdict_counts_alone(first, second, began_at):
    """A failure after a success is remembered, so that the counter of failures counts it once."""
    wanted = {
        ("ok", "ok"): TrialChange(),
        ("bad", "ok"): TrialChange(),
        ("ok", "bad"): TrialChange(Trial(5, began_at, "bad")),
        ("bad", "bad"): TrialChange(is_repeat=True),
    }
    assert change(report(second), Trial(5, began_at, first)) == wanted[first, second]


@pytest.mark.parametrize("kind", STATUSES)
@pytest.mark.parametrize("before", [Trial(6), Trial(6, 7), Trial(6, 7, "ok"), Trial(6, None, "bad")])
def test_reports_of_lower_labels_change_nothing(kind, before):
    """Otherwise one ID could vote again by alternating labels."""
    assert change(report(kind), before) == TrialChange()


@pytest.mark.parametrize("kind", STATUSES)
def test_standings(kind):
    """A report without an ID is nameless, and a device that was not stored before the release is new."""

    def standing(device, **facts):
        return change(report(kind, device=device), None, **facts).count.standing

    assert standing(None) == standing(None, percent=1) == "nameless"
    assert standing("device", is_known=True) == "known"
    assert standing("device") == "new"


@pytest.mark.parametrize("kind", STATUSES)
@pytest.mark.parametrize("device", ["device", "one", "two", "\ud800"])
def test_devices_that_cannot_have_been_offered_a_release_are_strays(kind, device):
    """Their place is not below the percentage, known or not; with a complete rollout there are none."""
    place = bucket(device, "v5")
    for is_known in (True, False):
        told = report(kind, device=device)
        assert change(told, None, percent=place, is_known=is_known).count.standing == "stray"
        assert change(told, None, percent=place + 1, is_known=is_known).count.standing != "stray"
        assert change(told, None, is_known=is_known).count.standing != "stray"


def test_cohorts_begin_with_the_evidence():
    """A trial that begins after the evidence is in a cohort of its own; one from before stays where it was."""
    since = COHORT_NOW + 60_000
    assert trials.cohort_of(since - 1, label(evidence_since=since)) == COHORT_NOW
    assert trials.cohort_of(since, label(evidence_since=since)) == since
    assert trials.cohort_of(since + COHORT, label(evidence_since=since)) == COHORT_NOW + COHORT
    verdict = change(report("ok"), Trial(5, since - 1), at=since + 9, evidence_since=since)
    assert verdict.count.cohort_at == COHORT_NOW


SENT = st.lists(st.tuples(st.sampled_from(sorted(STATUSES)), st.integers(1, 3), st.sampled_from("abc")), max_size=40)


@given(SENT)
def test_every_device_has_one_verdict_per_label(sent):
    """Whatever comes in whatever order: labels only rise, and the first verdict of each counts."""
    remembered, counted = {}, Counter()
    reports = [report(kind, number, device) for kind, number, device in sent]
    for one in reports:
        found = change(one, remembered.get(one.client_unique_id))
        remembered[one.client_unique_id] = found.trial or remembered.get(one.client_unique_id)
        if found.count:
            counted[one.label, found.count.kind, True] += 1
            verdicts = counted[one.label, "ok", True] + counted[one.label, "bad", True]
            assert verdicts <= len({one.client_unique_id for one in reports})
    assert counted == recounts.trials(reports)


def test_totals_count_what_counts():
    """Sums leave out what does not count; standings are of verdicts alone."""
    totals = TrialTotals(
        {
            ("began", "none", "known"): 10,
            ("began", "none", "stray"): 100,
            ("ok", "1h", "known"): 3,
            ("ok", "24h", "new"): 2,
            ("ok", "later", "new"): 1,
            ("ok", "none", "known"): 1,
            ("bad", "1h", "new"): 1,
            ("bad", "1h", "nameless"): 50,
        }
    )
    assert (totals.began, totals.verdicts, totals.failures) == (10, 8, 1)
    assert (totals.answered("1h"), totals.answered("24h")) == (4, 6)
    assert totals.standings == {"known": 4, "new": 4, "nameless": 50}
    assert TrialTotals().verdicts == TrialTotals().began == 0

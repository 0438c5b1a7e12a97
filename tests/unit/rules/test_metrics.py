"""The table of device states, told row by row, and what always holds of counters."""

from collections import Counter

import pytest
from hypothesis import given, strategies as st

from codepush.models import Metrics, StatusReport
from codepush.rules import metrics
from codepush.rules.metrics import Change, CounterChange


def download(label="v1"):
    return StatusReport(kind="download", deployment_key="here", label=label, status="Downloaded")


def deploy(subject, *, device="device", failed=False, key="here", **fields):
    """Return a deploy report of a label, or of a binary version."""
    status = "DeploymentFailed" if failed else "DeploymentSucceeded"
    said = {"label": subject, "status": status} if subject.startswith("v") else {}
    version = "1.0.0" if said else subject
    return StatusReport(
        kind="deploy", deployment_key=key, app_version=version, client_unique_id=device, **said, **fields
    )


def plus(subject, *kinds):
    return tuple(CounterChange("here", subject, kind, 1) for kind in kinds)


def minus(subject, kind="active", key="here"):
    return CounterChange(key, subject, kind, -1)


@pytest.mark.parametrize("runs", [None, "1.0.0", "v1"])
@pytest.mark.parametrize(("report", "kind"), [(download(), "downloaded"), (deploy("v1", failed=True), "failed")])
def test_downloads_and_failures_only_count(runs, report, kind):
    """In any state, a download or a failure adds one and changes nothing that is remembered."""
    assert metrics.change(report, runs=runs) == Change(counters=plus("v1", kind))


@pytest.mark.parametrize("subject", ["1.0.0", "v1"])
def test_a_new_device_arrives(subject):
    """An unknown device is remembered, installed and active."""
    expected = Change(counters=plus(subject, "installed", "active"), remember=subject)
    assert metrics.change(deploy(subject)) == expected


@pytest.mark.parametrize(("before", "after"), [("1.0.0", "v1"), ("v1", "v2"), ("v2", "v1"), ("v1", "2.0.0")])
def test_a_device_changes(before, after):
    """A known device leaves what it ran and arrives at what it runs, whatever it says it ran before."""
    expected = Change(counters=(minus(before), *plus(after, "installed", "active")), remember=after)
    assert metrics.change(deploy(after, previous_label_or_app_version="v7"), runs=before) == expected


def test_a_repeated_report_changes_nothing():
    """A device that is already where it says it is changes nothing."""
    assert metrics.change(deploy("v1"), runs="v1") == Change()


@pytest.mark.parametrize("runs", [None, "v1"])
def test_a_device_that_moved_is_forgotten_where_it_came_from(runs):
    """What it ran in the other deployment is no longer active there, even when the report is a repeat here."""
    change = metrics.change(deploy("v1", previous_deployment_key="there"), runs=runs, ran_elsewhere="v5")
    assert change.is_moved
    assert minus("v5", key="there") in change.counters


def test_moving_from_where_it_is_unknown_takes_nothing():
    """A deployment that does not know the device loses nothing."""
    change = metrics.change(deploy("v1", previous_deployment_key="there", previous_label_or_app_version="v5"))
    assert not change.is_moved
    assert change.counters == plus("v1", "installed", "active")


def test_naming_the_same_deployment_is_no_move():
    """A previous deployment key that is the current one, or none, names no other deployment."""
    assert metrics.other_deployment_key(deploy("v1", previous_deployment_key="here")) is None
    assert metrics.other_deployment_key(deploy("v1")) is None


@pytest.mark.parametrize("origin", [None, "here"])
def test_an_unnamed_device_is_believed(origin):
    """Without an id, the report's own account is counted, in a counter of its own."""
    report = deploy("v2", device=None, previous_label_or_app_version="v1", previous_deployment_key=origin)
    expected = (minus("v1", "anonymous"), *plus("v2", "installed", "anonymous"))
    assert metrics.change(report) == Change(counters=expected)


@pytest.mark.parametrize("previous", [None, "v1", "v2"])
def test_an_unnamed_device_changes_no_other_deployment(previous):
    """Without an id, a report that names another deployment as the previous one counts in its own only."""
    report = deploy("v2", device=None, previous_label_or_app_version=previous, previous_deployment_key="there")
    assert metrics.change(report) == Change(counters=plus("v2", "installed", "anonymous"))


def test_an_unnamed_repeat_changes_nothing():
    """Without an id, a report that what runs is what ran before is a repeat."""
    report = deploy("v1", device=None, previous_label_or_app_version="v1")
    assert metrics.change(report) == Change()


def test_what_is_shown():
    """Labels show all four counters, with unnamed devices among the active; versions show only the active."""
    counters = {
        ("v1", "active"): 2,
        ("v1", "anonymous"): 3,
        ("v1", "failed"): 1,
        ("1.0.0", "active"): 4,
        ("1.0.0", "installed"): 9,
    }
    assert metrics.summarise(counters) == {
        "v1": Metrics(active=5, downloaded=0, failed=1, installed=0),
        "1.0.0": Metrics(active=4),
    }


KEYS = st.sampled_from(["here", "there"])
SUBJECTS = st.sampled_from(["1.0.0", "v1", "v2"])
MAYBE_SUBJECTS = st.none() | SUBJECTS
REPORTS = st.builds(
    deploy,
    SUBJECTS,
    device=st.sampled_from(["a", "b", "c", None]),
    failed=st.booleans(),
    key=KEYS,
    previous_deployment_key=st.none() | KEYS,
    previous_label_or_app_version=MAYBE_SUBJECTS,
)


@given(st.lists(REPORTS, max_size=30))
def test_counters_add_up(reports):
    """After any reports, no counter of devices went below zero, and the active ones are the devices remembered."""
    counters, runs = Counter(), {}
    for report in reports:
        device, other = report.client_unique_id, metrics.other_deployment_key(report)
        here = (report.deployment_key, device)
        change = metrics.change(report, runs=runs.get(here), ran_elsewhere=runs.get((other, device)))
        for counter in change.counters:
            name = (counter.deployment_key, counter.subject, counter.kind)
            counters[name] += counter.delta
            assert counter.kind == "anonymous" or counters[name] >= 0
        if change.remember:
            runs[here] = change.remember
        if change.is_moved:
            del runs[other, device]
    remembered = Counter((key, subject, "active") for (key, _), subject in runs.items())
    assert {name: value for name, value in counters.items() if name[2] == "active" and value} == remembered

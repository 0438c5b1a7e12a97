"""How moments, releases and metrics are shown."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from codepush import Metrics, Package
from codepush.cli.rendering import long_moment, metrics_lines, moment, origin, release_lines

NOW = datetime(2016, 12, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(0), "a few seconds ago"),
        (timedelta(seconds=-3), "a few seconds ago"),
        (timedelta(seconds=44), "a few seconds ago"),
        (timedelta(seconds=45), "a minute ago"),
        (timedelta(seconds=90), "2 minutes ago"),
        (timedelta(minutes=44), "44 minutes ago"),
        (timedelta(minutes=45), "an hour ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(hours=22), "a day ago"),
        (timedelta(hours=36), "2 days ago"),
        (timedelta(days=25), "25 days ago"),
        (timedelta(days=29), "a month ago"),
        (-timedelta(hours=2), "in 2 hours"),
        (-timedelta(days=5), "in 5 days"),
        (-timedelta(days=60), "Feb 22, 2017"),
        (timedelta(days=48), "Nov 6"),
        (timedelta(days=778), "Nov 7, 2014"),
    ],
)
def test_moments(age, text):
    """What is recent is so long ago; what is not has a day, and a year when it is another one."""
    assert moment(NOW - age, NOW) == text


def test_moments_are_local():
    """A day is that of whoever reads it."""
    new_year = datetime(2014, 12, 31, 23, 30, tzinfo=UTC)
    assert moment(new_year, NOW.astimezone(timezone(timedelta(hours=1)))) == "Jan 1, 2015"


@pytest.mark.parametrize(
    ("hour", "text"),
    [(0, "Wednesday, August 17, 2016 12:07 AM"), (12, "Wednesday, August 17, 2016 12:07 PM")],
)
def test_long_moment(hour, text):
    """An expiry is told to the minute."""
    assert long_moment(datetime(2016, 8, 17, hour, 7, tzinfo=UTC)) == text


def release(**fields):
    return Package(**{"app_version": "1.0.0", "package_hash": "h", "label": "v3"} | fields)


@pytest.mark.parametrize(
    ("metrics", "lines"),
    [
        ({}, ["No installs recorded"]),
        ({"1.0.0": Metrics(active=5)}, ["No installs recorded"]),
        (
            {"1.0.0": Metrics(active=2), "v3": Metrics(active=1, downloaded=4, installed=1, failed=1)},
            ["Active: 33% (1 of 3)", "Total: 1 (2 pending)", "Rollbacks: 1"],
        ),
        ({"v3": Metrics(active=1, downloaded=1, installed=1, failed=0)}, ["Active: 100% (1 of 1)", "Total: 1"]),
        (
            {"v3": Metrics(active=0, downloaded=0, installed=0, failed=0), "v2": Metrics(active=7)},
            ["Active: 0% (0 of 7)", "Total: 0"],
        ),
    ],
)
def test_metrics(metrics, lines):
    """Installs are told as a share of all devices, with what is pending and what failed."""
    assert metrics_lines(release(), metrics).split("\n") == lines


@pytest.mark.parametrize(
    ("active", "share"),
    [(1, "<0.01%"), (1_234, "0.012%"), (50_000, "0.50%"), (500_000, "5.0%"), (9_990_000, "99%"), (3_333_333, "33%")],
)
def test_shares(active, share):
    """A share has two digits that count, and is neither nothing nor everything unless it is."""
    metrics = {"v3": Metrics(active=active), "v2": Metrics(active=10_000_000 - active)}
    assert metrics_lines(release(), metrics).startswith(f"Active: {share} ({active:,} of 10,000,000)")


@pytest.mark.parametrize(("rollout", "line"), [(None, None), (100, None), (20, "Rollout: 20%")])
def test_rollout(rollout, line):
    """A rollout is told while it is unfinished."""
    lines = metrics_lines(release(rollout=rollout), {}).split("\n")
    assert lines[1:] == ([line] if line else [])


def test_release():
    """The newest release is told line by line; what was not said is not."""
    assert release_lines(None, NOW) == "No updates released"
    assert release_lines(release(), NOW).split("\n") == ["Label: v3", "App Version: 1.0.0", "Mandatory: No"]
    told = release(
        is_mandatory=True,
        is_disabled=True,
        description="word " * 20,
        released_by="me@example.com",
        upload_time=NOW - timedelta(hours=2),
    )
    assert release_lines(told, NOW).split("\n") == [
        "Label: v3",
        "App Version: 1.0.0",
        "Mandatory: Yes",
        "Release Time: 2 hours ago",
        "Released By: me@example.com",
        "Description: word word word word word word word word word word word",
        "word word word word word word word word word",
        "Disabled: Yes",
    ]


def test_origin():
    """A release tells where it came from, unless somebody uploaded it."""
    assert origin(release(release_method="Upload")) == ""
    promoted = release(release_method="Promote", original_label="v1", original_deployment="Staging")
    assert origin(promoted) == '(Promoted v1 from "Staging")'
    assert origin(release(release_method="Rollback", original_label="v1")) == "(Rolled back v2 to v1)"

"""Counters over time: hours, days, and how they are shown."""

from datetime import UTC, datetime

from codepush.models import MetricsPoint
from codepush.rules.series import DAY, HOUR, Entry, by_day, show, start_of


def entry(kind, hour, value, *, subject="v1", span="hour"):
    return Entry(subject, kind, span, hour * HOUR, value)


def point(hour, span="hour", **counters):
    zeros = {"downloaded": 0, "failed": 0, "installed": 0}
    return MetricsPoint(starts_at=datetime.fromtimestamp(hour * HOUR / 1000, UTC), span=span, **{**zeros, **counters})


def test_a_day_holds_the_sum_of_what_happened_and_the_last_of_what_there_was():
    """Hours of one day become one entry for each counter, and other days stay apart."""
    hours = [entry("installed", 1, 2), entry("active", 1, 5), entry("installed", 23, 3), entry("active", 23, 4)]
    assert by_day([*hours, entry("installed", 24, 1)]) == [
        entry("installed", 0, 5, span="day"),
        entry("active", 0, 4, span="day"),
        entry("installed", 24, 1, span="day"),
    ]


def test_a_day_that_is_there_already_is_added_to():
    """Hours that come late to a day are not lost, and making days of days changes nothing."""
    days = by_day([entry("installed", 0, 5, span="day"), entry("active", 0, 4, span="day"), entry("installed", 7, 1)])
    assert days == [entry("installed", 0, 6, span="day"), entry("active", 0, 4, span="day")]
    assert by_day(days) == days


def test_active_devices_are_carried_on():
    """A point in which only something else changed tells as many active devices as the one before."""
    entries = [entry("active", 1, 5), entry("anonymous", 2, 1), entry("failed", 3, 2)]
    assert show({}, entries, since=0) == {"v1": [point(1, active=5), point(2, active=6), point(3, active=6, failed=2)]}


def test_what_was_active_before_begins_with_the_first_moment():
    """A chart need not guess where its line comes from; what was active no longer has none."""
    before = {("v1", "active"): 3, ("v1", "anonymous"): 1, ("v2", "active"): 0}
    assert show(before, [entry("active", 30, 2)], since=24 * HOUR) == {"v1": [point(24, active=4), point(30, active=3)]}


def test_labels_and_binary_versions_are_shown_apart():
    """Of a version from the store only active devices are known."""
    entries = [
        entry("active", 1, 2, subject="1.0.0"),
        entry("installed", 1, 2, subject="1.0.0"),
        entry("downloaded", 1, 1),
    ]
    shown = show({}, entries, since=0)
    assert shown["v1"] == [point(1, active=0, downloaded=1)]
    assert shown["1.0.0"] == [point(1, active=2, downloaded=None, failed=None, installed=None)]


def test_hours_and_days_begin_where_they_do_in_utc():
    """Whatever the time zone of the machine."""
    moment = int(datetime(2026, 3, 29, 2, 30, tzinfo=UTC).timestamp() * 1000)
    assert datetime.fromtimestamp(start_of(HOUR, moment) / 1000, UTC) == datetime(2026, 3, 29, 2, tzinfo=UTC)
    assert datetime.fromtimestamp(start_of(DAY, moment) / 1000, UTC) == datetime(2026, 3, 29, tzinfo=UTC)

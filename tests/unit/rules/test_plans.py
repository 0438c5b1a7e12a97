"""Rollout plans as text, their bounds, and their windows."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st
from msgspec.structs import replace

from codepush.rollout_models import RolloutPlan, RolloutStage
from codepush.rules import plans

DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = "Mon-Thu 09:00-17:00 Europe/Berlin"


@st.composite
def rollout_plans(draw):
    """Return valid plans that consist of stages alone."""
    percents = [*sorted(draw(st.sets(st.integers(1, 99), max_size=19))), 100]
    soaks = st.one_of(st.just(0), st.integers(10, 90 * 86_400))
    stages = [
        RolloutStage(
            percent=percent, soak=timedelta(seconds=draw(soaks)), needs_approval=place > 0 and draw(st.booleans())
        )
        for place, percent in enumerate(percents)
    ]
    stages[-1] = replace(stages[-1], soak=timedelta(seconds=draw(st.integers(10, 14 * 86_400))))
    return RolloutPlan(stages=tuple(stages))


@given(rollout_plans())
def test_a_text_spells_its_plan(plan):
    """What is spelled can be read and means the same plan."""
    assert plans.parse(plans.spell(plan)) == plan


@given(st.text(alphabet="0123456789%, wait5dhms", max_size=60))
def test_any_text_is_a_plan_or_refused(text):
    """A text that is accepted has a canonical spelling; every other raises the one error."""
    try:
        plan = plans.parse(text)
    except plans.PlanError:
        return
    assert plans.parse(plans.spell(plan)) == plan == plans.check(plan)


def test_the_parts_of_a_text():
    """Soak times, a wait, and the last stage's time."""
    assert plans.parse("5% 4h, 25% 1h30m10s, WAIT , 50%,100 % 2d").stages == (
        RolloutStage(percent=5, soak=timedelta(hours=4)),
        RolloutStage(percent=25, soak=timedelta(hours=1, minutes=30, seconds=10)),
        RolloutStage(percent=50, needs_approval=True),
        RolloutStage(percent=100, soak=2 * DAY),
    )


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("100%", "100%"),
        ("100% 24h", "100%"),
        ("05%  90m,100% 36h", "5% 1h30m, 100% 1d12h"),
        ("1% 60s,\n2% 24h,wait,100%", "1% 1m, 2% 1d, wait, 100%"),
    ],
)
def test_one_spelling_for_each_plan(text, spelled):
    """Durations are spelled with the largest units; the default at 100 % is left out."""
    assert plans.spell(plans.parse(text)) == spelled


def test_a_release_is_watched_for_a_day_at_100_percent():
    """The last stage without a time gets the default, in a text and in a value."""
    assert plans.parse("5%, 100%").stages == (RolloutStage(percent=5), RolloutStage(percent=100, soak=DAY))
    assert plans.check(RolloutPlan(stages=(RolloutStage(percent=100),))) == plans.parse("100%")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", 'stage 1, "" is not a percentage'),
        ("5% 4h,", 'stage 2, "" is not a percentage'),
        ("fast", 'stage 1, "fast" is not a percentage'),
        ("5% 4h, 25 1d, 100%", 'stage 2, "25 1d" has no percent sign; write 25%'),
        ("5.5%, 100%", 'stage 1, "5.5%" is not a percentage'),
        ("\u0665%, 100%", "is not a percentage"),
        ("5% 4, 100%", 'stage 1, "4" is not a time'),
        ("5% 4w, 100%", 'stage 1, "4w" is not a time'),
        ("5% 30m1h, 100%", 'stage 1, "30m1h" is not a time'),
        ("5% 0h, 100%", 'stage 1, "0h" is no time; leave it out'),
        ("5% 9s, 100%", "The time of stage 1, 5%, must be 10s to 90d"),
        ("5% 91d, 100%", "The time of stage 1, 5%, must be 10s to 90d"),
        ("5%, 100% 15d", "The time of stage 2, 100%, must be 10s to 14d"),
        ("0%, 100%", "stage 1, 0%, must be a whole percentage from 1 to 100"),
        ("50%, 101%", "stage 2, 101%, must be a whole percentage"),
        ("25%, wait, 25%, 100%", "stage 2, 25%, must be more than the 25% before it"),
        ("5%, 50%", "stage 2, 50%, is the last and must be 100%"),
        ("wait, 100%", '"wait" at the start must stand between two stages'),
        ("5%, wait", '"wait" at the end must stand between two stages'),
        ("5%, wait, wait, 100%", '"wait" after stage 1 must stand between two stages'),
        (", ".join(f"{percent}%" for percent in range(80, 101)), "1 to 20 stages, not 21"),
        ("5%\x00\n" + "x" * 100, f'"5%? {"x" * 36}..." is not a percentage'),
        ("5%" + " " * 1000, "at most 1000 characters"),
    ],
)
def test_a_wrong_text_is_refused_with_its_place(text, complaint):
    """The error quotes the place and gives an example."""
    with pytest.raises(plans.PlanError) as error:
        plans.parse(text)
    assert complaint in str(error.value)
    assert "such as" in str(error.value) or "Example" in str(error.value)


def test_waits_do_not_count_as_stages():
    """20 stages may have a wait before each but the first."""
    text = ", wait, ".join(f"{percent}%" for percent in range(81, 101))
    assert len(plans.parse(text).stages) == 20


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"limit": 0.0}, "limit"),
        ({"limit": 1.0}, "limit"),
        ({"limit": float("nan")}, "limit"),
        ({"on_halt": "explode"}, '"stop", "disable" or "notify"'),
        ({"starts_at": datetime(2026, 3, 2)}, "time zone"),  # noqa: DTZ001 - that is the fault
        ({"patience": timedelta(0)}, "patience"),
        ({"patience": timedelta(days=91)}, "patience"),
        ({"patience": timedelta(seconds=10.5)}, "whole seconds"),
        ({"ripen": timedelta(days=8)}, "ripen"),
        ({"ripen": -DAY}, "ripen"),
        ({"window": "always"}, "window"),
        ({"stages": ()}, "1 to 20 stages, not 0"),
        ({"stages": (RolloutStage(percent=100, needs_approval=True),)}, "stage 1 cannot need approval"),
        ({"stages": (RolloutStage(percent=100, soak=-DAY),)}, "must be 10s to 14d"),
        ({"stages": (RolloutStage(percent=100, soak=timedelta(seconds=10.5)),)}, "whole seconds"),
    ],
)
def test_wrong_values_are_refused(settings, complaint):
    """The bounds hold for plans that did not come as a text."""
    with pytest.raises(plans.PlanError, match=complaint):
        plans.check(replace(plans.parse("100%"), **settings))


def test_a_full_plan_is_valid():
    """Nothing but the last soak is filled in."""
    plan = RolloutPlan(
        stages=plans.parse("5%, wait, 100%").stages,
        limit=0.015,
        on_halt="disable",
        starts_at=datetime(2026, 3, 2, tzinfo=UTC),
        window=OFFICE,
        patience=DAY,
        ripen=timedelta(hours=1),
    )
    assert plans.check(plan) == plan


def test_a_default_plan_has_no_start():
    """A start is that of one release."""
    plan = plans.parse("5%, 100%")
    assert plans.check_default(plan) == plan
    with pytest.raises(plans.PlanError, match="default plan"):
        plans.check_default(replace(plan, starts_at=datetime(2026, 3, 2, tzinfo=UTC)))


@pytest.mark.parametrize("percent", [None, 100])
def test_a_release_for_all_gets_the_default_plan(percent):
    """100 % and no rollout at all are the same."""
    plan = plans.parse("5% 4h, 100%")
    assert plans.for_release_at(plan, percent) is plan


def test_a_release_with_a_rollout_waits_there():
    """The given percentage is the only stage before a person resumes; the other settings are the default plan's."""
    plan = replace(plans.parse("5% 4h, 100% 2d"), limit=0.02, on_halt="disable")
    changed = plans.for_release_at(plan, 35)
    assert plans.spell(changed) == "35%, wait, 100% 2d"
    assert (changed.limit, changed.on_halt) == (0.02, "disable")
    assert plans.check(changed) == changed


def berlin(day, hour, minute=0, fold=0):
    """Return a time in March 2026, in which the 2nd is a Monday."""
    return datetime(2026, 3, day, hour, minute, tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("window", "at", "expected"),
    [
        (OFFICE, berlin(2, 9), True),
        (OFFICE, berlin(2, 8, 59), False),
        (OFFICE, berlin(5, 16, 59), True),
        (OFFICE, berlin(5, 17), False),
        (OFFICE, berlin(6, 12), False),
        (OFFICE, datetime(2026, 3, 2, 8, tzinfo=UTC), True),  # 09:00 in Berlin
        (OFFICE, datetime(2026, 7, 6, 7, tzinfo=UTC), True),  # the same in summer
        (OFFICE, datetime(2026, 7, 6, 15, tzinfo=UTC), False),
        ("mon,wed-thu 00:00-24:00 UTC", datetime(2026, 3, 4, 23, 59, tzinfo=UTC), True),
        ("mon,wed-thu 00:00-24:00 UTC", datetime(2026, 3, 3, 12, tzinfo=UTC), False),
        ("Sat-Mon 10:00-11:00 Europe/Berlin", berlin(1, 10), True),  # a Sunday
        ("Sat-Mon 10:00-11:00 Europe/Berlin", berlin(3, 10), False),
        ("Fri 22:00-04:00 Europe/Berlin", berlin(6, 22), True),
        ("Fri 22:00-04:00 Europe/Berlin", berlin(7, 3, 59), True),
        ("Fri 22:00-04:00 Europe/Berlin", berlin(7, 4), False),
        ("Fri 22:00-04:00 Europe/Berlin", berlin(6, 3), False),
        ("Sun 22:00-04:00 Europe/Berlin", berlin(2, 3), True),  # Monday morning
        ("Sun 22:00-00:00 Europe/Berlin", berlin(1, 23), True),
        ("Sun 22:00-00:00 Europe/Berlin", berlin(2, 0), False),
    ],
)
def test_windows_open_and_close(window, at, expected):
    """Begin is inside, end is not; days are those of the zone; over midnight the day is the first."""
    assert plans.is_open(window, at) is expected


def test_windows_follow_the_clocks_when_they_change():
    """On 29 March 2026 clocks in Berlin go from 2 to 3, on 25 October they show the hour from 2 to 3 twice."""
    window = "Sun 02:00-03:00 Europe/Berlin"
    spring, autumn = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
    halves = [timedelta(minutes=30 * step) for step in range(6)]
    assert not any(plans.is_open(window, spring + half) for half in halves)
    assert [plans.is_open(window, autumn + half) for half in halves] == [True] * 4 + [False] * 2


@pytest.mark.parametrize(
    "window",
    [
        "",
        "09:00-17:00 Europe/Berlin",
        "Mon 09:00-17:00",
        "Mon 09:00-17:00 Europe/Berlin now",
        "Monday 09:00-17:00 Europe/Berlin",
        "Mon-Tue-Wed 09:00-17:00 Europe/Berlin",
        "Mon, 09:00-17:00 Europe/Berlin",
        "Mon 9-17 Europe/Berlin",
        "Mon 09:00-09:00 Europe/Berlin",
        "Mon 24:00-09:00 Europe/Berlin",
        "Mon 09:00-24:01 Europe/Berlin",
        "Mon 09:60-10:00 Europe/Berlin",
        "Mon 09:00-17:00 Europe/Atlantis",
        "Mon 09:00-17:00 Europe",
        "Mon 09:00-17:00 localtime",
        "Mon 09:00-17:00 ../../etc/passwd",
        "Mon 09:00-17:00 /etc/localtime",
        "Mon 09:00-17:00 " + "A" * 300,
    ],
)
def test_wrong_windows_are_refused(window):
    """The error gives an example."""
    with pytest.raises(plans.PlanError, match=r"window.*Europe/Berlin"):
        plans.check_window(window)

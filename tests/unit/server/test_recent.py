"""Bounded memory for what was made lately."""

from codepush.server.web.recent import Recent


def test_no_more_than_two_generations_are_kept():
    """However much is added, twice the size is kept at most, and the newest is among it."""
    recent = Recent(10)
    for number in range(1000):
        recent.add(number, str(number))
        assert len(recent.young) + len(recent.old) <= 20
    assert recent.get(999) == "999"
    assert recent.get(900) is None


def test_what_is_used_stays():
    """A value that is asked for now and then outlives any number of others that are not."""
    recent = Recent(10)
    recent.add("hot", "value")
    for number in range(1000):
        recent.add(number, "once")
        if number % 9 == 0:
            assert recent.get("hot") == "value"


def test_a_value_takes_the_place_of_the_one_before():
    """Under a name there is one value: the last."""
    recent = Recent(2)
    for value in ("first", "second"):
        recent.add("name", value)
    assert recent.get("name") == "second"
    assert recent.get("another") is None

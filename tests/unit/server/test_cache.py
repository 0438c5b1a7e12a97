"""Bounded memory for what was added last."""

import random

from codepush.server.cache import BoundedCache


def a_cache(limit):
    """Return a cache whose values are what they cost."""
    return BoundedCache(limit, lambda _, value: value)


def test_no_more_bytes_are_kept_than_the_limit_says():
    """However much is added, removed and replaced, the size is that of the values, and within the limit."""
    source, recent = random.Random(1), a_cache(1000)
    for _ in range(5000):
        recent.add(source.randrange(100), source.randrange(1, 200))
        if source.randrange(5) == 0:
            recent.pop(source.randrange(100))
        assert recent.size == sum(recent.values.values()) <= 1000
    assert recent.values


def test_the_oldest_go_first():
    """What was added last is there, and what was added long before is not."""
    recent = a_cache(10)
    for number in range(1000):
        recent.add(number, 1)
    assert list(recent.values) == list(range(990, 1000))
    assert (recent.get(999), recent.get(900)) == (1, None)


def test_what_is_larger_than_the_limit_is_not_kept():
    """A value that can never fit leaves nothing behind."""
    recent = a_cache(10)
    recent.add("large", 11)
    assert (recent.values, recent.size) == ({}, 0)


def test_a_value_takes_the_place_of_the_one_before():
    """Under a key there is one value, the last; it counts as the newest."""
    recent = a_cache(3)
    for key, value in (("a", 1), ("b", 1), ("a", 2), ("c", 1)):
        recent.add(key, value)
    assert recent.values == {"a": 2, "c": 1}


def test_clearing():
    """Nothing is left, and there is room for as much as before."""
    recent = a_cache(3)
    recent.add("a", 3)
    recent.clear()
    recent.add("b", 3)
    assert recent.values == {"b": 3}

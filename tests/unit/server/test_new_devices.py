"""How many new devices an address may add in an hour."""

import pytest

from codepush.server.services.phones.new_devices import NewDevices


class Time:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


def admitted(limit, address, count):
    """Return how many of some new devices are admitted in one transaction that is committed."""
    admissions = limit.begin()
    number = sum(admissions.admit(address) for _ in range(count))
    admissions.confirm()
    return number


def test_an_address_adds_so_many_devices_in_an_hour(time):
    """All at once or bit by bit, no more are admitted until the hour is over; then the next hour begins."""
    limit = NewDevices(10, clock=time)
    assert admitted(limit, "a", 6) == 6
    time.now += 3599
    assert admitted(limit, "a", 6) == 4
    assert admitted(limit, "a", 1) == 0
    time.now += 1
    assert admitted(limit, "a", 20) == 10


def test_addresses_do_not_share_their_limit(time):
    """What one address adds is nothing to another, and loopback addresses have no limit."""
    limit = NewDevices(1, clock=time)
    assert [admitted(limit, address, 5) for address in ("a", "b", None)] == [1, 1, 5]


def test_a_transaction_that_fails_uses_nothing(time):
    """Without a commit, as many devices are admitted as before."""
    limit = NewDevices(3, clock=time)
    assert [limit.begin().admit("a") for _ in range(9)] == [True] * 9
    assert admitted(limit, "a", 5) == 3


def test_memory_is_bounded(time):
    """Beyond the number of addresses, the one whose hour began first is evicted."""
    limit = NewDevices(1, addresses=3, clock=time)
    for address in "abcd":
        assert admitted(limit, address, 1) == 1
    assert [limit.room(address) for address in "abcd"] == [1, 0, 0, 0]


def test_an_hour_that_begins_again_is_the_newest(time):
    """Eviction follows the beginning of the hour, not the first time that the address was seen."""
    limit = NewDevices(1, addresses=2, clock=time)
    for address in ("a", "b"):
        admitted(limit, address, 1)
    time.now += 3600
    for address in ("a", "c"):
        admitted(limit, address, 1)
    assert [limit.room(address) for address in "abc"] == [0, 1, 0]


def test_there_may_be_no_limit(time):
    """Without a number, every device is admitted and no address is remembered."""
    limit = NewDevices(None, clock=time)
    assert admitted(limit, "a", 100_000) == 100_000

"""What always holds of rollouts."""

from hypothesis import given, strategies as st

from codepush.rules import rollout

DEVICES = st.text(max_size=60)
LABELS = st.integers(min_value=1).map(lambda number: f"v{number}")
PERCENTS = st.integers(min_value=0, max_value=100)


@given(DEVICES, LABELS, PERCENTS, PERCENTS)
def test_raising_a_rollout_keeps_everyone_selected(device, label, one, other):
    """Whoever is in a smaller rollout of a release is in every larger one."""
    low, high = sorted([one, other])
    assert not rollout.is_selected(device, low, label) or rollout.is_selected(device, high, label)


@given(DEVICES, LABELS)
def test_nothing_is_nobody_and_everything_is_everybody(device, label):
    """At 0 % no device is selected, at 100 % each one is."""
    assert not rollout.is_selected(device, 0, label)
    assert rollout.is_selected(device, 100, label)


def test_rollouts_are_about_as_large_as_they_say():
    """Of many devices, about the given percentage is selected."""
    devices = [f"device-{number:06}" for number in range(10_000)]
    selected = sum(rollout.is_selected(device, 25, "v7") for device in devices)
    assert 0.2 < selected / len(devices) < 0.3


def test_letters_beyond_16_bits_count_twice():
    """Ids are hashed by UTF-16 unit, half ones included: an emoji is its two surrogates."""
    assert rollout.string_hash("\U0001f600-v1") == rollout.string_hash("\ud83d\ude00-v1") == -3018093787

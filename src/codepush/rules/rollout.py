"""Rollouts: which devices belong to the first percents.

A device's position depends on its ID and the release's label only, so no state is stored: raising the
percentage keeps all selected devices, and a new label shuffles them again.
"""

from __future__ import annotations

from typing import Final

from codepush.models import COMPLETE_ROLLOUT
from codepush.rules.javascript import utf16_units

_BUCKETS: Final = 100

_LOWEST: Final = 2**27 - 1
_HALF: Final = 2**26


def string_hash(text: str) -> int:
    """Return the original server's hash of a text.

    For each UTF-16 unit it takes ``int32(hash << 5) - hash + unit``. Only the shifted term wraps to 32 bits; the sum
    does not, so most hashes lie beyond 2**31. Installed apps were selected by this value, so it must never change.
    """
    # The shifted term depends on the lowest 27 bits alone. They are kept apart, raised by half their range, so that no
    # sign is needed: each shifted term is too large by that much, which cancels out in every second step.
    units = utf16_units(text)
    lowest, value = _HALF, 0
    for unit in units:
        term = (lowest << 5) + unit
        value = term - value
        lowest = (term - lowest) & _LOWEST
    return value - (_HALF << 5) if len(units) % 2 else value


def bucket(client_unique_id: str, release_tag: str) -> int:
    """Return a device's place in the rollout of one release.

    Args:
        client_unique_id: The device's own id.
        release_tag: The release's label, or its package hash when it has no label.

    Returns:
        0 to 99.

    """
    return abs(string_hash(f"{client_unique_id}-{release_tag}")) % _BUCKETS


def is_selected(client_unique_id: str, rollout: float, release_tag: str) -> bool:
    """Return whether a device is among the first ``rollout`` percent for a release."""
    return bucket(client_unique_id, release_tag) < rollout


def is_unfinished(rollout: float | None) -> bool:
    """Return whether a stored rollout excludes some devices.

    ``None`` and zero, as well as 100, include all devices.
    """
    return bool(rollout) and rollout != COMPLETE_ROLLOUT

"""The labels and binary versions that devices run now."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from codepush.server.ports.devices import STANDING

if TYPE_CHECKING:
    from codepush.server.ports.store import Records

__all__ = ["running"]


async def running(records: Records, deployment_id: int) -> Counter[str]:
    """Return the number of devices that run each label and binary version of a deployment."""
    found: Counter[str] = Counter()
    for one in await records.devices.counters(deployment_id):
        if one.kind in STANDING:
            found[one.subject] += one.value
    return found

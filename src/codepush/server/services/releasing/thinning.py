"""Removal of old data from reports: cohorts of trials, and devices that never ran a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.rules.series import DAY, HOUR, start_of

if TYPE_CHECKING:
    from codepush.server.ports.devices import Device
    from codepush.server.ports.store import Store

__all__ = ["IDLE_DEVICES_KEPT", "MERGES", "forget_idle_devices", "merge_trials"]

MERGES: Final = ((HOUR, 2 * DAY), (DAY, 30 * DAY))
"""The lengths of merged cohorts, and the age at which cohorts are merged, in milliseconds."""

IDLE_DEVICES_KEPT: Final = 30 * DAY
"""Milliseconds for which a device that runs nothing in a deployment is stored."""

_PAGE: Final = 1_000


async def merge_trials(store: Store, *, at: int) -> None:
    """Merge old cohorts of labels without an active rollout plan into hours, and older ones into days.

    It can be interrupted anywhere, and several processes can run it at once.
    """
    for span, kept in MERGES:
        until = start_of(span, at - kept)
        async with store.read() as records:
            labels = await records.trials.mergeable(span=span, until=until)
        for label in labels:
            async with store.write(alone=False) as records:
                await records.devices.lock([label[0]])
                await records.trials.merge(label, span=span, until=until)


async def forget_idle_devices(store: Store, *, at: int) -> None:
    """Remove devices that have run nothing for 30 days: they only downloaded, failed, or moved away."""
    until = at - IDLE_DEVICES_KEPT
    after: Device | None = None
    while True:
        async with store.read() as records:
            idle = await records.devices.idle(until=until, after=after, limit=_PAGE)
        if not idle:
            return
        async with store.write(alone=False) as records:
            await records.devices.lock({deployment_id for deployment_id, _ in idle})
            await records.devices.forget(idle, until=until)
        after = idle[-1]

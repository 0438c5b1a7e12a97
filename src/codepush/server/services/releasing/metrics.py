"""Metrics: sums of the reports of a deployment's devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.rules import metrics
from codepush.server.services.access.resolution import find_deployment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush import models
    from codepush.server.ports.store import Store
    from codepush.server.services.caller import Caller

__all__ = ["Metrics"]


class Metrics:
    """Metrics of deployments."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of_deployment(self, caller: Caller, app_name: str, name: str) -> Mapping[str, models.Metrics]:
        """Return a deployment's counters by label, and by binary version of the store."""
        async with self._store.read() as records:
            _, deployment = await find_deployment(records, caller, app_name, name, "view_deployment")
            counters = await records.devices.counters(deployment.id)
        return metrics.summarise({(counter.subject, counter.kind): counter.value for counter in counters})

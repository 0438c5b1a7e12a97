"""Arrivals: how one part of a process notifies all its workers of new jobs."""

from __future__ import annotations

import asyncio

__all__ = ["Arrivals"]


class Arrivals:
    """Notifies every worker of this process that jobs were added.

    Each worker has an event of its own, so that one worker clearing its event does not hide a job from another.
    """

    def __init__(self) -> None:
        self._events: list[asyncio.Event] = []

    def subscribe(self) -> asyncio.Event:
        """Return a new event that is set whenever jobs were added."""
        event = asyncio.Event()
        self._events.append(event)
        return event

    def notify(self) -> None:
        """Set the event of every subscriber."""
        for event in self._events:
            event.set()

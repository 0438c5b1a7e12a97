# Generated from src/codepush/client/_async/driver.py by tools/unasync.py; do not edit.
"""The I/O of a call: performs the steps that the flow decides on."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

import httpx2

from codepush.client._compat import sleep
from codepush.client.flow import Pause, Policy, perform
from codepush.client.http import arguments, configuring, failure_from, options, response_from
from codepush.wire.standalone import keyed

if TYPE_CHECKING:
    from codepush.client.flow import Outcome, Step
    from codepush.client.settings import Settings
    from codepush.wire.messages import Request
    from codepush.wire.standalone import Call

__all__ = ["Driver"]

T = TypeVar("T")


class Driver:
    """Sends requests to one server over a pool of connections.

    Args:
        settings: The settings of its requests.
        http: The pool; by default a new one.

    Attributes:
        settings: The settings of its requests.

    """

    def __init__(self, settings: Settings, http: httpx2.Client | None = None) -> None:
        self.settings = settings
        self._policy = Policy(max_retries=settings.max_retries)
        with configuring():
            self._http = http or httpx2.Client(**options(settings))

    def using(self, settings: Settings) -> Driver:
        """Return a driver with other settings for its requests, over the same connections."""
        return Driver(settings, self._http)

    def run(self, call: Call[T]) -> T:
        """Return the result of a call, after as many attempts as the flow decides on.

        Raises:
            CodePushError: All attempts failed.

        """
        steps = perform(call, self._policy)
        outcome: Outcome | None = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                result: T = end.value
                return result
            outcome = self._take(step)

    def run_once(self, call: Call[T]) -> T:
        """Run a call with an idempotency key, so that servers with support execute it only once.

        Raises:
            CodePushError: All attempts failed.

        """
        return self.run(keyed(call, str(uuid4())))

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _take(self, step: Step) -> Outcome | None:
        if isinstance(step, Pause):
            sleep(step.seconds)
            return None
        return self._send(step.request)

    def _send(self, request: Request) -> Outcome:
        try:
            with arguments(request, self.settings) as sent:
                return response_from(self._http.request(**sent))
        except httpx2.HTTPError as error:
            return failure_from(error, self.settings)

# Generated from src/codepush/client/_async/rollouts.py by tools/unasync.py; do not edit.
"""The part of the management SDK for rollout plans, reports of devices, and stopping updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codepush.client._compat import sleep
from codepush.client.rollout_plans import OVER, is_same
from codepush.errors import NotFound
from codepush.wire import standalone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from codepush.client._sync.driver import Driver
    from codepush.insight_models import Insight
    from codepush.rollout_models import Rollout, RolloutDecision, RolloutPlan, RolloutPreview

__all__ = ["Rollouts"]


class Rollouts:
    """Rollouts and their plans. A plan is a :class:`~codepush.RolloutPlan` or a string.

    Other servers than that of this distribution do not support them: every method raises ``NotFound`` there.
    """

    _driver: Driver

    def preview_rollout(
        self,
        app_name: str,
        deployment_name: str,
        plan: RolloutPlan | str,
        *,
        app_version: str | None = None,
        is_mandatory: bool | None = None,
    ) -> RolloutPreview:
        """Return the expected progress of a plan, from the reports about earlier releases, without any change.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            plan: The plan.
            app_version: The target binary version of the release; by default that of the newest release.
            is_mandatory: Whether the release is mandatory; by default as the newest release.

        Raises:
            NotFound: There is no such app or deployment.
            Invalid: The plan or the version is invalid.

        """
        call = standalone.preview_rollout(
            app_name, deployment_name, plan, app_version=app_version, is_mandatory=is_mandatory
        )
        return self._driver.run(call)

    def get_rollout(self, app_name: str, deployment_name: str, label: str | None = None) -> Rollout:
        """Return the rollout of a release.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            label: The release; by default the newest one with a rollout plan.

        Raises:
            NotFound: There is no such app or deployment, or no such release with a rollout plan.

        """
        found = label or (self._newest(app_name, deployment_name)).label
        return self._driver.run(standalone.rollout(app_name, deployment_name, found))

    def get_rollouts(self, app_name: str, deployment_name: str) -> list[Rollout]:
        """Return the rollouts of a deployment, newest release first, without their decisions.

        Raises:
            NotFound: There is no such app or deployment.

        """
        return self._driver.run(standalone.rollouts(app_name, deployment_name))

    def watch_rollout(
        self, app_name: str, deployment_name: str, label: str | None = None, *, interval: float = 10.0
    ) -> Iterator[Rollout]:
        """Yield a rollout, now and after each change, until it is over.

        It is over when it is completed, superseded or cancelled. A halted rollout can be resumed: leave the loop
        if that is not of interest.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            label: The release; by default the newest one with a rollout plan.
            interval: Seconds between two requests.

        Raises:
            NotFound: There is no such app or deployment, or no such release with a rollout plan.

        """
        rollout: Rollout | None = None
        while rollout is None or rollout.state not in OVER:
            if rollout is not None:
                sleep(interval)
            before, rollout = rollout, self.get_rollout(app_name, deployment_name, label)
            label = rollout.label
            if not is_same(before, rollout):
                yield rollout

    def plan_rollout(self, app_name: str, deployment_name: str, label: str, plan: RolloutPlan | str) -> Rollout:
        """Give the newest release a plan, or replace the plan of its rollout. Its percentage never falls.

        Raises:
            NotFound: There is no such app, deployment or release.
            Conflict: The release is not the newest one, or its rollout is over.
            Invalid: The plan is invalid.

        """
        return self._driver.run_once(standalone.plan_rollout(app_name, deployment_name, label, plan))

    def pause_rollout(
        self,
        app_name: str,
        deployment_name: str,
        label: str,
        *,
        note: str | None = None,
        expected_version: int | None = None,
    ) -> Rollout:
        """Pause a rollout: it does not advance until it is resumed.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            label: The release.
            note: Why; it is recorded with the decision.
            expected_version: The version of the rollout that the decision is about; by default any.

        Raises:
            NotFound: There is no such app or deployment, or no such release with a rollout plan.
            Conflict: The state of the rollout does not allow it (``code`` is ``wrong_state`` or ``rollout_over``),
                or its version is another one (``version_moved``).

        """
        control = standalone.ControlShape.of(note=note, expected_version=expected_version)
        return self._control(app_name, deployment_name, label, "pause", control)

    def resume_rollout(
        self,
        app_name: str,
        deployment_name: str,
        label: str,
        *,
        note: str | None = None,
        limit: float | None = None,
        expected_version: int | None = None,
    ) -> Rollout:
        """Resume a rollout that is paused, halted, or waits for a person.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            label: The release.
            note: Why; it is recorded with the decision. Required after a halt or a suspicion.
            limit: The share of failing devices that is tolerated from now on, 0 to 1; by default computed again.
            expected_version: The version of the rollout that the decision is about; by default any.

        Raises:
            NotFound, Conflict: As for :meth:`pause_rollout`.
            Invalid: The note is missing, or the limit is invalid.

        """
        control = standalone.ControlShape.of(note=note, limit=limit, expected_version=expected_version)
        return self._control(app_name, deployment_name, label, "resume", control)

    def advance_rollout(
        self,
        app_name: str,
        deployment_name: str,
        label: str,
        *,
        note: str | None = None,
        force: bool = False,
        expected_version: int | None = None,
    ) -> Rollout:
        """Advance a rollout to its next stage now, without waiting for its time and for evidence of health.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            label: The release.
            note: Why; it is recorded with the decision. Required with ``force``.
            force: Whether to advance although the release is suspected to fail too often.
            expected_version: The version of the rollout that the decision is about; by default any.

        Raises:
            NotFound, Conflict: As for :meth:`pause_rollout`.
            Invalid: The note is missing.

        """
        control = standalone.ControlShape.of(note=note, force=force, expected_version=expected_version)
        return self._control(app_name, deployment_name, label, "advance", control)

    def halt_rollout(
        self,
        app_name: str,
        deployment_name: str,
        label: str,
        *,
        note: str | None = None,
        expected_version: int | None = None,
    ) -> Rollout:
        """Halt a rollout: no other device is offered the release. The newest release needs no plan for that.

        The arguments and errors are those of :meth:`pause_rollout`.
        """
        control = standalone.ControlShape.of(note=note, expected_version=expected_version)
        return self._control(app_name, deployment_name, label, "halt", control)

    def complete_rollout(
        self,
        app_name: str,
        deployment_name: str,
        label: str,
        *,
        note: str | None = None,
        expected_version: int | None = None,
    ) -> Rollout:
        """Complete a rollout: offer the release to all devices now, and stop monitoring it.

        The arguments and errors are those of :meth:`pause_rollout`.
        """
        control = standalone.ControlShape.of(note=note, expected_version=expected_version)
        return self._control(app_name, deployment_name, label, "complete", control)

    def cancel_rollout(
        self,
        app_name: str,
        deployment_name: str,
        label: str,
        *,
        note: str | None = None,
        expected_version: int | None = None,
    ) -> Rollout:
        """Cancel the plan of a rollout: the release stays at its percentage, as one without a plan.

        The arguments and errors are those of :meth:`pause_rollout`.
        """
        control = standalone.ControlShape.of(note=note, expected_version=expected_version)
        return self._control(app_name, deployment_name, label, "cancel", control)

    def get_rollout_decisions(self, app_name: str, deployment_name: str, label: str) -> list[RolloutDecision]:
        """Return the decisions about a rollout, newest first, each with the numbers behind it.

        Raises:
            NotFound: There is no such app or deployment, or no such release with a rollout plan.

        """
        return self._driver.run(standalone.rollout_decisions(app_name, deployment_name, label))

    def get_insight(
        self,
        app_name: str,
        deployment_name: str,
        label: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Insight:
        """Return the reports about a release: trials, failures and evidence over time.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            label: The release.
            since: From when on. By default, and at the earliest, when it was released or 400 days ago.
            until: Up to when, not included. By default, and at the latest, now.

        Returns:
            The numbers, with a point for every ten minutes (of the last two days), hour (of the last 14 days) or day.

        Raises:
            NotFound: There is no such app, deployment or release, or the server does not have this data.

        """
        return self._driver.run(standalone.insight(app_name, deployment_name, label, since, until))

    def stop_deployment(self, app_name: str, deployment_name: str, note: str | None = None) -> None:
        """Stop the updates of a deployment: no device is offered one, and all keep what they run.

        A deployment that is stopped already stays as it is.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            note: Why; it is recorded.

        Raises:
            NotFound: There is no such app or deployment.

        """
        self._driver.run(standalone.stop_deployment(app_name, deployment_name, note))

    def start_deployment(self, app_name: str, deployment_name: str) -> None:
        """Start the updates of a deployment again. One that is not stopped stays as it is.

        Raises:
            NotFound: There is no such app or deployment.
            Conflict: An administrator of the server has stopped all updates.

        """
        self._driver.run(standalone.start_deployment(app_name, deployment_name))

    def get_default_plan(self, app_name: str, deployment_name: str) -> RolloutPlan | None:
        """Return the plan of releases that come without one, or ``None`` if there is none.

        Raises:
            NotFound: There is no such app or deployment.

        """
        return self._driver.run(standalone.default_plan(app_name, deployment_name))

    def set_default_plan(
        self, app_name: str, deployment_name: str, plan: RolloutPlan | str | None
    ) -> RolloutPlan | None:
        """Set the plan of releases that come without one, from any tool.

        A release that comes with a rollout below 100 % stays at that percentage until a person resumes it.

        Args:
            app_name: The app.
            deployment_name: The deployment.
            plan: The plan, without a start; ``None`` for none.

        Returns:
            The plan, as the server stored it.

        Raises:
            NotFound: There is no such app or deployment.
            Forbidden: This account does not own the app.
            Invalid: The plan is invalid.

        """
        if plan is None:
            self._driver.run(standalone.remove_default_plan(app_name, deployment_name))
            return None
        return self._driver.run(standalone.set_default_plan(app_name, deployment_name, plan))

    def _control(
        self, app_name: str, deployment_name: str, label: str, verb: str, control: standalone.ControlShape
    ) -> Rollout:
        call = standalone.control_rollout(app_name, deployment_name, label, verb, control)
        return self._driver.run_once(call)

    def _newest(self, app_name: str, deployment_name: str) -> Rollout:
        rollouts = self.get_rollouts(app_name, deployment_name)
        if not rollouts:
            message = f'No release of the deployment "{deployment_name}" has a rollout plan.'
            raise NotFound(message, 404, code="rollout_not_found")
        return rollouts[0]

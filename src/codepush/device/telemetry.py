"""Which status report is due, and what has been reported. Pure functions: nothing is sent here.

The device reports once every binary version and every update that starts, together with what ran
before, and once every update that was rolled back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import structs

from codepush.device.store import Reported, State
from codepush.models import StatusReport

if TYPE_CHECKING:
    from codepush.device.packages import LocalUpdate

__all__ = ["due", "reported", "roll_back_report"]

_SUCCEEDED: Final = "DeploymentSucceeded"
_FAILED: Final = "DeploymentFailed"


def due(state: State, *, running: LocalUpdate | None, app_version: str, deployment_key: str) -> StatusReport | None:
    """Return the report to send next, or ``None``.

    A rollback comes first, then what runs now, each until the server has accepted it. (Real devices
    drop some failed reports, for example while they run their binary; this one does not, so that its
    actions match the server's metrics.)

    Args:
        state: State of the device.
        running: The update that runs, ``None`` for the binary.
        app_version: The binary's version.
        deployment_key: The app's own key.

    """
    if state.rollback_report is not None:
        return state.rollback_report
    report = _running_report(state, running, app_version=app_version, deployment_key=deployment_key)
    return None if _identity(report) == state.last_reported else report


def reported(state: State, report: StatusReport) -> State:
    """Return the state after the server has accepted a report."""
    if report.status == _FAILED:
        return structs.replace(state, rollback_report=None)
    return structs.replace(state, last_reported=_identity(report))


def roll_back_report(update: LocalUpdate, *, client_unique_id: str, deployment_key: str) -> StatusReport:
    """Return the report of an update that was rolled back; ``deployment_key`` is the app's own."""
    return StatusReport(
        kind="deploy",
        deployment_key=update.deployment_key,
        app_version=update.app_version,
        label=update.label,
        status=_FAILED,
        client_unique_id=client_unique_id,
        previous_deployment_key=deployment_key,
    )


def _running_report(
    state: State, running: LocalUpdate | None, *, app_version: str, deployment_key: str
) -> StatusReport:
    previous = state.last_reported
    return StatusReport(
        kind="deploy",
        deployment_key=deployment_key if running is None else running.deployment_key,
        app_version=app_version if running is None else running.app_version,
        label=None if running is None else running.label,
        status=None if running is None else _SUCCEEDED,
        client_unique_id=state.client_unique_id,
        previous_label_or_app_version=None if previous is None else previous.label_or_app_version,
        previous_deployment_key=(previous and previous.deployment_key) or deployment_key,
    )


def _identity(report: StatusReport) -> Reported:
    """Return what the device runs according to a deploy report."""
    if report.label is not None:
        return Reported(report.label, report.deployment_key)
    return Reported(report.app_version or "")

"""Status reports of devices, and the error messages for invalid ones.

Devices send JSON in one of two spellings, and every field is read in either. Values that are falsy in JavaScript count
as missing. The messages are those of the original, which requires a client ID from old SDKs; here it is optional,
because a report without one can be counted too.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from codepush.models import StatusReport
from codepush.rules.subjects import label_subject, version_subject
from codepush.rules.validation import is_key

__all__ = ["FAILED", "InvalidReport", "countable", "read_deploy_report", "read_download_report"]

DOWNLOADED: Final = "Downloaded"
FAILED: Final = "DeploymentFailed"
SUCCEEDED: Final = "DeploymentSucceeded"

_STATUSES: Final = frozenset({DOWNLOADED, FAILED, SUCCEEDED})

_DEVICE_ID_BYTES: Final = 256

_CAMEL: Final = {
    "deployment_key": "deploymentKey",
    "app_version": "appVersion",
    "client_unique_id": "clientUniqueId",
    "previous_deployment_key": "previousDeploymentKey",
    "previous_label_or_app_version": "previousLabelOrAppVersion",
}


class InvalidReport(ValueError):
    """A report that cannot be counted. Its message is the response to the device."""


def read_download_report(raw: object) -> StatusReport:
    """Read the report of a finished download.

    Args:
        raw: The decoded JSON; anything but an object counts as an empty one.

    Raises:
        InvalidReport: The deployment key or the label is missing, or a field is not a string.

    """
    sent = _fields(raw)
    deployment_key = _text(sent, "deployment_key")
    label = _text(sent, "label")
    if not deployment_key or not label:
        raise InvalidReport("A download status report must contain a valid deploymentKey and package label.")
    return StatusReport(
        kind="download",
        deployment_key=deployment_key,
        label=label,
        status=DOWNLOADED,
        client_unique_id=_text(sent, "client_unique_id"),
    )


def read_deploy_report(raw: object) -> StatusReport:
    """Read the report of an update, or of the store's binary, that ran or failed.

    Args:
        raw: The decoded JSON; anything but an object counts as an empty one.

    Returns:
        The report. Without a label it is about the binary, and its status is None whatever was sent.

    Raises:
        InvalidReport: The deployment key or the binary version is missing, a labelled report has no
            status or an unknown one, or a field is not a string.

    """
    sent = _fields(raw)
    deployment_key = _text(sent, "deployment_key")
    app_version = _text(sent, "app_version")
    if not deployment_key or not app_version:
        raise InvalidReport("A deploy status report must contain a valid appVersion and deploymentKey.")
    label = _text(sent, "label")
    return StatusReport(
        kind="deploy",
        deployment_key=deployment_key,
        app_version=app_version,
        label=label,
        status=_status(sent) if label else None,
        client_unique_id=_text(sent, "client_unique_id"),
        previous_deployment_key=_text(sent, "previous_deployment_key"),
        previous_label_or_app_version=_text(sent, "previous_label_or_app_version"),
    )


def countable(report: StatusReport) -> StatusReport | None:
    """Return a report with every text bounded and in the form that is counted.

    A device ID of more than 256 bytes is removed. So are an invalid previous label or version, and both previous fields
    if the previous deployment key is malformed: then they change nothing.

    Returns:
        ``None`` if no deployment can count it: its key is malformed, its label is not ``v<n>``, or the binary version
        has more than 64 characters or would be rejected by an update check.

    """
    if not is_key(report.deployment_key):
        return None
    label = label_subject(report.label) if report.label else None
    version = version_subject(report.app_version) if report.app_version else None
    if bool(report.label) != bool(label) or (report.kind == "deploy" and not version):
        return None
    origin, previous = report.previous_deployment_key, report.previous_label_or_app_version
    is_origin_valid = origin is None or is_key(origin)
    return replace(
        report,
        app_version=version,
        client_unique_id=_device_id(report.client_unique_id),
        previous_deployment_key=origin if is_origin_valid else None,
        previous_label_or_app_version=_subject(previous) if previous and is_origin_valid else None,
    )


def _device_id(sent: str | None) -> str | None:
    return sent if sent and len(sent.encode("utf-8", "surrogatepass")) <= _DEVICE_ID_BYTES else None


def _subject(text: str) -> str | None:
    return label_subject(text) or version_subject(text)


def _status(sent: dict[str, object]) -> str:
    status = _text(sent, "status")
    if not status:
        raise InvalidReport("A deploy status report for a labelled package must contain a valid status.")
    if status not in _STATUSES:
        raise InvalidReport(f"Invalid status: {status}")
    return status


def _fields(raw: object) -> dict[str, object]:
    return raw if isinstance(raw, dict) else {}


def _text(sent: dict[str, object], field: str) -> str | None:
    """Return a field in either spelling; the camelCase one wins unless there is nothing in it."""
    value = sent.get(_CAMEL.get(field, field)) or sent.get(field)
    if not value:
        return None
    if not isinstance(value, str) or "\0" in value:
        raise InvalidReport(f"The field '{field}' of a status report must be a text.")
    return value

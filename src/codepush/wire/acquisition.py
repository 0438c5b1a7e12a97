"""Messages between devices and a server: update checks and status reports.

There are two spellings. SDKs since 3 use snake_case below ``/v0.1/public/codepush``; older ones use camelCase, and so
does the alias App Center kept for them. Servers read either spelling of every parameter on every path; only the
spelling of the response depends on the path.

The first half of the module is the server's side, the second half the device's.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from codepush.models import StatusReport, UpdateCheck, UpdateInfo
from codepush.wire.messages import decode_answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "ACCEPTED_TEXT",
    "DEPLOY_REPORT_PATHS",
    "DOWNLOAD_REPORT_PATHS",
    "KEY_TEXT",
    "UNKNOWN_KEY_TEXT",
    "UPDATE_CHECK_PATHS",
    "VERSION_TEXT",
    "read_check",
    "read_update",
    "report_body",
    "report_url",
    "update_body",
    "update_check_url",
]

_PUBLIC: Final = "/v0.1/public/codepush"
_LEGACY: Final = "/v0.1/legacy"

UPDATE_CHECK_PATHS: Final[Mapping[str, bool]] = {
    f"{_PUBLIC}/update_check": False,
    "/updateCheck": True,
    f"{_LEGACY}/updateCheck": True,
}
"""Paths of update checks (GET), and whether their responses are in camelCase."""

DOWNLOAD_REPORT_PATHS: Final = (
    f"{_PUBLIC}/report_status/download",
    "/reportStatus/download",
    f"{_LEGACY}/reportStatus/download",
)
"""Paths of download reports (POST)."""

DEPLOY_REPORT_PATHS: Final = (
    f"{_PUBLIC}/report_status/deploy",
    "/reportStatus/deploy",
    f"{_LEGACY}/reportStatus/deploy",
)
"""Paths of deploy reports: installations and rollbacks (POST)."""

KEY_TEXT: Final = (
    "An update check must include a valid deployment key - please check that your app has been configured correctly."
    " To view available deployment keys, run 'code-push-standalone deployment ls  -k'."
)
"""The 400 for a missing or malformed deployment key, as recorded (with its two blanks)."""

VERSION_TEXT: Final = (
    "An update check must include a binary version that conforms to the semver standard (e.g. '1.0.0')."
    " The binary version is normally inferred from the App Store/Play Store version configured with your app."
)
"""The 400 for a missing or malformed binary version, as recorded."""

UNKNOWN_KEY_TEXT: Final = "Not Found"
"""The 404 for a deployment key that no deployment has, as recorded."""

ACCEPTED_TEXT: Final = "OK"
"""The whole response to an accepted report, with status 200."""

_PARAMETERS: Final[Mapping[str, str]] = {
    "deployment_key": "deploymentKey",
    "app_version": "appVersion",
    "package_hash": "packageHash",
    "label": "label",
    "is_companion": "isCompanion",
    "client_unique_id": "clientUniqueId",
}

# What JavaScript's trim() removes. It differs from what str.strip() does (U+FEFF here, U+0085 there).
_BLANKS: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

_UPDATE_FIELDS: Final[Mapping[str, str]] = {
    "download_url": "downloadURL",
    "description": "description",
    "is_available": "isAvailable",
    "is_mandatory": "isMandatory",
    "app_version": "appVersion",
    "package_hash": "packageHash",
    "label": "label",
    "package_size": "packageSize",
    "update_app_version": "updateAppVersion",
    "should_run_binary_version": "shouldRunBinaryVersion",
}

_DOWNLOAD_FIELDS: Final = ("client_unique_id", "deployment_key", "label")
_DEPLOY_FIELDS: Final = (
    "app_version",
    "deployment_key",
    "client_unique_id",
    "label",
    "status",
    "previous_label_or_app_version",
    "previous_deployment_key",
)


def read_check(query: Sequence[tuple[str, str]]) -> UpdateCheck:
    """Read an update check from its decoded query parameters.

    Args:
        query: Name and value of every parameter, in the order sent. Names may be in either spelling; unknown ones are
            ignored.

    Returns:
        The check. Each value follows JavaScript's ``a || b``, where ``a`` is the camelCase parameter and ``b``
        the snake_case one; ``None`` stands for ``undefined``. So an empty camelCase parameter counts as missing,
        and an empty snake_case one as empty. The key and the version, which are required, are ``""`` instead of
        ``None``. The key is trimmed; the other values are as sent and not validated.

    Raises:
        ValueError: A parameter was sent more than once; the message names it.

    """
    sent = _once(query)
    return UpdateCheck(
        deployment_key=(_either(sent, "deployment_key") or "").strip(_BLANKS),
        app_version=_either(sent, "app_version") or "",
        package_hash=_either(sent, "package_hash"),
        label=_either(sent, "label"),
        is_companion=(_either(sent, "is_companion") or "").lower() == "true",
        client_unique_id=_either(sent, "client_unique_id"),
    )


def update_body(info: UpdateInfo, *, camel: bool) -> bytes:
    """Return the response to an update check as JSON.

    ``description`` and ``is_mandatory`` are omitted if they are ``None``: devices get exactly what the release has.
    ``target_binary_range`` repeats the version, in snake_case in both spellings.

    Args:
        info: Result of the check.
        camel: Whether the path of the request has responses in camelCase (``UPDATE_CHECK_PATHS``).

    """
    fields = {
        camel_name if camel else field: value
        for field, camel_name in _UPDATE_FIELDS.items()
        if (value := getattr(info, field)) is not None
    }
    fields["target_binary_range"] = info.app_version
    return msgspec.json.encode({"updateInfo" if camel else "update_info": fields})


def update_check_url(server_url: str, check: UpdateCheck) -> str:
    """Return the URL of an update check, its parameters in the order React Native sends them.

    Args:
        server_url: Server URL, with or without a trailing slash.
        check: Values of the device. ``None`` is omitted, and so is ``is_companion`` unless true.

    """
    sent = {
        "deployment_key": check.deployment_key,
        "app_version": check.app_version,
        "package_hash": check.package_hash,
        "is_companion": "true" if check.is_companion else None,
        "label": check.label,
        "client_unique_id": check.client_unique_id,
    }
    query = "&".join(f"{name}={_quoted(value)}" for name, value in sent.items() if value is not None)
    return f"{server_url.removesuffix('/')}{_PUBLIC}/update_check?{query}"


def report_url(server_url: str, report: StatusReport) -> str:
    """Return the URL of a status report.

    Args:
        server_url: Server URL, with or without a trailing slash.
        report: The report; its kind selects the path.

    """
    return f"{server_url.removesuffix('/')}{_PUBLIC}/report_status/{report.kind}"


def report_body(report: StatusReport) -> bytes:
    """Return a status report as JSON, as React Native sends it: without fields that are ``None``.

    A download report has the label, a deploy report all fields.
    """
    names = _DOWNLOAD_FIELDS if report.kind == "download" else _DEPLOY_FIELDS
    return msgspec.json.encode({name: value for name in names if (value := getattr(report, name)) is not None})


def read_update(body: bytes) -> UpdateInfo:
    """Read the response to an update check, as a device does.

    Args:
        body: Response of the snake_case path.

    Returns:
        The result. ``app_version`` is the ``target_binary_range`` of the response, which SDKs since 3 read; missing
        fields have their defaults.

    Raises:
        DecodeError: The body is not JSON, or a field is missing or of the wrong type.

    """
    return decode_answer(body, _Answer).update_info.as_model()


class _Offer(msgspec.Struct, frozen=True):
    """The fields that a device reads. Servers in the field omit fields without a value, or send null."""

    is_available: bool
    should_run_binary_version: bool | None = None
    update_app_version: bool | None = None
    target_binary_range: str | None = None
    download_url: str | None = None
    description: str | None = None
    is_mandatory: bool | None = None
    label: str | None = None
    package_hash: str | None = None
    package_size: int | None = None

    def as_model(self) -> UpdateInfo:
        return UpdateInfo(
            is_available=self.is_available,
            should_run_binary_version=self.should_run_binary_version or False,
            update_app_version=self.update_app_version or False,
            app_version=self.target_binary_range or "",
            download_url=self.download_url or "",
            description=self.description,
            is_mandatory=self.is_mandatory,
            label=self.label or "",
            package_hash=self.package_hash or "",
            package_size=self.package_size or 0,
        )


class _Answer(msgspec.Struct, frozen=True):
    update_info: _Offer


def _once(query: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """Return the query as a mapping, or raise ValueError if a known parameter is repeated."""
    known = {*_PARAMETERS, *_PARAMETERS.values()}
    for name, times in Counter(name for name, _ in query if name in known).items():
        if times > 1:
            raise ValueError(f"The query parameter '{name}' was sent {times} times; send it once.")
    return dict(query)


def _either(sent: Mapping[str, str], field: str) -> str | None:
    """Return JavaScript's ``a || b`` of a parameter's two spellings; ``None`` is its ``undefined``."""
    return sent.get(_PARAMETERS[field]) or sent.get(field)


def _quoted(value: str) -> str:
    """Return a value as JavaScript's ``encodeURIComponent`` writes it."""
    return quote(value, safe="!*'()")

"""The client's side: one function per route, returning what to send and how to read the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from codepush.errors import Invalid
from codepush.models import Session
from codepush.wire.messages import Request, Response, Upload, encode_json
from codepush.wire.standalone.responses import (
    PatchAnswer,
    read_access_key,
    read_access_keys,
    read_account,
    read_app,
    read_apps,
    read_collaborators,
    read_deployment,
    read_deployments,
    read_history,
    read_known_deployment,
    read_metrics,
    read_nothing,
    read_package,
    read_patched,
    read_series,
)
from codepush.wire.standalone.shapes import InfoShape

if TYPE_CHECKING:
    from codepush.models import (
        AccessKey,
        Account,
        App,
        Collaborator,
        Deployment,
        Metrics,
        MetricsPoint,
        Package,
        PackageInfo,
    )

__all__ = [
    "Call",
    "Life",
    "access_key",
    "access_keys",
    "account",
    "add_access_key",
    "add_app",
    "add_collaborator",
    "add_deployment",
    "app",
    "apps",
    "authenticated",
    "clear_history",
    "collaborators",
    "deployment",
    "deployments",
    "history",
    "keyed",
    "knows_keys",
    "metrics",
    "metrics_series",
    "patch_access_key",
    "patch_release",
    "promote",
    "release",
    "remove_access_key",
    "remove_app",
    "remove_collaborator",
    "remove_deployment",
    "remove_session",
    "rename_app",
    "rename_deployment",
    "rollback",
    "segment",
    "server_knows_keys",
    "sessions",
    "transfer_app",
]

T = TypeVar("T")

Life: TypeAlias = timedelta | int
"""How long an access key lives; a number counts milliseconds, as in the original tools."""

_UNESCAPED: Final = "-_.!~*'()"  # what JavaScript's encodeURIComponent leaves alone, besides letters and digits
_JSON_BODY: Final[Mapping[str, str]] = {"Content-Type": "application/json;charset=UTF-8"}


class Call(Struct, Generic[T], frozen=True, kw_only=True):
    """A request and the meaning of its answer.

    ``repeatable`` says that sending it again after a lost answer does no harm and gives the same
    answer. Only reading does: a second removal answers 404 to one that worked, a second patch or
    release 409. ``is_keyed`` says that it carries an ``Idempotency-Key``: then it may also be
    repeated to a server that :func:`knows_keys`.
    """

    request: Request
    read: Callable[[Response], T]
    repeatable: bool = False
    is_keyed: bool = False


def keyed(call: Call[T], key: str) -> Call[T]:
    """Return a call with an ``Idempotency-Key``.

    A server that knows such keys carries the request out once, however often it comes, and gives
    the same answer each time.

    Args:
        call: a call that changes something.
        key: what tells this use of the call from all others, such as a random UUID.

    """
    headers = {**call.request.headers, "Idempotency-Key": key}
    return replace(call, request=replace(call.request, headers=headers), is_keyed=True)


def knows_keys(response: Response) -> bool:
    """Tell whether an answer, of any status, comes from a server that honours ``Idempotency-Key``."""
    return response.headers.get("x-codepush-server", "").startswith("codepush/")


def server_knows_keys() -> Call[bool]:
    """Ask whether the server honours ``Idempotency-Key``."""
    return _get("/authenticated", knows_keys)


def authenticated() -> Call[None]:
    """Ask whether the access key is good; a bad one is answered with 401."""
    return _get("/authenticated", read_nothing)


def account() -> Call[Account]:
    """Ask whose access key it is."""
    return _get("/account", read_account)


def access_keys() -> Call[list[AccessKey]]:
    """Ask for the account's access keys, without its sessions."""
    return _get("/accessKeys", lambda response: [one for one in read_access_keys(response) if not one.is_session])


def access_key(name: str) -> Call[AccessKey]:
    """Ask for one access key; its secret is not told."""
    return _get(_access_key_path(name), read_access_key)


def add_access_key(name: str, *, created_by: str, ttl: Life | None) -> Call[AccessKey]:
    """Create an access key; the answer is the only one that tells its secret."""
    return _post(
        "/accessKeys/", _given(createdBy=created_by, friendlyName=name, ttl=_milliseconds(ttl)), read_access_key
    )


def patch_access_key(name: str, *, new_name: str | None, ttl: Life | None) -> Call[AccessKey]:
    """Rename an access key, or let it expire when ``ttl`` has passed from now."""
    fields = _given(friendlyName=new_name, ttl=_milliseconds(ttl))
    return _patch(_access_key_path(name), fields, read_access_key)


def remove_access_key(name: str) -> Call[None]:
    """Remove an access key."""
    return _delete(_access_key_path(name))


def sessions(now: datetime) -> Call[list[Session]]:
    """Ask for the sessions that have not expired by ``now``: the last one of each machine."""
    return _get("/accessKeys", lambda response: _sessions(read_access_keys(response), now))


def remove_session(machine_name: str) -> Call[None]:
    """Remove all sessions of a machine."""
    return _delete(f"/sessions/{segment(machine_name, 'machine_name')}")


def apps() -> Call[list[App]]:
    """Ask for all apps the account is a collaborator of."""
    return _get("/apps", read_apps)


def app(app_name: str) -> Call[App]:
    """Ask for one app."""
    return _get(_app_path(app_name), read_app)


def add_app(app_name: str, *, os: str | None, platform: str | None, manually_provision_deployments: bool) -> Call[App]:
    """Create an app; ``os`` and ``platform`` are only sent when given, as the original server does not know them."""
    fields = _given(
        name=app_name, os=os, platform=platform, manuallyProvisionDeployments=manually_provision_deployments
    )
    return _post("/apps/", fields, read_app)


def remove_app(app_name: str) -> Call[None]:
    """Remove an app with all that belongs to it."""
    return _delete(_app_path(app_name))


def rename_app(app_name: str, new_name: str) -> Call[None]:
    """Give an app another name."""
    return _patch(_app_path(app_name), {"name": new_name}, read_nothing)


def transfer_app(app_name: str, email: str) -> Call[None]:
    """Make another account the owner of an app; the one that asks stays as a collaborator."""
    return _post(f"{_app_path(app_name)}/transfer/{segment(email, 'email')}", None, read_nothing)


def collaborators(app_name: str) -> Call[dict[str, Collaborator]]:
    """Ask for the collaborators of an app, by e-mail address."""
    return _get(f"{_app_path(app_name)}/collaborators", read_collaborators)


def add_collaborator(app_name: str, email: str) -> Call[None]:
    """Make another account a collaborator of an app."""
    return _post(_collaborator_path(app_name, email), None, read_nothing)


def remove_collaborator(app_name: str, email: str) -> Call[None]:
    """Take an account off an app."""
    return _delete(_collaborator_path(app_name, email))


def deployments(app_name: str) -> Call[list[Deployment]]:
    """Ask for all deployments of an app."""
    return _get(f"{_app_path(app_name)}/deployments/", read_deployments)


def deployment(app_name: str, deployment_name: str) -> Call[Deployment | None]:
    """Ask for one deployment; the answer is ``None`` from servers that know it, but do not describe it."""
    return _get(_deployment_path(app_name, deployment_name), read_known_deployment)


def add_deployment(app_name: str, deployment_name: str, *, key: str | None) -> Call[Deployment]:
    """Create a deployment; the server makes a key when none is given."""
    return _post(f"{_app_path(app_name)}/deployments/", _given(name=deployment_name, key=key), read_deployment)


def rename_deployment(app_name: str, deployment_name: str, new_name: str) -> Call[None]:
    """Give a deployment another name; its key stays."""
    return _patch(_deployment_path(app_name, deployment_name), {"name": new_name}, read_nothing)


def remove_deployment(app_name: str, deployment_name: str) -> Call[None]:
    """Remove a deployment with its releases."""
    return _delete(_deployment_path(app_name, deployment_name))


def release(app_name: str, deployment_name: str, upload: Upload, info: PackageInfo) -> Call[Package | None]:
    """Release a package, sent as the part ``package`` and followed by the part ``packageInfo``.

    The answer is ``None`` from servers that do not tell what they made of it.

    Args:
        app_name: the app.
        deployment_name: the deployment.
        upload: the file; its ``part`` and ``texts`` are set here.
        info: what is said about it, with the target binary version.

    """
    sent = replace(upload, part="package", texts={"packageInfo": encode_json(InfoShape.of(info)).decode()})
    path = f"{_deployment_path(app_name, deployment_name)}/release"
    return Call(request=Request(method="POST", path=path, upload=sent), read=read_package)


def patch_release(app_name: str, deployment_name: str, info: PackageInfo) -> Call[PatchAnswer]:
    """Change what is said about a release: the one with ``info.label``, or the newest.

    The answer is the changed release, ``UNCHANGED`` when nothing changed, or ``None`` from servers
    that do not tell.
    """
    path = f"{_deployment_path(app_name, deployment_name)}/release"
    # The original command line sends this field always, and npm code-push-server 5 fails without it.
    fields = {"appVersion": None, **msgspec.to_builtins(InfoShape.of(info))}
    return _patch(path, {"packageInfo": fields}, read_patched)


def promote(app_name: str, source: str, destination: str, info: PackageInfo) -> Call[Package | None]:
    """Release in ``destination`` what ``source`` has: the release with ``info.label``, or the newest.

    The answer is ``None`` from servers that do not tell what they made of it.
    """
    start = _deployment_path(app_name, source, "source_deployment_name")
    path = f"{start}/promote/{segment(destination, 'destination_deployment_name')}"
    return _post(path, _wrapped(info), read_package)


def rollback(app_name: str, deployment_name: str, label: str | None) -> Call[Package | None]:
    """Release an older release once more: the one with the label, or the one before the newest.

    The answer is ``None`` from servers that do not tell what they made of it.
    """
    target = "" if label is None else segment(label, "target_release")
    return _post(f"{_deployment_path(app_name, deployment_name)}/rollback/{target}", None, read_package)


def history(app_name: str, deployment_name: str) -> Call[list[Package]]:
    """Ask for the releases of a deployment, read oldest first whichever way the server sorts them."""
    return _get(f"{_deployment_path(app_name, deployment_name)}/history", read_history)


def clear_history(app_name: str, deployment_name: str) -> Call[None]:
    """Remove all releases of a deployment, and its counters."""
    return _delete(f"{_deployment_path(app_name, deployment_name)}/history")


def metrics(app_name: str, deployment_name: str) -> Call[dict[str, Metrics]]:
    """Ask for the counters of a deployment, by label or binary version."""
    return _get(f"{_deployment_path(app_name, deployment_name)}/metrics", read_metrics)


def metrics_series(
    app_name: str, deployment_name: str, since: datetime | None, until: datetime | None
) -> Call[dict[str, list[MetricsPoint]]]:
    """Ask for the counters of a deployment over time, by label or binary version."""
    asked = {"since": since, "until": until}
    query = urlencode({name: round(moment.timestamp() * 1000) for name, moment in asked.items() if moment is not None})
    path = f"{_deployment_path(app_name, deployment_name)}/metrics/series"
    return _get(f"{path}?{query}" if query else path, read_series)


def segment(name: str, field: str) -> str:
    """Return a name as one segment of a path, encoded as JavaScript's ``encodeURIComponent`` does.

    Args:
        name: any text.
        field: what the name is called, for the error.

    Raises:
        Invalid: the name would make another path: it is empty, ``.`` or ``..``, or not valid Unicode.

    """
    if name in {"", ".", ".."}:
        raise Invalid(f"{name!r} cannot be a name. Give the {field} as the server knows it.", 400, field=field)
    try:
        return quote(name, safe=_UNESCAPED)
    except UnicodeEncodeError as error:
        raise Invalid(f"The {field} holds half of a surrogate pair, which cannot be sent.", 400, field=field) from error


def _app_path(app_name: str) -> str:
    # Old clients replace only the first slash, of "owner/app"; a later one is part of the name.
    return f"/apps/{segment(app_name.replace('/', '~~', 1), 'app_name')}"


def _deployment_path(app_name: str, deployment_name: str, field: str = "deployment_name") -> str:
    return f"{_app_path(app_name)}/deployments/{segment(deployment_name, field)}"


def _access_key_path(name: str) -> str:
    return f"/accessKeys/{segment(name, 'access_key_name')}"


def _collaborator_path(app_name: str, email: str) -> str:
    return f"{_app_path(app_name)}/collaborators/{segment(email, 'email')}"


def _get(path: str, read: Callable[[Response], T]) -> Call[T]:
    return Call(request=Request(method="GET", path=path), read=read, repeatable=True)


def _post(path: str, fields: Mapping[str, object] | None, read: Callable[[Response], T]) -> Call[T]:
    """Return a call that posts some fields; without any there is no body, as in the original tools."""
    if fields is None:
        return Call(request=Request(method="POST", path=path), read=read)
    return Call(request=Request(method="POST", path=path, headers=_JSON_BODY, body=encode_json(fields)), read=read)


def _patch(path: str, fields: Mapping[str, object], read: Callable[[Response], T]) -> Call[T]:
    return Call(request=Request(method="PATCH", path=path, headers=_JSON_BODY, body=encode_json(fields)), read=read)


def _delete(path: str) -> Call[None]:
    return Call(request=Request(method="DELETE", path=path), read=read_nothing)


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _wrapped(info: PackageInfo) -> dict[str, object]:
    return {"packageInfo": InfoShape.of(info)}


def _milliseconds(ttl: Life | None) -> int | None:
    return ttl // timedelta(milliseconds=1) if isinstance(ttl, timedelta) else ttl


def _sessions(access_keys: Iterable[AccessKey], now: datetime) -> list[Session]:
    of_machine = {
        one.created_by: Session(machine_name=one.created_by, logged_in_time=one.created_time)
        for one in access_keys
        if one.is_session and one.expires > now
    }
    return list(of_machine.values())

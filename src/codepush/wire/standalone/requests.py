"""The client's side: one function per route, which returns the request and the reader of its response."""

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
from codepush.wire.standalone.controls import ControlShape, NoteShape
from codepush.wire.standalone.plans import PLAN, written_plan
from codepush.wire.standalone.responses import (
    PatchAnswer,
    read_access_key,
    read_access_keys,
    read_account,
    read_app,
    read_apps,
    read_collaborators,
    read_decisions,
    read_default_plan,
    read_deployment,
    read_deployments,
    read_history,
    read_insight,
    read_known_deployment,
    read_metrics,
    read_nothing,
    read_package,
    read_patched,
    read_preview,
    read_rollout,
    read_rollouts,
    read_series,
)
from codepush.wire.standalone.routes import ROUTES
from codepush.wire.standalone.shapes import InfoShape

if TYPE_CHECKING:
    from codepush.insight_models import Insight
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
    from codepush.rollout_models import NoPlan, Rollout, RolloutDecision, RolloutPlan, RolloutPreview

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
    "control_rollout",
    "default_plan",
    "deployment",
    "deployments",
    "history",
    "honours_keys",
    "insight",
    "keyed",
    "metrics",
    "metrics_series",
    "patch_access_key",
    "patch_release",
    "plan_rollout",
    "preview_rollout",
    "promote",
    "release",
    "remove_access_key",
    "remove_app",
    "remove_collaborator",
    "remove_default_plan",
    "remove_deployment",
    "remove_session",
    "rename_app",
    "rename_deployment",
    "rollback",
    "rollout",
    "rollout_decisions",
    "rollouts",
    "segment",
    "server_honours_keys",
    "sessions",
    "set_default_plan",
    "start_deployment",
    "stop_deployment",
    "transfer_app",
]

T = TypeVar("T")

Life: TypeAlias = timedelta | int
"""How long an access key lives; a number counts milliseconds, as in the original tools."""

_UNESCAPED: Final = "-_.!~*'()"  # what JavaScript's encodeURIComponent leaves alone, besides letters and digits
_JSON_BODY: Final[Mapping[str, str]] = {"Content-Type": "application/json;charset=UTF-8"}
_NO_SEGMENTS: Final[Mapping[str, str]] = {}


class Call(Struct, Generic[T], frozen=True, kw_only=True):
    """A request and the function that reads its response.

    A ``repeatable`` request can be sent again after a lost response, with the same effect and response. Queries are,
    and so is setting a value; but a second removal of an app gets a 404, a second patch or release a 409. A request
    that ``is_keyed`` has an ``Idempotency-Key``, so it can also be sent again to a server that :func:`honours_keys`.
    """

    request: Request
    read: Callable[[Response], T]
    repeatable: bool = False
    is_keyed: bool = False


def keyed(call: Call[T], key: str) -> Call[T]:
    """Return a call with an ``Idempotency-Key``.

    A server that honours such keys executes the request once and returns the same response to each repetition.

    Args:
        call: A call that changes something.
        key: A unique ID of this use of the call, such as a random UUID.

    """
    headers = {**call.request.headers, "Idempotency-Key": key}
    return replace(call, request=replace(call.request, headers=headers), is_keyed=True)


def honours_keys(response: Response) -> bool:
    """Return whether a response, of any status, comes from a server that honours ``Idempotency-Key``."""
    return response.headers.get("x-codepush-server", "").startswith("codepush/")


def server_honours_keys() -> Call[bool]:
    """Get whether the server honours ``Idempotency-Key``."""
    return _call("is_authenticated", honours_keys)


def authenticated() -> Call[None]:
    """Check the access key; an invalid one gets a 401."""
    return _call("is_authenticated", read_nothing)


def account() -> Call[Account]:
    """Get the account of the access key."""
    return _call("get_account_info", read_account)


def access_keys() -> Call[list[AccessKey]]:
    """Get the account's access keys, without its sessions."""
    return _call("get_access_keys", lambda response: [one for one in read_access_keys(response) if not one.is_session])


def access_key(name: str) -> Call[AccessKey]:
    """Get one access key, without its secret."""
    return _call("get_access_key", read_access_key, _access_key(name))


def add_access_key(name: str, *, created_by: str, ttl: Life | None) -> Call[AccessKey]:
    """Create an access key; only this response has its secret."""
    fields = _given(createdBy=created_by, friendlyName=name, ttl=_milliseconds(ttl))
    return _call("add_access_key", read_access_key, fields=fields, end="/")


def patch_access_key(name: str, *, new_name: str | None, ttl: Life | None) -> Call[AccessKey]:
    """Rename an access key, or let it expire when ``ttl`` has passed from now."""
    fields = _given(friendlyName=new_name, ttl=_milliseconds(ttl))
    return _call("patch_access_key", read_access_key, _access_key(name), fields=fields)


def remove_access_key(name: str) -> Call[None]:
    """Remove an access key."""
    return _call("remove_access_key", read_nothing, _access_key(name))


def sessions(now: datetime) -> Call[list[Session]]:
    """Get the sessions that have not expired by ``now``: the last one of each machine."""
    return _call("get_access_keys", lambda response: _sessions(read_access_keys(response), now))


def remove_session(machine_name: str) -> Call[None]:
    """Remove all sessions of a machine."""
    return _call("remove_session", read_nothing, {"machine": segment(machine_name, "machine_name")})


def apps() -> Call[list[App]]:
    """Get all apps that the account is a collaborator of."""
    return _call("get_apps", read_apps)


def app(app_name: str) -> Call[App]:
    """Get one app."""
    return _call("get_app", read_app, _app(app_name))


def add_app(app_name: str, *, os: str | None, platform: str | None, manually_provision_deployments: bool) -> Call[App]:
    """Create an app; ``os`` and ``platform`` are sent only if given: the original server does not have them."""
    fields = _given(
        name=app_name, os=os, platform=platform, manuallyProvisionDeployments=manually_provision_deployments
    )
    return _call("add_app", read_app, fields=fields, end="/")


def remove_app(app_name: str) -> Call[None]:
    """Remove an app with all that belongs to it."""
    return _call("remove_app", read_nothing, _app(app_name))


def rename_app(app_name: str, new_name: str) -> Call[None]:
    """Rename an app."""
    return _call("rename_app", read_nothing, _app(app_name), fields={"name": new_name})


def transfer_app(app_name: str, email: str) -> Call[None]:
    """Make another account the owner of an app; the caller stays as a collaborator."""
    return _call("transfer_app", read_nothing, _app(app_name) | {"email": segment(email, "email")})


def collaborators(app_name: str) -> Call[dict[str, Collaborator]]:
    """Get the collaborators of an app, by email."""
    return _call("get_collaborators", read_collaborators, _app(app_name))


def add_collaborator(app_name: str, email: str) -> Call[None]:
    """Make another account a collaborator of an app."""
    return _call("add_collaborator", read_nothing, _app(app_name) | {"email": segment(email, "email")})


def remove_collaborator(app_name: str, email: str) -> Call[None]:
    """Remove a collaborator from an app."""
    return _call("remove_collaborator", read_nothing, _app(app_name) | {"email": segment(email, "email")})


def deployments(app_name: str) -> Call[list[Deployment]]:
    """Get all deployments of an app."""
    return _call("get_deployments", read_deployments, _app(app_name), end="/")


def deployment(app_name: str, deployment_name: str) -> Call[Deployment | None]:
    """Get one deployment; ``None`` from servers that have it, but do not describe it."""
    return _call("get_deployment", read_known_deployment, _deployment(app_name, deployment_name))


def add_deployment(app_name: str, deployment_name: str, *, key: str | None) -> Call[Deployment]:
    """Create a deployment; by default, the server creates its key."""
    fields = _given(name=deployment_name, key=key)
    return _call("add_deployment", read_deployment, _app(app_name), fields=fields, end="/")


def rename_deployment(app_name: str, deployment_name: str, new_name: str) -> Call[None]:
    """Rename a deployment; its key does not change."""
    return _call("rename_deployment", read_nothing, _deployment(app_name, deployment_name), fields={"name": new_name})


def remove_deployment(app_name: str, deployment_name: str) -> Call[None]:
    """Remove a deployment with its releases."""
    return _call("remove_deployment", read_nothing, _deployment(app_name, deployment_name))


def release(
    app_name: str,
    deployment_name: str,
    upload: Upload,
    info: PackageInfo,
    plan: RolloutPlan | NoPlan | str | None = None,
) -> Call[Package | None]:
    """Release a package, sent as the part ``package`` and followed by the part ``packageInfo``.

    The result is ``None`` from servers that do not return the release.

    Args:
        app_name: App name.
        deployment_name: Deployment name.
        upload: The file; its ``part`` and ``texts`` are set here.
        info: Settings of the release, with the target binary version.
        plan: Rollout plan.

    Raises:
        Invalid: The plan is invalid, or the rollout in ``info`` is not that of its first stage.

    """
    sent = replace(upload, part="package", texts={"packageInfo": encode_json(InfoShape.of(info, plan)).decode()})
    call = _call("release", read_package, _deployment(app_name, deployment_name))
    return replace(call, request=replace(call.request, upload=sent))


def patch_release(app_name: str, deployment_name: str, info: PackageInfo) -> Call[PatchAnswer]:
    """Update the settings of a release: the one with ``info.label``, or the newest.

    The result is the changed release, ``UNCHANGED`` if nothing changed, or ``None`` from servers that do not return it.
    """
    # The original command line sends this field always, and npm code-push-server 5 fails without it.
    fields = {"appVersion": None, **msgspec.to_builtins(InfoShape.of(info))}
    return _call("patch_release", read_patched, _deployment(app_name, deployment_name), fields={"packageInfo": fields})


def promote(
    app_name: str,
    source: str,
    destination: str,
    info: PackageInfo,
    plan: RolloutPlan | NoPlan | str | None = None,
) -> Call[Package | None]:
    """Promote a release from ``source`` to ``destination``: the one with ``info.label``, or the newest.

    The result is ``None`` from servers that do not return the release.

    Raises:
        Invalid: The plan is invalid, or the rollout in ``info`` is not that of its first stage.

    """
    places = _deployment(app_name, source, "source_deployment_name")
    places["destination"] = segment(destination, "destination_deployment_name")
    return _call("promote", read_package, places, fields={"packageInfo": InfoShape.of(info, plan)})


def rollback(app_name: str, deployment_name: str, label: str | None) -> Call[Package | None]:
    """Re-release an earlier release: the one with the label, or the one before the newest.

    The result is ``None`` from servers that do not return the release.
    """
    places = _deployment(app_name, deployment_name)
    if label is None:
        return _call("rollback", read_package, places, end="/")
    return _call("rollback_to_label", read_package, places | {"label": segment(label, "target_release")})


def history(app_name: str, deployment_name: str) -> Call[list[Package]]:
    """Get the releases of a deployment, oldest first whichever way the server sorts them."""
    return _call("get_deployment_history", read_history, _deployment(app_name, deployment_name))


def clear_history(app_name: str, deployment_name: str) -> Call[None]:
    """Remove all releases of a deployment, and its counters."""
    return _call("clear_deployment_history", read_nothing, _deployment(app_name, deployment_name))


def metrics(app_name: str, deployment_name: str) -> Call[dict[str, Metrics]]:
    """Get the metrics of a deployment, by label or binary version."""
    return _call("get_deployment_metrics", read_metrics, _deployment(app_name, deployment_name))


def metrics_series(
    app_name: str, deployment_name: str, since: datetime | None, until: datetime | None
) -> Call[dict[str, list[MetricsPoint]]]:
    """Get the metrics of a deployment over time, by label or binary version."""
    moments = _given(since=since and _timestamp(since), until=until and _timestamp(until))
    end = f"?{urlencode(moments)}" if moments else ""
    return _call("get_deployment_metrics_series", read_series, _deployment(app_name, deployment_name), end=end)


def insight(
    app_name: str, deployment_name: str, label: str, since: datetime | None, until: datetime | None
) -> Call[Insight]:
    """Get the reports about a release."""
    query = {"label": label, **_given(since=since and _timestamp(since), until=until and _timestamp(until))}
    return _call("get_insight", read_insight, _deployment(app_name, deployment_name), end=f"?{urlencode(query)}")


def preview_rollout(
    app_name: str,
    deployment_name: str,
    plan: RolloutPlan | str,
    *,
    app_version: str | None,
    is_mandatory: bool | None,
) -> Call[RolloutPreview]:
    """Get a preview of a plan, without any change."""
    fields = _planned(plan) | _given(appVersion=app_version, isMandatory=is_mandatory)
    call = _call("preview_rollout", read_preview, _deployment(app_name, deployment_name), fields=fields)
    return replace(call, repeatable=True)


def rollouts(app_name: str, deployment_name: str) -> Call[list[Rollout]]:
    """Get the rollouts of a deployment, newest release first, without their decisions."""
    return _call("get_rollouts", read_rollouts, _deployment(app_name, deployment_name))


def rollout(app_name: str, deployment_name: str, label: str) -> Call[Rollout]:
    """Get the rollout of a release."""
    return _call("get_rollout", read_rollout, _release(app_name, deployment_name, label))


def plan_rollout(app_name: str, deployment_name: str, label: str, plan: RolloutPlan | str) -> Call[Rollout]:
    """Set or replace the plan of the newest release."""
    return _call("plan_rollout", read_rollout, _release(app_name, deployment_name, label), fields=_planned(plan))


def control_rollout(app_name: str, deployment_name: str, label: str, verb: str, control: ControlShape) -> Call[Rollout]:
    """Control a rollout; ``verb`` is one of `controls.VERBS`."""
    places = _release(app_name, deployment_name, label)
    return _call(f"{verb}_rollout", read_rollout, places, fields=msgspec.to_builtins(control))


def rollout_decisions(app_name: str, deployment_name: str, label: str) -> Call[list[RolloutDecision]]:
    """Get the decisions about a rollout, newest first."""
    return _call("get_rollout_decisions", read_decisions, _release(app_name, deployment_name, label))


def stop_deployment(app_name: str, deployment_name: str, note: str | None) -> Call[None]:
    """Stop the updates of a deployment; one that is stopped stays as it is."""
    places, fields = _deployment(app_name, deployment_name), msgspec.to_builtins(NoteShape(note=note))
    return replace(_call("stop_deployment", read_nothing, places, fields=fields), repeatable=True)


def start_deployment(app_name: str, deployment_name: str) -> Call[None]:
    """Start the updates of a deployment; one that is not stopped stays as it is."""
    return replace(_call("start_deployment", read_nothing, _deployment(app_name, deployment_name)), repeatable=True)


def default_plan(app_name: str, deployment_name: str) -> Call[RolloutPlan | None]:
    """Get the plan of releases that come without one."""
    return _call("get_default_plan", read_default_plan, _deployment(app_name, deployment_name))


def set_default_plan(app_name: str, deployment_name: str, plan: RolloutPlan | str) -> Call[RolloutPlan | None]:
    """Set the plan of releases that come without one."""
    places = _deployment(app_name, deployment_name)
    return replace(_call("set_default_plan", read_default_plan, places, fields=_planned(plan)), repeatable=True)


def remove_default_plan(app_name: str, deployment_name: str) -> Call[None]:
    """Remove the plan of releases that come without one, if there is one."""
    return replace(_call("remove_default_plan", read_nothing, _deployment(app_name, deployment_name)), repeatable=True)


def segment(name: str, field: str) -> str:
    """Return a name as one segment of a path, encoded as JavaScript's ``encodeURIComponent`` does.

    Args:
        name: Any string.
        field: Name of the parameter, for the error.

    Raises:
        Invalid: The name would change the path: it is empty, ``.`` or ``..``, or not valid Unicode.

    """
    if name in {"", ".", ".."}:
        raise Invalid(f"{name!r} cannot be a name. Give the {field} as it is on the server.", 400, field=field)
    try:
        return quote(name, safe=_UNESCAPED)
    except UnicodeEncodeError as error:
        raise Invalid(f"The {field} holds half of a surrogate pair, which cannot be sent.", 400, field=field) from error


def _app(name: str) -> dict[str, str]:
    # Old clients replace only the first slash, of "owner/app"; a later one is part of the name.
    return {"app": segment(name.replace("/", "~~", 1), "app_name")}


def _deployment(app_name: str, name: str, field: str = "deployment_name") -> dict[str, str]:
    return _app(app_name) | {"deployment": segment(name, field)}


def _release(app_name: str, deployment_name: str, label: str) -> dict[str, str]:
    return _deployment(app_name, deployment_name) | {"label": segment(label, "label")}


def _planned(plan: RolloutPlan | str) -> dict[str, object]:
    _, written = written_plan(plan)
    return {PLAN: written}


def _access_key(name: str) -> dict[str, str]:
    return {"access_key": segment(name, "access_key_name")}


def _call(
    route_id: str,
    read: Callable[[Response], T],
    segments: Mapping[str, str] = _NO_SEGMENTS,
    *,
    fields: Mapping[str, object] | None = None,
    end: str = "",
) -> Call[T]:
    """Return a call of a route.

    Args:
        route_id: The route.
        read: Reader of the response.
        segments: The parameters in the path, encoded.
        fields: The JSON body; no body without fields, as in the original tools.
        end: Rest of the URL after the path: a query, or the slash that the original tools send after some paths.

    """
    route = ROUTES[route_id]
    path = route.path.format_map(segments) + end
    request = Request(method=route.method, path=path)
    if fields is not None:
        request = replace(request, headers=_JSON_BODY, body=encode_json(fields))
    return Call(request=request, read=read, repeatable=route.method == "GET")


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _milliseconds(ttl: Life | None) -> int | None:
    return ttl // timedelta(milliseconds=1) if isinstance(ttl, timedelta) else ttl


def _timestamp(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _sessions(access_keys: Iterable[AccessKey], now: datetime) -> list[Session]:
    of_machine = {
        one.created_by: Session(machine_name=one.created_by, logged_in_time=one.created_time)
        for one in access_keys
        if one.is_session and one.expires > now
    }
    return list(of_machine.values())

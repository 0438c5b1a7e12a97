"""The routes of the standalone dialect: one row each."""

from __future__ import annotations

from typing import Final

from codepush.wire.jsonschema import MOMENT, Schema, list_of, map_of, nullable, reference, wrapped
from codepush.wire.routes import DONE, BodySpec, ResponseSpec, Route, by_id, json_body, json_response, text_response

__all__ = ["ACCOUNT", "APPS", "DEPLOYMENTS", "RELEASES", "ROLLOUTS", "ROUTES"]

_ACCESS_KEY: Final = "/accessKeys/{access_key}"
_APP: Final = "/apps/{app}"
_COLLABORATOR: Final = f"{_APP}/collaborators/{{email}}"
_DEPLOYMENT: Final = f"{_APP}/deployments/{{deployment}}"

_ROLLOUT: Final = f"{_DEPLOYMENT}/rollouts/{{label}}"

_UPLOAD_TIMEOUT: Final = 10
"""Timeout factor of a release: the request carries the package."""


def _shown(description: str, **field: Schema) -> tuple[ResponseSpec]:
    """Return the response that holds one field."""
    return (json_response(description, wrapped(**field)),)


def _made(key: str, name: str) -> tuple[ResponseSpec]:
    """Return the response with a new object and its URL."""
    return (json_response("It was made.", wrapped(**{key: reference(name)}), 201, headers=["Location"]),)


def _time(name: str, description: str) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": MOMENT}


_LABEL: Final[Schema] = {"type": "string", "pattern": "^v[1-9][0-9]*$"}

_DONE: Final = (DONE,)
_CREATED: Final = (text_response("It is done.", 201, content="Created"),)
_RELEASED: Final = _made("package", "Package")
_ACCESS_KEY_SHOWN: Final = _shown("The access key, without its secret.", accessKey=reference("AccessKey"))
_APP_SHOWN: Final = _shown("The app.", app=reference("App"))
_ROLLOUT_SHOWN: Final = _shown("The rollout.", rollout=reference("Rollout"))
_DEPLOYMENT_SHOWN: Final = _shown("The deployment.", deployment=reference("Deployment"))

_IDEMPOTENCY_KEY: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A unique ID of this request, such as a random UUID. If it is sent again within 24 "
    "hours with the same content, nothing is done and the answer is the first one's. With other content it is a 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

ACCOUNT: Final = (
    Route(
        "is_authenticated",
        "GET",
        "/authenticated",
        "Check the access key.",
        _shown("It is.", authenticated={"const": True}),
    ),
    Route(
        "get_account_info",
        "GET",
        "/account",
        "Show whose access key it is.",
        _shown("The account.", account=reference("Account")),
    ),
    Route(
        "get_access_keys",
        "GET",
        "/accessKeys",
        "List the account's access keys and sessions, expired ones too, oldest first.",
        _shown("All of them, their secrets hidden.", accessKeys=list_of("AccessKey")),
    ),
    Route(
        "add_access_key",
        "POST",
        "/accessKeys",
        "Create an access key.",
        _made("accessKey", "AccessKey"),
        body=json_body("AccessKeyCreation"),
        errors=(409,),
        lists_fields=True,
    ),
    Route("get_access_key", "GET", _ACCESS_KEY, "Show an access key.", _ACCESS_KEY_SHOWN, errors=(404,)),
    Route(
        "patch_access_key",
        "PATCH",
        _ACCESS_KEY,
        "Rename an access key, or change when it expires.",
        _ACCESS_KEY_SHOWN,
        body=json_body("AccessKeyChange"),
        errors=(404, 409),
        lists_fields=True,
    ),
    Route("remove_access_key", "DELETE", _ACCESS_KEY, "Remove an access key.", _DONE, errors=(404,)),
    Route(
        "remove_session",
        "DELETE",
        "/sessions/{machine}",
        "Log a machine out: remove all sessions that were made for it.",
        _DONE,
        errors=(404,),
    ),
)

APPS: Final = (
    Route(
        "get_apps",
        "GET",
        "/apps",
        "List the apps that the account owns or works on, by name.",
        _shown("The apps.", apps=list_of("App")),
    ),
    Route(
        "add_app",
        "POST",
        "/apps",
        "Create an app.",
        _made("app", "NewApp"),
        body=json_body("AppCreation"),
        errors=(403, 404, 409),
    ),
    Route("get_app", "GET", _APP, "Show an app.", _APP_SHOWN, right="view_app", errors=(404,)),
    Route(
        "rename_app",
        "PATCH",
        _APP,
        "Rename an app.",
        _APP_SHOWN,
        right="rename_app",
        body=json_body("Renaming"),
        errors=(403, 404, 409),
    ),
    Route("remove_app", "DELETE", _APP, "Remove an app with all it has.", _DONE, right="remove_app", errors=(403, 404)),
    Route(
        "transfer_app",
        "POST",
        f"{_APP}/transfer/{{email}}",
        "Let another account own an app; the caller works on it from then on.",
        _CREATED,
        right="transfer_app",
        errors=(403, 404, 409),
    ),
    Route(
        "get_collaborators",
        "GET",
        f"{_APP}/collaborators",
        "List who works on an app.",
        _shown("Everyone's part, by e-mail address.", collaborators=map_of(reference("Collaborator"))),
        right="view_collaborators",
        errors=(404,),
    ),
    Route(
        "add_collaborator",
        "POST",
        _COLLABORATOR,
        "Let an account work on an app.",
        _CREATED,
        right="add_collaborator",
        errors=(403, 404, 409),
    ),
    Route(
        "remove_collaborator",
        "DELETE",
        _COLLABORATOR,
        "Let an account work on an app no longer; one's own is enough to leave.",
        _DONE,
        right="leave_app",
        errors=(403, 404, 409),
    ),
)

DEPLOYMENTS: Final = (
    Route(
        "get_deployments",
        "GET",
        f"{_APP}/deployments",
        "List the deployments of an app, by name.",
        _shown("The deployments.", deployments=list_of("Deployment")),
        right="view_deployment",
        errors=(404,),
    ),
    Route(
        "add_deployment",
        "POST",
        f"{_APP}/deployments",
        "Create a deployment.",
        _made("deployment", "Deployment"),
        right="add_deployment",
        body=json_body("DeploymentCreation"),
        errors=(403, 404, 409),
    ),
    Route(
        "get_deployment",
        "GET",
        _DEPLOYMENT,
        "Show a deployment.",
        _DEPLOYMENT_SHOWN,
        right="view_deployment",
        errors=(404,),
    ),
    Route(
        "rename_deployment",
        "PATCH",
        _DEPLOYMENT,
        "Rename a deployment; its key stays.",
        _DEPLOYMENT_SHOWN,
        right="rename_deployment",
        body=json_body("Renaming"),
        errors=(403, 404, 409),
    ),
    Route(
        "remove_deployment",
        "DELETE",
        _DEPLOYMENT,
        "Remove a deployment with its releases.",
        _DONE,
        right="remove_deployment",
        errors=(403, 404),
    ),
    Route(
        "get_deployment_history",
        "GET",
        f"{_DEPLOYMENT}/history",
        "List the releases of a deployment, oldest first.",
        _shown("The releases.", history=list_of("Package")),
        right="view_deployment",
        errors=(404,),
    ),
    Route(
        "clear_deployment_history",
        "DELETE",
        f"{_DEPLOYMENT}/history",
        "Remove all releases and counters of a deployment; the next release is `v1` again.",
        _DONE,
        right="clear_history",
        errors=(403, 404),
    ),
    Route(
        "get_deployment_metrics",
        "GET",
        f"{_DEPLOYMENT}/metrics",
        "Show the metrics of a deployment.",
        _shown("Counters by label or binary version.", metrics=map_of(reference("Counters"))),
        right="view_deployment",
        errors=(404,),
    ),
    Route(
        "get_deployment_metrics_series",
        "GET",
        f"{_DEPLOYMENT}/metrics/series",
        "Show the metrics over time: per hour for the last seven days, per day before that.",
        _shown(
            "Points in time by label or binary version, oldest first; only those with changes.",
            series=map_of(list_of("CountersPoint")),
        ),
        right="view_deployment",
        parameters=(
            _time("since", "From when on; the whole day (UTC) is shown. By default seven days before the end."),
            _time("until", "Up to when, not included. By default now."),
        ),
        errors=(400, 404),
    ),
    Route(
        "get_insight",
        "GET",
        f"{_DEPLOYMENT}/insight",
        "Show what devices have reported of a release: trials, failures and evidence over time.",
        _shown(
            "At most 402 points: every ten minutes of two days, every hour of 14 days, else every day.",
            insight=reference("Insight"),
        ),
        right="view_deployment",
        parameters=(
            {"name": "label", "in": "query", "description": "The release.", "required": True, "schema": _LABEL},
            _time("since", "From when on. By default, and at the earliest, when it was released or 400 days ago."),
            _time("until", "Up to when, not included. By default, and at the latest, now."),
        ),
        errors=(400, 404),
    ),
)

RELEASES: Final = (
    Route(
        "release",
        "POST",
        f"{_DEPLOYMENT}/release",
        "Release a package.",
        _RELEASED,
        right="release",
        body=BodySpec(reference("Release"), "multipart/form-data"),
        parameters=(_IDEMPOTENCY_KEY,),
        errors=(404, 409, 422),
        timeout_factor=_UPLOAD_TIMEOUT,
    ),
    Route(
        "patch_release",
        "PATCH",
        f"{_DEPLOYMENT}/release",
        "Update the settings of a release.",
        (
            *_shown("The changed release.", package=reference("Package")),
            ResponseSpec(204, "Nothing to change."),
        ),
        right="patch_release",
        body=json_body("PatchChange"),
        errors=(404, 409),
    ),
    Route(
        "promote",
        "POST",
        f"{_DEPLOYMENT}/promote/{{destination}}",
        "Release in another deployment what this one has.",
        _RELEASED,
        right="promote",
        body=json_body("Change", is_required=False),
        parameters=(_IDEMPOTENCY_KEY,),
        errors=(404, 409, 422),
    ),
    Route(
        "rollback",
        "POST",
        f"{_DEPLOYMENT}/rollback",
        "Re-release the release before the newest.",
        _RELEASED,
        right="rollback",
        parameters=(_IDEMPOTENCY_KEY,),
        errors=(404, 409, 422),
    ),
    Route(
        "rollback_to_label",
        "POST",
        f"{_DEPLOYMENT}/rollback/{{label}}",
        "Re-release an earlier release.",
        _RELEASED,
        right="rollback",
        parameters=(_IDEMPOTENCY_KEY,),
        errors=(404, 409, 422),
    ),
)


def _verb(verb: str, summary: str, right: str) -> Route:
    """Return the route of a verb that controls a rollout."""
    return Route(
        f"{verb}_rollout",
        "POST",
        f"{_ROLLOUT}/{verb}",
        summary,
        _ROLLOUT_SHOWN,
        right=right,
        body=json_body("ControlRequest", is_required=False),
        parameters=(_IDEMPOTENCY_KEY,),
        errors=(403, 404, 409, 422),
    )


ROLLOUTS: Final = (
    Route(
        "preview_rollout",
        "POST",
        f"{_DEPLOYMENT}/rollouts/preview",
        "Show what to expect of a rollout plan; changes nothing.",
        _shown("What earlier releases lead to expect.", preview=reference("RolloutPreview")),
        right="view_deployment",
        body=json_body("PreviewRequest"),
        errors=(404,),
    ),
    Route(
        "get_rollouts",
        "GET",
        f"{_DEPLOYMENT}/rollouts",
        "List the rollouts with a plan, newest release first.",
        _shown("The rollouts, without their decisions.", rollouts=list_of("Rollout")),
        right="view_deployment",
        errors=(404,),
    ),
    Route(
        "get_rollout",
        "GET",
        _ROLLOUT,
        "Show the state of the rollout of a release.",
        _ROLLOUT_SHOWN,
        right="view_deployment",
        errors=(404,),
    ),
    Route(
        "plan_rollout",
        "PUT",
        _ROLLOUT,
        "Give the newest release a rollout plan, or another one.",
        _ROLLOUT_SHOWN,
        right="advance_rollout",
        body=json_body("PlanRequest"),
        parameters=(_IDEMPOTENCY_KEY,),
        errors=(403, 404, 409, 422),
    ),
    _verb("pause", "Pause a rollout: it does not advance until it is resumed.", "halt_rollout"),
    _verb("resume", "Resume a rollout that is paused, halted, or waits for a person.", "advance_rollout"),
    _verb("advance", "Advance a rollout to its next stage now.", "advance_rollout"),
    _verb("halt", "Halt a rollout: no other device is offered the release.", "halt_rollout"),
    _verb("complete", "Complete a rollout: offer the release to all devices now.", "advance_rollout"),
    _verb("cancel", "Cancel the plan of a rollout; the release stays at its percentage.", "advance_rollout"),
    Route(
        "get_rollout_decisions",
        "GET",
        f"{_ROLLOUT}/decisions",
        "List the decisions about a rollout, newest first.",
        _shown("The decisions, each with the numbers behind it.", decisions=list_of("RolloutDecision")),
        right="view_deployment",
        errors=(404,),
    ),
    Route(
        "stop_deployment",
        "POST",
        f"{_DEPLOYMENT}/stop",
        "Stop the updates of a deployment: no device is offered one.",
        _DONE,
        right="stop_updates",
        body=json_body("NoteRequest", is_required=False),
        errors=(403, 404),
    ),
    Route(
        "start_deployment",
        "DELETE",
        f"{_DEPLOYMENT}/stop",
        "Start the updates of a deployment again.",
        _DONE,
        right="start_updates",
        errors=(403, 404, 409),
    ),
    Route(
        "get_default_plan",
        "GET",
        f"{_DEPLOYMENT}/plan",
        "Show the rollout plan of releases that come without one.",
        _shown("The plan; null if there is none.", rolloutPlan=nullable(reference("RolloutPlan"))),
        right="view_deployment",
        errors=(404,),
    ),
    Route(
        "set_default_plan",
        "PUT",
        f"{_DEPLOYMENT}/plan",
        "Set the rollout plan of releases that come without one.",
        _shown("The plan.", rolloutPlan=reference("RolloutPlan")),
        right="set_default_plan",
        body=json_body("PlanRequest"),
        errors=(403, 404),
    ),
    Route(
        "remove_default_plan",
        "DELETE",
        f"{_DEPLOYMENT}/plan",
        "Remove the default plan: releases that come without a plan get none.",
        _DONE,
        right="set_default_plan",
        errors=(403, 404),
    ),
)

ROUTES: Final = by_id(ACCOUNT, APPS, DEPLOYMENTS, RELEASES, ROLLOUTS)
"""Every route by its id."""

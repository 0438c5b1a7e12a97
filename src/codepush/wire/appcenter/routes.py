"""The routes of App Center's dialect: one row each."""

from __future__ import annotations

from typing import Final

from codepush.wire.jsonschema import Schema, list_of, reference
from codepush.wire.routes import DONE, BodySpec, ResponseSpec, Route, by_id, json_body, json_response

__all__ = ["MANAGEMENT", "UPLOADS"]

_APP: Final = "/v0.1/apps/{owner}/{app}"
_ORGANIZATION: Final = "/v0.1/orgs/{org}"
_DEPLOYMENT: Final = f"{_APP}/deployments/{{deployment}}"

_RELEASE_TIMEOUT: Final = 10
"""Timeout factor of a release, during which the server packs the uploaded package."""

_CHUNK_TIMEOUT: Final = 10
"""Timeout factor of a chunk: clients send ten at once over one connection."""


def _one(name: str, description: str, status: int = 200) -> tuple[ResponseSpec]:
    """Return a response with one object of this name."""
    return (json_response(description, reference(f"AppCenter{name}"), status),)


def _many(name: str, description: str) -> tuple[ResponseSpec]:
    """Return a response with a list of objects of this name."""
    return (json_response(description, list_of(f"AppCenter{name}")),)


def _body(name: str, *, is_required: bool = True) -> BodySpec:
    return json_body(f"AppCenter{name}", is_required=is_required)


def _query(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "required": True, "schema": schema}


_DONE: Final = (DONE,)
_NO_INVITATIONS: Final = (
    json_response("Always empty: an invitation adds the member immediately.", {"type": "array", "maxItems": 0}),
)
_ORDER: Final[Schema] = {
    "name": "$orderBy",
    "in": "query",
    "description": "Sort key; by default the time of creation.",
    "schema": {"enum": ["display_name", "name"]},
}

_ACCOUNT: Final = (
    Route("get_user", "GET", "/v0.1/user", "Show whose token it is.", _one("User", "The person.")),
    Route(
        "get_tokens",
        "GET",
        "/v0.1/api_tokens",
        "List the account's access keys, but for sessions, oldest first.",
        _many("Token", "All of them, without their secrets."),
    ),
    Route(
        "add_token",
        "POST",
        "/v0.1/api_tokens",
        "Create an access key.",
        _one("Token", "The new token; its secret is returned only here.", 201),
        body=_body("TokenCreation", is_required=False),
        errors=(409,),
    ),
    Route("remove_token", "DELETE", "/v0.1/api_tokens/{token}", "Remove an access key.", _DONE, errors=(404,)),
)

_APPS: Final = (
    Route(
        "get_apps",
        "GET",
        "/v0.1/apps",
        "List the apps that the account has a part in.",
        _many("App", "The apps."),
        parameters=(_ORDER,),
    ),
    Route(
        "add_app",
        "POST",
        "/v0.1/apps",
        "Create an app without deployments.",
        _one("App", "It was made.", 201),
        body=_body("AppCreation"),
        errors=(409,),
    ),
    Route(
        "get_apps_of_organization",
        "GET",
        f"{_ORGANIZATION}/apps",
        "List the apps of an organization.",
        _many("App", "The apps."),
        right="view",
        errors=(404,),
        parameters=(_ORDER,),
    ),
    Route(
        "add_app_of_organization",
        "POST",
        f"{_ORGANIZATION}/apps",
        "Create an app of an organization, without deployments.",
        _one("App", "It was made.", 201),
        right="own_apps",
        body=_body("AppCreation"),
        errors=(403, 404, 409),
    ),
    Route("get_app", "GET", _APP, "Show an app.", _one("App", "The app."), right="view_app", errors=(404,)),
    Route(
        "rename_app",
        "PATCH",
        _APP,
        "Rename an app.",
        _one("App", "The app."),
        right="rename_app",
        body=_body("AppChange", is_required=False),
        errors=(403, 404, 409),
    ),
    Route("remove_app", "DELETE", _APP, "Remove an app with all it has.", _DONE, right="remove_app", errors=(403, 404)),
    Route(
        "transfer_app",
        "POST",
        f"{_APP}/transfer/{{new_owner}}",
        "Let another account or an organization own an app.",
        _one("App", "The app as it is now."),
        right="transfer_app",
        errors=(403, 404, 409),
    ),
    Route(
        "get_people",
        "GET",
        f"{_APP}/users",
        "List who works on an app.",
        _many("User", "Everyone."),
        right="view_collaborators",
        errors=(404,),
    ),
    Route(
        "change_permission",
        "PATCH",
        f"{_APP}/users/{{email}}",
        "Change the permissions of a user in an app.",
        _DONE,
        right="change_collaborator",
        body=_body("PermissionChange"),
        errors=(403, 404, 409),
    ),
    Route(
        "remove_person",
        "DELETE",
        f"{_APP}/users/{{email}}",
        "Let an account work on an app no longer; one's own is enough to leave.",
        _DONE,
        right="leave_app",
        errors=(403, 404, 409),
    ),
    Route(
        "get_invitations",
        "GET",
        f"{_APP}/invitations",
        "List who has yet to accept.",
        _NO_INVITATIONS,
        right="view_collaborators",
        errors=(404,),
    ),
    Route(
        "invite",
        "POST",
        f"{_APP}/invitations",
        "Let an account work on an app.",
        _DONE,
        right="add_collaborator",
        body=_body("InvitationCreation"),
        errors=(403, 404, 409),
    ),
    Route(
        "invite_by_address",
        "POST",
        f"{_APP}/invitations/{{email}}",
        "Let an account work on an app.",
        _DONE,
        right="add_collaborator",
        body=_body("RoleCreation", is_required=False),
        errors=(403, 404, 409),
    ),
    Route(
        "change_invitation",
        "PATCH",
        f"{_APP}/invitations/{{email}}",
        "Change the permissions of a user in an app.",
        _DONE,
        right="change_collaborator",
        body=_body("PermissionChange"),
        errors=(403, 404, 409),
    ),
    Route(
        "remove_invitation",
        "DELETE",
        f"{_APP}/invitations/{{email}}",
        "Let an account work on an app no longer.",
        _DONE,
        right="leave_app",
        errors=(403, 404, 409),
    ),
)

_ORGANIZATIONS: Final = (
    Route(
        "get_organizations",
        "GET",
        "/v0.1/orgs",
        "List the organizations that the account belongs to.",
        _many("Organization", "The organizations."),
    ),
    Route(
        "add_organization",
        "POST",
        "/v0.1/orgs",
        "Create an organization, of which the account is the first manager.",
        _one("Organization", "It was made.", 201),
        body=_body("OrganizationCreation"),
        errors=(409,),
    ),
    Route(
        "get_organization",
        "GET",
        _ORGANIZATION,
        "Show an organization.",
        _one("Organization", "The organization."),
        right="view",
        errors=(404,),
    ),
    Route(
        "change_organization",
        "PATCH",
        _ORGANIZATION,
        "Rename an organization.",
        _one("Organization", "The organization."),
        right="change",
        body=_body("OrganizationChange", is_required=False),
        errors=(403, 404, 409),
    ),
    Route(
        "remove_organization",
        "DELETE",
        _ORGANIZATION,
        "Remove an organization that owns no apps.",
        _DONE,
        right="remove",
        errors=(403, 404, 409),
    ),
    Route(
        "get_members",
        "GET",
        f"{_ORGANIZATION}/users",
        "List the members of an organization.",
        _many("Member", "The members."),
        right="view",
        errors=(404,),
    ),
    Route(
        "change_role",
        "PATCH",
        f"{_ORGANIZATION}/users/{{user}}",
        "Change what a member may do.",
        _one("Member", "The member."),
        right="manage_members",
        body=_body("RoleChange"),
        errors=(403, 404, 409),
    ),
    Route(
        "remove_member",
        "DELETE",
        f"{_ORGANIZATION}/users/{{user}}",
        "Let an account belong to an organization no longer; one's own is enough to leave.",
        _DONE,
        right="leave",
        errors=(403, 404, 409),
    ),
    Route(
        "get_invited_members",
        "GET",
        f"{_ORGANIZATION}/invitations",
        "List who has yet to accept.",
        _NO_INVITATIONS,
        right="view",
        errors=(404,),
    ),
    Route(
        "invite_member",
        "POST",
        f"{_ORGANIZATION}/invitations",
        "Let an account belong to an organization.",
        _DONE,
        right="manage_members",
        body=_body("InvitationCreation"),
        errors=(403, 404, 409),
    ),
    Route(
        "remove_invited_member",
        "DELETE",
        f"{_ORGANIZATION}/invitations",
        "Let an account belong to an organization no longer.",
        _DONE,
        right="leave",
        body=_body("InvitationChange"),
        errors=(403, 404, 409),
    ),
    Route(
        "invite_member_by_address",
        "POST",
        f"{_ORGANIZATION}/invitations/{{email}}",
        "Let an account belong to an organization.",
        _DONE,
        right="manage_members",
        body=_body("RoleCreation", is_required=False),
        errors=(403, 404, 409),
    ),
    Route(
        "remove_member_by_address",
        "DELETE",
        f"{_ORGANIZATION}/invitations/{{email}}",
        "Let an account belong to an organization no longer.",
        _DONE,
        right="leave",
        errors=(403, 404, 409),
    ),
)

_DEPLOYMENTS: Final = (
    Route(
        "get_deployments",
        "GET",
        f"{_APP}/deployments",
        "List the deployments of an app, by name.",
        _many("Deployment", "The deployments."),
        right="view_deployment",
        errors=(404,),
    ),
    Route(
        "add_deployment",
        "POST",
        f"{_APP}/deployments",
        "Create a deployment.",
        _one("Deployment", "It was made.", 201),
        right="add_deployment",
        body=_body("DeploymentCreation"),
        errors=(403, 404, 409),
    ),
    Route(
        "get_deployment",
        "GET",
        _DEPLOYMENT,
        "Show a deployment.",
        _one("Deployment", "The deployment."),
        right="view_deployment",
        errors=(404,),
    ),
    Route(
        "rename_deployment",
        "PATCH",
        _DEPLOYMENT,
        "Rename a deployment; its key stays.",
        _DONE,
        right="rename_deployment",
        body=_body("Renaming"),
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
        "get_releases",
        "GET",
        f"{_DEPLOYMENT}/releases",
        "List the releases of a deployment, oldest first.",
        _many("Release", "The releases."),
        right="view_deployment",
        errors=(404,),
    ),
    Route(
        "begin_upload",
        "POST",
        f"{_DEPLOYMENT}/uploads",
        "Begin to upload a file for a release.",
        _one("ReleaseUpload", "What the chunks are sent with, and the release is made of."),
        right="release",
        errors=(403, 404),
    ),
    Route(
        "add_release",
        "POST",
        f"{_DEPLOYMENT}/releases",
        "Release what was uploaded. Repeated with the same upload, it gives the same answer for a day.",
        _one("Release", "The release that was made.", 201),
        right="release",
        body=_body("ReleaseCreation"),
        errors=(403, 404, 409, 422),
        timeout_factor=_RELEASE_TIMEOUT,
    ),
    Route(
        "clear_releases",
        "DELETE",
        f"{_DEPLOYMENT}/releases",
        "Remove all releases and counters of a deployment; the next release is `v1` again.",
        _DONE,
        right="clear_history",
        errors=(403, 404),
    ),
    Route(
        "patch_release",
        "PATCH",
        f"{_DEPLOYMENT}/releases/{{label}}",
        "Update the settings of a release; the label `null` means the newest one.",
        (*_one("Release", "The changed release."), ResponseSpec(204, "Nothing to change.")),
        right="patch_release",
        body=_body("Change", is_required=False),
        errors=(403, 404, 409),
    ),
    Route(
        "promote",
        "POST",
        f"{_DEPLOYMENT}/promote_release/{{destination}}",
        "Release in another deployment what this one has.",
        _one("Release", "The release that was made."),
        right="promote",
        body=_body("PromotionChange", is_required=False),
        errors=(403, 404, 409),
    ),
    Route(
        "rollback",
        "POST",
        f"{_DEPLOYMENT}/rollback_release",
        "Re-release an earlier release: the one with this label, or the one before the newest.",
        _one("Release", "The release that was made.", 201),
        right="rollback",
        body=_body("RollbackChange", is_required=False),
        errors=(403, 404, 409),
    ),
    Route(
        "get_metrics",
        "GET",
        f"{_DEPLOYMENT}/metrics",
        "Show the metrics of a deployment.",
        _many("Metric", "Counters by label or binary version."),
        right="view_deployment",
        errors=(404,),
    ),
)

MANAGEMENT: Final = by_id(_ACCOUNT, _APPS, _ORGANIZATIONS, _DEPLOYMENTS)
"""The routes that need an access key, by id."""

UPLOADS: Final = by_id(
    (
        Route(
            "describe_upload",
            "POST",
            "/upload/set_metadata/{upload}",
            "Announce a file, and get the chunks in which to send it.",
            _one("UploadPlan", "The chunks; or an error to show to users, if the file is too large."),
            errors=(409,),
            parameters=(
                _query("file_name", {"type": "string", "maxLength": 1000}),
                _query("file_size", {"type": "integer", "minimum": 1}),
            ),
            security="upload_token",
        ),
        Route(
            "send_chunk",
            "POST",
            "/upload/upload_chunk/{upload}",
            "Send a chunk: bytes from `(block_number - 1) * chunk_size`, in any order, again if need be.",
            _one("UploadChunk", "The chunk is kept."),
            errors=(409,),
            body=BodySpec({"type": "string", "format": "binary"}, "application/octet-stream", is_required=False),
            parameters=(_query("block_number", {"type": "integer", "minimum": 1}),),
            timeout_factor=_CHUNK_TIMEOUT,
            security="upload_token",
        ),
        Route(
            "finish_upload",
            "POST",
            "/upload/finished/{upload}",
            "End an upload.",
            _one("UploadState", "What is missing, if not Done."),
            errors=(409,),
            security="upload_token",
        ),
        Route(
            "cancel_upload",
            "POST",
            "/upload/cancel/{upload}",
            "Give an upload up.",
            _one("UploadState", "It was given up."),
            security="upload_token",
        ),
        Route(
            "get_upload",
            "GET",
            "/upload/status/{upload}",
            "Show how far an upload is.",
            _one("UploadState", "How far it is."),
            security="upload_token",
        ),
        Route(
            "ask_upload",
            "POST",
            "/upload/status/{upload}",
            "Show how far an upload is.",
            _one("UploadState", "How far it is."),
            security="upload_token",
        ),
    )
)
"""The routes that need the token of an upload, by id."""

"""What can be asked in App Center's dialect: a line or a few for each route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from codepush.wire.openapi.operations import Answer, Body, Operation
from codepush.wire.openapi.schemas import Schema, reference

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["APPCENTER"]

_JSON: Final = "application/json"

_ANY_REFUSAL: Final = frozenset({401, 408, 429, 503})
_PATH_REFUSAL: Final = 400
_BODY_REFUSALS: Final = frozenset({400, 413})

_APP: Final = "/v0.1/apps/{owner}/{app}"
_ORGANIZATION: Final = "/v0.1/orgs/{org}"
_DEPLOYMENT: Final = f"{_APP}/deployments/{{deployment}}"

_DONE: Final = Answer(status=204, description="It is done.")
_ORDER: Final[Schema] = {
    "name": "$orderBy",
    "in": "query",
    "description": "By what to sort; by the time of creation when left out.",
    "schema": {"enum": ["display_name", "name"]},
}


def _one(name: str, description: str, status: int = 200) -> Answer:
    return Answer(status=status, description=description, media_type=_JSON, schema=reference(f"AppCenter{name}"))


def _many(name: str, description: str) -> Answer:
    schema = {"type": "array", "items": reference(f"AppCenter{name}")}
    return Answer(status=200, description=description, media_type=_JSON, schema=schema)


_NOBODY: Final = Answer(
    status=200,
    description="Nobody: who is invited belongs to it at once.",
    media_type=_JSON,
    schema={"type": "array", "maxItems": 0},
)


def _asked(
    operation_id: str,
    method: str,
    path: str,
    summary: str,
    *answers: Answer,
    body: str | None = None,
    is_body_required: bool = True,
    refusals: Iterable[int] = (),
    parameters: tuple[Schema, ...] = (),
) -> Operation:
    shared = _ANY_REFUSAL | ({_PATH_REFUSAL} if "{" in path else set()) | (_BODY_REFUSALS if body else set())
    return Operation(
        id=f"appcenter_{operation_id}",
        method=method,
        path=path,
        summary=summary,
        answers=answers,
        refusals=shared.union(refusals),
        parameters=parameters,
        body=None if body is None else Body(schema=reference(f"AppCenter{body}"), is_required=is_body_required),
        is_appcenter=True,
    )


_ACCOUNT: Final = (
    _asked("get_user", "GET", "/v0.1/user", "Show whose token it is.", _one("User", "The person.")),
    _asked(
        "get_tokens",
        "GET",
        "/v0.1/api_tokens",
        "List the account's access keys, but for sessions, oldest first.",
        _many("Token", "All of them, without their secrets."),
    ),
    _asked(
        "add_token",
        "POST",
        "/v0.1/api_tokens",
        "Create an access key.",
        _one("Token", "It was made; this is the only time that its secret is told.", 201),
        body="TokenCreation",
        is_body_required=False,
        refusals=[409],
    ),
    _asked("remove_token", "DELETE", "/v0.1/api_tokens/{token}", "Remove an access key.", _DONE, refusals=[404]),
)

_APPS: Final = (
    _asked(
        "get_apps",
        "GET",
        "/v0.1/apps",
        "List the apps that the account has a part in.",
        _many("App", "The apps."),
        parameters=(_ORDER,),
    ),
    _asked(
        "add_app",
        "POST",
        "/v0.1/apps",
        "Create an app without deployments.",
        _one("App", "It was made.", 201),
        body="AppCreation",
        refusals=[409],
    ),
    _asked(
        "get_apps_of_organization",
        "GET",
        f"{_ORGANIZATION}/apps",
        "List the apps of an organization.",
        _many("App", "The apps."),
        refusals=[404],
        parameters=(_ORDER,),
    ),
    _asked(
        "add_app_of_organization",
        "POST",
        f"{_ORGANIZATION}/apps",
        "Create an app of an organization, without deployments.",
        _one("App", "It was made.", 201),
        body="AppCreation",
        refusals=[403, 404, 409],
    ),
    _asked("get_app", "GET", _APP, "Show an app.", _one("App", "The app."), refusals=[404]),
    _asked(
        "rename_app",
        "PATCH",
        _APP,
        "Rename an app.",
        _one("App", "The app."),
        body="AppChange",
        is_body_required=False,
        refusals=[403, 404, 409],
    ),
    _asked("remove_app", "DELETE", _APP, "Remove an app with all it has.", _DONE, refusals=[403, 404]),
    _asked(
        "transfer_app",
        "POST",
        f"{_APP}/transfer/{{new_owner}}",
        "Let another account or an organization own an app.",
        _one("App", "The app as it is now."),
        refusals=[403, 404, 409],
    ),
    _asked(
        "get_people", "GET", f"{_APP}/users", "List who works on an app.", _many("User", "Everyone."), refusals=[404]
    ),
    _asked(
        "change_permission",
        "PATCH",
        f"{_APP}/users/{{email}}",
        "Change what somebody may do with an app.",
        _DONE,
        body="PermissionChange",
        refusals=[403, 404, 409],
    ),
    _asked(
        "remove_person",
        "DELETE",
        f"{_APP}/users/{{email}}",
        "Let an account work on an app no longer; one's own is enough to leave.",
        _DONE,
        refusals=[403, 404, 409],
    ),
    _asked("get_invitations", "GET", f"{_APP}/invitations", "List who has yet to accept.", _NOBODY, refusals=[404]),
    _asked(
        "invite",
        "POST",
        f"{_APP}/invitations",
        "Let an account work on an app.",
        _DONE,
        body="InvitationCreation",
        refusals=[403, 404, 409],
    ),
    _asked(
        "invite_by_address",
        "POST",
        f"{_APP}/invitations/{{email}}",
        "Let an account work on an app.",
        _DONE,
        body="RoleCreation",
        is_body_required=False,
        refusals=[403, 404, 409],
    ),
    _asked(
        "change_invitation",
        "PATCH",
        f"{_APP}/invitations/{{email}}",
        "Change what somebody may do with an app.",
        _DONE,
        body="PermissionChange",
        refusals=[403, 404, 409],
    ),
    _asked(
        "remove_invitation",
        "DELETE",
        f"{_APP}/invitations/{{email}}",
        "Let an account work on an app no longer.",
        _DONE,
        refusals=[403, 404, 409],
    ),
)

_ORGANIZATIONS: Final = (
    _asked(
        "get_organizations",
        "GET",
        "/v0.1/orgs",
        "List the organizations that the account belongs to.",
        _many("Organization", "The organizations."),
    ),
    _asked(
        "add_organization",
        "POST",
        "/v0.1/orgs",
        "Create an organization, of which the account is the first manager.",
        _one("Organization", "It was made.", 201),
        body="OrganizationCreation",
        refusals=[409],
    ),
    _asked(
        "get_organization",
        "GET",
        _ORGANIZATION,
        "Show an organization.",
        _one("Organization", "The organization."),
        refusals=[404],
    ),
    _asked(
        "change_organization",
        "PATCH",
        _ORGANIZATION,
        "Rename an organization.",
        _one("Organization", "The organization."),
        body="OrganizationChange",
        is_body_required=False,
        refusals=[403, 404, 409],
    ),
    _asked(
        "remove_organization",
        "DELETE",
        _ORGANIZATION,
        "Remove an organization that owns no apps.",
        _DONE,
        refusals=[403, 404, 409],
    ),
    _asked(
        "get_members",
        "GET",
        f"{_ORGANIZATION}/users",
        "List the members of an organization.",
        _many("Member", "The members."),
        refusals=[404],
    ),
    _asked(
        "change_role",
        "PATCH",
        f"{_ORGANIZATION}/users/{{user}}",
        "Change what a member may do.",
        _one("Member", "The member."),
        body="RoleChange",
        refusals=[403, 404, 409],
    ),
    _asked(
        "remove_member",
        "DELETE",
        f"{_ORGANIZATION}/users/{{user}}",
        "Let an account belong to an organization no longer; one's own is enough to leave.",
        _DONE,
        refusals=[403, 404, 409],
    ),
    _asked(
        "get_invited_members",
        "GET",
        f"{_ORGANIZATION}/invitations",
        "List who has yet to accept.",
        _NOBODY,
        refusals=[404],
    ),
    _asked(
        "invite_member",
        "POST",
        f"{_ORGANIZATION}/invitations",
        "Let an account belong to an organization.",
        _DONE,
        body="InvitationCreation",
        refusals=[403, 404, 409],
    ),
    _asked(
        "remove_invited_member",
        "DELETE",
        f"{_ORGANIZATION}/invitations",
        "Let an account belong to an organization no longer.",
        _DONE,
        body="InvitationChange",
        refusals=[403, 404, 409],
    ),
    _asked(
        "invite_member_by_address",
        "POST",
        f"{_ORGANIZATION}/invitations/{{email}}",
        "Let an account belong to an organization.",
        _DONE,
        body="RoleCreation",
        is_body_required=False,
        refusals=[403, 404, 409],
    ),
    _asked(
        "remove_member_by_address",
        "DELETE",
        f"{_ORGANIZATION}/invitations/{{email}}",
        "Let an account belong to an organization no longer.",
        _DONE,
        refusals=[403, 404, 409],
    ),
)

_DEPLOYMENTS: Final = (
    _asked(
        "get_deployments",
        "GET",
        f"{_APP}/deployments",
        "List the deployments of an app, by name.",
        _many("Deployment", "The deployments."),
        refusals=[404],
    ),
    _asked(
        "add_deployment",
        "POST",
        f"{_APP}/deployments",
        "Create a deployment.",
        _one("Deployment", "It was made.", 201),
        body="DeploymentCreation",
        refusals=[403, 404, 409],
    ),
    _asked(
        "get_deployment",
        "GET",
        _DEPLOYMENT,
        "Show a deployment.",
        _one("Deployment", "The deployment."),
        refusals=[404],
    ),
    _asked(
        "rename_deployment",
        "PATCH",
        _DEPLOYMENT,
        "Rename a deployment; its key stays.",
        _DONE,
        body="Renaming",
        refusals=[403, 404, 409],
    ),
    _asked(
        "remove_deployment",
        "DELETE",
        _DEPLOYMENT,
        "Remove a deployment with its releases.",
        _DONE,
        refusals=[403, 404],
    ),
    _asked(
        "get_releases",
        "GET",
        f"{_DEPLOYMENT}/releases",
        "List the releases of a deployment, oldest first.",
        _many("Release", "The releases."),
        refusals=[404],
    ),
    _asked(
        "begin_upload",
        "POST",
        f"{_DEPLOYMENT}/uploads",
        "Begin to upload a file for a release.",
        _one("ReleaseUpload", "What the chunks are sent with, and the release is made of."),
        refusals=[403, 404],
    ),
    _asked(
        "add_release",
        "POST",
        f"{_DEPLOYMENT}/releases",
        "Release what was uploaded. Repeated with the same upload, it gives the same answer for a day.",
        _one("Release", "The release that was made.", 201),
        body="ReleaseCreation",
        refusals=[403, 404, 409, 422],
    ),
    _asked(
        "clear_releases",
        "DELETE",
        f"{_DEPLOYMENT}/releases",
        "Remove all releases and counters of a deployment; the next release is `v1` again.",
        _DONE,
        refusals=[403, 404],
    ),
    _asked(
        "patch_release",
        "PATCH",
        f"{_DEPLOYMENT}/releases/{{label}}",
        "Change what is said about a release; the label `null` means the newest one.",
        _one("Release", "The changed release."),
        Answer(status=204, description="Nothing to change."),
        body="Change",
        is_body_required=False,
        refusals=[403, 404, 409],
    ),
    _asked(
        "promote",
        "POST",
        f"{_DEPLOYMENT}/promote_release/{{destination}}",
        "Release in another deployment what this one has.",
        _one("Release", "The release that was made."),
        body="PromotionChange",
        is_body_required=False,
        refusals=[403, 404, 409],
    ),
    _asked(
        "rollback",
        "POST",
        f"{_DEPLOYMENT}/rollback_release",
        "Release an older release once more: the one with this label, or the one before the newest.",
        _one("Release", "The release that was made.", 201),
        body="RollbackChange",
        is_body_required=False,
        refusals=[403, 404, 409],
    ),
    _asked(
        "get_metrics",
        "GET",
        f"{_DEPLOYMENT}/metrics",
        "Show what phones have reported.",
        _many("Metric", "Counters by label or binary version."),
        refusals=[404],
    ),
)


def _sent(name: str, path: str, summary: str, *answers: Answer, **options: Any) -> Operation:  # noqa: ANN401 - passed on
    """Return an operation of uploads, which are asked for with a token of their own."""
    asked = _asked(name, options.pop("method", "POST"), f"/upload/{path}/{{upload}}", summary, *answers, **options)
    return replace(asked, scheme="upload_token")


def _query(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "required": True, "schema": schema}


_UPLOADS: Final = (
    _sent(
        "describe_upload",
        "set_metadata",
        "Tell what is going to arrive, and learn in what chunks to send it.",
        _one("UploadPlan", "The chunks; or an error that people are shown, if the file is too large."),
        refusals=[409],
        parameters=(
            _query("file_name", {"type": "string", "maxLength": 1000}),
            _query("file_size", {"type": "integer", "minimum": 1}),
        ),
    ),
    replace(
        _sent(
            "send_chunk",
            "upload_chunk",
            "Send a chunk: bytes from `(block_number - 1) * chunk_size`, in any order, again if need be.",
            _one("UploadChunk", "The chunk is kept."),
            refusals=[409, 413],
            parameters=(_query("block_number", {"type": "integer", "minimum": 1}),),
        ),
        body=Body(
            schema={"type": "string", "format": "binary"}, media_type="application/octet-stream", is_required=False
        ),
    ),
    _sent(
        "finish_upload",
        "finished",
        "End an upload.",
        _one("UploadState", "What is missing, if not Done."),
        refusals=[409],
    ),
    _sent("cancel_upload", "cancel", "Give an upload up.", _one("UploadState", "It was given up.")),
    _sent("get_upload", "status", "Show how far an upload is.", _one("UploadState", "How far it is."), method="GET"),
    _sent("ask_upload", "status", "Show how far an upload is.", _one("UploadState", "How far it is.")),
)

APPCENTER: Final = (*_ACCOUNT, *_APPS, *_ORGANIZATIONS, *_DEPLOYMENTS, *_UPLOADS)
"""Every operation."""

"""The objects of App Center's dialect as JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from codepush.models import ReleaseMethod, ReleaseOptions
from codepush.wire.appcenter import shapes
from codepush.wire.jsonschema import MOMENT, Schema, object_of, wrapped
from codepush.wire.openapi.schemas import (
    BYTES,
    COUNT,
    FLAG,
    HASH,
    KEY,
    LABEL,
    NAME,
    ROLLOUT,
    SHORT,
    TARGET,
    TEXT,
    Described,
    described,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["appcenter_schemas"]

_ID: Final[Schema] = {"type": "string", "format": "uuid"}
_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_EMAIL: Final[Schema] = {"type": "string", "maxLength": 254, "examples": ["ada@example.com"]}
_SLUG: Final[Schema] = {"type": "string", "pattern": "^[0-9A-Za-z_-][0-9A-Za-z._-]{0,99}$"}
_PART: Final[Schema] = {"enum": ["manager", "developer", "viewer"]}
_PARTS: Final[Schema] = {"type": "array", "items": _PART, "minItems": 1, "maxItems": 1}
_ROLE: Final[Schema] = {"enum": ["admin", "collaborator", "member"]}
_EITHER: Final[Schema] = {"enum": [*_ROLE["enum"], *_PART["enum"]]}
_OPTIONS: Final[Mapping[str, Schema]] = {
    "description": TEXT | {"maxLength": 10_000},
    "is_disabled": FLAG,
    "is_mandatory": FLAG,
    "rollout": ROLLOUT,
}
_TOKEN: Final[Schema] = {"type": "string", "pattern": "^[0-9A-Za-z_-]{43}$"}
_CHUNKS: Final[Schema] = {"type": "array", "items": {"type": "integer", "minimum": 1}}
_IDENTIFIED: Final = {"id": _ID, "created_at": _TIME}

_OBJECTS: Final[Mapping[str, Described]] = {
    "AppCenterUser": Described(
        shape=shapes.UserShape,
        description="A user. `name` is that of URLs; collaborators of an app have `permissions`.",
        fields={"id": _ID, "permissions": _PARTS},
    ),
    "AppCenterToken": Described(
        shape=shapes.TokenShape,
        description="An access key. `api_token` is its secret, which is returned once.",
        fields={**_IDENTIFIED, "expires_at": _TIME, "scope": {"const": ["all"]}},
    ),
    "AppCenterOwner": Described(
        shape=shapes.OwnerShape,
        description="A user or an organization that owns apps. `name` is the one in URLs.",
        fields={"id": _ID, "type": {"enum": ["user", "org"]}},
    ),
    "AppCenterApp": Described(
        shape=shapes.AppShape,
        description="An app. `name` is the one in URLs. `os` and `platform` are `Custom` by default.",
        fields={**_IDENTIFIED, "member_permissions": _PARTS},
    ),
    "AppCenterOrganization": Described(
        shape=shapes.OrganizationShape,
        description="An organization. `name` is the one in addresses, in lower case.",
        fields=_IDENTIFIED,
    ),
    "AppCenterMember": Described(
        shape=shapes.MemberShape,
        description="A member of an organization. `name` is the one in addresses.",
        fields={"role": _ROLE},
    ),
    "AppCenterDiff": Described(
        shape=shapes.DiffShape,
        description="A smaller download for devices that run one particular older package.",
        fields={"size": BYTES},
    ),
    "AppCenterRelease": Described(
        shape=shapes.ReleaseShape,
        description="A release. A complete rollout has no `rollout`; the response to a change has 100.",
        always=("upload_time", "release_method", "released_by"),
        fields={
            "target_binary_range": TARGET,
            "package_hash": HASH,
            "label": LABEL,
            "original_label": LABEL,
            "rollout": ROLLOUT,
            "size": BYTES,
            "upload_time": MOMENT,
            "release_method": {"enum": list(get_args(ReleaseMethod))},
        },
    ),
    "AppCenterDeployment": Described(
        shape=shapes.DeploymentShape,
        description="A deployment; `latest_release` is its newest release, if it has one.",
        fields={"key": KEY},
    ),
    "AppCenterReleaseUpload": Described(
        shape=shapes.ReleaseUploadShape,
        description="An upload: where its chunks are sent, and the token that has to be sent with them.",
        fields={"id": _ID, "token": _TOKEN, "upload_domain": {"type": "string", "format": "uri"}},
    ),
    "AppCenterMetric": Described(
        shape=shapes.MetricShape,
        description="The counters of a label, or of a binary version, which has `active` only.",
        fields=dict.fromkeys(("active", "downloaded", "failed", "installed"), COUNT),
    ),
}


def appcenter_schemas() -> dict[str, Schema]:
    """Return the schema of every object by its name."""
    return described(_OBJECTS) | _requests() | _uploads() | {"AppCenterError": _error()}


def _uploads() -> dict[str, Schema]:
    """Return the schemas of responses during an upload."""
    plan = {
        "id": _ID,
        "chunk_size": {"type": "integer", "minimum": 1},
        "chunk_list": _CHUNKS,
        "blob_partitions": {"const": 1},
        "resume_restart": {"const": False},
        "message": TEXT,
    }
    state = {
        "id": _ID,
        "state": {"enum": ["New", "Uploading", "Done", "Cancelled"]},
        "chunk_size": {"type": "integer", "minimum": 0},
        "missing_chunks": _CHUNKS,
        "message": TEXT,
    }
    return {
        "AppCenterUploadPlan": object_of({"error": {"type": "boolean"}, **plan}, required=["error"]),
        "AppCenterUploadChunk": wrapped(error={"const": False}, chunk_num={"type": "integer", "minimum": 1}),
        "AppCenterUploadState": object_of({"error": {"const": False}, **state}, required=["error", "state"]),
    }


def _error() -> Schema:
    """Return the schema of an error, which combines both forms of the service."""
    code: Schema = {"type": "string", "examples": ["NotFound"]}
    inner = wrapped(code=code, message=TEXT)
    return wrapped(code=code, message=TEXT, statusCode={"type": "integer"}, error=inner)


def _requests() -> dict[str, Schema]:
    """Return the bodies of requests. Other fields are ignored, and null counts as missing."""
    change = {name: _OPTIONS.get(name, TEXT) for name in ReleaseOptions.__struct_fields__}
    return {
        "AppCenterTokenCreation": object_of(
            {
                "description": {"type": "string", "minLength": 1, "maxLength": 10_000, "pattern": r"\S"},
                "scope": {"const": ["all"], "description": "Tokens that can only read are not offered."},
                "ttl": {"type": "integer", "minimum": 1, "default": 5_184_000_000, "description": "Milliseconds."},
            }
        ),
        "AppCenterAppCreation": object_of(
            {
                "display_name": NAME | {"description": "The display name, and the one in URLs if there is no `name`."},
                "name": NAME,
                "os": SHORT,
                "platform": SHORT,
            },
            required=["display_name"],
        ),
        "AppCenterAppChange": object_of({"name": NAME, "display_name": SHORT}),
        "AppCenterPermissionChange": object_of({"permissions": _PARTS}, required=["permissions"]),
        "AppCenterInvitationCreation": object_of({"user_email": _EMAIL, "role": _EITHER}, required=["user_email"]),
        "AppCenterInvitationChange": object_of({"user_email": _EMAIL}, required=["user_email"]),
        "AppCenterRoleCreation": object_of({"role": _EITHER}),
        "AppCenterRoleChange": object_of({"role": _EITHER}, required=["role"]),
        "AppCenterOrganizationCreation": object_of({"display_name": SHORT, "name": _SLUG}, required=["name"]),
        "AppCenterOrganizationChange": object_of({"display_name": SHORT, "name": _SLUG}),
        "AppCenterDeploymentCreation": object_of({"name": NAME, "key": KEY}, required=["name"]),
        "AppCenterRenaming": object_of({"name": NAME}, required=["name"]),
        "AppCenterReleaseCreation": object_of(
            {
                "release_upload": object_of({"id": _ID, "token": _TOKEN}, required=["id", "token"]),
                "target_binary_version": TARGET,
                **{name.removeprefix("is_"): schema for name, schema in change.items()},
            },
            required=["release_upload", "target_binary_version"],
        ),
        "AppCenterChange": object_of({"target_binary_range": TARGET, **change}),
        "AppCenterPromotionChange": object_of({"target_binary_range": TARGET, "label": LABEL, **change}),
        "AppCenterRollbackChange": object_of({"label": LABEL}),
    }

"""The OpenAPI 3.1 document, put together from the operations and the schemas."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from codepush.wire.messages import PROBLEM_TYPE
from codepush.wire.openapi.appcenter import APPCENTER
from codepush.wire.openapi.appcenter_schemas import appcenter_schemas
from codepush.wire.openapi.operations import OPERATIONS
from codepush.wire.openapi.schemas import Schema, reference, schemas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codepush.wire.openapi.operations import Answer, Body, Operation

__all__ = ["document"]

_ABOUT: Final = """\
How apps, deployments and releases are managed, and what phones ask.

Letter case and a trailing slash of paths do not matter. The access key can also be sent as `X-API-Token: KEY` or
as `?access_token=KEY`; send it once only. Errors are plain text, or a problem document for clients whose `Accept`
names `application/problem+json`; phones always get text.

Below `/v0.1` (but not `/v0.1/legacy` and `/v0.1/public`) the server speaks App Center's dialect: errors are JSON there,
or plain text for `appcenter-cli`.
"""

_OPERATIONS: Final = {**OPERATIONS, "App Center": APPCENTER}

_PATH_PARAMETERS: Final[Mapping[str, str]] = {
    "access_key": "What the access key is called.",
    "app": "The name of the app, if need be as `owner:name`; `~~` stands for a slash.",
    "blob_id": "The last part of a download address.",
    "deployment": "The name of the deployment.",
    "destination": "The name of the deployment that gets the release.",
    "email": "The e-mail address of an account, in any letter case.",
    "label": "The label of the release, such as `v1`.",
    "new_owner": "The e-mail address of an account, or the name in addresses of an account or organization.",
    "org": "The name of the organization in addresses, in any letter case.",
    "owner": "The name in addresses of the account or organization that owns the app, or an e-mail address.",
    "token": "The `id` of the access key.",
    "upload": "The id of the upload.",
    "user": "The name of the account in addresses, or its e-mail address.",
    "machine": "The machine, as `createdBy` tells it.",
}

_REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Invalid", "The request itself is wrong; the text says what to send instead."),
    401: ("Unauthorized", "The access key is missing, unknown or has expired."),
    403: ("Forbidden", "Only who has a greater part in the app or organization may do this."),
    404: ("NotFound", "It does not exist, or the account may not know that it does."),
    408: ("TookTooLong", "The request took too long and was given up."),
    409: ("Conflict", "The state of the server forbids it: a name is taken, for instance, or a rollout is unfinished."),
    422: ("Unprocessable", "The idempotency key or the upload was used for a release with other content."),
    413: ("TooLarge", "The body is larger than the server takes."),
    429: ("RateLimited", "Too many requests came from this address, or with this key."),
    503: ("Unavailable", "The storage cannot be reached right now. Nothing was changed."),
}
"""What errors are called here, and what they mean."""

_INVALID_FIELDS: Final = "InvalidFields"
"""What a 400 is called that lists the wrong fields in JSON."""

_APPCENTER: Final = "AppCenter"
"""What the names of refusals in App Center's dialect begin with."""

_HEADERS: Final[Mapping[str, Schema]] = {
    "Content-Length": {"type": "integer", "minimum": 0},
    "ETag": {"type": "string"},
    "Location": {"type": "string", "description": "The path of what was made, percent-encoded."},
    "Retry-After": {"type": "integer", "minimum": 1, "description": "For how many seconds to wait."},
    "X-Request-Id": {"type": "string", "description": "What the request is called in the server's log."},
}


def document(version: str) -> dict[str, Any]:
    """Return the document; it needs nothing but to be written as JSON.

    Args:
        version: the version of this distribution.

    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "codepush",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [
            {"url": "/"},
            {"url": "/v0.1/legacy", "description": "The alias that App Center kept for older tools."},
        ],
        "tags": [{"name": tag} for tag in _OPERATIONS],
        "paths": _paths(),
        "components": {
            "schemas": schemas() | appcenter_schemas(),
            "responses": _refusals(),
            "headers": {name: {"required": True, "schema": schema} for name, schema in _HEADERS.items()},
            "securitySchemes": {
                "access_key": {"type": "http", "scheme": "bearer", "description": "An access key."},
                "upload_token": {
                    "type": "apiKey",
                    "in": "query",
                    "name": "token",
                    "description": "The token of one upload.",
                },
            },
        },
    }


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for tag, operations in _OPERATIONS.items():
        for operation in operations:
            paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, tag)
    return paths


def _operation(operation: Operation, tag: str) -> dict[str, Any]:
    parameters = [*_path_parameters(operation.path), *operation.parameters]
    return {
        "operationId": operation.id,
        "tags": [tag],
        "summary": operation.summary,
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": _body(operation.body)} if operation.body else {}),
        "responses": _responses(operation),
        "security": [] if operation.is_public else [{operation.scheme: []}],
    }


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PATH_PARAMETERS[name],
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _body(body: Body) -> dict[str, Any]:
    return {"required": body.is_required, "content": {body.media_type: {"schema": body.schema}}}


def _responses(operation: Operation) -> dict[str, Any]:
    answers = {str(answer.status): _answer(answer) for answer in operation.answers}
    dialect = _APPCENTER if operation.is_appcenter else ""
    names = {str(status): dialect + _REFUSALS[status][0] for status in sorted(operation.refusals)}
    if operation.lists_fields:
        names[str(HTTPStatus.BAD_REQUEST.value)] = _INVALID_FIELDS
    return answers | {status: {"$ref": f"#/components/responses/{name}"} for status, name in names.items()}


def _answer(answer: Answer) -> dict[str, Any]:
    content = {answer.media_type: {"schema": answer.schema} if answer.schema else {}} if answer.media_type else {}
    return {
        "description": answer.description,
        "headers": _headers(*answer.headers),
        **({"content": content} if content else {}),
    }


def _refusals() -> dict[str, Any]:
    refusals = {name: _refusal(description) for name, description in _REFUSALS.values()}
    for name, description in _REFUSALS.values():
        refusals[_APPCENTER + name] = _refusal(description)
        refusals[_APPCENTER + name]["content"]["application/json"] = {"schema": reference("AppCenterError")}
    rate_limited, _ = _REFUSALS[HTTPStatus.TOO_MANY_REQUESTS]
    for name in (rate_limited, _APPCENTER + rate_limited):
        refusals[name]["headers"] |= _headers("Retry-After")
    invalid_fields = _refusal("The request itself is wrong; in JSON, all fields that are.")
    invalid_fields["content"]["application/json"] = {"schema": reference("FieldErrors")}
    return refusals | {_INVALID_FIELDS: invalid_fields}


def _refusal(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": _headers("X-Request-Id"),
        "content": {
            "text/plain": {"schema": {"type": "string"}},
            PROBLEM_TYPE: {"schema": reference("Problem")},
        },
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}

"""The OpenAPI 3.1 document, derived from the tables of routes and the schemas."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from codepush.wire.appcenter.routes import MANAGEMENT, UPLOADS
from codepush.wire.jsonschema import Schema, reference
from codepush.wire.messages import PROBLEM_TYPE
from codepush.wire.openapi.appcenter_schemas import appcenter_schemas
from codepush.wire.openapi.devices import DEVICES
from codepush.wire.openapi.schemas import schemas
from codepush.wire.public import PUBLIC
from codepush.wire.standalone import routes as standalone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codepush.wire.routes import BodySpec, ResponseSpec, Route

__all__ = ["document"]

_ABOUT: Final = """\
Management of apps, deployments and releases, and the update checks and status reports of devices.

Letter case and a trailing slash of paths do not matter. The access key can also be sent as `X-API-Token: KEY` or
as `?access_token=KEY`; send it once only. Errors are plain text, or a problem document for clients whose `Accept`
names `application/problem+json`; devices always get text.

Below `/v0.1` (but not `/v0.1/legacy` and `/v0.1/public`) the server uses App Center's dialect: errors are JSON there,
or plain text for `appcenter-cli`.
"""

_TAGS: Final[Mapping[str, Iterable[Route]]] = {
    "Account": standalone.ACCOUNT,
    "Apps": standalone.APPS,
    "Deployments": standalone.DEPLOYMENTS,
    "Releases": standalone.RELEASES,
    "Rollouts": standalone.ROLLOUTS,
    "Devices": DEVICES.values(),
    "Server": PUBLIC.values(),
    "App Center": (*MANAGEMENT.values(), *UPLOADS.values()),
}
"""The routes by the tag under which they are listed."""

_PATH_PARAMETERS: Final[Mapping[str, str]] = {
    "access_key": "What the access key is called.",
    "app": "The name of the app, or `owner:name` if it is ambiguous; `~~` stands for a slash.",
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
    "machine": "The machine, as in `createdBy`.",
}

_REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Invalid", "The request is invalid; the message describes what to send instead."),
    401: ("Unauthorized", "The access key is missing, unknown or has expired."),
    403: ("Forbidden", "Only who has a greater part in the app or organization may do this."),
    404: ("NotFound", "It does not exist, or the account has no access to it."),
    408: ("TookTooLong", "The request took too long and was given up."),
    409: ("Conflict", "The state of the server forbids it: a name is taken, for instance, or a rollout is unfinished."),
    422: ("Unprocessable", "The idempotency key or the upload was used for a release with other content."),
    413: ("TooLarge", "The body is larger than the server takes."),
    429: ("RateLimited", "Too many requests came from this address, or with this key."),
    503: ("Unavailable", "The storage cannot be reached right now. Nothing was changed."),
}
"""Names and descriptions of errors, by status."""

_ANY_ERROR: Final = (401, 408, 429, 503)
"""Statuses of errors of every route that needs a credential."""

_PATH_ERRORS: Final = (400,)
_BODY_ERRORS: Final = (400, 413)

_INVALID_FIELDS: Final = "InvalidFields"
"""Name of a 400 that lists the invalid fields in JSON."""

_APPCENTER: Final = "AppCenter"
"""Prefix of the names of errors in App Center's dialect."""

_HEADERS: Final[Mapping[str, Schema]] = {
    "Content-Length": {"type": "integer", "minimum": 0},
    "ETag": {"type": "string"},
    "Location": {"type": "string", "description": "The path of what was made, percent-encoded."},
    "Retry-After": {"type": "integer", "minimum": 1, "description": "For how many seconds to wait."},
    "X-Request-Id": {"type": "string", "description": "What the request is called in the server's log."},
}


def document(version: str) -> dict[str, Any]:
    """Return the document, ready for JSON.

    Args:
        version: The version of this distribution.

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
        "tags": [{"name": tag} for tag in _TAGS],
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
    for tag, routes in _TAGS.items():
        for route in routes:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, tag)
    return paths


def _operation(route: Route, tag: str) -> dict[str, Any]:
    is_appcenter = tag == "App Center"
    parameters = [*_path_parameters(route.path), *route.parameters]
    return {
        "operationId": f"appcenter_{route.id}" if is_appcenter else route.id,
        "tags": [tag],
        "summary": route.summary,
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": _body(route.body)} if route.body else {}),
        "responses": _responses(route, _APPCENTER if is_appcenter else ""),
        "security": [{route.security: []}] if route.security else [],
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


def _body(body: BodySpec) -> dict[str, Any]:
    return {"required": body.is_required, "content": {body.media_type: {"schema": body.schema}}}


def _responses(route: Route, dialect: str) -> dict[str, Any]:
    responses = {str(response.status): _response(response) for response in route.responses}
    names = {str(status): dialect + _REFUSALS[status][0] for status in sorted(_errors(route))}
    if route.lists_fields:
        names[str(HTTPStatus.BAD_REQUEST.value)] = _INVALID_FIELDS
    return responses | {status: {"$ref": f"#/components/responses/{name}"} for status, name in names.items()}


def _errors(route: Route) -> set[int]:
    """Return the statuses of errors of a route: its own, and those of all routes that need a credential."""
    if route.security is None:
        return set(route.errors)
    return {
        *_ANY_ERROR,
        *(_PATH_ERRORS if "{" in route.path else ()),
        *(_BODY_ERRORS if route.body else ()),
        *route.errors,
    }


def _response(response: ResponseSpec) -> dict[str, Any]:
    content = {response.media_type: {"schema": response.schema} if response.schema else {}}
    return {
        "description": response.description,
        "headers": _headers(*response.headers),
        **({"content": content} if response.media_type else {}),
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

"""What can be asked of the server: a line or a few for each route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from codepush.wire.acquisition import ACCEPTED_TEXT, DEPLOY_REPORT_PATHS, DOWNLOAD_REPORT_PATHS, UPDATE_CHECK_PATHS
from codepush.wire.openapi.schemas import CHECK, CHECK_NEEDS, MOMENT, Schema, reference, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["OPERATIONS", "Answer", "Body", "Operation"]

_JSON: Final = "application/json"
_TEXT: Final = "text/plain"

_APP: Final = "/apps/{app}"
_COLLABORATOR: Final = f"{_APP}/collaborators/{{email}}"
_DEPLOYMENT: Final = f"{_APP}/deployments/{{deployment}}"
_ACCESS_KEY: Final = "/accessKeys/{access_key}"

_ALIAS: Final = "/v0.1/legacy"
"""Everything is found below this too; the document says so once, where it names the servers."""

_ANY_REFUSAL: Final = frozenset({401, 408, 429, 503})
"""How each request that needs an access key can be refused."""

_PATH_REFUSAL: Final = 400
_BODY_REFUSALS: Final = frozenset({400, 413})


class Answer(Struct, frozen=True, kw_only=True):
    """An answer: its body, unless it has none, is of a media type and a schema; some headers are always there."""

    status: int
    description: str
    media_type: str | None = None
    schema: Schema = {}
    headers: tuple[str, ...] = ("X-Request-Id",)


class Body(Struct, frozen=True, kw_only=True):
    """The body of a request."""

    schema: Schema
    media_type: str = _JSON
    is_required: bool = True


class Operation(Struct, frozen=True, kw_only=True):
    """Something that can be asked.

    ``id`` is the name of the SDK's method, where it has one. ``refusals`` are the statuses of the
    errors that tell either kind of client what is wrong; ``answers`` are all others. ``parameters`` are
    those that do not stand in the path. ``lists_fields``: a wrong body is answered with a list in JSON.
    ``scheme`` tells
    what has to be shown, unless the operation ``is_public``. ``is_appcenter``: it is asked in App Center's dialect,
    and refused in that.
    """

    id: str
    method: str
    path: str
    summary: str
    answers: tuple[Answer, ...]
    refusals: frozenset[int] = frozenset()
    parameters: tuple[Schema, ...] = ()
    body: Body | None = None
    lists_fields: bool = False
    is_public: bool = False
    scheme: Literal["access_key", "upload_token"] = "access_key"
    is_appcenter: bool = False


def _json(description: str, schema: Schema, status: int = 200, *, headers: Iterable[str] = ()) -> Answer:
    return Answer(
        status=status, description=description, media_type=_JSON, schema=schema, headers=("X-Request-Id", *headers)
    )


def _text(description: str, status: int = 200, *, words: str | None = None) -> Answer:
    schema: Schema = {"type": "string"} if words is None else {"const": words}
    return Answer(status=status, description=description, media_type=_TEXT, schema=schema)


def _made(key: str, name: str) -> Answer:
    return _json("It was made.", wrapped(**{key: reference(name)}), 201, headers=["Location"])


def _managed(
    operation_id: str,
    method: str,
    path: str,
    summary: str,
    *answers: Answer,
    refusals: Iterable[int] = (),
    body: Body | None = None,
    parameters: tuple[Schema, ...] = (),
    lists_fields: bool = False,
) -> Operation:
    """Return an operation that needs an access key, with the refusals that it shares with others of its kind."""
    shared = _ANY_REFUSAL | ({_PATH_REFUSAL} if "{" in path else set()) | (_BODY_REFUSALS if body else set())
    return Operation(
        id=operation_id,
        method=method,
        path=path,
        summary=summary,
        answers=answers,
        refusals=shared.union(refusals),
        parameters=parameters,
        body=body,
        lists_fields=lists_fields,
    )


def _list_of(name: str) -> Schema:
    return {"type": "array", "items": reference(name)}


def _map_of(name: str) -> Schema:
    return {"type": "object", "additionalProperties": reference(name)}


def _time(name: str, description: str) -> Schema:
    """Return a parameter of the query."""
    return {"name": name, "in": "query", "description": description, "schema": MOMENT}


def _body(name: str, *, is_required: bool = True) -> Body:
    return Body(schema=reference(name), is_required=is_required)


_DONE: Final = Answer(status=204, description="It is done.")
_CREATED: Final = _text("It is done.", 201, words="Created")
_RELEASED: Final = _made("package", "Package")
_ACCESS_KEY_SHOWN: Final = _json("The access key, without its secret.", wrapped(accessKey=reference("AccessKey")))
_APP_SHOWN: Final = _json("The app.", wrapped(app=reference("App")))
_DEPLOYMENT_SHOWN: Final = _json("The deployment.", wrapped(deployment=reference("Deployment")))
_REPEATABLE: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "What tells this request from all others, such as a random UUID. If it is sent again within 24 "
    "hours with the same content, nothing is done and the answer is the first one's. With other content it is a 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

_ACCOUNT: Final = (
    _managed(
        "is_authenticated",
        "GET",
        "/authenticated",
        "Ask whether the access key is good.",
        _json("It is.", wrapped(authenticated={"const": True})),
    ),
    _managed(
        "get_account_info",
        "GET",
        "/account",
        "Show whose access key it is.",
        _json("The account.", wrapped(account=reference("Account"))),
    ),
    _managed(
        "get_access_keys",
        "GET",
        "/accessKeys",
        "List the account's access keys and sessions, expired ones too, oldest first.",
        _json("All of them, their secrets hidden.", wrapped(accessKeys=_list_of("AccessKey"))),
    ),
    _managed(
        "add_access_key",
        "POST",
        "/accessKeys",
        "Create an access key.",
        _made("accessKey", "AccessKey"),
        body=_body("AccessKeyCreation"),
        lists_fields=True,
        refusals=[409],
    ),
    _managed("get_access_key", "GET", _ACCESS_KEY, "Show an access key.", _ACCESS_KEY_SHOWN, refusals=[404]),
    _managed(
        "patch_access_key",
        "PATCH",
        _ACCESS_KEY,
        "Rename an access key, or change when it expires.",
        _ACCESS_KEY_SHOWN,
        body=_body("AccessKeyChange"),
        lists_fields=True,
        refusals=[404, 409],
    ),
    _managed("remove_access_key", "DELETE", _ACCESS_KEY, "Remove an access key.", _DONE, refusals=[404]),
    _managed(
        "remove_session",
        "DELETE",
        "/sessions/{machine}",
        "Log a machine out: remove all sessions that were made for it.",
        _DONE,
        refusals=[404],
    ),
)

_APPS: Final = (
    _managed(
        "get_apps",
        "GET",
        "/apps",
        "List the apps that the account owns or works on, by name.",
        _json("The apps.", wrapped(apps=_list_of("App"))),
    ),
    _managed(
        "add_app",
        "POST",
        "/apps",
        "Create an app.",
        _made("app", "NewApp"),
        body=_body("AppCreation"),
        refusals=[403, 404, 409],
    ),
    _managed("get_app", "GET", _APP, "Show an app.", _APP_SHOWN, refusals=[404]),
    _managed(
        "rename_app",
        "PATCH",
        _APP,
        "Rename an app.",
        _APP_SHOWN,
        body=_body("Renaming"),
        refusals=[403, 404, 409],
    ),
    _managed("remove_app", "DELETE", _APP, "Remove an app with all it has.", _DONE, refusals=[403, 404]),
    _managed(
        "transfer_app",
        "POST",
        f"{_APP}/transfer/{{email}}",
        "Let another account own an app; the caller works on it from then on.",
        _CREATED,
        refusals=[403, 404, 409],
    ),
    _managed(
        "get_collaborators",
        "GET",
        f"{_APP}/collaborators",
        "List who works on an app.",
        _json("Everyone's part, by e-mail address.", wrapped(collaborators=_map_of("Collaborator"))),
        refusals=[404],
    ),
    _managed(
        "add_collaborator",
        "POST",
        _COLLABORATOR,
        "Let an account work on an app.",
        _CREATED,
        refusals=[403, 404, 409],
    ),
    _managed(
        "remove_collaborator",
        "DELETE",
        _COLLABORATOR,
        "Let an account work on an app no longer; one's own is enough to leave.",
        _DONE,
        refusals=[403, 404, 409],
    ),
)

_DEPLOYMENTS: Final = (
    _managed(
        "get_deployments",
        "GET",
        f"{_APP}/deployments",
        "List the deployments of an app, by name.",
        _json("The deployments.", wrapped(deployments=_list_of("Deployment"))),
        refusals=[404],
    ),
    _managed(
        "add_deployment",
        "POST",
        f"{_APP}/deployments",
        "Create a deployment.",
        _made("deployment", "Deployment"),
        body=_body("DeploymentCreation"),
        refusals=[403, 404, 409],
    ),
    _managed("get_deployment", "GET", _DEPLOYMENT, "Show a deployment.", _DEPLOYMENT_SHOWN, refusals=[404]),
    _managed(
        "rename_deployment",
        "PATCH",
        _DEPLOYMENT,
        "Rename a deployment; its key stays.",
        _DEPLOYMENT_SHOWN,
        body=_body("Renaming"),
        refusals=[403, 404, 409],
    ),
    _managed(
        "remove_deployment",
        "DELETE",
        _DEPLOYMENT,
        "Remove a deployment with its releases.",
        _DONE,
        refusals=[403, 404],
    ),
    _managed(
        "get_deployment_history",
        "GET",
        f"{_DEPLOYMENT}/history",
        "List the releases of a deployment, oldest first.",
        _json("The releases.", wrapped(history=_list_of("Package"))),
        refusals=[404],
    ),
    _managed(
        "clear_deployment_history",
        "DELETE",
        f"{_DEPLOYMENT}/history",
        "Remove all releases and counters of a deployment; the next release is `v1` again.",
        _DONE,
        refusals=[403, 404],
    ),
    _managed(
        "get_deployment_metrics",
        "GET",
        f"{_DEPLOYMENT}/metrics",
        "Show what phones have reported.",
        _json("Counters by label or binary version.", wrapped(metrics=_map_of("Counters"))),
        refusals=[404],
    ),
    _managed(
        "get_deployment_metrics_series",
        "GET",
        f"{_DEPLOYMENT}/metrics/series",
        "Show what phones have reported over time: the last seven days by the hour, what is older by the day.",
        _json(
            "Points in time by label or binary version, oldest first; those at which nothing changed are left out.",
            wrapped(series={"type": "object", "additionalProperties": _list_of("CountersPoint")}),
        ),
        parameters=(
            _time("since", "From when on; the whole day (UTC) is shown. By default seven days before the end."),
            _time("until", "Up to when, not included. By default now."),
        ),
        refusals=[400, 404],
    ),
)

_RELEASES: Final = (
    _managed(
        "release",
        "POST",
        f"{_DEPLOYMENT}/release",
        "Release a package.",
        _RELEASED,
        body=Body(schema=reference("Release"), media_type="multipart/form-data"),
        parameters=(_REPEATABLE,),
        refusals=[404, 409, 422],
    ),
    _managed(
        "patch_release",
        "PATCH",
        f"{_DEPLOYMENT}/release",
        "Change what is said about a release.",
        _json("The changed release.", wrapped(package=reference("Package"))),
        Answer(status=204, description="Nothing to change."),
        body=_body("Change"),
        refusals=[404, 409],
    ),
    _managed(
        "promote",
        "POST",
        f"{_DEPLOYMENT}/promote/{{destination}}",
        "Release in another deployment what this one has.",
        _RELEASED,
        body=_body("Change", is_required=False),
        parameters=(_REPEATABLE,),
        refusals=[404, 409, 422],
    ),
    _managed(
        "rollback",
        "POST",
        f"{_DEPLOYMENT}/rollback",
        "Release once more what was released before the newest release.",
        _RELEASED,
        parameters=(_REPEATABLE,),
        refusals=[404, 409, 422],
    ),
    _managed(
        "rollback_to_label",
        "POST",
        f"{_DEPLOYMENT}/rollback/{{label}}",
        "Release an older release once more.",
        _RELEASED,
        parameters=(_REPEATABLE,),
        refusals=[404, 409, 422],
    ),
)


def _phones() -> tuple[Operation, ...]:
    """Return what phones ask, on the paths of new SDKs and on those of old ones."""
    checks = {path: camel for path, camel in UPDATE_CHECK_PATHS.items() if not path.startswith(_ALIAS)}
    return (
        *(_check(path, camel=camel) for path, camel in checks.items()),
        *_reports("report_download", "DownloadReport", "Report that a package was downloaded.", DOWNLOAD_REPORT_PATHS),
        *_reports("report_deploy", "DeployReport", "Report what a phone runs, or could not run.", DEPLOY_REPORT_PATHS),
    )


def _check(path: str, *, camel: bool) -> Operation:
    key = "updateInfo" if camel else "update_info"
    return Operation(
        id="legacy_update_check" if camel else "update_check",
        method="GET",
        path=path,
        summary="Ask whether there is an update. Either spelling of the parameters is read.",
        answers=tuple(
            replace(answer, headers=())  # phones have no use for the name of a request
            for answer in (
                _json("What to do.", wrapped(**{key: reference("LegacyUpdate" if camel else "Update")})),
                _text("The deployment key or the version is missing or malformed.", 400),
                _text("No deployment has this key.", 404),
            )
        ),
        parameters=tuple(
            {"name": names[camel], "in": "query", "required": number < CHECK_NEEDS, "schema": schema}
            for number, (*names, schema) in enumerate(CHECK)
        ),
        is_public=True,
    )


def _reports(operation_id: str, schema: str, summary: str, paths: Iterable[str]) -> Iterable[Operation]:
    for path in paths:
        is_new = path.startswith("/v0.1/public")
        if not path.startswith(_ALIAS):
            yield Operation(
                id=operation_id if is_new else f"legacy_{operation_id}",
                method="POST",
                path=path,
                summary=f"{summary} Either spelling of the fields is read.",
                answers=(
                    _text("It was counted.", words=ACCEPTED_TEXT),
                    _text("Something is missing or malformed.", 400),
                    _text("The body is too large.", 413),
                    _text("The report could not be stored; send it again later.", 503),
                ),
                body=_body(schema if is_new else f"Legacy{schema}"),
                is_public=True,
            )


def _public(operation_id: str, path: str, summary: str, *answers: Answer) -> Operation:
    return Operation(id=operation_id, method="GET", path=path, summary=summary, answers=answers, is_public=True)


_PARTS: Final = wrapped(
    status={"enum": ["ready", "unavailable"]}, database={"type": "string"}, storage={"type": "string"}
)

_SERVER: Final = (
    _public("welcome", "/", "Ask whether this is the server.", _text("It is.")),
    _public("health", "/health", "Ask whether the server is alive.", _text("It is.", words="Healthy")),
    _public(
        "ready",
        "/ready",
        "Ask whether the server has what it needs.",
        _json("It has.", _PARTS),
        _json("It has not; the parts that fail say why.", _PARTS, 503),
    ),
    _public(
        "service_status",
        "/v0.1/public/codepush/status",
        "Ask whether the service is up.",
        _json("It is.", wrapped(code={"type": "string"}, message={"type": "string"})),
    ),
    _public("prometheus", "/metrics", "Show the numbers of the server, for Prometheus.", _text("The numbers.")),
    _public("openapi", "/openapi.json", "Show this document.", _json("The document.", {"type": "object"})),
    _public(
        "download",
        "/blobs/{blob_id}",
        "Download an archive. It never changes; parts can be asked for by `Range`.",
        Answer(
            status=200,
            description="The archive.",
            media_type="application/octet-stream",
            headers=("X-Request-Id", "Content-Length", "ETag"),
        ),
        Answer(
            status=206,
            description="The part that was asked for.",
            media_type="application/octet-stream",
            headers=("X-Request-Id", "Content-Length", "ETag"),
        ),
        _text("The path is not valid UTF-8, or the range is invalid.", 400),
        _text("There is no such archive.", 404),
        _text("The archive has no such part.", 416),
    ),
)

OPERATIONS: Final[Mapping[str, tuple[Operation, ...]]] = {
    "Account": _ACCOUNT,
    "Apps": _APPS,
    "Deployments": _DEPLOYMENTS,
    "Releases": _RELEASES,
    "Phones": _phones(),
    "Server": _SERVER,
}
"""Every operation, by what it is about."""

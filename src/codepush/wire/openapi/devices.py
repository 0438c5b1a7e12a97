"""The routes of devices: one row for each path, in either spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from codepush.wire.acquisition import ACCEPTED_TEXT, DEPLOY_REPORT_PATHS, DOWNLOAD_REPORT_PATHS, UPDATE_CHECK_PATHS
from codepush.wire.jsonschema import reference, wrapped
from codepush.wire.openapi.schemas import CHECK, CHECK_NEEDS
from codepush.wire.routes import Route, by_id, json_body, json_response, text_response

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["DEVICES"]

_ALIAS: Final = "/v0.1/legacy"
"""All routes also exist below this; the document names it once, among the servers."""


def _check(path: str, *, camel: bool) -> Route:
    key = "updateInfo" if camel else "update_info"
    responses = (
        json_response("What to do.", wrapped(**{key: reference("LegacyUpdate" if camel else "Update")})),
        text_response("The deployment key or the version is missing or malformed.", 400),
        text_response("No deployment has this key.", 404),
    )
    return Route(
        "legacy_update_check" if camel else "update_check",
        "GET",
        path,
        "Check for an update. Either spelling of the parameters is read.",
        tuple(replace(response, headers=()) for response in responses),  # devices do not read the request ID
        parameters=tuple(
            {"name": names[camel], "in": "query", "required": number < CHECK_NEEDS, "schema": schema}
            for number, (*names, schema) in enumerate(CHECK)
        ),
        security=None,
    )


def _reports(id_: str, schema: str, summary: str, paths: Iterable[str]) -> Iterable[Route]:
    for path in paths:
        is_new = path.startswith("/v0.1/public")
        yield Route(
            id_ if is_new else f"legacy_{id_}",
            "POST",
            path,
            f"{summary} Either spelling of the fields is read.",
            (
                text_response("It was counted.", content=ACCEPTED_TEXT),
                text_response("Something is missing or malformed.", 400),
                text_response("The body is too large.", 413),
                text_response("The report could not be stored; send it again later.", 503),
            ),
            body=json_body(schema if is_new else f"Legacy{schema}"),
            security=None,
        )


def _without_alias(paths: Iterable[str]) -> Iterable[str]:
    return (path for path in paths if not path.startswith(_ALIAS))


DEVICES: Final = by_id(
    (_check(path, camel=UPDATE_CHECK_PATHS[path]) for path in _without_alias(UPDATE_CHECK_PATHS)),
    _reports(
        "report_download",
        "DownloadReport",
        "Report that a package was downloaded.",
        _without_alias(DOWNLOAD_REPORT_PATHS),
    ),
    _reports(
        "report_deploy",
        "DeployReport",
        "Report what a device runs, or could not run.",
        _without_alias(DEPLOY_REPORT_PATHS),
    ),
)
"""The routes by id."""

"""The routes that need no credential, except those of devices: one row each."""

from __future__ import annotations

from typing import Final

from codepush.wire.jsonschema import wrapped
from codepush.wire.routes import ResponseSpec, Route, by_id, json_response, text_response

__all__ = ["PUBLIC"]

_PARTS: Final = wrapped(
    status={"enum": ["ready", "unavailable"]}, database={"type": "string"}, storage={"type": "string"}
)

_BYTES: Final = "application/octet-stream"
_BLOB_HEADERS: Final = ("X-Request-Id", "Content-Length", "ETag")


def _shown(id_: str, path: str, summary: str, *responses: ResponseSpec) -> Route:
    return Route(id_, "GET", path, summary, responses, security=None)


PUBLIC: Final = by_id(
    (
        _shown("welcome", "/", "Check that this is a CodePush server.", text_response("It is.")),
        _shown("health", "/health", "Check that the server is running.", text_response("It is.", content="Healthy")),
        _shown(
            "ready",
            "/ready",
            "Check that the server is ready.",
            json_response("It has.", _PARTS),
            json_response("It is not ready; failed components have a reason.", _PARTS, 503),
        ),
        _shown(
            "service_status",
            "/v0.1/public/codepush/status",
            "Check that the service is available.",
            json_response("It is.", wrapped(code={"type": "string"}, message={"type": "string"})),
        ),
        _shown(
            "prometheus", "/metrics", "Show the numbers of the server, for Prometheus.", text_response("The numbers.")
        ),
        _shown("openapi", "/openapi.json", "Show this document.", json_response("The document.", {"type": "object"})),
        _shown(
            "download",
            "/blobs/{blob_id}",
            "Download an archive. It never changes; `Range` requests parts of it.",
            ResponseSpec(200, "The archive.", _BYTES, headers=_BLOB_HEADERS),
            ResponseSpec(206, "The requested part.", _BYTES, headers=_BLOB_HEADERS),
            text_response("The path is not valid UTF-8, or the range is invalid.", 400),
            text_response("There is no such archive.", 404),
            text_response("The archive has no such part.", 416),
        ),
    )
)
"""The routes by id."""

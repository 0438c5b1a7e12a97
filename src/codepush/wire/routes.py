"""Routes as data: the requirements of a request and the possible responses, in one row.

Each dialect has a table of rows. The server binds a handler to each row by its id, the client takes method and
path from it, and the OpenAPI document is derived from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct

from codepush.wire.jsonschema import Schema, reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["DONE", "BodySpec", "ResponseSpec", "Route", "by_id", "json_body", "json_response", "text_response"]

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Security: TypeAlias = Literal["access_key", "upload_token"]

_JSON: Final = "application/json"
_TEXT: Final = "text/plain"
_REQUEST_ID: Final = "X-Request-Id"


class BodySpec(Struct, frozen=True):
    """The body of a request."""

    schema: Schema
    media_type: str = _JSON
    is_required: bool = True


class ResponseSpec(Struct, frozen=True):
    """A response of a route.

    Attributes:
        status: HTTP status.
        description: Meaning of the response.
        media_type: Media type of the body; ``None`` for a response without one.
        schema: Schema of the body; an empty one accepts any.
        headers: Headers that the response always has.

    """

    status: int
    description: str
    media_type: str | None = None
    schema: Schema = {}
    headers: tuple[str, ...] = (_REQUEST_ID,)


class Route(Struct, frozen=True):
    """A route of the server.

    Attributes:
        id: Unique name within its table; that of the SDK's method, if there is one.
        method: HTTP method.
        path: Path pattern, such as ``/apps/{app}``.
        summary: Effect of a request, in one line.
        responses: Responses that are particular to this route, successful ones above all.
        right: What the request does with the app or organization in its path: an action of the
            permission table. ``None`` if the credential alone is enough.
        errors: Statuses of errors beyond those that follow from the other fields.
        body: Body of the request, if it has one.
        parameters: OpenAPI parameters besides those in the path.
        timeout_factor: Factor for the time that a request may take.
        lists_fields: Whether the error for an invalid body lists all invalid fields in JSON.
        security: Credential that the request needs; ``None`` for none.

    """

    id: str
    method: Method
    path: str
    summary: str
    responses: tuple[ResponseSpec, ...]
    right: str | None = None
    errors: tuple[int, ...] = ()
    body: BodySpec | None = None
    parameters: tuple[Schema, ...] = ()
    timeout_factor: int = 1
    lists_fields: bool = False
    security: Security | None = "access_key"


DONE: Final = ResponseSpec(204, "It is done.")


def json_body(name: str, *, is_required: bool = True) -> BodySpec:
    """Return a JSON body that matches the schema of this name."""
    return BodySpec(reference(name), is_required=is_required)


def json_response(description: str, schema: Schema, status: int = 200, *, headers: Iterable[str] = ()) -> ResponseSpec:
    """Return a response with a JSON body; ``headers`` are those it has besides the request's id."""
    return ResponseSpec(status, description, _JSON, schema, (_REQUEST_ID, *headers))


def text_response(description: str, status: int = 200, *, content: str | None = None) -> ResponseSpec:
    """Return a response with a plain text body; ``content`` is the whole text, if it is always the same."""
    return ResponseSpec(status, description, _TEXT, {"type": "string"} if content is None else {"const": content})


def by_id(*groups: Iterable[Route]) -> Mapping[str, Route]:
    """Return the routes of all groups by their ids, in order.

    Raises:
        ValueError: Two routes have the same id.

    """
    routes = [route for group in groups for route in group]
    table = {route.id: route for route in routes}
    if len(table) < len(routes):
        raise ValueError("Two routes have the same id.")
    return table

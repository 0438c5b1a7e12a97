"""Binding handlers to the routes of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from codepush.server.web.paths import route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from codepush.wire.routes import Route as Row

__all__ = ["bind"]

H = TypeVar("H")


def bind(
    table: Mapping[str, Row],
    handlers: Mapping[str, H],
    admit: Callable[[Row, H], Callable[[Request], Awaitable[Response]]],
) -> list[Route]:
    """Return the routes of a table, in its order.

    Args:
        table: The rows by ID.
        handlers: The handler of each row, by its ID.
        admit: Wraps a handler in whatever comes first, such as authentication.

    Raises:
        ValueError: A row has no handler, or a handler has no row.

    """
    if unmatched := table.keys() ^ handlers.keys():
        raise ValueError(f"Each route needs a handler, and each handler a route: {', '.join(sorted(unmatched))}.")
    return [route(row.path, admit(row, handlers[row.id]), method=row.method) for row in table.values()]

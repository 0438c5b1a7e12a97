"""Monitoring of management requests: metrics, one log line, and a span for each, if tracing is on."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from codepush.server.counters import Counters
    from codepush.server.tracing import Span, Spans

__all__ = ["NOTES", "RequestLog", "notes"]

NOTES: Final = "codepush.notes"
"""Key of a request's scope for additional fields of its log line."""

_NO_ROUTE: Final = "none"
"""Route of all unknown paths, so that clients cannot fill the memory with names."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "other"
"""Method of all other methods, for the same reason."""

_BROKEN_OFF: Final = 499
"""Status of a request without a response, as in nginx."""

_log = logging.getLogger(__name__)


def notes(scope: Scope) -> dict[str, Any]:
    """Return the additional fields of a request's log line; a request that is not logged gets an unused dictionary."""
    found: dict[str, Any] = scope.get(NOTES, {})
    return found


class RequestLog:
    """Counts, logs and traces the requests of an application.

    Args:
        app: The application.
        counters: The counters.
        spans: Creates a span for each request.
        fallback: The pattern of the route for unknown paths.

    """

    def __init__(self, app: ASGIApp, counters: Counters, spans: Spans, *, fallback: str) -> None:
        self._app = app
        self._counters = counters
        self._spans = spans
        self._fallback = fallback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and record its result."""
        began = time.perf_counter()
        scope[NOTES] = {}
        status = 0

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._spans.span("request", **{"http.request.method": scope["method"]}) as span:
            try:
                await self._app(scope, receive, send_watched)
            except Exception:
                self._counters.failures.server += 1
                if "failed" not in scope[NOTES]:  # otherwise it is logged and has a response
                    raise
            finally:
                self._note(scope, status, time.perf_counter() - began, span)

    def _note(self, scope: Scope, status: int, seconds: float, span: Span) -> None:
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        status, route = status or _BROKEN_OFF, self._route(scope)
        self._counters.requests(f"{method} {route}").add(status, seconds)
        span.set("http.route", route)
        span.set("http.response.status_code", status)
        fields = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        _log.info("%s %s %d", method, route, status, extra={**fields, **_extra_fields(scope)})

    def _route(self, scope: Scope) -> str:
        pattern: str = getattr(scope.get("route"), "path", "")
        return _NO_ROUTE if pattern in {"", self._fallback} else pattern


def _extra_fields(scope: Scope) -> dict[str, Any]:
    fields = {name: value for name, value in scope[NOTES].items() if name != "failed"}
    return {"request_id": scope.get("request_id"), **fields}

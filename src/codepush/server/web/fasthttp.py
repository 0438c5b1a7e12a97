"""uvicorn's connection with the bounds and the fast path.

uvicorn accepts a custom protocol class (its setting ``http``). Ours is uvicorn's own with a check in front: if the
received bytes are exactly one whole, plain update check, and its deployment is in memory, the response is written
immediately. All other requests go to uvicorn unchanged, on the standard path. The bounds of
:class:`~codepush.server.web.guardedhttp.GuardedHttp` apply to both.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from codepush.server.web.fastpath import STATE, FastPath
from codepush.server.web.guardedhttp import GuardedHttp

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from uvicorn.config import Config

__all__ = ["FastHttp", "obstacle"]

_KNOWN: Final = (0, 54), (0, 55)
"""The versions of uvicorn that this module was checked against."""

_RELIED_ON: Final[Mapping[type, frozenset[str]]] = {
    HttpToolsProtocol: frozenset(
        {
            *("access_log", "cycle", "flow", "limit_concurrency", "loop", "parser", "pipeline", "root_path", "server"),
            *("server_state", "timeout_keep_alive", "timeout_keep_alive_task", "transport", "ws_protocol_class"),
        }
    ),
    RequestResponseCycle: frozenset({"disconnected", "message_event", "response_complete", "response_started"}),
    FlowControl: frozenset({"read_paused", "write_paused"}),
    ServerState: frozenset({"default_headers", "total_requests"}),
}
"""Attributes of uvicorn's connection that the fast path and the bounds rely on."""

_OVERRIDDEN: Final[Mapping[str, tuple[str, ...]]] = {
    "connection_made": ("transport",),
    "connection_lost": ("exc",),
    "data_received": ("data",),
    "on_message_begin": (),
    "on_url": ("url",),
    "on_header": ("name", "value"),
    "on_body": ("body",),
    "on_headers_complete": (),
    "on_message_complete": (),
    "on_response_complete": (),
    "_start_asgi_task": ("cycle", "app"),
    "_unset_keepalive_if_required": (),
    "timeout_keep_alive_handler": (),
}
"""Methods of uvicorn's connection that we call or override, and their parameters."""


class FastHttp(GuardedHttp):
    """uvicorn's connection with the bounds and the fast path.

    The fast path is used only while a connection is idle, so that responses keep their order. It is off if uvicorn does
    more for each request than the fast path: an access log, a root path, or a limit on concurrent requests.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        is_plain = not self.access_log and not self.root_path and self.limit_concurrency is None
        self._fast: FastPath | None = app_state.get(STATE) if is_plain else None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Begin; connections to the operations port have no fast path."""
        super().connection_made(transport)
        if self._fast is not None and self.server is not None and self.server[1] == self._fast.operations_port:
            self._fast = None

    def data_received(self, data: bytes) -> None:
        """Respond to the received bytes on the fast path, or pass them to uvicorn."""
        fast = self._fast
        if fast is not None and self._is_idle and not self.flow.write_paused:
            answer = fast.answer(data, self.server_state.default_headers)
            if answer is not None:
                if self.timeout_keep_alive_task is not None:
                    self._unset_keepalive_if_required()
                self._idle_since = self._open.ticks
                self.server_state.total_requests += 1
                self.transport.write(answer)
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Stop using the fast path on a connection that may switch to another protocol."""
        super().on_headers_complete()
        if self.parser.should_upgrade():
            self._fast = None


def obstacle() -> str | None:
    """Return why the fast path and the bounds do not work with the installed uvicorn; ``None`` if they do."""
    version = re.match(r"([0-9]+)\.([0-9]+)", uvicorn.__version__)
    if version is None or (int(version[1]), int(version[2])) not in _KNOWN:
        return f"uvicorn {uvicorn.__version__} is not one that it was made for."
    missing = [f"{owner.__name__}.{name}" for owner, names in _RELIED_ON.items() for name in names - _set_by(owner)]
    missing += [f"HttpToolsProtocol.{name}()" for name, taken in _OVERRIDDEN.items() if _parameters(name) != taken]
    return f"uvicorn {uvicorn.__version__} has no {', '.join(sorted(missing))}." if missing else None


def _set_by(owner: type) -> frozenset[str]:
    """Return the names that a class's ``__init__`` mentions."""
    code = getattr(vars(owner).get("__init__"), "__code__", None)
    return frozenset(code.co_names) if code else frozenset()


def _parameters(method: str) -> tuple[str, ...] | None:
    function = vars(HttpToolsProtocol).get(method)
    return tuple(inspect.signature(function).parameters)[1:] if function else None

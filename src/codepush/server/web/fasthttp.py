"""uvicorn's connection with the fast path in front.

uvicorn lets others bring the class that speaks HTTP (its setting ``http``). Ours is uvicorn's own, and looks first at
what has arrived: if that is exactly one whole, plain update check, and its deployment is in memory, the answer is
written at once. Everything else goes on to uvicorn as if nobody had looked, so it is answered by the ordinary road.
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

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from uvicorn.config import Config

__all__ = ["FastHttp", "obstacle"]

_BUSY: Final = 1 << 62
"""A tick that never comes."""

_KNOWN: Final = (0, 54), (0, 55)
"""The versions of uvicorn that were read for this."""

_RELIED_ON: Final[Mapping[type, frozenset[str]]] = {
    HttpToolsProtocol: frozenset(
        {
            *("access_log", "cycle", "flow", "limit_concurrency", "loop", "parser", "root_path", "server"),
            *("server_state", "timeout_keep_alive", "timeout_keep_alive_task", "transport"),
        }
    ),
    RequestResponseCycle: frozenset({"response_complete"}),
    FlowControl: frozenset({"write_paused"}),
    ServerState: frozenset({"default_headers", "total_requests"}),
}
"""What these set in the beginning, and we rely on."""

_OVERRIDDEN: Final[Mapping[str, tuple[str, ...]]] = {
    "connection_made": ("transport",),
    "connection_lost": ("exc",),
    "data_received": ("data",),
    "on_message_begin": (),
    "on_headers_complete": (),
    "on_message_complete": (),
    "_unset_keepalive_if_required": (),
    "timeout_keep_alive_handler": (),
}
"""Methods of uvicorn's connection that we call or stand in for, and what they take."""


class FastHttp(HttpToolsProtocol):
    """uvicorn's connection, with the fast path in front.

    It is used only between messages and while nothing is under way, so that answers keep their order, and not at all
    where uvicorn is told to do something with each request that the fast path does not: to log it, to put it below a
    root path, to limit how many there are.
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
        self._is_between_messages = True
        self._idle_since = _BUSY

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Begin."""
        super().connection_made(transport)
        if self._fast is not None and self.server is not None and self.server[1] == self._fast.operations_port:
            self._fast = None
        if self._fast is not None:
            self._fast.join(self, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        if self._fast is not None:
            self._fast.leave(self)

    def data_received(self, data: bytes) -> None:
        """Answer what has arrived, or let uvicorn do it."""
        fast = self._fast
        if fast is not None and self._is_between_messages and not self.flow.write_paused:
            answer = None if self._is_answering() else fast.answer(data, self.server_state.default_headers)
            if answer is not None:
                if self.timeout_keep_alive_task is not None:
                    self._unset_keepalive_if_required()
                self._idle_since = fast.ticks
                self.server_state.total_requests += 1
                self.transport.write(answer)
                return
        self._idle_since = _BUSY  # from now on uvicorn watches the connection
        super().data_received(data)

    def _is_answering(self) -> bool:
        """Return whether uvicorn has yet to answer what came before."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def on_message_begin(self) -> None:
        """Note that a message has begun."""
        self._is_between_messages = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Leave a connection alone that may speak something else from now on."""
        super().on_headers_complete()
        if self.parser.should_upgrade():
            self._is_between_messages = False
            self._leave_alone()

    def on_message_complete(self) -> None:
        """Note that a message has ended."""
        super().on_message_complete()
        self._is_between_messages = True

    def _leave_alone(self) -> None:
        if self._fast is not None:
            self._fast.leave(self)
            self._fast = None

    def close_if_idle(self, ticks: int) -> None:
        """Close the connection if the fast path answered last, and uvicorn's time for staying idle is over."""
        if ticks - self._idle_since > self.timeout_keep_alive:
            self.timeout_keep_alive_handler()


def obstacle() -> str | None:
    """Return why the fast path cannot be used with uvicorn as it is installed; ``None`` when it can."""
    version = re.match(r"([0-9]+)\.([0-9]+)", uvicorn.__version__)
    if version is None or (int(version[1]), int(version[2])) not in _KNOWN:
        return f"uvicorn {uvicorn.__version__} is not one that it was made for."
    missing = [f"{owner.__name__}.{name}" for owner, names in _RELIED_ON.items() for name in names - _set_by(owner)]
    missing += [f"HttpToolsProtocol.{name}()" for name, taken in _OVERRIDDEN.items() if _parameters(name) != taken]
    return f"uvicorn {uvicorn.__version__} has no {', '.join(sorted(missing))}." if missing else None


def _set_by(owner: type) -> frozenset[str]:
    """Return the names that an object's initialisation mentions."""
    code = getattr(vars(owner).get("__init__"), "__code__", None)
    return frozenset(code.co_names) if code else frozenset()


def _parameters(method: str) -> tuple[str, ...] | None:
    function = vars(HttpToolsProtocol).get(method)
    return tuple(inspect.signature(function).parameters)[1:] if function else None

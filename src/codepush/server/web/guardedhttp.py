"""uvicorn's connection with bounds on the size of a request, its time, and the bytes in memory."""

from __future__ import annotations

import enum
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from codepush.server.web.connections import CONNECTIONS

if TYPE_CHECKING:
    import asyncio

    from uvicorn._types import ASGI3Application
    from uvicorn.config import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState

    from codepush.server.web.connections import Connections

__all__ = ["GuardedHttp"]

_HEAD: Final = 64 * 1024
"""Bytes of a request besides its body: its head, its trailers and its chunk headers."""

_TARGET: Final = 8 * 1024
_FIELDS: Final = 100

_CHUNKING: Final = 16
"""Further bytes of chunk headers that a body may have, for each of its bytes."""

_PIECE: Final = 1024
"""Maximum number of bytes parsed at once where a request may end, so that they contain few requests."""

_LARGE_PIECE: Final = 64 * 1024
"""Maximum number of bytes parsed at once within a body."""

_UNSENT: Final = 16 * 1024
"""Bytes of a response that may wait for the client before the next ones are produced."""

_DISCARDED: Final = 1024 * 1024
"""Bytes that are read and discarded after a rejection. Otherwise the client might not receive the response."""

_FRESH: Final = -1

_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::[0-9]{0,5})?")

_HTTP_1_0: Final = "1.0"


class _Rejection(enum.Enum):
    """Why a request is rejected: the status and the text of the response."""

    INVALID = 400, "Invalid HTTP request received."
    HOST = 400, "The request needs exactly one Host header with a valid value."
    TIMEOUT = 408, "The request took too long to arrive."
    TARGET = 414, f"The request target is longer than {_TARGET} bytes."
    HEAD = 431, f"The request has more than {_FIELDS} header fields, or more than {_HEAD} bytes besides its body."


class _Reading(enum.Enum):
    """The expected next part from the client."""

    REQUEST = enum.auto()
    HEAD = enum.auto()
    BODY = enum.auto()
    NOTHING = enum.auto()


class _RejectedError(Exception):
    """Ends the parsing of a request."""


class _Flow(FlowControl):
    """uvicorn's flow control; while requests wait for the responses before them, nothing further is read."""

    is_held = False

    def resume_reading(self) -> None:
        """Read again, unless requests wait."""
        if not self.is_held:
            super().resume_reading()


class GuardedHttp(HttpToolsProtocol):
    """uvicorn's connection with bounds on what a client can cause.

    The bounds on bytes and fields are constants of this module. The time limits, and the cap on open connections, are
    those of the :class:`~codepush.server.web.connections.Connections` in the application's state.
    """

    flow: _Flow

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.ws_protocol_class = None  # no route uses WebSocket, which has other bounds
        self._open: Connections = app_state[CONNECTIONS]
        self._reading = _Reading.REQUEST
        self._rejection: _Rejection | None = None
        # No request has begun to arrive, and none waits for its response.
        self._is_idle = True
        # When the last response was complete, and since when the client has been expected to send the next bytes.
        self._idle_since = _FRESH
        self._since = self._open.ticks
        # The bytes that the client has left unread, and since when.
        self._unsent = 0
        self._unsent_since = 0
        self._held = bytearray()
        self._discarded = 0
        # Of the current request: bytes besides the body, bytes and fields of the head, and missing bytes of the body.
        self._overhead = 0
        self._head = 0
        self._fields = 0
        self._hosts: list[bytes] = []
        self._body_left = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Begin, unless there are too many connections."""
        super().connection_made(transport)
        self.flow = _Flow(transport)
        transport.set_write_buffer_limits(high=_UNSENT)
        self._open.join(self, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._held.clear()
        self._open.leave(self)

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, in pieces, as far as it is within the bounds."""
        self._unset_keepalive_if_required()
        if self._rejection is not None:
            self._discard(len(data))
            return
        if self._is_idle:
            self._begin_request()
        if len(data) <= _PIECE and not self._held and not self.pipeline:
            self._parse(data)
        else:
            self._held += data
            self._parse_held()

    def _begin_request(self) -> None:
        """Note that the first bytes of a request have arrived."""
        self._is_idle = False
        if self._idle_since != _FRESH:
            self._since = self._open.ticks
        self._idle_since = self._open.ticks
        self._reading = _Reading.HEAD

    def _parse_held(self) -> None:
        """Parse what has arrived, up to the first request that has to wait for the responses before it."""
        while self._held and not self.pipeline:
            size = max(_PIECE, min(self._body_left, _LARGE_PIECE))
            piece = bytes(self._held[:size])
            del self._held[:size]
            self._parse(piece)
        self.flow.is_held = bool(self._held)
        if self._held:
            self.flow.pause_reading()

    def _parse(self, data: bytes) -> None:
        self._overhead += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._held.clear()  # it is in another protocol
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._reject(cause.args[0] if isinstance(cause, _RejectedError) else _Rejection.INVALID)
        else:
            if self._overhead > _HEAD:
                self._reject(_Rejection.HEAD)

    def on_message_begin(self) -> None:
        """Note that a request has begun."""
        self._reading = _Reading.HEAD
        self._is_idle = False
        self._head = self._fields = self._body_left = 0
        self._hosts = []
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._head += len(url)
        if self._head > _TARGET:
            raise _RejectedError(_Rejection.TARGET)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field. Trailers are counted and dropped: no route uses them."""
        self._head += len(name) + len(value) + 4
        self._fields += 1
        if self._head > _HEAD or self._fields > _FIELDS:
            raise _RejectedError(_Rejection.HEAD)
        if self._reading is not _Reading.HEAD:
            return
        super().on_header(name, value)
        name = self.headers[-1][0]
        if name == b"host":
            self._hosts.append(value)
        elif name == b"content-length":
            self._body_left = int(value)

    def on_headers_complete(self) -> None:
        """Start handling the request if its head is valid."""
        is_missing_allowed = self.parser.get_http_version() == _HTTP_1_0
        if (
            not (self._hosts or is_missing_allowed)
            or len(self._hosts) > 1
            or not all(map(_HOST.fullmatch, self._hosts))
        ):
            raise _RejectedError(_Rejection.HOST)
        self._reading = _Reading.BODY
        self._since = self._open.ticks
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body_left -= len(body)
        self._overhead = max(0, self._overhead - len(body) * (1 + _CHUNKING))
        if self._is_answering():
            self._since = self._open.ticks
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request has arrived."""
        self._reading = _Reading.REQUEST
        self._overhead = 0
        super().on_message_complete()
        self._settle()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Pass a request to the application when it is its turn."""
        self._open.pace.start(partial(super()._start_asgi_task, cycle, app), self.loop)

    def on_response_complete(self) -> None:
        """Continue with the bytes that arrived meanwhile."""
        super().on_response_complete()
        if self.transport.is_closing():
            return
        self._since = self._open.ticks
        if self._rejection is not None:
            if not self._is_answering():
                self._send_rejection(self._rejection)
            return
        if self._held:
            self._unset_keepalive_if_required()
            self._parse_held()
            if not self._held:
                self.flow.resume_reading()
        self._settle()

    def _settle(self) -> None:
        """Note when the connection begins to idle."""
        if self._reading is _Reading.REQUEST and not self._is_answering():
            self._is_idle = True
            self._idle_since = self._open.ticks

    def _is_answering(self) -> bool:
        """Return whether a request waits for its response."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _reject(self, rejection: _Rejection) -> None:
        """Reject a request after the responses to earlier ones, and close the connection."""
        self._rejection = rejection
        self._held.clear()
        self.flow.is_held = False
        self._is_idle = False
        self._since = self._open.ticks
        if self._reading is _Reading.BODY:
            self._give_up(rejection)
        elif not self._is_answering():
            self._send_rejection(rejection)
        self._reading = _Reading.NOTHING

    def _give_up(self, rejection: _Rejection) -> None:
        """Reject a request whose head was valid, so that the application has begun to handle it."""
        if self.pipeline or self.cycle.response_started:
            self.transport.close()
            return
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self._send_rejection(rejection)

    def _send_rejection(self, rejection: _Rejection) -> None:
        status, text = rejection.value
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(text)),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], lines, text.encode("ascii")))
        self._since = self._open.ticks
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _discard(self, size: int) -> None:
        """Discard what a rejected client continues to send, for a while."""
        self._discarded += size
        if self._discarded > _DISCARDED:
            self.flow.pause_reading()

    def watch(self, ticks: int) -> None:
        """Close the connection if it exceeds a time limit."""
        if not self._is_idle:
            self._watch_busy(ticks)
        elif self._idle_since == _FRESH:
            if ticks - self._since > self._open.limits.head:
                self._close()
        elif ticks - self._idle_since > self.timeout_keep_alive:
            self._close()

    def _close(self) -> None:
        """Close the connection once the client has received the sent bytes."""
        self._reading = _Reading.NOTHING
        self._is_idle = False
        self.timeout_keep_alive_handler()

    def _watch_busy(self, ticks: int) -> None:
        unsent = self.transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, ticks
        if ticks - self._unsent_since > self._open.limits.unread:
            self.transport.abort()
        elif not self.transport.is_closing():
            self._watch_reading(ticks)

    def _watch_reading(self, ticks: int) -> None:
        limits = self._open.limits
        waited = ticks - self._since
        if self._reading is _Reading.NOTHING:
            if self._rejection is not None and not self._is_pending() and waited > limits.refused:
                self.transport.abort()
        elif self._reading is _Reading.HEAD:
            if not self._is_answering() and waited > limits.head:
                self._reject(_Rejection.TIMEOUT)
        elif self._reading is _Reading.BODY:
            if self.flow.read_paused:
                self._since = ticks  # the application has not taken what arrived before
            elif waited > limits.body:
                self._reject(_Rejection.TIMEOUT)

    def _is_pending(self) -> bool:
        """Return whether a rejection waits for the responses before it."""
        return self._is_answering() and not self.cycle.disconnected

    def waiting(self) -> tuple[int, int] | None:
        """Return the connection's rank among those that may be closed for others, and since when it has waited."""
        if self.transport.get_write_buffer_size() or (self._is_answering() and self._reading is not _Reading.BODY):
            return None
        if self._is_idle:
            return 0, self._since if self._idle_since == _FRESH else self._idle_since
        if self._reading is _Reading.HEAD:
            return 1, self._since
        if self._reading is _Reading.BODY:
            return None if self.flow.read_paused else (2, self._since)
        return 0, self._since

    def drop(self) -> None:
        """Close the connection immediately."""
        self.transport.abort()

"""The two paths of an update check, driven byte by byte: a connection without the fast path, and one with it."""

import asyncio
import re

from starlette.applications import Starlette
from starlette.middleware import Middleware
from uvicorn import Config
from uvicorn.server import ServerState

from codepush.server.counters import Counters
from codepush.server.services.phones.reports import Reports
from codepush.server.services.phones.updates import Updates
from codepush.server.web.acquisition import AcquisitionRoutes
from codepush.server.web.check_responses import Checks
from codepush.server.web.connections import CONNECTIONS, Connections
from codepush.server.web.fasthttp import FastHttp
from codepush.server.web.fastpath import STATE, FastPath
from codepush.server.web.guardedhttp import GuardedHttp
from codepush.server.web.paths import CanonicalPaths
from codepush.server.web.problems import HANDLERS
from codepush.server.web.requests import RequestIds

DATE = b"Wed, 25 Nov 2026 00:00:00 GMT"

_VARYING = re.compile(rb'x-request-id: [0-9a-f]+\r\n|"request_id":"[0-9a-f]+"')


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self):
        super().__init__()
        self.written = bytearray()
        self.is_closed = False
        self.is_reading_paused = False

    def write(self, data):
        if not self.is_closed:
            self.written += data

    def close(self):
        self.is_closed = True

    def is_closing(self):
        return self.is_closed

    abort = write_eof = close

    def can_write_eof(self):
        return True

    def set_write_buffer_limits(self, high=None, low=None):
        pass

    def get_write_buffer_size(self):
        return 0

    def pause_reading(self):
        self.is_reading_paused = True

    def resume_reading(self):
        self.is_reading_paused = False


class UpdateCheckPath:
    """An application with the acquisition routes, and the connection class in front of it.

    Args:
        histories: Source of the deployments' releases.
        fast: Whether connections have the fast path.
        cache_seconds: Time for which caches may store responses.
        settings: Further settings of uvicorn.
    """

    def __init__(self, histories, *, fast, cache_seconds=0, **settings):
        self.counters = Counters()
        self.updates = Updates(histories)
        checks = Checks(cache_seconds=cache_seconds)
        acquisition = AcquisitionRoutes(self.updates, checks, Reports(store=None), self.counters)
        app = Starlette(
            routes=acquisition.routes(),
            middleware=[Middleware(RequestIds), Middleware(CanonicalPaths)],
            exception_handlers=HANDLERS,
        )
        self._state = {
            STATE: FastPath(self.updates, checks, self.counters.fast),
            CONNECTIONS: Connections(1000),
        }
        self._protocol = FastHttp if fast else GuardedHttp
        self._config = Config(app, **{"log_config": None, "access_log": False, "server_header": False, **settings})
        self._config.load()
        self._server_state = None

    @property
    def answered_fast(self):
        """Number of checks answered on the fast path."""
        return self.counters.fast.update + self.counters.fast.none

    def connect(self):
        """Return a new connection and its transport."""
        self._server_state = ServerState()
        self._server_state.default_headers = [(b"date", DATE)]
        wire = Wire()
        connection = self._protocol(self._config, self._server_state, self._state)
        connection.connection_made(wire)
        return connection, wire

    async def rest(self):
        """Let what is under way go on for a while."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def settle(self):
        """Wait until nothing is under way."""
        while tasks := list(self._server_state.tasks):
            await asyncio.wait(tasks)

    async def talk(self, chunks, *, waits=True):
        """Send chunks over a connection of their own, each after the answer to the one before, or all at once.

        Returns what was answered, with what differs by nature masked, whether the connection was closed, and how many
        answers uvicorn has counted.
        """
        connection, wire = self.connect()
        for chunk in chunks:
            if wire.is_closed:
                break
            connection.data_received(chunk)
            if waits:
                await self.settle()
        await self.settle()
        connection.connection_lost(None)
        await self.settle()
        return _VARYING.sub(b"", bytes(wire.written)), wire.is_closed, self._server_state.total_requests

"""The acquisition API, which devices call, in both spellings (acquisition API).

The deployment key in the query is the only credential. Errors are plain text, never problem documents; devices read
the status only.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msgspec.structs import replace

from codepush.errors import Invalid
from codepush.rules import reports, semver, validation
from codepush.rules.clients import Client
from codepush.server.services.errors import TooLargeError, UnavailableError
from codepush.server.web.addresses import counted_address
from codepush.server.web.auth import address
from codepush.server.web.bodies import json_body
from codepush.server.web.hosts import own_address
from codepush.server.web.paths import route
from codepush.server.web.problems import plain
from codepush.server.web.timelimits import at_most
from codepush.wire import acquisition

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from codepush.models import StatusReport, UpdateCheck
    from codepush.server.counters import Counters
    from codepush.server.services.phones.reports import Reports
    from codepush.server.services.phones.updates import Updates
    from codepush.server.web.check_responses import Checks, Ready

__all__ = ["AcquisitionRoutes"]

_log = logging.getLogger(__name__)


class AcquisitionRoutes:
    """Handlers of the acquisition API; ``checks`` builds the responses, ``counters`` counts their results.

    Handling a report may take ``report_seconds``.
    """

    def __init__(
        self, updates: Updates, checks: Checks, reports: Reports, counters: Counters, *, report_seconds: float = 30
    ) -> None:
        self._updates = updates
        self._checks = checks
        self._reports = reports
        self._counts = counters.standard
        self._report_counts = counters.reports
        self._report_seconds = report_seconds
        self._has_withheld = False

    def routes(self) -> list[Route]:
        """Return the routes, which need no access key."""
        return [
            *(route(path, self._check(camel=camel)) for path, camel in acquisition.UPDATE_CHECK_PATHS.items()),
            *self._report_routes(acquisition.DOWNLOAD_REPORT_PATHS, reports.read_download_report),
            *self._report_routes(acquisition.DEPLOY_REPORT_PATHS, reports.read_deploy_report),
        ]

    def _report_routes(self, paths: Iterable[str], read: Callable[[object], StatusReport]) -> list[Route]:
        return [route(path, self._report(read), method="POST") for path in paths]

    def _check(self, *, camel: bool) -> Callable[[Request], Awaitable[Response]]:
        async def check(request: Request) -> Response:
            try:
                asked = acquisition.read_check(request.query_params.multi_items())
            except ValueError as error:
                return self._refused(str(error))
            if not validation.is_key(asked.deployment_key):
                return self._refused(acquisition.KEY_TEXT)
            if semver.normalise_app_version(asked.app_version) is None:
                return self._refused(acquisition.VERSION_TEXT)
            if not Client.of(request.headers).applies_diffs:
                asked = replace(asked, applies_diffs=False)
            ready = await self._ready(asked, camel=camel)
            if ready is None:
                self._counts.unknown_key += 1
                return plain(acquisition.UNKNOWN_KEY_TEXT, 404)
            if ready.is_update and self._checks.needs_host and own_address(request.scope) is None:
                ready = self._withheld(camel=camel)
            if ready.is_update:
                self._counts.update += 1
            else:
                self._counts.none += 1
            return ready.response()

        return check

    async def _ready(self, asked: UpdateCheck, *, camel: bool) -> Ready | None:
        """Return the response to a check; ``None`` when no deployment has its key.

        A device must never see an error because of the database; it gets the response that there is no update.
        """
        try:
            snapshot = await self._updates.find(asked.deployment_key)
        except UnavailableError as error:
            self._counts.unavailable += 1
            _log.warning("A device got no update: %s", error)
            return self._checks.nothing(camel=camel)
        if snapshot is None:
            return None
        return self._checks.answer(snapshot, asked, camel=camel).ready_for(asked.client_unique_id)

    def _withheld(self, *, camel: bool) -> Ready:
        """Return a response without an update, because no URL is known from which this device could download one."""
        if not self._has_withheld:
            self._has_withheld = True
            _log.warning(
                "Devices behind a proxy get no updates, because the server has no reachable public URL. "
                "Set --public-url (CODEPUSH_PUBLIC_URL) to the URL of the proxy."
            )
        return self._checks.nothing(camel=camel)

    def _refused(self, text: str) -> Response:
        self._counts.rejected += 1
        return plain(text, 400)

    def _report(self, read: Callable[[object], StatusReport]) -> Callable[[Request], Awaitable[Response]]:
        async def report(request: Request) -> Response:
            try:
                received = read(await json_body(request))
            except (Invalid, reports.InvalidReport) as error:
                self._report_counts.rejected += 1
                return plain(str(error), 400)
            except TooLargeError as error:
                self._report_counts.rejected += 1
                return plain(str(error), 413)
            try:
                await self._reports.take(received, address=counted_address(address(request)))
            except UnavailableError:
                self._report_counts.unavailable += 1
                return plain("The report could not be stored; please send it again later.", 503)
            self._report_counts.accepted += 1
            return plain(acquisition.ACCEPTED_TEXT)

        async def report_in_time(request: Request) -> Response:
            async with at_most(self._report_seconds):
                return await report(request)

        return report_in_time

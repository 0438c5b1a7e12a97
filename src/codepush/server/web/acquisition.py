"""The acquisition door: what phones call, in both spellings (acquisition API).

No access key: the deployment key in the question is the only credential. Errors are plain text,
never problem documents; phones look at the status only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from codepush.errors import Invalid
from codepush.rules import reports, semver, validation
from codepush.server.services.errors import TooLargeError, UnavailableError
from codepush.server.web.bodies import json_body
from codepush.server.web.paths import route
from codepush.server.web.problems import plain
from codepush.wire import acquisition, messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.requests import Request
    from starlette.routing import Route

    from codepush.models import StatusReport
    from codepush.server.services.reports import Reports
    from codepush.server.services.updates import Updates
    from codepush.server.tallies import Tallies

__all__ = ["AcquisitionDoor"]


class AcquisitionDoor:
    """Translates what phones say to the services; ``tallies`` count what they are told."""

    def __init__(self, updates: Updates, reports: Reports, tallies: Tallies) -> None:
        self._updates = updates
        self._reports = reports
        self._checks = tallies.ordinary
        self._taken = tallies.reports

    def routes(self) -> list[Route]:
        """Return the routes; nobody needs an access key for them."""
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
            info = await self._updates.check(asked)
            if info is None:
                self._checks.unknown_key += 1
                return plain(acquisition.UNKNOWN_KEY_TEXT, 404)
            if info.is_available:
                self._checks.update += 1
            else:
                self._checks.none += 1
            body = acquisition.update_body(info, camel=camel)
            return Response(body, headers={"Cache-Control": "no-cache"}, media_type=messages.JSON_TYPE)

        return check

    def _refused(self, text: str) -> Response:
        self._checks.refused += 1
        return plain(text, 400)

    def _report(self, read: Callable[[object], StatusReport]) -> Callable[[Request], Awaitable[Response]]:
        async def report(request: Request) -> Response:
            try:
                told = read(await json_body(request))
            except (Invalid, reports.InvalidReport) as error:
                self._taken.refused += 1
                return plain(str(error), 400)
            except TooLargeError as error:
                self._taken.refused += 1
                return plain(str(error), 413)
            try:
                await self._reports.take(told)
            except UnavailableError:
                self._taken.unavailable += 1
                return plain("The report could not be stored; please send it again later.", 503)
            self._taken.taken += 1
            return plain(acquisition.ACCEPTED_TEXT)

        return report

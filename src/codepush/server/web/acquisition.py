"""The acquisition door: what phones call, in both spellings (acquisition API).

No access key: the deployment key in the question is the only credential. Errors are plain text,
never problem documents; phones look at the status only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from codepush.errors import Invalid
from codepush.rules import reports, semver, validation
from codepush.server.services.errors import UnavailableError
from codepush.server.web.bodies import json_body
from codepush.server.web.paths import route
from codepush.server.web.problems import plain
from codepush.server.web.uploads import TooLargeError
from codepush.wire import acquisition, messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.requests import Request
    from starlette.routing import Route

    from codepush.models import StatusReport
    from codepush.server.services.reports import Reports
    from codepush.server.services.updates import Updates

__all__ = ["AcquisitionDoor"]


class AcquisitionDoor:
    """Translates what phones say to the services."""

    def __init__(self, updates: Updates, reports: Reports) -> None:
        self._updates = updates
        self._reports = reports

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
                return plain(str(error), 400)
            if not validation.is_key(asked.deployment_key):
                return plain(acquisition.KEY_TEXT, 400)
            if semver.normalise_app_version(asked.app_version) is None:
                return plain(acquisition.VERSION_TEXT, 400)
            info = await self._updates.check(asked)
            if info is None:
                return plain(acquisition.UNKNOWN_KEY_TEXT, 404)
            body = acquisition.update_body(info, camel=camel)
            return Response(body, headers={"Cache-Control": "no-cache"}, media_type=messages.JSON_TYPE)

        return check

    def _report(self, read: Callable[[object], StatusReport]) -> Callable[[Request], Awaitable[Response]]:
        async def report(request: Request) -> Response:
            try:
                told = read(await json_body(request))
            except (Invalid, reports.InvalidReport) as error:
                return plain(str(error), 400)
            except TooLargeError as error:
                return plain(str(error), 413)
            try:
                await self._reports.take(told)
            except UnavailableError:
                return plain("The report could not be stored; please send it again later.", 503)
            return plain(acquisition.ACCEPTED_TEXT)

        return report

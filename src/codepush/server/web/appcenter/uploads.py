"""Releases in App Center's dialect: a file is uploaded in chunks first, and released then."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from codepush.rules import validation
from codepush.server.ports.responses import ResponseRecord
from codepush.server.services.errors import InvalidError
from codepush.server.services.releasing.idempotency import digest
from codepush.server.services.releasing.uploads import Ticket
from codepush.server.web.appcenter.bodies import fields_of, in_their_words
from codepush.server.web.management.attempts import Attempt
from codepush.server.web.management.responses import json_answer
from codepush.server.web.paths import app_in, name_in
from codepush.wire import appcenter
from codepush.wire.messages import encode_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.models import Package
    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.idempotency import Receipt
    from codepush.server.services.releasing.uploaded_releases import UploadedReleases
    from codepush.server.web.management import Handler
    from codepush.server.web.management.attempts import Attempts

__all__ = ["UploadRoutes"]


class UploadRoutes:
    """Handlers that begin uploads and release them.

    Args:
        releases: The service that begins and releases uploads.
        attempts: Repeats the response to a retried request.
        upload_url: The URL for chunks, without a slash at the end.

    """

    def __init__(self, releases: UploadedReleases, attempts: Attempts, *, upload_url: str) -> None:
        self._releases = releases
        self._attempts = attempts
        self._upload_url = upload_url

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by the IDs of their routes."""
        return {
            "begin_upload": self._begin,
            "add_release": self._release,
        }

    async def _begin(self, request: Request, caller: Caller) -> Response:
        ticket = await self._releases.begin(caller, app_in(request), name_in(request, "deployment"))
        return json_answer(
            encode_json(appcenter.ReleaseUploadShape(id=ticket.id, token=ticket.token, upload_domain=self._upload_url))
        )

    async def _release(self, request: Request, caller: Caller) -> Response:
        """Release an upload once; a retry gets the same response, for a day."""
        body = await fields_of(request)
        ticket = _ticket(body.get("release_upload"))
        with in_their_words(appcenter.RELEASE_FIELDS):
            translated = appcenter.in_our_words(body, appcenter.RELEASE_FIELDS)
            info = validation.package_info(translated, require_app_version=True)

        async def release(receipt: Receipt | None) -> Package:
            app, deployment = app_in(request), name_in(request, "deployment")
            return await self._releases.release(caller, app, deployment, ticket, info, receipt=receipt)

        attempt = Attempt(ticket.id, partial(digest, info), release, _response)
        return await self._attempts.respond(request, caller, attempt)


def _response(package: Package) -> ResponseRecord:
    return ResponseRecord(status=201, location="", body=encode_json(appcenter.ReleaseShape.of_reply(package)))


def _ticket(upload: Any) -> Ticket:  # noqa: ANN401 - any JSON value
    match upload:
        case {"id": str(upload_id), "token": str(token)} if (ticket := Ticket(upload_id, token)).is_possible:
            return ticket
    raise InvalidError(
        "release_upload: send the object that began the upload, with its id and token.",
        code="invalid_field",
        field="release_upload",
    )

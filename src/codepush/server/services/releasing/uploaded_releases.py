"""Releasing uploads that arrived in chunks."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from codepush.server.ports.errors import UnavailableError

if TYPE_CHECKING:
    from codepush.models import Package, PackageInfo
    from codepush.server.ports.store import Records
    from codepush.server.services.caller import Caller
    from codepush.server.services.releasing.idempotency import Receipt
    from codepush.server.services.releasing.releases import Releases
    from codepush.server.services.releasing.uploads import Ticket, Uploads

__all__ = ["UploadedReleases"]


class UploadedReleases:
    """Releases each upload at most once."""

    def __init__(self, uploads: Uploads, releases: Releases) -> None:
        self._uploads = uploads
        self._releases = releases

    async def begin(self, caller: Caller, app_name: str, deployment_name: str) -> Ticket:
        """Return the ticket for a file, unless the deployment cannot receive a release now.

        Raises:
            ServiceError: As in `Releases.check_can_release` and `Uploads.begin`.

        """
        await self._releases.check_can_release(caller, app_name, deployment_name)
        return await self._uploads.begin(caller, app_name, deployment_name)

    async def release(
        self,
        caller: Caller,
        app_name: str,
        deployment_name: str,
        ticket: Ticket,
        info: PackageInfo,
        *,
        receipt: Receipt | None = None,
    ) -> Package:
        """Release a complete upload. A rejected one is unchanged and can be released otherwise.

        ``receipt`` is as in `Releases.release`. The ID of the upload identifies a retry by a client that lost the
        response; it gets the recorded response (`Idempotency`).

        Raises:
            ServiceError: As in `Uploads.claim` and `Releases.release`.

        """

        async def used(records: Records, package: Package) -> None:
            await self._uploads.use(records, ticket.id)
            if receipt is not None:
                await receipt(records, package)

        await self._releases.check_can_release(caller, app_name, deployment_name)
        async with self._uploads.claim(caller, app_name, ticket) as file:
            package = await self._releases.release(caller, app_name, deployment_name, file, info, receipt=used)
        with suppress(UnavailableError):  # the release is done; the rest of the upload is removed when it expires
            await self._uploads.clear(ticket.id)
        return package

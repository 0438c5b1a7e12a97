"""The database: all records in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from contextlib import AbstractAsyncContextManager

    from codepush.server.ports.access_keys import AccessKeys
    from codepush.server.ports.accounts import Accounts
    from codepush.server.ports.apps import Apps
    from codepush.server.ports.deployments import Deployments
    from codepush.server.ports.devices import Devices
    from codepush.server.ports.diffs import Diffs
    from codepush.server.ports.events import Events
    from codepush.server.ports.identity import Identities
    from codepush.server.ports.inventory import Inventory, Rows
    from codepush.server.ports.jobs import Jobs
    from codepush.server.ports.login_codes import LoginCodes
    from codepush.server.ports.organizations import Organizations
    from codepush.server.ports.packages import Packages
    from codepush.server.ports.releases import Releases
    from codepush.server.ports.responses import Responses
    from codepush.server.ports.rollouts import Rollouts
    from codepush.server.ports.series import Series
    from codepush.server.ports.trials import Trials
    from codepush.server.ports.uploads import Uploads

__all__ = ["Records", "Store"]


class Records(Protocol):
    """All records, within one transaction."""

    @property
    def accounts(self) -> Accounts: ...  # noqa: D102 - the type documents it
    @property
    def access_keys(self) -> AccessKeys: ...  # noqa: D102 - the type documents it
    @property
    def login_codes(self) -> LoginCodes: ...  # noqa: D102 - the type documents it
    @property
    def identities(self) -> Identities: ...  # noqa: D102 - the type documents it
    @property
    def organizations(self) -> Organizations: ...  # noqa: D102 - the type documents it
    @property
    def apps(self) -> Apps: ...  # noqa: D102 - the type documents it
    @property
    def deployments(self) -> Deployments: ...  # noqa: D102 - the type documents it
    @property
    def packages(self) -> Packages: ...  # noqa: D102 - the type documents it
    @property
    def releases(self) -> Releases: ...  # noqa: D102 - the type documents it
    @property
    def diffs(self) -> Diffs: ...  # noqa: D102 - the type documents it
    @property
    def rollouts(self) -> Rollouts: ...  # noqa: D102 - the type documents it
    @property
    def devices(self) -> Devices: ...  # noqa: D102 - the type documents it
    @property
    def trials(self) -> Trials: ...  # noqa: D102 - the type documents it
    @property
    def series(self) -> Series: ...  # noqa: D102 - the type documents it
    @property
    def events(self) -> Events: ...  # noqa: D102 - the type documents it
    @property
    def responses(self) -> Responses: ...  # noqa: D102 - the type documents it
    @property
    def jobs(self) -> Jobs: ...  # noqa: D102 - the type documents it
    @property
    def inventory(self) -> Inventory: ...  # noqa: D102 - the type documents it
    @property
    def rows(self) -> Rows: ...  # noqa: D102 - the type documents it
    @property
    def uploads(self) -> Uploads: ...  # noqa: D102 - the type documents it


class Store(Protocol):
    """The database. Every method raises `UnavailableError` when it cannot be reached."""

    def read(self) -> AbstractAsyncContextManager[Records]:
        """Open a transaction that sees one consistent state and changes nothing."""

    def write(self, *, alone: bool = True) -> AbstractAsyncContextManager[Records]:
        """Open a transaction that is committed to disk when the block ends, and rolled back when the block raises.

        The block must await nothing but its records. With ``alone``, everything it has read stays valid until it ends,
        since no other such block runs at the same time, in any process or node. Without it, the transaction waits for
        others only where both change the same record; it is for frequent writes that are correct whatever others
        change: reports, leases, times of use.
        """

    async def check(self) -> None:
        """Return when the database responds."""

    def changes(self) -> AsyncIterator[Collection[int] | None]:
        """Yield the IDs of changed deployments, soon after the commit; never end.

        ``None`` means that any deployment may have changed; it comes first, and again whenever a change may have been
        missed. While the database is unavailable, the iterator may yield nothing, and does not raise.
        """

    async def close(self) -> None:
        """Close every connection."""

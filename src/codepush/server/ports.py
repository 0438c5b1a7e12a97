"""What the services need from the outside, in the product's own words.

Two ports: a :class:`Store` for records (a database) and :class:`Blobs` for archives (a folder or
an object store). Adapters live in :mod:`codepush.server.storage` and all pass the same tests.
Records are what is stored; services turn them into the models that leave the server.

Times are milliseconds since 1970 in UTC, as on the wire. Identifiers are opaque to services.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from msgspec import Struct

from codepush.models import Package, Permission, ReleaseMethod

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

__all__ = [
    "AccessKeyRecord",
    "AccessKeys",
    "AccountRecord",
    "Accounts",
    "AlreadyExistsError",
    "AppRecord",
    "Apps",
    "BlobRecord",
    "Blobs",
    "CollaboratorRecord",
    "CounterKind",
    "CounterRecord",
    "DeploymentHistory",
    "DeploymentRecord",
    "Deployments",
    "Devices",
    "EventRecord",
    "Events",
    "Histories",
    "MissingError",
    "NewRelease",
    "PackageRecord",
    "Packages",
    "PortError",
    "Records",
    "ReleaseRecord",
    "Releases",
    "Store",
    "StoredDiff",
    "UnavailableError",
]


CounterKind: TypeAlias = Literal["active", "anonymous", "downloaded", "failed", "installed"]
"""What is counted; ``codepush.rules.metrics`` tells what each means."""


class PortError(Exception):
    """Something outside the services said no."""


class AlreadyExistsError(PortError):
    """A record or blob with this name is already there."""


class MissingError(PortError):
    """The record or blob is not there."""


class UnavailableError(PortError):
    """The database or the blob store cannot be reached, is full, or is broken."""


class AccountRecord(Struct, frozen=True, kw_only=True):
    """A person who may log in."""

    id: int
    email: str
    name: str


class AccessKeyRecord(Struct, frozen=True, kw_only=True):
    """An access key, without its secret. ``account`` is whose it is."""

    id: int
    account: AccountRecord
    friendly_name: str
    expires_at: int
    last_used_at: int | None


class CollaboratorRecord(Struct, frozen=True, kw_only=True):
    """An account's part in an app."""

    account_id: int
    email: str
    permission: Permission


class AppRecord(Struct, frozen=True, kw_only=True):
    """An app with everyone who may see it, its owner among them."""

    id: int
    name: str
    os: str | None
    platform: str | None
    collaborators: tuple[CollaboratorRecord, ...]


class DeploymentRecord(Struct, frozen=True, kw_only=True):
    """A deployment. ``device_key`` is the secret with which its devices' ids are hashed."""

    id: int
    app_id: int
    name: str
    key: str
    revision: int
    device_key: bytes


class BlobRecord(Struct, frozen=True, kw_only=True):
    """An archive in the blob store. It never changes; ``id`` is the last part of its address."""

    id: str
    size: int
    sha256: str


class PackageRecord(Struct, frozen=True, kw_only=True):
    """The content of releases, one per app and package hash.

    ``manifest`` and ``index`` are JSON texts made by ``codepush.packaging``; ``None`` for a single
    file. ``blob_id`` and ``size`` are those of the archive that holds the content now.
    """

    id: int
    app_id: int
    hash: str
    manifest: bytes | None
    index: bytes | None
    blob_id: str
    size: int


class StoredDiff(Struct, frozen=True, kw_only=True):
    """A smaller download for phones that run the package with ``old_hash``."""

    old_hash: str
    blob_id: str
    size: int


class NewRelease(Struct, frozen=True, kw_only=True):
    """A release about to be recorded; its label comes from the database."""

    package_id: int
    app_version: str
    description: str | None = None
    is_disabled: bool | None = None
    is_mandatory: bool | None = None
    rollout: int | None = None
    upload_time: int
    release_method: ReleaseMethod
    original_label: str | None = None
    original_deployment: str | None = None
    released_by: str


class ReleaseRecord(Struct, frozen=True, kw_only=True):
    """One release of a deployment. ``number`` is that of its label: 3 for ``v3``."""

    number: int
    package_id: int
    package_hash: str
    blob_id: str
    size: int
    app_version: str
    description: str | None
    is_disabled: bool | None
    is_mandatory: bool | None
    rollout: int | None
    upload_time: int
    release_method: ReleaseMethod
    original_label: str | None
    original_deployment: str | None
    released_by: str
    diffs: tuple[StoredDiff, ...] = ()


class CounterRecord(Struct, frozen=True, kw_only=True):
    """One counter of a deployment: of a label or binary version (``subject``), and of what (``kind``)."""

    subject: str
    kind: CounterKind
    value: int


class EventRecord(Struct, frozen=True, kw_only=True):
    """A line of the audit trail: who did what, and what it was before and after (JSON texts)."""

    at: int
    actor: str
    kind: str
    app_id: int | None = None
    deployment_id: int | None = None
    before: str | None = None
    after: str | None = None


class DeploymentHistory(Struct, frozen=True, kw_only=True):
    """All releases of a deployment, oldest first, as they were at one revision."""

    deployment_id: int
    revision: int
    packages: tuple[Package, ...]


class Accounts(Protocol):
    """Records of accounts. E-mail addresses are found in any letter case."""

    async def add(self, *, email: str, name: str, created_at: int) -> AccountRecord:
        """Record an account; `AlreadyExistsError` when the address is taken."""

    async def by_email(self, email: str) -> AccountRecord | None:
        """Return the account with this address."""

    async def count(self) -> int:
        """Return how many accounts there are."""


class AccessKeys(Protocol):
    """Records of access keys: digests, never the keys."""

    async def add(
        self, *, account_id: int, digest: str, friendly_name: str, created_by: str, created_at: int, expires_at: int
    ) -> None:
        """Record a key by the SHA-256 (hex) of its text."""

    async def by_digest(self, digest: str) -> AccessKeyRecord | None:
        """Return the key whose text has this SHA-256 (hex)."""

    async def touch(self, key_id: int, used_at: int) -> None:
        """Remember when a key was last used."""


class Apps(Protocol):
    """Records of apps."""

    async def add(self, *, owner_id: int, name: str, os: str | None, platform: str | None, created_at: int) -> int:
        """Record an app and return its id; `AlreadyExistsError` when the owner has one of this name."""

    async def visible_to(self, account_id: int) -> Sequence[AppRecord]:
        """Return the apps of which the account is the owner or a collaborator, by name."""

    async def remove(self, app_id: int) -> None:
        """Remove an app with its deployments, releases, packages and counters."""


class Deployments(Protocol):
    """Records of deployments."""

    async def add(self, *, app_id: int, name: str, key: str, device_key: bytes, created_at: int) -> DeploymentRecord:
        """Record a deployment; `AlreadyExistsError` when the name or the key is taken."""

    async def of_app(self, app_id: int) -> Sequence[DeploymentRecord]:
        """Return an app's deployments by name."""

    async def names(self, app_ids: Sequence[int]) -> Sequence[tuple[int, str]]:
        """Return (app id, deployment name) of several apps at once."""

    async def named(self, app_id: int, name: str) -> DeploymentRecord | None:
        """Return the deployment of this app with exactly this name."""

    async def with_key(self, key: str) -> DeploymentRecord | None:
        """Return the deployment with this deployment key."""

    async def lock(self, deployment_id: int) -> None:
        """Keep every other writer away from this deployment until the transaction ends."""

    async def revisions(self, deployment_ids: Sequence[int]) -> dict[int, int]:
        """Return the revisions of those deployments that still exist."""

    async def bump(self, deployment_id: int) -> None:
        """Raise the revision, so that every process drops what it remembers of the deployment."""


class Packages(Protocol):
    """Records of the contents of releases, and of the archives that hold them."""

    async def with_hash(self, app_id: int, package_hash: str) -> PackageRecord | None:
        """Return the content of this app with this package hash."""

    async def add(
        self,
        *,
        app_id: int,
        package_hash: str,
        manifest: bytes | None,
        index: bytes | None,
        blob: BlobRecord,
        created_at: int,
    ) -> PackageRecord:
        """Record a content together with the archive that holds it."""


class Releases(Protocol):
    """Records of releases."""

    async def add(self, deployment_id: int, release: NewRelease) -> ReleaseRecord:
        """Record a release under the deployment's next label and raise the deployment's revision.

        The release before it is completed: its rollout becomes ``None``.
        """

    async def history(self, deployment_id: int) -> Sequence[ReleaseRecord]:
        """Return a deployment's releases, oldest first."""

    async def latest(self, deployment_ids: Sequence[int]) -> dict[int, ReleaseRecord]:
        """Return the newest release of each of these deployments that has one."""

    async def update(
        self,
        deployment_id: int,
        number: int,
        *,
        app_version: str,
        description: str | None,
        is_disabled: bool | None,
        is_mandatory: bool | None,
        rollout: int | None,
    ) -> None:
        """Change what may be changed of a release and raise the deployment's revision."""


class Devices(Protocol):
    """What devices last ran, and the counters that follow from it."""

    async def remembered(self, deployment_id: int, device: bytes) -> str | None:
        """Return the label or binary version that a device last ran in a deployment."""

    async def remember(self, deployment_id: int, device: bytes, subject: str, at: int) -> None:
        """Remember the label or binary version that a device runs now."""

    async def forget(self, deployment_id: int, device: bytes) -> None:
        """Forget a device that moved to another deployment."""

    async def count(self, deployment_id: int, subject: str, kind: CounterKind, delta: int) -> None:
        """Add to a counter, which never falls below zero."""

    async def counters(self, deployment_id: int) -> Sequence[CounterRecord]:
        """Return a deployment's counters."""


class Events(Protocol):
    """The audit trail. Lines are only ever added."""

    async def add(self, event: EventRecord) -> None:
        """Write a line."""


class Records(Protocol):
    """All records, within one transaction."""

    @property
    def accounts(self) -> Accounts: ...  # noqa: D102 - the type says it
    @property
    def access_keys(self) -> AccessKeys: ...  # noqa: D102 - the type says it
    @property
    def apps(self) -> Apps: ...  # noqa: D102 - the type says it
    @property
    def deployments(self) -> Deployments: ...  # noqa: D102 - the type says it
    @property
    def packages(self) -> Packages: ...  # noqa: D102 - the type says it
    @property
    def releases(self) -> Releases: ...  # noqa: D102 - the type says it
    @property
    def devices(self) -> Devices: ...  # noqa: D102 - the type says it
    @property
    def events(self) -> Events: ...  # noqa: D102 - the type says it


class Store(Protocol):
    """The database. Every method raises `UnavailableError` when it cannot be reached."""

    def read(self) -> AbstractAsyncContextManager[Records]:
        """Open a transaction that sees one consistent state and changes nothing."""

    def write(self) -> AbstractAsyncContextManager[Records]:
        """Open a transaction that is on disk when the block ends, and undone when the block raises.

        Writers of one process take turns; the block must not wait for anything but its records.
        """

    async def check(self) -> None:
        """Return when the database answers."""

    async def changes(self) -> int:
        """Return a number that differs after another process has committed something."""

    async def close(self) -> None:
        """Close every connection."""


class Histories(Protocol):
    """Where the answers to phones begin: a deployment's releases by its key."""

    async def load(self, deployment_key: str) -> DeploymentHistory | None:
        """Return the releases of the deployment with this key; ``None`` when no deployment has it."""

    async def revisions(self, deployment_ids: Sequence[int]) -> dict[int, int]:
        """Return the revisions of those deployments that still exist."""

    async def changes(self) -> int:
        """Return a number that differs after another process has committed something."""


class Blobs(Protocol):
    """The archives. A blob is written once, whole, and never changes."""

    async def put(self, blob_id: str, source: Path) -> None:
        """Store a file durably; it is on disk and readable by every node when this returns.

        The source is consumed: it may have been moved. Raises `AlreadyExistsError` or `UnavailableError`.
        """

    async def file(self, blob_id: str) -> Path:
        """Return the file of a blob; `MissingError` when there is none."""

    async def remove(self, blob_id: str) -> None:
        """Remove a blob, if it is there."""

    async def check(self) -> None:
        """Return when blobs can be stored; `UnavailableError` otherwise."""

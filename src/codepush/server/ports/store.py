"""The database, as services see it: one protocol for each kind of record, and transactions over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Hashable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from codepush.models import Permission, Role
    from codepush.server.ports.identity import Identity
    from codepush.server.ports.inventory import Inventory, Rows
    from codepush.server.ports.records import (
        AccessKeyRecord,
        AccountRecord,
        Addition,
        AnswerRecord,
        AppRecord,
        BlobRecord,
        ChunkRecord,
        Countable,
        CounterRecord,
        DeploymentHistory,
        DeploymentRecord,
        Device,
        EventRecord,
        JobCounts,
        JobKind,
        JobRecord,
        LoginCodeKind,
        LoginCodeRecord,
        MemberRecord,
        NewRelease,
        OrganizationRecord,
        OwnerKind,
        PackageRecord,
        PointRecord,
        ReleaseRecord,
        UnknownFit,
        UploadRecord,
    )

__all__ = [
    "AccessKeys",
    "Accounts",
    "Answers",
    "Apps",
    "Deployments",
    "Devices",
    "Diffs",
    "Events",
    "Histories",
    "Identities",
    "Jobs",
    "LoginCodes",
    "Organizations",
    "Packages",
    "Records",
    "Releases",
    "Series",
    "Store",
    "Uploads",
]


class Accounts(Protocol):
    """Records of accounts. E-mail addresses are found in any letter case."""

    async def add(self, *, email: str, name: str, created_at: int) -> AccountRecord:
        """Record an account; `AlreadyExistsError` when the address is taken."""

    async def by_email(self, email: str) -> AccountRecord | None:
        """Return the account with this address."""

    async def by_slug(self, slug: str) -> AccountRecord | None:
        """Return the account with this name in addresses, in lower case."""

    async def all(self) -> Sequence[AccountRecord]:
        """Return all accounts by address."""

    async def count(self) -> int:
        """Return how many accounts there are."""

    async def remove(self, account_id: int) -> None:
        """Remove an account that owns no app, with its keys and its part in others' apps and organizations."""


class AccessKeys(Protocol):
    """Records of access keys: digests, never the keys."""

    async def add(
        self,
        *,
        account_id: int,
        digest: str,
        friendly_name: str,
        created_by: str,
        created_at: int,
        expires_at: int,
        is_session: bool = False,
    ) -> None:
        """Record a key by the SHA-256 (hex) of its text.

        `AlreadyExistsError` when that is taken, by whomever, or the account has a key of this name.
        """

    async def by_digest(self, digest: str) -> AccessKeyRecord | None:
        """Return the key whose text has this SHA-256 (hex)."""

    async def named(self, account_id: int, friendly_name: str) -> AccessKeyRecord | None:
        """Return the account's key of exactly this name."""

    async def of_account(self, account_id: int) -> Sequence[AccessKeyRecord]:
        """Return all of an account's keys, expired ones and sessions too, oldest first."""

    async def update(self, key_id: int, *, friendly_name: str, expires_at: int) -> None:
        """Change what may be changed of a key; `AlreadyExistsError` when the name is taken."""

    async def remove(self, key_id: int) -> None:
        """Remove a key."""

    async def remove_sessions(self, account_id: int, created_by: str) -> int:
        """Remove the account's sessions of a machine and return how many there were."""

    async def touch(self, key_id: int, used_at: int) -> None:
        """Remember when a key was last used."""


class LoginCodes(Protocol):
    """Records of one-time codes: digests, never the codes."""

    async def add(
        self, *, account_id: int, kind: LoginCodeKind, digest: str, hostname: str = "", expires_at: int
    ) -> None:
        """Record a code by the SHA-256 (hex) of its text."""

    async def redeem(self, kind: LoginCodeKind, digest: str, *, now: int) -> LoginCodeRecord | None:
        """Use up a code and return what it stood for; ``None`` when it is unknown, used up or expired.

        Of several who redeem a code at once, one gets the record.
        """

    async def remove_expired(self, now: int) -> None:
        """Remove the codes that nobody redeemed in time."""


class Identities(Protocol):
    """Records of who accounts are at identity providers."""

    async def add(self, account_id: int, identity: Identity, *, created_at: int) -> None:
        """Link an identity to an account.

        `AlreadyExistsError` when it is linked to an account, or the account to another of this issuer.
        """

    async def account_of(self, identity: Identity) -> AccountRecord | None:
        """Return the account that an identity is linked to."""

    async def providers_of(self, account_id: int) -> Sequence[str]:
        """Return the names of the providers that an account is linked to, in the order of linking."""


class Organizations(Protocol):
    """Records of organizations and their members. Slugs are found in lower case."""

    async def add(self, *, slug: str, name: str, created_at: int) -> OrganizationRecord:
        """Record an organization without members; `AlreadyExistsError` when the slug is somebody's."""

    async def by_slug(self, slug: str) -> OrganizationRecord | None:
        """Return the organization with this name in addresses, in lower case."""

    async def of_account(self, account_id: int) -> Sequence[OrganizationRecord]:
        """Return the organizations that an account belongs to, by slug."""

    async def change(self, organization_id: int, *, slug: str, name: str) -> None:
        """Give an organization other names; `AlreadyExistsError` when the slug is somebody's."""

    async def owns_apps(self, organization_id: int) -> bool:
        """Return whether an app belongs to the organization."""

    async def remove(self, organization_id: int) -> None:
        """Remove an organization that owns no app."""

    async def members(self, organization_id: int) -> Sequence[MemberRecord]:
        """Return the members of an organization, by address."""

    async def add_member(self, organization_id: int, account_id: int, role: Role) -> None:
        """Let an account belong to an organization; `AlreadyExistsError` when it does."""

    async def set_role(self, organization_id: int, account_id: int, role: Role) -> None:
        """Change what a member may do; `MissingError` when the account is none."""

    async def remove_member(self, organization_id: int, account_id: int) -> None:
        """Let an account belong to an organization no longer, if it did."""


class Apps(Protocol):
    """Records of apps."""

    async def add(
        self,
        *,
        owner_id: int,
        owner_kind: OwnerKind = "user",
        name: str,
        os: str | None,
        platform: str | None,
        created_at: int,
        display_name: str | None = None,
    ) -> int:
        """Record an app and return its id; `AlreadyExistsError` when the owner has one of this name.

        Without a ``display_name``, its name for people is ``name``, and changes with it.
        """

    async def visible_to(self, account_id: int) -> Sequence[AppRecord]:
        """Return the apps that an account owns, collaborates on, or sees as a member of an organization, by name."""

    async def rename(self, app_id: int, name: str) -> None:
        """Give an app another name; `AlreadyExistsError` when its owner has one of this name."""

    async def set_display_name(self, app_id: int, display_name: str) -> None:
        """Give an app a name for people, which stays when its name changes."""

    async def give(self, app_id: int, owner_id: int, owner_kind: OwnerKind = "user") -> None:
        """Let another account or organization own an app; `AlreadyExistsError` when it has one of this name."""

    async def add_collaborator(self, app_id: int, account_id: int, permission: Permission = "Collaborator") -> None:
        """Let an account work on an app; `AlreadyExistsError` when it does."""

    async def set_permission(self, app_id: int, account_id: int, permission: Permission) -> None:
        """Change what a collaborator may do; `MissingError` when the account is none."""

    async def remove_collaborator(self, app_id: int, account_id: int) -> None:
        """Let an account work on an app no longer, if it did. The owner is not among those."""

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

    async def with_keys(self, keys: Collection[str]) -> Sequence[DeploymentRecord]:
        """Return the deployments that have one of these deployment keys."""

    async def rename(self, deployment_id: int, name: str) -> None:
        """Give a deployment another name; `AlreadyExistsError` when the app has one of this name."""

    async def remove(self, deployment_id: int) -> None:
        """Remove a deployment with its releases and counters; the app's packages stay."""

    async def lock(self, deployment_id: int) -> None:
        """Keep every other writer away from this deployment until the transaction ends."""

    async def revisions(self, deployment_ids: Sequence[int]) -> dict[int, int]:
        """Return the revisions of those deployments that still exist."""

    async def state(self) -> tuple[int, int, int]:
        """Return three numbers that are the same only while no deployment is added, changed or removed."""

    async def bump_releasing(self, package_id: int) -> Sequence[int]:
        """Raise the revision of every deployment with a release of this package, and return their ids.

        Every process then drops what it remembers of them.
        """


class Packages(Protocol):
    """Records of the contents of releases, and of the archives that hold them."""

    async def get(self, package_id: int) -> PackageRecord | None:
        """Return a content by its id."""

    async def with_hash(self, app_id: int, package_hash: str) -> PackageRecord | None:
        """Return the newest content of this app with this package hash.

        Contents that differ in nothing but a signature share a hash: phones leave it out.
        """

    async def with_content(self, app_id: int, package_hash: str, manifest: bytes | None) -> PackageRecord | None:
        """Return the content of this app with this package hash and exactly this manifest, signature included."""

    async def archives(self, app_id: int) -> dict[str, int]:
        """Return the ids of the app's contents that have a manifest, by package hash; the newest of each hash."""

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

    async def repack(self, package: PackageRecord, blob: BlobRecord, *, index: bytes | None, at: int) -> None:
        """Let another archive hold a content from now on; the one before is retired.

        `MissingError` when the content is gone, or held by another archive than ``package`` says.
        """


class Diffs(Protocol):
    """Records of diffs, also of those that were made and not worth storing."""

    async def known(self, package_id: int, old_hash: str) -> bool:
        """Return whether the diff from this hash was made, stored or not."""

    async def add(
        self,
        package_id: int,
        old_hash: str,
        blob: BlobRecord | None,
        *,
        created_at: int,
        fits_binary: bool | None = None,
    ) -> None:
        """Record a diff; without a blob it is not worth storing. ``fits_binary`` is that of `StoredDiff`.

        `AlreadyExistsError` when it was made before; `MissingError` when the package is gone.
        """

    async def unknown_fits(self, limit: int) -> Sequence[UnknownFit]:
        """Return some stored diffs of which it is not known whether they fit a store build."""

    async def set_fit(self, package_id: int, old_hash: str, *, fits_binary: bool) -> None:
        """Record whether a diff fits a store build."""

    async def remove(self, package_id: int, old_hash: str) -> None:
        """Forget a diff, if it was made."""


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

    async def clear(self, deployment_id: int) -> None:
        """Remove all releases, begin anew with the label ``v1``, and raise the deployment's revision."""


class Devices(Protocol):
    """What devices last ran, and the counters that follow from it."""

    async def lock(self, deployment_ids: Collection[int]) -> None:
        """Keep every other writer away from these deployments' devices and counters until the transaction ends.

        Whoever needs several deployments asks for all of them at once; and also whoever removes a deployment asks,
        so as not to meet a writer half-way.
        """

    async def remembered(self, asked: Collection[Device]) -> dict[Device, str]:
        """Return the label or binary version that each of these devices last ran, of those that are remembered."""

    async def countable(self, asked: Mapping[int, Collection[str]]) -> dict[int, Countable]:
        """Return what can be counted in each of these deployments that exists, with the binary versions asked for.

        It stays so until the transaction ends if the deployments are locked (:meth:`lock`).
        """

    async def remember(self, running: Mapping[Device, str], *, at: int) -> None:
        """Remember the label or binary version that each of these devices runs now."""

    async def forget(self, gone: Collection[Device]) -> None:
        """Forget devices that moved to another deployment."""

    async def count(self, additions: Sequence[Addition], *, hour: int) -> None:
        """Add to counters, at most once to each, and to what is kept of the hour that begins at ``hour``."""

    async def counters(self, deployment_id: int) -> Sequence[CounterRecord]:
        """Return a deployment's counters."""

    async def clear(self, deployment_id: int) -> None:
        """Forget a deployment's devices and counters."""


class Series(Protocol):
    """What counters were over time: by the hour, and where that was long ago by the day. `Devices.count` begins it."""

    async def points(self, deployment_id: int, *, since: int, until: int) -> Sequence[PointRecord]:
        """Return the hours and days that begin in this time, in its order; a day before an hour of the same moment."""

    async def standing_before(self, deployment_id: int, until: int) -> Sequence[CounterRecord]:
        """Return the last values, before this moment, of what tells how many there are."""

    async def with_hours(self, *, until: int) -> dict[int, int]:
        """Return the deployments that have hours before this moment, and when the first of them began."""

    async def replace_hours(self, deployment_id: int, days: Sequence[PointRecord], *, until: int) -> None:
        """Keep these days, in place of those that are there, and forget the hours before this moment."""


class Events(Protocol):
    """The audit trail. Lines are only ever added."""

    async def add(self, event: EventRecord) -> None:
        """Write a line."""


class Answers(Protocol):
    """Answers that are given again when a request is repeated with the same ``Idempotency-Key``."""

    async def given(self, account_id: int, route: str, key: str, *, since: int) -> AnswerRecord | None:
        """Return the answer that this request of an account's has got, if that was after ``since``."""

    async def add(self, account_id: int, route: str, key: str, answer: AnswerRecord, *, at: int) -> None:
        """Record the answer to a request; `AlreadyExistsError` when it has one."""

    async def forget(self, *, until: int) -> None:
        """Remove the answers that were given at ``until`` or before."""


class Jobs(Protocol):
    """Work to be done in the background, each piece by one worker at a time.

    Who claims a job has a lease on it, and may lose it to another when the lease has run out. So a job
    may be done twice, and only its present owner can say what became of it.
    """

    async def add(self, kind: JobKind, payload: str, *, dedupe_key: str, at: int) -> None:
        """Add a job, unless one with this key is there: waiting, under way, or failed."""

    async def claim(self, owner: str, *, now: int, lease_until: int) -> JobRecord | None:
        """Give the job that has waited longest to an owner; ``None`` when none is to be had now."""

    async def next_due(self) -> int | None:
        """Return when the next job can be claimed, perhaps in the past; ``None`` when none is left to do."""

    async def counts(self) -> JobCounts:
        """Return how many jobs there are."""

    async def extend(self, job_id: int, owner: str, *, lease_until: int) -> None:
        """Let the owner keep a job for longer."""

    async def finish(self, job_id: int, owner: str) -> None:
        """Forget a job that is done."""

    async def retry(self, job_id: int, owner: str, error: str, *, at: int) -> None:
        """Let a job that failed wait for another attempt."""

    async def fail(self, job_id: int, owner: str, error: str) -> None:
        """Keep a job that failed for good, with its error; it is never claimed again."""

    async def give_back(self, owner: str) -> None:
        """Let whatever this owner has claimed wait again, as if it had not been claimed."""


class Uploads(Protocol):
    """Files that arrive in chunks, until they are released or expire."""

    async def add(self, upload: UploadRecord) -> None:
        """Record an upload; `MissingError` when its app or account is gone."""

    async def get(self, upload_id: str) -> UploadRecord | None:
        """Return the upload with this id."""

    async def lock(self, upload_id: str) -> None:
        """Keep every other writer away from this upload until the transaction ends."""

    async def update(self, upload: UploadRecord) -> None:
        """Record what the file is called, how large it and its chunks are, and how far the upload is."""

    async def chunks(self, upload_id: str) -> Sequence[ChunkRecord]:
        """Return the chunks that have arrived, in the order of the file."""

    async def put_chunk(self, upload_id: str, chunk: ChunkRecord) -> ChunkRecord | None:
        """Record a chunk and return the one of this number that was there before.

        Whoever calls this has locked the upload. `MissingError` when it is gone.
        """

    async def forget_chunks(self, upload_id: str) -> None:
        """Remove the records of an upload's chunks."""

    async def remove(self, upload_id: str) -> None:
        """Remove an upload and the records of its chunks."""

    async def open_until(self, account_id: int, now: int) -> Sequence[int]:
        """Return when each open upload of an account expires: one that can still be released at ``now``."""

    async def expired(self, now: int) -> Sequence[str]:
        """Return the ids of the uploads whose time was over at ``now``."""


class Records(Protocol):
    """All records, within one transaction."""

    @property
    def accounts(self) -> Accounts: ...  # noqa: D102 - the type says it
    @property
    def access_keys(self) -> AccessKeys: ...  # noqa: D102 - the type says it
    @property
    def login_codes(self) -> LoginCodes: ...  # noqa: D102 - the type says it
    @property
    def identities(self) -> Identities: ...  # noqa: D102 - the type says it
    @property
    def organizations(self) -> Organizations: ...  # noqa: D102 - the type says it
    @property
    def apps(self) -> Apps: ...  # noqa: D102 - the type says it
    @property
    def deployments(self) -> Deployments: ...  # noqa: D102 - the type says it
    @property
    def packages(self) -> Packages: ...  # noqa: D102 - the type says it
    @property
    def releases(self) -> Releases: ...  # noqa: D102 - the type says it
    @property
    def diffs(self) -> Diffs: ...  # noqa: D102 - the type says it
    @property
    def devices(self) -> Devices: ...  # noqa: D102 - the type says it
    @property
    def series(self) -> Series: ...  # noqa: D102 - the type says it
    @property
    def events(self) -> Events: ...  # noqa: D102 - the type says it
    @property
    def answers(self) -> Answers: ...  # noqa: D102 - the type says it
    @property
    def jobs(self) -> Jobs: ...  # noqa: D102 - the type says it
    @property
    def inventory(self) -> Inventory: ...  # noqa: D102 - the type says it
    @property
    def rows(self) -> Rows: ...  # noqa: D102 - the type says it
    @property
    def uploads(self) -> Uploads: ...  # noqa: D102 - the type says it


class Store(Protocol):
    """The database. Every method raises `UnavailableError` when it cannot be reached."""

    def read(self) -> AbstractAsyncContextManager[Records]:
        """Open a transaction that sees one consistent state and changes nothing."""

    def write(self, *, alone: bool = True) -> AbstractAsyncContextManager[Records]:
        """Open a transaction that is on disk when the block ends, and undone when the block raises.

        The block must not wait for anything but its records. ``alone``: it may rely on what it has read
        until it ends, since no other such block runs meanwhile, in whatever process or node. Without that, it
        waits for others only where both change the same record. That is for what happens so often that
        waiting would hurt, and is right whatever others change: reports, leases, times of use.
        """

    async def check(self) -> None:
        """Return when the database answers."""

    def changes(self) -> AsyncIterator[Collection[int] | None]:
        """Yield the ids of deployments that somebody changed, soon after that is committed; never end.

        ``None`` says that any deployment may have changed; it comes first, and again whenever something
        may have been missed. While the database is away, nothing need come, and nothing is raised.
        """

    async def close(self) -> None:
        """Close every connection."""


class Histories(Protocol):
    """Where the answers to phones begin: a deployment's releases by its key."""

    async def load(self, deployment_key: str) -> DeploymentHistory | None:
        """Return the releases of the deployment with this key; ``None`` when no deployment has it."""

    async def revisions(self, deployment_ids: Sequence[int]) -> dict[int, int]:
        """Return the revisions of those deployments that still exist."""

    async def state(self) -> Hashable:
        """Return what is the same only while no deployment is added, changed or removed."""

    def changes(self) -> AsyncIterator[Collection[int] | None]:
        """Yield the ids of deployments that somebody changed, as `Store.changes` does."""

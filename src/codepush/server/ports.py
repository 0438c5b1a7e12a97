"""What the services need from the outside, in the product's own words.

Ports: a :class:`Store` for records (a database), :class:`Blobs` for archives (a folder or an object
store), and an :class:`IdentityProvider` for each place where people can log in. Adapters live in
:mod:`codepush.server.storage`, where those of one port all pass the same tests, and in
:mod:`codepush.server.identity`.
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
    "AnswerRecord",
    "Answers",
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
    "Diffs",
    "EventRecord",
    "Events",
    "Histories",
    "Identities",
    "Identity",
    "IdentityProvider",
    "JobKind",
    "JobRecord",
    "Jobs",
    "LoginAttempt",
    "LoginCodeKind",
    "LoginCodeRecord",
    "LoginCodes",
    "MissingError",
    "NewRelease",
    "PackageRecord",
    "Packages",
    "PortError",
    "ProviderError",
    "Records",
    "ReleaseRecord",
    "Releases",
    "Store",
    "StoredDiff",
    "UnavailableError",
]


CounterKind: TypeAlias = Literal["active", "anonymous", "downloaded", "failed", "installed"]
"""What is counted; ``codepush.rules.metrics`` tells what each means."""

JobKind: TypeAlias = Literal["diff", "repack"]
"""What is done in the background: making a diff to a package, packing a package smaller."""


LoginCodeKind: TypeAlias = Literal["code", "ticket"]
"""What a person types in the browser, and what a browser fetches its access key with after that."""


class PortError(Exception):
    """Something outside the services said no."""


class AlreadyExistsError(PortError):
    """A record or blob with this name is already there."""


class MissingError(PortError):
    """The record or blob is not there."""


class ProviderError(PortError):
    """An identity provider is away, answers what makes no sense, or says no. The sentence holds no secret."""


class UnavailableError(PortError):
    """The database or the blob store cannot be reached, is full, or is broken."""


class AccountRecord(Struct, frozen=True, kw_only=True):
    """A person who may log in."""

    id: int
    email: str
    name: str


class AccessKeyRecord(Struct, frozen=True, kw_only=True):
    """An access key, without its secret.

    ``account`` is whose it is, ``created_by`` the machine it was made for. A session is a key that a
    log-in made.
    """

    id: int
    account: AccountRecord
    friendly_name: str
    created_by: str
    created_at: int
    expires_at: int
    last_used_at: int | None
    is_session: bool


class LoginCodeRecord(Struct, frozen=True, kw_only=True):
    """What a one-time code of a log-in stood for. ``hostname`` is empty where no machine was named."""

    account: AccountRecord
    hostname: str


class LoginAttempt(Struct, frozen=True, kw_only=True):
    """The secrets of one log-in at an identity provider, known to one browser only.

    ``state`` and ``nonce`` come back from the provider; ``verifier`` proves that who asks for the result is who
    began (PKCE).
    """

    state: str
    nonce: str
    verifier: str


class Identity(Struct, frozen=True, kw_only=True):
    """Who somebody is at an identity provider.

    ``issuer`` and ``subject`` together name one person for ever; ``provider`` is what people call the issuer.
    ``email`` is ``None`` unless the provider has made sure that the address is this person's.
    """

    issuer: str
    subject: str
    provider: str
    email: str | None
    name: str


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
    """The content of releases, one per app and manifest.

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


class AnswerRecord(Struct, frozen=True, kw_only=True):
    """An answer as it left the server; ``location`` is the address of what was made."""

    status: int
    location: str
    body: bytes


class JobRecord(Struct, frozen=True, kw_only=True):
    """Work to be done in the background, as whoever claimed it gets to see it.

    ``payload`` is a JSON text that the kind explains. ``attempt`` is 1 for who does it first.
    """

    id: int
    kind: JobKind
    payload: str
    attempt: int


class DeploymentHistory(Struct, frozen=True, kw_only=True):
    """All releases of a deployment, oldest first, as they were at one revision.

    ``archives`` are the app's contents that have a manifest, as in :meth:`Packages.archives`: those
    from which and to which there can be diffs.
    """

    deployment_id: int
    revision: int
    packages: tuple[Package, ...]
    archives: dict[str, int] = {}


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


class Apps(Protocol):
    """Records of apps."""

    async def add(self, *, owner_id: int, name: str, os: str | None, platform: str | None, created_at: int) -> int:
        """Record an app and return its id; `AlreadyExistsError` when the owner has one of this name."""

    async def visible_to(self, account_id: int) -> Sequence[AppRecord]:
        """Return the apps of which the account is the owner or a collaborator, by name."""

    async def rename(self, app_id: int, name: str) -> None:
        """Give an app another name; `AlreadyExistsError` when its owner has one of this name."""

    async def give(self, app_id: int, owner_id: int) -> None:
        """Let another account own an app; `AlreadyExistsError` when it has one of this name."""

    async def add_collaborator(self, app_id: int, account_id: int) -> None:
        """Let an account work on an app; `AlreadyExistsError` when it does."""

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

    async def rename(self, deployment_id: int, name: str) -> None:
        """Give a deployment another name; `AlreadyExistsError` when the app has one of this name."""

    async def remove(self, deployment_id: int) -> None:
        """Remove a deployment with its releases and counters; the app's packages stay."""

    async def lock(self, deployment_id: int) -> None:
        """Keep every other writer away from this deployment until the transaction ends."""

    async def revisions(self, deployment_ids: Sequence[int]) -> dict[int, int]:
        """Return the revisions of those deployments that still exist."""

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

    async def repack(self, package: PackageRecord, blob: BlobRecord, *, index: bytes, at: int) -> None:
        """Let another archive hold a content from now on; the one before is retired.

        `MissingError` when the content is gone, or held by another archive than ``package`` says.
        """


class Diffs(Protocol):
    """Records of diffs, also of those that were made and not worth storing."""

    async def known(self, package_id: int, old_hash: str) -> bool:
        """Return whether the diff from this hash was made, stored or not."""

    async def add(self, package_id: int, old_hash: str, blob: BlobRecord | None, *, created_at: int) -> None:
        """Record a diff; without a blob it is not worth storing.

        `AlreadyExistsError` when it was made before; `MissingError` when the package is gone.
        """


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

    async def clear(self, deployment_id: int) -> None:
        """Forget a deployment's devices and counters."""


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
    def events(self) -> Events: ...  # noqa: D102 - the type says it
    @property
    def answers(self) -> Answers: ...  # noqa: D102 - the type says it
    @property
    def jobs(self) -> Jobs: ...  # noqa: D102 - the type says it


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


class IdentityProvider(Protocol):
    """Somebody who knows people: they log in there, and here with what is told of them.

    Every method raises `ProviderError` when the provider cannot be reached or makes no sense.
    """

    @property
    def name(self) -> str:
        """What it is called in addresses, such as ``github``."""

    @property
    def title(self) -> str:
        """What people call it, such as ``GitHub``."""

    async def address(self, attempt: LoginAttempt, *, redirect_uri: str) -> str:
        """Return the address of its log-in page, which sends the browser on to ``redirect_uri``."""

    async def identify(self, code: str, attempt: LoginAttempt, *, redirect_uri: str, issuer: str | None) -> Identity:
        """Return who logged in, for the code that the browser came back with.

        ``issuer`` is who the browser says has sent it back, where it says so; it must be this provider.
        """

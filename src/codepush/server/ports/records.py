"""Records: what is stored. Services turn them into the models that leave the server.

Times are milliseconds since 1970 in UTC, as on the wire. Identifiers are opaque to services.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from codepush.models import Package, Permission, ReleaseMethod, Role

__all__ = [
    "STANDING",
    "AccessKeyRecord",
    "AccountRecord",
    "Addition",
    "AnswerRecord",
    "AppRecord",
    "BlobRecord",
    "ChunkRecord",
    "CollaboratorRecord",
    "Countable",
    "CounterKind",
    "CounterRecord",
    "DeploymentHistory",
    "DeploymentRecord",
    "Device",
    "EventRecord",
    "JobCounts",
    "JobKind",
    "JobRecord",
    "LoginCodeKind",
    "LoginCodeRecord",
    "MemberRecord",
    "NewRelease",
    "OrganizationRecord",
    "OwnerKind",
    "OwnerRecord",
    "PackageRecord",
    "PointRecord",
    "ReleaseRecord",
    "StoredDiff",
    "UnknownFit",
    "UploadRecord",
    "UploadState",
]


CounterKind: TypeAlias = Literal["active", "anonymous", "downloaded", "failed", "installed"]
"""What is counted; ``codepush.rules.metrics`` tells what each means."""

STANDING: Final[frozenset[CounterKind]] = frozenset({"active", "anonymous"})
"""The kinds that tell how many there are now; the others tell how often something happened."""

Device: TypeAlias = tuple[int, bytes]
"""A device as a deployment knows it: the deployment's id, and the keyed hash of the device's own."""

JobKind: TypeAlias = Literal["diff", "repack"]
"""What is done in the background: making a diff to a package, packing a package smaller."""


LoginCodeKind: TypeAlias = Literal["code", "ticket", "link"]
"""What a person types in the browser, and what a browser fetches its access key with after that."""


OwnerKind: TypeAlias = Literal["user", "org"]
"""Who can own apps: one person, or an organization."""

UploadState: TypeAlias = Literal["new", "open", "finished", "released", "cancelled"]
"""How far an upload in chunks is: nothing is known of the file; chunks arrive; all are there; it was used; it was not.

A cancelled one was given up by its client, or has expired.
"""


class AccountRecord(Struct, frozen=True, kw_only=True):
    """A person who may log in. ``slug`` is their name in addresses, which no other account or organization has."""

    id: int
    email: str
    slug: str
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


class CollaboratorRecord(Struct, frozen=True, kw_only=True):
    """An account's part in an app."""

    account_id: int
    email: str
    slug: str
    name: str
    permission: Permission


class MemberRecord(Struct, frozen=True, kw_only=True):
    """An account's part in an organization."""

    account_id: int
    email: str
    slug: str
    name: str
    role: Role


class OrganizationRecord(Struct, frozen=True, kw_only=True):
    """A group of people that own apps together. ``slug`` is its name in addresses, ``name`` what people call it."""

    id: int
    slug: str
    name: str
    created_at: int


class OwnerRecord(Struct, frozen=True, kw_only=True):
    """Whose an app is; ``email`` is that of a person, ``None`` for an organization."""

    kind: OwnerKind
    id: int
    slug: str
    name: str
    email: str | None


class AppRecord(Struct, frozen=True, kw_only=True):
    """An app with everyone who may see it.

    ``display_name`` is its name for people: ``name``, unless it was given another one.
    ``collaborators`` are those who were let in to this app, and its owner when that is a person; ``members`` all
    of the organization that owns it.
    """

    id: int
    name: str
    display_name: str
    os: str | None
    platform: str | None
    created_at: int
    owner: OwnerRecord
    collaborators: tuple[CollaboratorRecord, ...]
    members: tuple[MemberRecord, ...] = ()


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
    """A smaller download for phones that run the package with ``old_hash``.

    ``fits_binary`` is whether a device that runs the store build can apply it; ``None``: not known.
    """

    old_hash: str
    blob_id: str
    size: int
    fits_binary: bool | None = None


class UnknownFit(Struct, frozen=True, kw_only=True):
    """A diff of which it is not known whether it fits a store build, with the manifest of the older package."""

    package_id: int
    old_hash: str
    manifest: bytes


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


class Addition(Struct, frozen=True):
    """A change of a counter: what is added to it, and how much there is in it afterwards at least.

    A row of additions none of which may bring the counter below zero is one addition: ``least`` then
    tells how far the last ones brought it up again from there.
    """

    deployment_id: int
    subject: str
    kind: CounterKind
    delta: int
    least: int = 0


class Countable(Struct, frozen=True):
    """What can be counted in a deployment.

    ``released``: the number of its newest label. ``versions``: those of the binary versions asked for that have
    counters. ``version_count``: how many binary versions have counters; 0 if every version asked for has.
    """

    released: int
    versions: frozenset[str] = frozenset()
    version_count: int = 0


class CounterRecord(Struct, frozen=True, kw_only=True):
    """One counter of a deployment: of a label or binary version (``subject``), and of what (``kind``)."""

    subject: str
    kind: CounterKind
    value: int


class PointRecord(Struct, frozen=True):
    """What a counter was in an hour or a day: how many there were at the end, or how often something happened."""

    subject: str
    kind: CounterKind
    span: Literal["hour", "day"]
    starts_at: int
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
    """An answer as it left the server.

    ``location`` is the address of what was made. ``digest`` identifies the content of the request;
    ``None`` for answers of versions before it was recorded.
    """

    status: int
    location: str
    body: bytes
    digest: str | None = None


class JobCounts(Struct, frozen=True, kw_only=True):
    """How many jobs there are, by what becomes of them, and when the oldest of those not done was added.

    Jobs that are done are forgotten, those that have failed for good are kept. ``oldest`` is ``None`` when
    none is waiting or running.
    """

    waiting: int = 0
    running: int = 0
    failed: int = 0
    oldest: int | None = None


class JobRecord(Struct, frozen=True, kw_only=True):
    """Work to be done in the background, as whoever claimed it gets to see it.

    ``payload`` is a JSON text that the kind explains. ``attempt`` is 1 for who does it first.
    """

    id: int
    kind: JobKind
    payload: str
    attempt: int


class UploadRecord(Struct, frozen=True, kw_only=True):
    """A file that arrives in chunks, for a release of an app by an account.

    ``token_digest`` is the SHA-256 (hex) of what its client has to know. Name, size and size of chunks
    are empty or 0 while it is new.
    """

    id: str
    app_id: int
    account_id: int
    token_digest: str
    file_name: str = ""
    size: int = 0
    chunk_size: int = 0
    state: UploadState = "new"
    created_at: int
    expires_at: int


class ChunkRecord(Struct, frozen=True, kw_only=True):
    """A chunk that has arrived. Numbers begin at 1; ``blob_id`` is that of the blob that holds it."""

    number: int
    size: int
    blob_id: str


class DeploymentHistory(Struct, frozen=True, kw_only=True):
    """All releases of a deployment, oldest first, as they were at one revision.

    ``archives`` are the app's contents that have a manifest, as in :meth:`Packages.archives`: those
    from which and to which there can be diffs.
    """

    deployment_id: int
    revision: int
    packages: tuple[Package, ...]
    archives: dict[str, int] = {}

"""The tables, created by the first migration.

Times are milliseconds since 1970 in UTC. Every constraint has a name, because a migration can only change named ones.
Identifiers are never reused (AUTOINCREMENT on SQLite): events outlive their subjects, and a process may still have a
deleted deployment in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text as AnyText,
    UniqueConstraint,
    false,
)

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite numbers rows only in a column of type INTEGER, which has 64 bits there.
Identifier: Final = BigInteger().with_variant(Integer(), "sqlite")

# Texts are compared by code points, as in SQLite, whatever the locale of the server.
Text: Final = AnyText().with_variant(AnyText(collation="C"), "postgresql")


def _required(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _identifier() -> Column[int]:
    return Column("id", Identifier, primary_key=True)


def _parent(name: str, target: str, *, in_key: bool = False) -> Column[int]:
    """Return a reference to the row without which this one cannot exist."""
    return Column(name, Identifier, ForeignKey(target, ondelete="CASCADE"), nullable=False, primary_key=in_key)


def _key(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    return Column(name, kind, primary_key=True, nullable=False)


accounts: Final = Table(
    "accounts",
    metadata,
    _identifier(),
    _required("email", Text),
    _required("email_folded", Text),
    _required("slug", Text),
    _required("name", Text),
    _required("created_at", BigInteger),
    UniqueConstraint("email_folded"),
    UniqueConstraint("slug"),
    sqlite_autoincrement=True,
)
"""Accounts of users. ``email_folded`` is the address without letter case, ``slug`` the name for URLs."""

organizations: Final = Table(
    "organizations",
    metadata,
    _identifier(),
    _required("slug", Text),
    _required("name", Text),
    _required("created_at", BigInteger),
    UniqueConstraint("slug"),
    sqlite_autoincrement=True,
)
"""Groups of users that own apps together."""

organization_members: Final = Table(
    "organization_members",
    metadata,
    _parent("organization_id", "organizations.id", in_key=True),
    _parent("account_id", "accounts.id", in_key=True),
    _required("role", Text),
    Index(None, "account_id"),
)
"""Members of organizations, and their roles."""

access_keys: Final = Table(
    "access_keys",
    metadata,
    _identifier(),
    _parent("account_id", "accounts.id"),
    _required("digest", Text),
    _required("friendly_name", Text),
    _required("created_by", Text),
    _required("created_at", BigInteger),
    _required("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    _required("is_session", Boolean),
    UniqueConstraint("digest"),
    UniqueConstraint("account_id", "friendly_name"),
    sqlite_autoincrement=True,
)
"""Access keys, by the SHA-256 (hex) of their text; the text is not stored."""

login_codes: Final = Table(
    "login_codes",
    metadata,
    _key("digest", Text),
    _parent("account_id", "accounts.id"),
    _required("kind", Text),
    _required("hostname", Text),
    _required("expires_at", BigInteger),
    Index(None, "account_id"),
)
"""One-time codes of browser logins, by the SHA-256 (hex) of their text. A used code is deleted."""

identities: Final = Table(
    "identities",
    metadata,
    _key("issuer", Text),
    _key("subject", Text),
    _parent("account_id", "accounts.id"),
    _required("provider", Text),
    _required("created_at", BigInteger),
    UniqueConstraint("account_id", "issuer"),
)
"""Links between accounts and identities: at most one identity at each issuer per account."""

apps: Final = Table(
    "apps",
    metadata,
    _identifier(),
    # RESTRICT: an app must be removed explicitly, because its archives have to be retired first.
    Column("owner_account_id", Identifier, ForeignKey("accounts.id", ondelete="RESTRICT")),
    Column("organization_id", Identifier, ForeignKey("organizations.id", ondelete="RESTRICT")),
    _required("name", Text),
    Column("os", Text),
    Column("platform", Text),
    _required("created_at", BigInteger),
    CheckConstraint("(owner_account_id IS NULL) <> (organization_id IS NULL)", name="one_owner"),
    UniqueConstraint("owner_account_id", "name"),
    Column("display_name", Text),
    UniqueConstraint("organization_id", "name"),
    sqlite_autoincrement=True,
)
"""Apps, each owned by one account or one organization. The name serves as the display name by default."""

collaborators: Final = Table(
    "collaborators",
    metadata,
    _parent("app_id", "apps.id", in_key=True),
    _parent("account_id", "accounts.id", in_key=True),
    _required("permission", Text),
    Index(None, "account_id"),
)
"""Collaborators of apps, without the owners."""

deployments: Final = Table(
    "deployments",
    metadata,
    _identifier(),
    _parent("app_id", "apps.id"),
    _required("name", Text),
    _required("key", Text),
    Column("next_label", Integer, nullable=False, server_default="1"),
    Column("revision", BigInteger, nullable=False, server_default="1"),
    _required("device_key", LargeBinary),
    _required("created_at", BigInteger),
    UniqueConstraint("app_id", "name"),
    UniqueConstraint("key"),
    Column("stopped_by", Text),
    Column("default_plan", Text),
    sqlite_autoincrement=True,
)
"""Channels of releases. ``revision`` rises with everything that changes the response to an update check.

``stopped_by`` is the actor who stopped all updates; ``default_plan`` the rollout plan of releases without one, as JSON.
"""

blobs: Final = Table(
    "blobs",
    metadata,
    _key("id", Text),
    _required("kind", Text),
    _required("size", BigInteger),
    _required("sha256", Text),
    _required("state", Text),
    _required("created_at", BigInteger),
    Column("retired_at", BigInteger),
)
"""Archives in the blob store. ``kind`` is package or diff; ``state`` is live, or retired (to be removed later)."""

packages: Final = Table(
    "packages",
    metadata,
    _identifier(),
    _parent("app_id", "apps.id"),
    _required("hash", Text),
    Column("manifest", LargeBinary),
    Column("index", LargeBinary),
    Column("blob_id", Text, ForeignKey("blobs.id", ondelete="RESTRICT"), nullable=False),
    _required("created_at", BigInteger),
    Index(None, "app_id", "hash"),
    Index(None, "blob_id"),
    sqlite_autoincrement=True,
)
"""The contents of releases, one per app and manifest, and the archive that holds each of them now.

A signature is in the manifest but not in the hash, so that two contents of an app may share a hash.
"""

releases: Final = Table(
    "releases",
    metadata,
    _identifier(),
    _parent("deployment_id", "deployments.id"),
    _required("number", Integer),
    Column("package_id", Identifier, ForeignKey("packages.id", ondelete="RESTRICT"), nullable=False),
    _required("app_version", Text),
    Column("description", Text),
    Column("is_disabled", Boolean),
    Column("is_mandatory", Boolean),
    Column("rollout", Integer),
    _required("upload_time", BigInteger),
    _required("release_method", Text),
    Column("original_label", Text),
    Column("original_deployment", Text),
    _required("released_by", Text),
    Column("held", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("deployment_id", "number"),
    Index(None, "package_id"),
    sqlite_autoincrement=True,
)
"""Releases of deployments. ``number`` is that of the label: 3 for ``v3``.

A release that is ``held`` is offered to no device, and no device that runs it is moved back.
"""

rollouts: Final = Table(
    "rollouts",
    metadata,
    _identifier(),
    _parent("deployment_id", "deployments.id"),
    _required("number", Integer),
    _required("state", Text),
    Column("reason", Text),
    _required("plan", Text),
    _required("stage", Integer),
    _required("soaked_ms", BigInteger),
    _required("stage_at", BigInteger),
    Column("started_at", BigInteger),
    _required("evidence_since", BigInteger),
    _required("looked_at", BigInteger),
    Column("failure_limit", Double),
    Column("baseline", Text),
    _required("version", Integer),
    UniqueConstraint("deployment_id", "number"),
    Index(None, "state"),
    sqlite_autoincrement=True,
)
"""Releases with a rollout plan, and the state of each rollout. ``plan`` and ``baseline`` are JSON."""

diffs: Final = Table(
    "diffs",
    metadata,
    _parent("package_id", "packages.id", in_key=True),
    _key("old_hash", Text),
    Column("blob_id", Text, ForeignKey("blobs.id", ondelete="RESTRICT")),
    Column("size", BigInteger),
    _required("created_at", BigInteger),
    Column("fits_binary", Boolean),
    Index(None, "blob_id"),
)
"""Smaller downloads for devices that run ``old_hash``. Without a blob: it was built but not worth storing.

``fits_binary``: whether a device that runs the store build can apply it; null if unknown.
"""

uploads: Final = Table(
    "uploads",
    metadata,
    _key("id", Text),
    _parent("app_id", "apps.id"),
    _parent("account_id", "accounts.id"),
    _required("token_digest", Text),
    _required("file_name", Text),
    _required("size", BigInteger),
    _required("chunk_size", Integer),
    _required("state", Text),
    _required("created_at", BigInteger),
    _required("expires_at", BigInteger),
    Index(None, "app_id"),
    Index(None, "account_id"),
)
"""Uploads that arrive in chunks, until they are released or expire."""

upload_chunks: Final = Table(
    "upload_chunks",
    metadata,
    Column("upload_id", Text, ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True, nullable=False),
    _key("number", Integer),
    _required("size", Integer),
    _required("location", Text),
)
"""The chunks of an upload that have arrived, and their blobs."""

jobs: Final = Table(
    "jobs",
    metadata,
    _identifier(),
    _required("kind", Text),
    _required("payload", Text),
    Column("dedupe_key", Text),
    _required("state", Text),
    Column("owner", Text),
    Column("lease_until", BigInteger),
    _required("attempt", Integer),
    _required("run_after", BigInteger),
    _required("created_at", BigInteger),
    Column("error", Text),
    UniqueConstraint("dedupe_key"),
    Index(None, "state", "run_after"),
    sqlite_autoincrement=True,
)
"""Background jobs. A worker claims a job by lease; another one may claim it once the lease has expired."""

devices: Final = Table(
    "devices",
    metadata,
    _parent("deployment_id", "deployments.id", in_key=True),
    _key("device", LargeBinary),
    _required("subject", Text),
    _required("updated_at", BigInteger),
    Column("known_since", BigInteger),
    Column("trial", Integer),
    Column("trial_at", BigInteger),
    Column("outcome", Text),
    sqlite_with_rowid=False,
)
"""The label or binary version (``subject``) that a device last ran; ``device`` is a keyed hash of its ID.

``subject`` is empty for a device that has only downloaded. ``known_since`` is null for devices that were stored before
it was recorded. ``trial`` is the number of the label that the device last tried, ``trial_at`` the time of its download,
if it was reported, and ``outcome`` its result: ``ok`` or ``bad``.
"""

trial_series: Final = Table(
    "trial_series",
    metadata,
    _parent("deployment_id", "deployments.id", in_key=True),
    _key("number", Integer),
    _key("cohort_at", BigInteger),
    _key("kind", Text),
    _key("age", Text),
    _key("standing", Text),
    _required("value", BigInteger),
    sqlite_with_rowid=False,
)
"""Trials of labels by the time of their download: how many began, succeeded or failed, and after how long.

Rows begin every ten minutes while they are new; older ones are merged into hours and days.
"""

counters: Final = Table(
    "counters",
    metadata,
    _parent("deployment_id", "deployments.id", in_key=True),
    _key("subject", Text),
    _key("kind", Text),
    _required("value", BigInteger),
    sqlite_with_rowid=False,
)
"""Counters of labels and binary versions: numbers of events, or of devices at present."""

counter_series: Final = Table(
    "counter_series",
    metadata,
    _parent("deployment_id", "deployments.id", in_key=True),
    _key("subject", Text),
    _key("kind", Text),
    _key("span", Text),
    _key("starts_at", BigInteger),
    _required("value", BigInteger),
    sqlite_with_rowid=False,
)
"""The same counts per span of time (an hour, a day), for charts and for halting a bad release."""

idempotency_keys: Final = Table(
    "idempotency_keys",
    metadata,
    _parent("account_id", "accounts.id", in_key=True),
    _key("route", Text),
    _key("key", Text),
    _required("status", Integer),
    _required("headers", Text),
    _required("body", LargeBinary),
    _required("created_at", BigInteger),
    Column("digest", Text),
    Index(None, "created_at"),
)
"""Recorded responses, repeated when a request is retried; ``digest`` is that of the request."""

events: Final = Table(
    "events",
    metadata,
    _identifier(),
    _required("at", BigInteger),
    _required("actor", Text),
    _required("kind", Text),
    Column("app_id", Identifier),
    Column("deployment_id", Identifier),
    Column("before", Text),
    Column("after", Text),
    Column("actor_kind", Text),
    Column("access_key_id", Identifier),
    Column("request_id", Text),
    Column("organization_id", Identifier),
    Index(None, "app_id"),
    sqlite_autoincrement=True,
)
"""The audit trail; rows are only added. No foreign keys: events outlive their subjects."""

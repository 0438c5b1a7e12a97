"""The whole schema, as it was agreed once."""

from typing import Final

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text as AnyText,
    UniqueConstraint,
)

revision: Final = "0001"
down_revision: Final = None

Identifier: Final = BigInteger().with_variant(Integer(), "sqlite")
Text: Final = AnyText().with_variant(AnyText(collation="C"), "postgresql")


def upgrade() -> None:
    """Make every table."""
    _people()
    _logins()
    _apps()
    _contents()
    _work()
    _metrics()


def _foreign_key(table: str, column: str, target: str, *, on_delete: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"), ondelete=on_delete)


def _people() -> None:
    """Create accounts, organizations and access keys."""
    op.create_table(
        "accounts",
        Column("id", Identifier, nullable=False),
        Column("email", Text, nullable=False),
        Column("email_folded", Text, nullable=False),
        Column("slug", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        UniqueConstraint("email_folded", name=op.f("uq_accounts_email_folded")),
        UniqueConstraint("slug", name=op.f("uq_accounts_slug")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "organizations",
        Column("id", Identifier, nullable=False),
        Column("slug", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        UniqueConstraint("slug", name=op.f("uq_organizations_slug")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "organization_members",
        Column("organization_id", Identifier, nullable=False),
        Column("account_id", Identifier, nullable=False),
        Column("role", Text, nullable=False),
        _foreign_key("organization_members", "account_id", "accounts.id", on_delete="CASCADE"),
        _foreign_key("organization_members", "organization_id", "organizations.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("organization_id", "account_id", name=op.f("pk_organization_members")),
    )
    op.create_index(op.f("ix_organization_members_account_id"), "organization_members", ["account_id"])
    op.create_table(
        "access_keys",
        Column("id", Identifier, nullable=False),
        Column("account_id", Identifier, nullable=False),
        Column("digest", Text, nullable=False),
        Column("friendly_name", Text, nullable=False),
        Column("created_by", Text, nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("expires_at", BigInteger(), nullable=False),
        Column("last_used_at", BigInteger()),
        Column("is_session", Boolean(), nullable=False),
        _foreign_key("access_keys", "account_id", "accounts.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("id", name=op.f("pk_access_keys")),
        UniqueConstraint("account_id", "friendly_name", name=op.f("uq_access_keys_account_id_friendly_name")),
        UniqueConstraint("digest", name=op.f("uq_access_keys_digest")),
        sqlite_autoincrement=True,
    )


def _logins() -> None:
    """Create the tables of browser logins."""
    op.create_table(
        "login_codes",
        Column("digest", Text, nullable=False),
        Column("account_id", Identifier, nullable=False),
        Column("kind", Text, nullable=False),
        Column("hostname", Text, nullable=False),
        Column("expires_at", BigInteger(), nullable=False),
        _foreign_key("login_codes", "account_id", "accounts.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("digest", name=op.f("pk_login_codes")),
    )
    op.create_index(op.f("ix_login_codes_account_id"), "login_codes", ["account_id"])
    op.create_table(
        "identities",
        Column("issuer", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("account_id", Identifier, nullable=False),
        Column("provider", Text, nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        _foreign_key("identities", "account_id", "accounts.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
        UniqueConstraint("account_id", "issuer", name=op.f("uq_identities_account_id_issuer")),
    )


def _apps() -> None:
    """Apps, who works on them, and their deployments."""
    op.create_table(
        "apps",
        Column("id", Identifier, nullable=False),
        Column("owner_account_id", Identifier),
        Column("organization_id", Identifier),
        Column("name", Text, nullable=False),
        Column("os", Text),
        Column("platform", Text),
        Column("created_at", BigInteger(), nullable=False),
        CheckConstraint("(owner_account_id IS NULL) <> (organization_id IS NULL)", name=op.f("ck_apps_one_owner")),
        _foreign_key("apps", "organization_id", "organizations.id", on_delete="RESTRICT"),
        _foreign_key("apps", "owner_account_id", "accounts.id", on_delete="RESTRICT"),
        PrimaryKeyConstraint("id", name=op.f("pk_apps")),
        UniqueConstraint("organization_id", "name", name=op.f("uq_apps_organization_id_name")),
        UniqueConstraint("owner_account_id", "name", name=op.f("uq_apps_owner_account_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "collaborators",
        Column("app_id", Identifier, nullable=False),
        Column("account_id", Identifier, nullable=False),
        Column("permission", Text, nullable=False),
        _foreign_key("collaborators", "account_id", "accounts.id", on_delete="CASCADE"),
        _foreign_key("collaborators", "app_id", "apps.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("app_id", "account_id", name=op.f("pk_collaborators")),
    )
    op.create_index(op.f("ix_collaborators_account_id"), "collaborators", ["account_id"])
    op.create_table(
        "deployments",
        Column("id", Identifier, nullable=False),
        Column("app_id", Identifier, nullable=False),
        Column("name", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("next_label", Integer(), server_default="1", nullable=False),
        Column("revision", BigInteger(), server_default="1", nullable=False),
        Column("device_key", LargeBinary(), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        _foreign_key("deployments", "app_id", "apps.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
        UniqueConstraint("app_id", "name", name=op.f("uq_deployments_app_id_name")),
        UniqueConstraint("key", name=op.f("uq_deployments_key")),
        sqlite_autoincrement=True,
    )


def _contents() -> None:
    """Create archives, contents, releases and diffs."""
    op.create_table(
        "blobs",
        Column("id", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("size", BigInteger(), nullable=False),
        Column("sha256", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("retired_at", BigInteger()),
        PrimaryKeyConstraint("id", name=op.f("pk_blobs")),
    )
    op.create_table(
        "packages",
        Column("id", Identifier, nullable=False),
        Column("app_id", Identifier, nullable=False),
        Column("hash", Text, nullable=False),
        Column("manifest", LargeBinary()),
        Column("index", LargeBinary()),
        Column("blob_id", Text, nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        _foreign_key("packages", "app_id", "apps.id", on_delete="CASCADE"),
        _foreign_key("packages", "blob_id", "blobs.id", on_delete="RESTRICT"),
        PrimaryKeyConstraint("id", name=op.f("pk_packages")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_packages_app_id_hash"), "packages", ["app_id", "hash"])
    op.create_index(op.f("ix_packages_blob_id"), "packages", ["blob_id"])
    op.create_table(
        "releases",
        Column("id", Identifier, nullable=False),
        Column("deployment_id", Identifier, nullable=False),
        Column("number", Integer(), nullable=False),
        Column("package_id", Identifier, nullable=False),
        Column("app_version", Text, nullable=False),
        Column("description", Text),
        Column("is_disabled", Boolean()),
        Column("is_mandatory", Boolean()),
        Column("rollout", Integer()),
        Column("upload_time", BigInteger(), nullable=False),
        Column("release_method", Text, nullable=False),
        Column("original_label", Text),
        Column("original_deployment", Text),
        Column("released_by", Text, nullable=False),
        _foreign_key("releases", "deployment_id", "deployments.id", on_delete="CASCADE"),
        _foreign_key("releases", "package_id", "packages.id", on_delete="RESTRICT"),
        PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        UniqueConstraint("deployment_id", "number", name=op.f("uq_releases_deployment_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_releases_package_id"), "releases", ["package_id"])
    op.create_table(
        "diffs",
        Column("package_id", Identifier, nullable=False),
        Column("old_hash", Text, nullable=False),
        Column("blob_id", Text),
        Column("size", BigInteger()),
        Column("created_at", BigInteger(), nullable=False),
        _foreign_key("diffs", "blob_id", "blobs.id", on_delete="RESTRICT"),
        _foreign_key("diffs", "package_id", "packages.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("package_id", "old_hash", name=op.f("pk_diffs")),
    )
    op.create_index(op.f("ix_diffs_blob_id"), "diffs", ["blob_id"])


def _work() -> None:
    """Create unfinished uploads, jobs, stored responses and the audit trail."""
    op.create_table(
        "uploads",
        Column("id", Text, nullable=False),
        Column("app_id", Identifier, nullable=False),
        Column("account_id", Identifier, nullable=False),
        Column("token_digest", Text, nullable=False),
        Column("file_name", Text, nullable=False),
        Column("size", BigInteger(), nullable=False),
        Column("chunk_size", Integer(), nullable=False),
        Column("state", Text, nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("expires_at", BigInteger(), nullable=False),
        _foreign_key("uploads", "account_id", "accounts.id", on_delete="CASCADE"),
        _foreign_key("uploads", "app_id", "apps.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_account_id"), "uploads", ["account_id"])
    op.create_index(op.f("ix_uploads_app_id"), "uploads", ["app_id"])
    op.create_table(
        "upload_chunks",
        Column("upload_id", Text, nullable=False),
        Column("number", Integer(), nullable=False),
        Column("size", Integer(), nullable=False),
        Column("location", Text, nullable=False),
        _foreign_key("upload_chunks", "upload_id", "uploads.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_upload_chunks")),
    )
    op.create_table(
        "jobs",
        Column("id", Identifier, nullable=False),
        Column("kind", Text, nullable=False),
        Column("payload", Text, nullable=False),
        Column("dedupe_key", Text),
        Column("state", Text, nullable=False),
        Column("owner", Text),
        Column("lease_until", BigInteger()),
        Column("attempt", Integer(), nullable=False),
        Column("run_after", BigInteger(), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("error", Text),
        PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        UniqueConstraint("dedupe_key", name=op.f("uq_jobs_dedupe_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_jobs_state_run_after"), "jobs", ["state", "run_after"])
    op.create_table(
        "idempotency_keys",
        Column("account_id", Identifier, nullable=False),
        Column("route", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("status", Integer(), nullable=False),
        Column("headers", Text, nullable=False),
        Column("body", LargeBinary(), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        _foreign_key("idempotency_keys", "account_id", "accounts.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("account_id", "route", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"])
    op.create_table(
        "events",
        Column("id", Identifier, nullable=False),
        Column("at", BigInteger(), nullable=False),
        Column("actor", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("app_id", Identifier),
        Column("deployment_id", Identifier),
        Column("before", Text),
        Column("after", Text),
        PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_events_app_id"), "events", ["app_id"])


def _metrics() -> None:
    """Create devices and counters."""
    op.create_table(
        "devices",
        Column("deployment_id", Identifier, nullable=False),
        Column("device", LargeBinary(), nullable=False),
        Column("subject", Text, nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        _foreign_key("devices", "deployment_id", "deployments.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("deployment_id", "device", name=op.f("pk_devices")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counters",
        Column("deployment_id", Identifier, nullable=False),
        Column("subject", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("value", BigInteger(), nullable=False),
        _foreign_key("counters", "deployment_id", "deployments.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("deployment_id", "subject", "kind", name=op.f("pk_counters")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counter_series",
        Column("deployment_id", Identifier, nullable=False),
        Column("subject", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("span", Text, nullable=False),
        Column("starts_at", BigInteger(), nullable=False),
        Column("value", BigInteger(), nullable=False),
        _foreign_key("counter_series", "deployment_id", "deployments.id", on_delete="CASCADE"),
        PrimaryKeyConstraint("deployment_id", "subject", "kind", "span", "starts_at", name=op.f("pk_counter_series")),
        sqlite_with_rowid=False,
    )

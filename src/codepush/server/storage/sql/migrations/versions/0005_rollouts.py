"""Rollout plans, what devices reported of each release, and stops."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"

_IDENTIFIER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables and columns."""
    _add_rollouts()
    _add_trials()
    op.add_column("deployments", sa.Column("stopped_by", _TEXT))
    op.add_column("deployments", sa.Column("default_plan", _TEXT))
    op.add_column("releases", sa.Column("held", sa.Boolean, nullable=False, server_default=sa.false()))


def _add_rollouts() -> None:
    op.create_table(
        "rollouts",
        sa.Column("id", _IDENTIFIER, nullable=False),
        sa.Column("deployment_id", _IDENTIFIER, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("reason", _TEXT),
        sa.Column("plan", _TEXT, nullable=False),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("soaked_ms", sa.BigInteger, nullable=False),
        sa.Column("stage_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("evidence_since", sa.BigInteger, nullable=False),
        sa.Column("looked_at", sa.BigInteger, nullable=False),
        sa.Column("failure_limit", sa.Double),
        sa.Column("baseline", _TEXT),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rollouts"),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name="fk_rollouts_deployment_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("deployment_id", "number", name="uq_rollouts_deployment_id_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rollouts_state", "rollouts", ["state"])


def _add_trials() -> None:
    op.add_column("devices", sa.Column("known_since", sa.BigInteger))
    op.add_column("devices", sa.Column("trial", sa.Integer))
    op.add_column("devices", sa.Column("trial_at", sa.BigInteger))
    op.add_column("devices", sa.Column("outcome", _TEXT))
    op.create_table(
        "trial_series",
        sa.Column("deployment_id", _IDENTIFIER, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("cohort_at", sa.BigInteger, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("age", _TEXT, nullable=False),
        sa.Column("standing", _TEXT, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "deployment_id", "number", "cohort_at", "kind", "age", "standing", name="pk_trial_series"
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name="fk_trial_series_deployment_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )

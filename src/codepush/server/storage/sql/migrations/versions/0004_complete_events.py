"""Columns that make the audit trail complete: what the actor is, its access key, the request and the organization.

All are nullable: lines that are there already keep what they have.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"

_IDENTIFIER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns."""
    op.add_column("events", sa.Column("actor_kind", sa.Text))
    op.add_column("events", sa.Column("access_key_id", _IDENTIFIER))
    op.add_column("events", sa.Column("request_id", sa.Text))
    op.add_column("events", sa.Column("organization_id", _IDENTIFIER))

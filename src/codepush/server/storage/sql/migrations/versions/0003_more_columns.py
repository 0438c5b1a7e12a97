"""Columns for display names, for diffs that fit a store build, and for the digest of idempotent requests.

All are nullable, so that existing rows need no rewrite.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("apps", sa.Column("display_name", sa.Text))
    op.add_column("diffs", sa.Column("fits_binary", sa.Boolean))
    op.add_column("idempotency_keys", sa.Column("digest", sa.Text))

"""PostgreSQL tells whoever listens which deployments have changed, in the moment that is committed.

The name of the channel is that of ``codepush.server.storage.sql.postgresql.notifications``. SQLite has
nobody to tell: its processes look for themselves.
"""

from typing import Final

from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"

FUNCTION: Final = """
    CREATE FUNCTION tell_of_changed_deployment() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('codepush_deployments', OLD.id::text);
        RETURN NULL;
    END
    $$
"""

TRIGGER: Final = """
    CREATE TRIGGER tell_of_changed_deployment AFTER UPDATE OF revision OR DELETE ON deployments
    FOR EACH ROW EXECUTE FUNCTION tell_of_changed_deployment()
"""


def upgrade() -> None:
    """Make the trigger."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION)
        op.execute(TRIGGER)

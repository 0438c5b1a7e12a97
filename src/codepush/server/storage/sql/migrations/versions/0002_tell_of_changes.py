"""PostgreSQL notifies listeners of changed deployments on commit.

The name of the channel is that of ``codepush.server.storage.sql.postgresql.notifications``. SQLite has no
notifications: its processes poll.
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

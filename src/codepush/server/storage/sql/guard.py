"""A guard against a database whose schema is newer than the code of this process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from sqlalchemy import column, func, select, table

from codepush.server.ports.errors import NewerSchemaError
from codepush.server.storage.sql.migrate import head
from codepush.server.storage.sql.transactions import to_the_end

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["REVISION", "SchemaGuard"]

_VERSIONS: Final = table("alembic_version", column("version_num"))

REVISION: Final = select(func.max(_VERSIONS.c.version_num)).scalar_subquery()
"""The schema revision of the database, for use within other queries."""

_READ: Final = select(REVISION)

_log = logging.getLogger(__name__)


class SchemaGuard:
    """Records that the database has a newer schema: from then on, the process must be replaced."""

    def __init__(self) -> None:
        self._found: str | None = None

    def refuse(self) -> None:
        """Raise `NewerSchemaError` if a newer schema was found."""
        if self._found is not None:
            raise NewerSchemaError(
                f"The database has schema {self._found}, and this codepush supports schemas up to {head()}. Replace "
                "this process with the newer version; until then it only serves update checks."
            )

    def check(self, revision: str | None) -> None:
        """Record the schema revision of the database.

        Raises:
            NewerSchemaError: It is newer than this code supports.

        """
        if revision is not None and revision > head() and self._found is None:
            self._found = revision
            _log.error("The database has schema %s, which is newer than %s.", revision, head())
        self.refuse()

    async def read(self, connection: AsyncConnection) -> None:
        """Read the revision within a transaction; raises as `check` does."""
        self.check(await to_the_end(connection.scalar(_READ)))

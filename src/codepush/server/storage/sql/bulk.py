"""Statements over many rows at once, in a table called ``given``.

One statement for a thousand rows costs a fraction of a thousand statements. SQLite receives the rows as one long list
of values, PostgreSQL as one array for each column.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from codepush.server.storage.sql.errors import port_errors
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.transactions import to_the_end

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import RowMapping

_VALUES: Final = 30_000
"""Values in one statement: SQLite allows 32 766, PostgreSQL any number of them in an array."""


class BulkQueries(Queries):
    """Statements over rows. Columns are given with their PostgreSQL types."""

    async def _given(
        self, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]], statement: str
    ) -> Sequence[RowMapping]:
        """Run a statement over ``given`` and return the rows that it returns."""
        found: list[RowMapping] = []
        size = _VALUES // len(columns)
        for start in range(0, len(rows), size):
            found += await self._run_given(columns, rows[start : start + size], statement)
        return found

    async def _run_given(
        self, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]], statement: str
    ) -> Sequence[RowMapping]:
        make = _arrays if self._on_postgresql else _values
        source, parameters = make(columns, rows)
        text = f"WITH given ({', '.join(columns)}) AS ({source}) {statement}"
        with port_errors():
            result = await to_the_end(self._connection.exec_driver_sql(text, parameters))
        return result.mappings().all() if result.returns_rows else ()

    @property
    def _on_postgresql(self) -> bool:
        return self._connection.dialect.name == "postgresql"


def _values(columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> tuple[str, tuple[Any, ...]]:
    row = f"({', '.join('?' * len(columns))})"
    return f"VALUES {', '.join([row] * len(rows))}", tuple(chain(*rows))


def _arrays(columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> tuple[str, tuple[Any, ...]]:
    # psycopg sends arrays of bytes faster in binary, where no element has to be quoted.
    arrays = ", ".join(f"{'%b' if kind == 'bytea' else '%s'}::{kind}[]" for kind in columns.values())
    source = f"SELECT * FROM unnest({arrays})"  # noqa: S608 - the types are constants of ours, next to their statements
    return source, tuple(list(column) for column in zip(*rows, strict=True))

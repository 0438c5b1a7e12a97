"""The base of all record classes: one connection, and errors of the ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy.engine import CursorResult

from codepush.server.ports.errors import MissingError
from codepush.server.storage.sql.errors import port_errors
from codepush.server.storage.sql.transactions import to_the_end
from codepush.server.storage.sql.values import check_storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Executable, RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")

# Databases limit the number of values in one statement (32 766 on SQLite, 65 535 on PostgreSQL), and no transaction
# should be idle while a long statement is built.
_BATCH: Final = 1_000


class Queries:
    """Statements within one transaction. Values are named as their parameters in the statement."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def _run(self, statement: Executable, **values: object) -> CursorResult[Any]:
        check_storable(values)
        with port_errors():
            result = await to_the_end(self._connection.execute(statement, values))
        assert isinstance(result, CursorResult)
        return result

    async def _run_each(self, statement: Executable, values: Sequence[dict[str, object]]) -> None:
        """Run a statement once for each of several sets of values."""
        if values:
            with port_errors():
                await to_the_end(self._connection.execute(statement, values))

    async def _change(self, statement: Executable, **values: object) -> None:
        """Run a statement that must find its row; `MissingError` when it does not."""
        result = await self._run(statement, **values)
        if result.rowcount == 0:
            raise MissingError("The record does not exist.")

    async def _all(self, statement: Executable, **values: object) -> Sequence[RowMapping]:
        return (await self._run(statement, **values)).mappings().all()

    async def _first(self, statement: Executable, **values: object) -> RowMapping | None:
        return (await self._run(statement, **values)).mappings().first()

    async def _value(self, statement: Executable, **values: object) -> Any:  # noqa: ANN401 - a column of any type
        return (await self._run(statement, **values)).scalar()


def batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Split a sequence into parts short enough for one statement each."""
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))

"""All records as lines of JSON, for transfer between any two databases."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from sqlalchemy import delete, func, insert, literal, select, text
from sqlalchemy.exc import SQLAlchemyError

from codepush.server.storage.sql.errors import port_errors
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import login_codes, metadata, upload_chunks, uploads
from codepush.server.storage.sql.transactions import to_the_end

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from sqlalchemy import Column, Table
    from sqlalchemy.ext.asyncio import AsyncResult

_SHORT_LIVED: Final = frozenset({login_codes, uploads, upload_chunks})
_TABLES: Final = {str(table.name): table for table in metadata.sorted_tables if table not in _SHORT_LIVED}
_NUMBERED: Final = tuple(
    name for name, table in _TABLES.items() if table.dialect_options["sqlite"]["autoincrement"] is True
)

_BATCH: Final = 1000

_Integer: Final = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]

_LAST_ID_ON_SQLITE: Final = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
_LAST_ID_ON_POSTGRESQL: Final = text(
    "SELECT last_value FROM pg_sequences "
    "WHERE format('%I.%I', schemaname, sequencename) = pg_get_serial_sequence(:name, 'id')"
)
_DROP_LAST_ID: Final = text("DELETE FROM sqlite_sequence WHERE name = :name")
_PUT_LAST_ID: Final = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
_SET_LAST_ID: Final = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")


class SqlRows(Queries):
    """All rows, as :class:`codepush.server.ports.inventory.Rows` describes them."""

    @property
    def schema(self) -> str:
        from codepush.server.storage.sql.migrate import head

        return head()

    def tables(self) -> Mapping[str, Sequence[str]]:
        return {name: tuple(map(str, table.columns.keys())) for name, table in _TABLES.items()}

    async def read(self, table: str) -> AsyncIterator[Sequence[bytes]]:
        one = _TABLES[table]
        with port_errors():
            result = await to_the_end(self._stream(one))
            while rows := await to_the_end(result.fetchmany(_BATCH)):
                yield [msgspec.json.encode([_plain(value) for value in row]) for row in rows]

    async def any(self) -> bool:
        for table in metadata.sorted_tables:
            if await self._first(select(literal(1)).select_from(table).limit(1)):
                return True
        return False

    async def clear(self) -> None:
        for table in reversed(metadata.sorted_tables):
            await self._run(delete(table))

    async def add(self, table: str, columns: Sequence[str], lines: Sequence[bytes]) -> None:
        decoder = _decoder(table, tuple(columns))
        try:
            rows = [dict(zip(columns, decoder.decode(line), strict=True)) for line in lines]
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ValueError(f"a row of the table {table} is malformed ({error})") from error
        try:
            await self._run_each(insert(_TABLES[table]), rows)
        except SQLAlchemyError as error:  # text that this kind of database cannot store
            raise ValueError(f"a row of the table {table} cannot be stored in this database") from error

    async def last_ids(self) -> Mapping[str, int]:
        query = _LAST_ID_ON_SQLITE if self._on_sqlite else _LAST_ID_ON_POSTGRESQL
        found = {name: await self._value(query, name=name) for name in _NUMBERED}
        return {name: last for name, last in found.items() if last is not None}

    async def set_last_ids(self, last_ids: Mapping[str, int]) -> None:
        for name in _NUMBERED:
            highest = await self._value(select(func.max(_TABLES[name].c.id))) or 0
            last = max(highest, last_ids.get(name, 0))
            if last and self._on_sqlite:
                await self._run(_DROP_LAST_ID, name=name)
                await self._run(_PUT_LAST_ID, name=name, last=last)
            elif last:
                await self._run(_SET_LAST_ID, name=name, last=last)

    async def _stream(self, table: Table) -> AsyncResult[Any]:
        return await self._connection.stream(select(table).order_by(*table.primary_key))

    @property
    def _on_sqlite(self) -> bool:
        return self._connection.dialect.name == "sqlite"


def _plain(value: object) -> object:
    """Return a value as JSON: bytes in base 64, which msgspec does itself."""
    return bytes(value) if isinstance(value, memoryview) else value


@cache
def _decoder(table: str, columns: tuple[str, ...]) -> msgspec.json.Decoder[tuple[Any, ...]]:
    """Return a decoder for rows of exactly these columns."""
    if table not in _TABLES:
        raise ValueError(f"there is no table {table[:100]}")
    known = _TABLES[table].columns
    for name in columns:
        if name not in known:
            raise ValueError(f"the table {table} has no column {name[:100]}")
    for column in known:
        if column.name not in columns and not _has_default(column):
            raise ValueError(f"the column {column.name} of the table {table} is missing")
    return msgspec.json.Decoder(tuple[tuple(_kind(known[name]) for name in columns)])  # type: ignore[misc]


def _has_default(column: Column[Any]) -> bool:
    return bool(column.nullable) or column.server_default is not None


def _kind(column: Column[Any]) -> Any:  # noqa: ANN401 - a type, or types
    kind: Any = column.type.python_type
    if kind is int:
        kind = _Integer
    return kind | None if column.nullable else kind

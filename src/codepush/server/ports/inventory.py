"""All stored data, for commands that check, clean and copy it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

__all__ = ["CounterGap", "DiffFact", "Inventory", "KnownBlob", "LabelGap", "PackageFact", "Rows"]


class KnownBlob(Struct, frozen=True, kw_only=True):
    """A blob that has a record. ``is_used``: it belongs to a package or a diff."""

    id: str
    size: int
    sha256: str
    is_live: bool
    is_used: bool


class PackageFact(Struct, frozen=True, kw_only=True):
    """A content of an app, and the releases of it, such as ``Shop/Production v3``."""

    id: int
    app_id: int
    hash: str
    blob_id: str
    releases: tuple[str, ...]


class DiffFact(Struct, frozen=True, kw_only=True):
    """A stored diff: the package it leads to, and the hash of the one it starts from."""

    package_id: int
    old_hash: str
    blob_id: str


class LabelGap(Struct, frozen=True):
    """A deployment whose labels are not the complete sequence from v1 to the latest."""

    deployment: str
    next_number: int
    numbers: tuple[int, ...]


class CounterGap(Struct, frozen=True):
    """A label or binary version whose active devices do not match the stored devices plus those without an ID."""

    deployment: str
    subject: str
    active: int
    remembered: int
    anonymous: int


class Inventory(Protocol):
    """Queries over all stored data."""

    async def blobs(self) -> Sequence[KnownBlob]:
        """Return all blobs that have a record, except chunks of uploads."""

    async def size(self, blob_id: str) -> int | None:
        """Return the size of a blob in its record, in bytes; ``None`` if it has no record."""

    async def chunks(self) -> Sequence[str]:
        """Return the IDs of the blobs that hold chunks of uploads."""

    async def known(self, blob_ids: Collection[str]) -> set[str]:
        """Return those of these blobs that have a record, chunks included."""

    async def packages(self) -> Sequence[PackageFact]:
        """Return all contents of all apps."""

    async def diffs(self) -> Sequence[DiffFact]:
        """Return all stored diffs."""

    async def label_gaps(self) -> Sequence[LabelGap]:
        """Return the deployments whose labels have gaps."""

    async def counter_gaps(self) -> Sequence[CounterGap]:
        """Return the counters of active devices that do not match the devices."""

    async def retired(self, until: int) -> Sequence[KnownBlob]:
        """Return the unused blobs that were retired at ``until`` or before, or never."""

    async def forget_blobs(self, blob_ids: Sequence[str]) -> None:
        """Remove the records of these blobs, except of those in use."""


class Rows(Protocol):
    """All records as stored, table by table, each row as a line of JSON.

    Short-lived records are left out: one-time codes, and uploads in progress.
    """

    @property
    def schema(self) -> str:
        """The revision of the schema."""

    def tables(self) -> Mapping[str, Sequence[str]]:
        """Return the columns of each table; a table comes after those it refers to."""

    def read(self, table: str) -> AsyncIterator[Sequence[bytes]]:
        """Go through the rows of a table: each a JSON array without line breaks, in column order."""

    async def any(self) -> bool:
        """Return whether any table has a row."""

    async def clear(self) -> None:
        """Delete every row of every table, including those that backups leave out."""

    async def add(self, table: str, columns: Sequence[str], lines: Sequence[bytes]) -> None:
        """Add rows to a table.

        ``ValueError`` when there is no such table or column, when a column without a default is missing, or when a line
        is not a row of these columns.
        """

    async def last_ids(self) -> Mapping[str, int]:
        """Return the last number assigned in each table that numbers its rows, even if that row is gone."""

    async def set_last_ids(self, last_ids: Mapping[str, int]) -> None:
        """Make the next numbers higher than these, and than those of all rows."""

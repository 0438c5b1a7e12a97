"""What there is, all of it: for operators who check, clean and copy a server's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

__all__ = ["CounterGap", "DiffFact", "Inventory", "KnownBlob", "LabelGap", "PackageFact", "Rows"]


class KnownBlob(Struct, frozen=True, kw_only=True):
    """A blob, as the records describe it. ``is_used``: a package or a diff is in it."""

    id: str
    size: int
    sha256: str
    is_live: bool
    is_used: bool


class PackageFact(Struct, frozen=True, kw_only=True):
    """A content of an app, and where it was released, such as ``Shop/Production v3``."""

    id: int
    app_id: int
    hash: str
    blob_id: str
    releases: tuple[str, ...]


class DiffFact(Struct, frozen=True, kw_only=True):
    """A diff that is stored: to which package, and for phones that run which hash."""

    package_id: int
    old_hash: str
    blob_id: str


class LabelGap(Struct, frozen=True):
    """A deployment whose labels are not those from v1 to the one before the next."""

    deployment: str
    next_number: int
    numbers: tuple[int, ...]


class CounterGap(Struct, frozen=True):
    """A label or binary version whose active devices are not those that are remembered, and those without an id."""

    deployment: str
    subject: str
    active: int
    remembered: int
    anonymous: int


class Inventory(Protocol):
    """Going through everything."""

    async def blobs(self) -> Sequence[KnownBlob]:
        """Return all blobs that the records know, but for chunks of uploads."""

    async def size(self, blob_id: str) -> int | None:
        """Return the number of bytes that a blob has by its record; ``None`` if it has no record."""

    async def chunks(self) -> Sequence[str]:
        """Return the ids of the blobs that hold chunks of uploads."""

    async def known(self, blob_ids: Collection[str]) -> set[str]:
        """Return those of some blobs that the records know, chunks included."""

    async def packages(self) -> Sequence[PackageFact]:
        """Return all contents of all apps."""

    async def diffs(self) -> Sequence[DiffFact]:
        """Return all diffs that are stored."""

    async def label_gaps(self) -> Sequence[LabelGap]:
        """Return the deployments whose labels have gaps."""

    async def counter_gaps(self) -> Sequence[CounterGap]:
        """Return the counters of active devices that do not agree with the devices."""

    async def retired(self, until: int) -> Sequence[KnownBlob]:
        """Return the blobs that nothing uses and that were retired at this time or before, or never."""

    async def forget_blobs(self, blob_ids: Sequence[str]) -> None:
        """Remove the records of blobs, but of none that something uses."""


class Rows(Protocol):
    """All records as they are kept, table by table, each row as a line of JSON.

    What is good for minutes or hours only is left out: one-time codes, and uploads under way.
    """

    @property
    def schema(self) -> str:
        """The revision of the schema."""

    def tables(self) -> Mapping[str, Sequence[str]]:
        """Return the columns of each table; a table comes after those it refers to."""

    def read(self, table: str) -> AsyncIterator[Sequence[bytes]]:
        """Go through the rows of a table: each a JSON array without line breaks, in the order of the columns."""

    async def any(self) -> bool:
        """Return whether there is a single row in any table."""

    async def clear(self) -> None:
        """Remove every row of every table, the ones left out above too."""

    async def add(self, table: str, columns: Sequence[str], lines: Sequence[bytes]) -> None:
        """Add rows to a table.

        ``ValueError`` when there is no such table or column, when a column without a default is not among them,
        or when a line is no row of these columns.
        """

    async def last_ids(self) -> Mapping[str, int]:
        """Return the last number given in each table that numbers its rows, even if that row is gone."""

    async def set_last_ids(self, last_ids: Mapping[str, int]) -> None:
        """Let the next numbers be higher than these, and than those of all rows."""

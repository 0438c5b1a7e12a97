"""Diffs: smaller downloads for devices that have an older package.

A diff is a copy, without new compression: ``hotcodepush.json``, followed by the changed files as they are in the stored
archive of the newer package. A device that finds ``hotcodepush.json`` at the root of an archive copies the package it
has, deletes the files listed there, and copies the other files of the archive over it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from codepush.errors import PackageError
from codepush.packaging.names import check_name, quote
from codepush.packaging.writer import ArchiveIndex, IndexEntry, Item, local_header, write_directory, write_item

if TYPE_CHECKING:
    from codepush.packaging.manifest import Manifest

__all__ = ["LIST_NAME", "Changes", "Read", "find_changes", "is_worth_storing", "write_diff"]

LIST_NAME: Final = "hotcodepush.json"
"""The file that marks an archive as a diff and lists the files to delete: ``{"deletedFiles": [...]}``."""

Read: TypeAlias = Callable[[int, int], bytes]
"""Function that reads from an archive in any storage: takes an offset and a size in bytes, returns the bytes."""

_LONGEST_READ: Final = 4 << 20
_ANOTHER_ARCHIVE: Final = "Pass the archive that the index was made with."
_ANY_LENGTH: Final = 0xFFFF  # all that an archive can hold; limits were checked when the package was stored


class Changes(Struct, frozen=True):
    """The changes from an older package to a newer one.

    Attributes:
        deleted: The names of the files that the newer package no longer has, in canonical order.
        copied: Its new and changed files, as they lie in its archive, in canonical order.

    """

    deleted: tuple[str, ...]
    copied: tuple[IndexEntry, ...]


def find_changes(index: ArchiveIndex, old: Manifest) -> Changes | None:
    """Return the changes between two packages, or ``None`` if no diff is possible.

    Signature files are treated like any other. There is no diff if nothing changed, if a changed file has the name of
    the list itself, or if it has the name of a folder in the older package: devices delete files only, and the empty
    folder would remain in its place.

    Args:
        index: Index of the newer package, as stored.
        old: Manifest of the older package, which the device has.

    Raises:
        PackageError: The name of a deleted file could lead out of the package. Devices do not check.

    """
    names = {entry.name for entry in index.entries}
    changes = Changes(
        deleted=tuple(name for name in old.files if name not in names),
        copied=tuple(entry for entry in index.entries if old.files.get(entry.name) != entry.sha256),
    )
    for name in changes.deleted:
        check_name(name, longest=_ANY_LENGTH)
    return changes if _is_possible(changes) else None


def write_diff(changes: Changes, read: Read, target: BinaryIO) -> ArchiveIndex:
    """Write a diff and return its index, the list first.

    The bytes depend only on the changes and the archive they are copied from. Adjacent files are read together, in
    pieces of at most 4 MiB.

    Args:
        changes: Result of :func:`find_changes`.
        read: Function that reads from the archive of the newer package.
        target: An open and empty file.

    Raises:
        PackageError: The archive is truncated, or is not the one that the index describes. The target then contains a
            part of the diff.

    """
    entries = [write_item(_list(changes.deleted), target)]
    for run in _runs(changes.copied):
        entries += _copy(run, read, target)
    return write_directory(entries, target)


def is_worth_storing(diff_size: int, package_size: int) -> bool:
    """Return whether a diff saves at least a tenth of the whole package (both sizes in bytes)."""
    return diff_size * 10 <= package_size * 9


def _is_possible(changes: Changes) -> bool:
    """Return whether there are changes, and none has the name of the list (in any case) or of an emptied folder."""
    if not changes.deleted and not changes.copied:
        return False
    folders = {folder for name in changes.deleted for folder in accumulate(name.split("/")[:-1], "{}/{}".format)}
    names = {entry.name for entry in changes.copied}
    return folders.isdisjoint(names) and all(name.split("/")[0].casefold() != LIST_NAME for name in names)


def _list(deleted: Sequence[str]) -> Item:
    """Return the list of deleted files, written as JavaScript writes JSON."""
    text = json.dumps({"deletedFiles": deleted}, separators=(",", ":"), ensure_ascii=False).encode()
    return Item(LIST_NAME, len(text), lambda: iter((text,)))


def _runs(entries: Iterable[IndexEntry]) -> Iterator[list[IndexEntry]]:
    """Group adjacent entries, as long as a group can be read at once."""
    run: list[IndexEntry] = []
    for entry in entries:
        if run and (entry.start != run[-1].end or entry.end - run[0].start > _LONGEST_READ):
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def _copy(run: Sequence[IndexEntry], read: Read, target: BinaryIO) -> list[IndexEntry]:
    """Copy adjacent entries with their headers, and return them as they are in the target."""
    start, end = run[0].start, run[-1].end
    shift = target.tell() - start
    for offset in range(start, end, _LONGEST_READ):
        size = min(_LONGEST_READ, end - offset)
        piece = read(offset, size)
        if len(piece) != size:
            raise PackageError(f"The archive ends before {quote(run[-1].name)} does. {_ANOTHER_ARCHIVE}")
        if offset == start:
            _check_headers(run, piece)
        target.write(piece)
    return [replace(entry, offset=entry.offset + shift) for entry in run]


def _check_headers(run: Sequence[IndexEntry], piece: bytes) -> None:
    """Reject an archive whose entries are not at the offsets in the index."""
    for entry in run:
        if not piece.startswith(local_header(entry), entry.start - run[0].start):
            raise PackageError(
                f"The archive does not have {quote(entry.name)} at its offset in the index. "
                "Is it the archive of this index?"
            )

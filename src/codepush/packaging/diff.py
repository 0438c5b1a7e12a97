"""Diffs: smaller downloads for phones that have an older package.

A diff is a copy, not a compression. What changed is copied as it stands in the archive of the newer package, deflated
once when that was stored; in front of it stands ``hotcodepush.json``. A phone that finds this file at the root of an
archive copies the package it has, deletes the files listed there, and lays the other files of the archive over it.
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
"""The file that makes an archive a diff and lists what the phone has to delete: ``{"deletedFiles": [...]}``."""

Read: TypeAlias = Callable[[int, int], bytes]
"""Reads from an archive, wherever it is kept: takes an offset and a size in bytes, returns that many bytes."""

_LONGEST_READ: Final = 4 << 20
_ANOTHER_ARCHIVE: Final = "Pass the archive that the index was made with."
_ANY_LENGTH: Final = 0xFFFF  # all that an archive can hold; limits were checked when the package was stored


class Changes(Struct, frozen=True):
    """What leads from an older package to a newer one.

    Attributes:
        deleted: the names of the files that the newer package no longer has, in canonical order.
        copied: its new and changed files, as they lie in its archive, in canonical order.

    """

    deleted: tuple[str, ...]
    copied: tuple[IndexEntry, ...]


def find_changes(index: ArchiveIndex, old: Manifest) -> Changes | None:
    """Return what a diff between two packages has to carry, or ``None`` when phones cannot be given one.

    Signature files take part like any other. There is no diff when nothing changed; when a file to be copied would
    stand in the place of the list itself; and when one would stand where the phone has a folder (phones delete files,
    and the empty folder that stays would be in its way).

    Args:
        index: the newer package as it is stored.
        old: the older package, which the phone has.

    Raises:
        PackageError: a name to be deleted could lead out of the package. Phones do not check.

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
    """Write a diff and return where everything is in it, the list first.

    The bytes depend on nothing but the changes and the archive they are copied from. Files that lie side by side there
    are read at once, in pieces of at most 4 MiB.

    Args:
        changes: what :func:`find_changes` found.
        read: reads from the archive of the newer package, the one whose index was given there.
        target: an open and empty file.

    Raises:
        PackageError: the archive is cut off, or is not the one that the index describes. The target then holds a part
            of the diff.

    """
    entries = [write_item(_list(changes.deleted), target)]
    for run in _runs(changes.copied):
        entries += _copy(run, read, target)
    return write_directory(entries, target)


def is_worth_storing(diff_size: int, package_size: int) -> bool:
    """Return whether a diff saves phones at least a tenth of the whole package (both sizes in bytes)."""
    return diff_size * 10 <= package_size * 9


def _is_possible(changes: Changes) -> bool:
    """Return whether there are changes, and none of them meets the list (in any letter case) or an emptied folder."""
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
    """Group the entries that lie side by side, as long as a group can be read at once."""
    run: list[IndexEntry] = []
    for entry in entries:
        if run and (entry.start != run[-1].end or entry.end - run[0].start > _LONGEST_READ):
            yield run
            run = []
        run.append(entry)
    if run:
        yield run


def _copy(run: Sequence[IndexEntry], read: Read, target: BinaryIO) -> list[IndexEntry]:
    """Copy entries that lie side by side, headers and all, and return them as they lie in the target."""
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
    """Refuse an archive in which the entries do not stand where the index says."""
    for entry in run:
        if not piece.startswith(local_header(entry), entry.start - run[0].start):
            raise PackageError(
                f"The archive does not hold {quote(entry.name)} where the index says. Is it the one of this index?"
            )

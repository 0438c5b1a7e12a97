"""The file of a backup: a zip archive without compression, whose last member lists its content.

``records/TABLE.jsonl`` holds the rows of a table, one per line. ``blobs/ID`` is an archive. ``manifest.json`` has the
size and the SHA-256 of each. Nothing in it is compressed, so reading never yields more bytes than the file has.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final, Self

import msgspec
from msgspec import Struct

from codepush.server.services.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FORMAT", "BackupReader", "BackupWriter", "Manifest", "Member", "Table"]

FORMAT: Final = 1
"""The version of this layout. A reader rejects any other."""

_MANIFEST: Final = "manifest.json"
_PIECE: Final = 1024 * 1024
_MOST_MANIFEST_BYTES: Final = 512 * 1024 * 1024
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_LONGEST_LINE: Final = 64 * 1024 * 1024
_NAME: Final = re.compile(r"records/[a-z_]{1,60}\.jsonl|blobs/[A-Za-z0-9_-]{16,100}")


class Member(Struct, frozen=True):
    """The expected size and hash of a file in the backup."""

    size: int
    sha256: str


class Table(Struct, frozen=True):
    """The content of the file of a table."""

    columns: tuple[str, ...]
    rows: int


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of a backup.

    Attributes:
        format: The version of the layout.
        made_at: Time of the backup, in milliseconds since 1970.
        schema: The revision of the database's schema.
        tables: The tables; a table comes after those it refers to.
        last_ids: The last number assigned in each table that numbers its rows.
        members: Every file but this one, by name.
        missing: The archives that should be in it, but could not be read.

    """

    format: int
    made_at: int
    schema: str
    tables: dict[str, Table]
    last_ids: dict[str, int]
    members: dict[str, Member]
    missing: tuple[str, ...] = ()


class BackupWriter:
    """A backup being written to an open and empty file; for use in a ``with`` block."""

    def __init__(self, target: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True)
        self.members: dict[str, Member] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @contextmanager
    def member(self, name: str) -> Iterator[_Counted]:
        """Open a block that writes a file into the backup, piece by piece."""
        with self._zip.open(zipfile.ZipInfo(name, _TIME), "w", force_zip64=True) as file:
            counted = _Counted(file)
            yield counted
        self.members[name] = Member(counted.size, counted.sha256.hexdigest())

    def copy(self, name: str, source: Path) -> None:
        """Copy a file of this machine into the backup."""
        with source.open("rb") as file, self.member(name) as member:
            while piece := file.read(_PIECE):
                member.write(piece)

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest; after that nothing more can be written."""
        with self.member(_MANIFEST) as member:
            member.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        self._zip.close()


class _Counted:
    """A file that counts and hashes the bytes written to it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0
        self.sha256 = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        """Write a piece."""
        self._file.write(piece)
        self.size += len(piece)
        self.sha256.update(piece)


class BackupReader:
    """A backup from an untrusted source. Creating a reader checks its structure, and `verify` every byte.

    Raises:
        InvalidError: It is not a backup, or is truncated, damaged, or of another version; the message names the reason.

    """

    manifest: Manifest

    def __init__(self, path: Path) -> None:
        with _damage():
            self._zip = zipfile.ZipFile(path)
            infos = {info.filename: info for info in self._zip.infolist()}
            self.manifest = self._read_manifest(infos)
            _check_structure(self._zip.infolist(), self.manifest, path.stat().st_size)

    def verify(self) -> None:
        """Read every member to its end; `InvalidError` unless each matches the manifest."""
        for name in self.manifest.members:
            for _ in self.pieces(name):
                pass

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a member's content piece by piece; `InvalidError`, at the latest after the last one, if it is wrong."""
        expected = self.manifest.members[name]
        size, sha256 = 0, hashlib.sha256()
        with _damage(), self._zip.open(name) as file:
            while piece := file.read(_PIECE):
                size += len(piece)
                sha256.update(piece)
                yield piece
        if (size, sha256.hexdigest()) != (expected.size, expected.sha256):
            raise _damaged(f"{name} does not match its checksum")

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield a member's lines, without their line breaks."""
        rest = b""
        for piece in self.pieces(name):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                raise _damaged(f"{name} has an incomplete line")
            yield from lines
        if rest:
            raise _damaged(f"{name} ends in the middle of a line")

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def _read_manifest(self, infos: dict[str, zipfile.ZipInfo]) -> Manifest:
        info = infos.get(_MANIFEST)
        if info is None or info.file_size > _MOST_MANIFEST_BYTES or info.compress_type != zipfile.ZIP_STORED:
            raise _damaged("it has no valid manifest")
        text = self._zip.read(info)
        version = msgspec.json.decode(text, type=_Version).format
        if version != FORMAT:
            raise InvalidError(
                f"This backup has format {version}, and this codepush reads format {FORMAT}. Restore it with the "
                "version that made it.",
                code="backup_format",
            )
        return msgspec.json.decode(text, type=Manifest)


class _Version(Struct):
    """The only field that the manifests of all versions have."""

    format: int


def _check_structure(infos: list[zipfile.ZipInfo], manifest: Manifest, file_size: int) -> None:
    """Reject members that are unlisted, missing, or yield more bytes than the file has."""
    if sorted(info.filename for info in infos) != sorted([*manifest.members, _MANIFEST]):
        raise _damaged("its files do not match its manifest")
    if manifest.members.keys() != {name for name in manifest.members if _NAME.fullmatch(name)}:
        raise _damaged("it contains files with invalid names")
    if {f"records/{name}.jsonl" for name in manifest.tables} != {
        name for name in manifest.members if name.startswith("records/")
    }:
        raise _damaged("its tables do not match its manifest")
    if any(info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size for info in infos):
        raise _damaged("it contains compressed files")
    if sum(info.file_size for info in infos) > file_size:
        raise _damaged("its files are larger than the archive")


def _damaged(reason: str) -> InvalidError:
    return InvalidError(f"The backup cannot be used: {reason}. Nothing was changed.", code="backup_damaged")


@contextmanager
def _damage() -> Iterator[None]:
    """Raise all errors of reading a damaged archive as one error."""
    try:
        yield
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError) as error:
        raise _damaged(f"it is damaged ({error})") from error
    except OSError as error:
        raise InvalidError(f"The backup cannot be read: {error}.", code="backup_unreadable") from error

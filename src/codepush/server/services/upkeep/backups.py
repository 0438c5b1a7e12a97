"""Backups: all data in one file, from any database and blob store, and into any other.

The records are consistent, since they are read in one transaction. The archives are copied after that: they never
change, and those that a release points to are kept for at least a month.
"""

from __future__ import annotations

import hashlib
from typing import IO, TYPE_CHECKING, Final

import anyio.to_thread
from msgspec import Struct

from codepush.server.folders import work_folder
from codepush.server.ports.errors import AlreadyExistsError, MissingError
from codepush.server.services.caller import Caller
from codepush.server.services.change import Change
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import ConflictError, InvalidError
from codepush.server.services.packages.drafts import draft
from codepush.server.services.releasing import steps
from codepush.server.services.upkeep.backup_files import FORMAT, BackupReader, BackupWriter, Manifest, Table

if TYPE_CHECKING:
    from pathlib import Path

    from codepush.server.ports.blobs import Blobs
    from codepush.server.ports.inventory import KnownBlob
    from codepush.server.ports.store import Records, Store


__all__ = ["BackedUp", "Backups", "Restored"]

_BATCH: Final = 1000
_PIECE: Final = 1024 * 1024


class BackedUp(Struct, frozen=True, kw_only=True):
    """Numbers of a backup. ``missing`` are archives that should be in it and are lost or damaged."""

    rows: int
    blobs: int
    missing: tuple[str, ...]


class Restored(Struct, frozen=True, kw_only=True):
    """Numbers of a restoration. ``present`` counts the archives that were in the store already."""

    rows: int
    blobs: int
    present: int


class Backups:
    """Creating and restoring backups.

    Args:
        store: The records.
        blobs: The archives.
        workspace: The folder for temporary archives.
        clock: The current time.

    """

    def __init__(self, store: Store, blobs: Blobs, *, workspace: Path, clock: Clock = now) -> None:
        self._store = store
        self._blobs = blobs
        self._workspace = workspace
        self._clock = clock

    async def back_up(self, target: IO[bytes]) -> BackedUp:
        """Write a backup to an open and empty file. Servers may run at the same time.

        Raises:
            UnavailableError: The database or the archives cannot be reached.

        """
        made_at = self._clock()
        with BackupWriter(target) as writer:
            async with self._store.read() as records:
                tables = {name: await _write_table(records, writer, name) for name in records.rows.tables()}
                last_ids, schema = await records.rows.last_ids(), records.rows.schema
                blobs = await records.inventory.blobs()
            missing = [blob.id for blob in blobs if not await self._copy(writer, blob) and blob.is_used]
            manifest = Manifest(
                format=FORMAT,
                made_at=made_at,
                schema=schema,
                tables=tables,
                last_ids=dict(last_ids),
                members=dict(writer.members),
                missing=tuple(missing),
            )
            await anyio.to_thread.run_sync(writer.finish, manifest)
        return BackedUp(
            rows=sum(table.rows for table in tables.values()),
            blobs=sum(name.startswith("blobs/") for name in manifest.members),
            missing=manifest.missing,
        )

    async def _copy(self, writer: BackupWriter, blob: KnownBlob) -> bool:
        """Copy an archive into the backup; return whether it was present and undamaged."""
        try:
            async with self._blobs.fetch(blob.id) as path:
                if await anyio.to_thread.run_sync(_sha256, path) != blob.sha256:
                    return False
                await anyio.to_thread.run_sync(writer.copy, f"blobs/{blob.id}", path)
        except MissingError:
            return False
        return True

    async def restore(self, source: Path, *, replace: bool = False) -> Restored:
        """Restore a backup; records change only after all of it was verified and all archives are stored.

        An interrupted restoration can be repeated: archives that are present are not stored again.

        Args:
            source: The file.
            replace: Whether to delete all existing records. Otherwise existing records are an error.

        Raises:
            InvalidError: The file is not a backup, is damaged, or is of a newer version.
            ConflictError: There are records already.
            UnavailableError: The database or the archives cannot be reached.

        """
        await self._refuse_records(replace=replace)
        reader = await anyio.to_thread.run_sync(BackupReader, source)
        try:
            await self._refuse_newer(reader.manifest)
            await anyio.to_thread.run_sync(reader.verify)
            names = [name for name in reader.manifest.members if name.startswith("blobs/")]
            present = sum([await self._put(reader, name) for name in names])
            rows = await self._restore_records(reader, replace=replace)
        finally:
            reader.close()
        return Restored(rows=rows, blobs=len(names), present=present)

    async def _refuse_records(self, *, replace: bool) -> None:
        async with self._store.read() as records:
            if not replace and await records.rows.any():
                raise _not_empty()

    async def _refuse_newer(self, manifest: Manifest) -> None:
        async with self._store.read() as records:
            known = records.rows.schema
        if manifest.schema > known:
            raise InvalidError(
                f"This backup was made with schema {manifest.schema[:20]}, and this codepush supports schemas up to "
                f"{known}. Install the version that made it, or a newer one.",
                code="backup_newer",
            )

    async def _put(self, reader: BackupReader, name: str) -> bool:
        """Store an archive of the backup; return whether it was present already."""
        if await self._put_new(reader, name):
            return False
        blob_id = name.removeprefix("blobs/")
        if await self._is_same(blob_id, reader.manifest.members[name].sha256):
            return True
        await self._blobs.remove(blob_id)  # IDs are unique: this was a damaged copy
        await self._put_new(reader, name)
        return False

    async def _put_new(self, reader: BackupReader, name: str) -> bool:
        with draft(work_folder(self._workspace, "restore")) as new:
            await anyio.to_thread.run_sync(_unpack, reader, name, new.file)
            try:
                await self._blobs.put(name.removeprefix("blobs/"), new.path)
            except AlreadyExistsError:
                return False
        return True

    async def _is_same(self, blob_id: str, sha256: str) -> bool:
        async with self._blobs.fetch(blob_id) as path:
            return await anyio.to_thread.run_sync(_sha256, path) == sha256

    async def _restore_records(self, reader: BackupReader, *, replace: bool) -> int:
        """Restore all records in one transaction."""
        async with self._store.write() as records:
            if replace:
                await records.rows.clear()
            elif await records.rows.any():
                raise _not_empty()
            try:
                rows = sum([await _read_table(records, reader, name) for name in reader.manifest.tables])
                await records.rows.set_last_ids(reader.manifest.last_ids)
                await steps.pause_restored(Change(records, Caller(kind="server:cli"), at=self._clock()))
            except (ValueError, AlreadyExistsError, MissingError) as error:
                raise InvalidError(
                    f"The backup cannot be used: {error}. Nothing was changed.", code="backup_damaged"
                ) from error
        return rows


async def _write_table(records: Records, writer: BackupWriter, name: str) -> Table:
    rows = 0
    with writer.member(f"records/{name}.jsonl") as member:
        async for lines in records.rows.read(name):
            member.write(b"".join(line + b"\n" for line in lines))
            rows += len(lines)
    return Table(tuple(records.rows.tables()[name]), rows)


async def _read_table(records: Records, reader: BackupReader, name: str) -> int:
    table = reader.manifest.tables[name]
    rows = 0
    some: list[bytes] = []
    for line in reader.lines(f"records/{name}.jsonl"):
        some.append(line)
        if len(some) == _BATCH:
            await records.rows.add(name, table.columns, some)
            rows += len(some)
            some = []
    await records.rows.add(name, table.columns, some)
    if rows + len(some) != table.rows:
        raise ValueError(f"the table {name} has {rows + len(some)} rows instead of {table.rows}")
    return table.rows


def _unpack(reader: BackupReader, name: str, target: IO[bytes]) -> None:
    for piece in reader.pieces(name):
        target.write(piece)
    target.flush()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _not_empty() -> ConflictError:
    return ConflictError(
        "There are records in this database already. Restore into an empty one, or add --replace to remove them all.",
        code="not_empty",
    )

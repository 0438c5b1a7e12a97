"""Records of uploads in chunks."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from codepush.server.ports.uploads import ChunkRecord, UploadRecord
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import upload_chunks, uploads

if TYPE_CHECKING:
    from collections.abc import Sequence

_THE_UPLOAD: Final = uploads.c.id == bindparam("upload_id")
_OF_UPLOAD: Final = upload_chunks.c.upload_id == bindparam("of_upload")
_OF_NUMBER: Final = upload_chunks.c.number == bindparam("of_number")

ADD: Final = insert(uploads)
GET: Final = select(uploads).where(_THE_UPLOAD)

# SQLite omits FOR UPDATE: its writers exclude each other from the beginning of the transaction.
LOCK: Final = select(uploads.c.id).where(_THE_UPLOAD).with_for_update()

UPDATE: Final = update(uploads).where(_THE_UPLOAD)
REMOVE: Final = delete(uploads).where(_THE_UPLOAD)
EXPIRED: Final = select(uploads.c.id).where(uploads.c.expires_at <= bindparam("now")).order_by(uploads.c.expires_at)

OPEN: Final = select(uploads.c.expires_at).where(
    uploads.c.account_id == bindparam("of_account"),
    uploads.c.expires_at > bindparam("now"),
    uploads.c.state.in_(("new", "open", "finished")),
)

_CHUNK: Final = (upload_chunks.c.number, upload_chunks.c.size, upload_chunks.c.location.label("blob_id"))

CHUNKS: Final = select(*_CHUNK).where(_OF_UPLOAD).order_by(upload_chunks.c.number)
CHUNK: Final = select(*_CHUNK).where(_OF_UPLOAD, _OF_NUMBER)
ADD_CHUNK: Final = insert(upload_chunks)
REPLACE_CHUNK: Final = update(upload_chunks).where(_OF_UPLOAD, _OF_NUMBER)
FORGET_CHUNKS: Final = delete(upload_chunks).where(_OF_UPLOAD)


class SqlUploads(Queries):
    """Uploads, as :class:`codepush.server.ports.uploads.Uploads` describes them."""

    async def add(self, upload: UploadRecord) -> None:
        await self._run(ADD, **msgspec.structs.asdict(upload))

    async def get(self, upload_id: str) -> UploadRecord | None:
        row = await self._first(GET, upload_id=upload_id)
        return UploadRecord(**row) if row else None

    async def lock(self, upload_id: str) -> None:
        await self._all(LOCK, upload_id=upload_id)

    async def update(self, upload: UploadRecord) -> None:
        await self._change(
            UPDATE,
            upload_id=upload.id,
            file_name=upload.file_name,
            size=upload.size,
            chunk_size=upload.chunk_size,
            state=upload.state,
        )

    async def chunks(self, upload_id: str) -> Sequence[ChunkRecord]:
        return tuple(ChunkRecord(**row) for row in await self._all(CHUNKS, of_upload=upload_id))

    async def put_chunk(self, upload_id: str, chunk: ChunkRecord) -> ChunkRecord | None:
        values = {"size": chunk.size, "location": chunk.blob_id}
        row = await self._first(CHUNK, of_upload=upload_id, of_number=chunk.number)
        if row is None:
            await self._run(ADD_CHUNK, upload_id=upload_id, number=chunk.number, **values)
            return None
        await self._change(REPLACE_CHUNK, of_upload=upload_id, of_number=chunk.number, **values)
        return ChunkRecord(**row)

    async def forget_chunks(self, upload_id: str) -> None:
        await self._run(FORGET_CHUNKS, of_upload=upload_id)

    async def remove(self, upload_id: str) -> None:
        await self._run(REMOVE, upload_id=upload_id)

    async def open_until(self, account_id: int, now: int) -> Sequence[int]:
        return tuple(row["expires_at"] for row in await self._all(OPEN, of_account=account_id, now=now))

    async def expired(self, now: int) -> Sequence[str]:
        return tuple(row["id"] for row in await self._all(EXPIRED, now=now))

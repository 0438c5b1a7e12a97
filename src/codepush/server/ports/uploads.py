"""Uploads in chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ChunkRecord", "UploadRecord", "UploadState", "Uploads"]


UploadState: TypeAlias = Literal["new", "open", "finished", "released", "cancelled"]
"""The state of an upload in chunks: not described yet, receiving chunks, complete, released, or cancelled.

A cancelled upload was cancelled by its client or has expired.
"""


class UploadRecord(Struct, frozen=True, kw_only=True):
    """A file uploaded in chunks, for a release of an app by an account.

    ``token_digest`` is the SHA-256 (hex) of its secret token. Name, size and size of chunks are empty or 0 while it is
    new.
    """

    id: str
    app_id: int
    account_id: int
    token_digest: str
    file_name: str = ""
    size: int = 0
    chunk_size: int = 0
    state: UploadState = "new"
    created_at: int
    expires_at: int


class ChunkRecord(Struct, frozen=True, kw_only=True):
    """A chunk that has arrived. Numbers begin at 1; ``blob_id`` identifies the blob that holds it."""

    number: int
    size: int
    blob_id: str


class Uploads(Protocol):
    """Records of files uploaded in chunks, until they are released or expire."""

    async def add(self, upload: UploadRecord) -> None:
        """Record an upload; `MissingError` when its app or account is gone."""

    async def get(self, upload_id: str) -> UploadRecord | None:
        """Return the upload with this id."""

    async def lock(self, upload_id: str) -> None:
        """Lock this upload until the transaction ends."""

    async def update(self, upload: UploadRecord) -> None:
        """Record the file's name, its size, the size of its chunks, and the state of the upload."""

    async def chunks(self, upload_id: str) -> Sequence[ChunkRecord]:
        """Return the chunks that have arrived, in the order of the file."""

    async def put_chunk(self, upload_id: str, chunk: ChunkRecord) -> ChunkRecord | None:
        """Record a chunk and return the earlier one with this number, if any.

        The caller must hold the lock of the upload. Raises `MissingError` when the upload is gone.
        """

    async def forget_chunks(self, upload_id: str) -> None:
        """Delete the records of an upload's chunks."""

    async def remove(self, upload_id: str) -> None:
        """Delete an upload and the records of its chunks."""

    async def open_until(self, account_id: int, now: int) -> Sequence[int]:
        """Return the expiry times of an account's open uploads, which can still be released at ``now``."""

    async def expired(self, now: int) -> Sequence[str]:
        """Return the IDs of the uploads that have expired at ``now``."""

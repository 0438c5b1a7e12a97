"""Uploads in chunks: files that arrive in pieces, on any node and in any order, before they are released.

A chunk is a blob with a record in the database. So each chunk can arrive at another node, an acknowledged chunk is on
disk, and a chunk that is sent again replaces the earlier one. Clients authenticate with a token, since they send no
access key with chunks; it is valid for one upload, and for some hours.

An upload that is not released is removed: immediately when it is cancelled, otherwise when it expires.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import shutil
from collections.abc import Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, Final
from uuid import uuid4

import anyio
import anyio.to_thread
import msgspec
from msgspec import Struct

from codepush.rules import permissions
from codepush.server.ports.errors import MissingError, UnavailableError
from codepush.server.ports.uploads import ChunkRecord, UploadRecord
from codepush.server.services.access.resolution import find_app
from codepush.server.services.access.roles import permission_of
from codepush.server.services.clock import Clock, now
from codepush.server.services.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ServiceError,
    TooLargeError,
    UnauthenticatedError,
)
from codepush.server.services.packages.drafts import draft

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from codepush.server.ports.blobs import Blobs
    from codepush.server.ports.store import Records, Store
    from codepush.server.services.caller import Caller
    from codepush.server.services.change import Changes
    from codepush.server.services.releasing.workspace import Workspace

__all__ = ["CHUNK_SIZE", "LIFE_MS", "MOST_OPEN", "ExpectedChunk", "Ticket", "UploadStatus", "Uploads"]

CHUNK_SIZE: Final = 4 * 1024 * 1024
"""Bytes of a chunk, except for the last one.

A file of 200 MB is 48 of them: few enough that the sync and the commit of each are negligible, small enough that a
chunk can be sent again cheaply and that ten at once, as the original clients send them, need not wait for one another.
"""

LIFE_MS: Final = 6 * 60 * 60 * 1000
"""Lifetime of an upload: long enough for the largest file over a slow connection."""

MOST_OPEN: Final = 5
"""Open uploads of an account: neither released nor cancelled nor expired."""

_SWEEP_SECONDS: Final = 600

_MEGABYTE: Final = 1024 * 1024
_NAME_LENGTH: Final = 1000

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_log = logging.getLogger(__name__)


class Ticket(Struct, frozen=True):
    """A client's credentials for an upload: its ID, and its secret token.

    The token is 256 random bits, in letters, digits, ``-`` and ``_`` only: clients disagree about encoding it.
    """

    id: str
    token: str

    @property
    def is_possible(self) -> bool:
        """Whether the ID can be that of an upload."""
        return _ID.fullmatch(self.id) is not None


class ExpectedChunk(Struct, frozen=True):
    """A chunk that can be received: its size in bytes, and the account that the upload belongs to."""

    size: int
    account_id: int


class UploadStatus(Struct, frozen=True):
    """The state of an upload, and the numbers of the missing chunks."""

    upload: UploadRecord
    missing: Sequence[int]


class Uploads:
    """Receiving files in chunks, and assembling them.

    Args:
        store: The records.
        changes: Opens changes.
        blobs: The store of the chunks.
        workspace: The folder for assembling files.
        limit_mb: Size limit of a file, in units of 1 048 576 bytes.
        chunk_size: Bytes of a chunk, except for the last one.
        clock: The current time.

    """

    def __init__(
        self,
        store: Store,
        changes: Changes,
        blobs: Blobs,
        *,
        workspace: Workspace,
        limit_mb: int,
        chunk_size: int = CHUNK_SIZE,
        clock: Clock = now,
    ) -> None:
        self._store = store
        self._changes = changes
        self._blobs = blobs
        self._workspace = workspace
        self._limit_mb = limit_mb
        self._chunk_size = chunk_size
        self._clock = clock

    async def begin(self, caller: Caller, app_name: str, deployment_name: str) -> Ticket:
        """Return the ticket for a file that the caller will release.

        It can be released to any deployment of the app; the deployment named here is only checked early.

        Raises:
            NotFoundError: The caller has access to no such app, or the app has no such deployment.
            ForbiddenError: The caller may not release to the app.
            ConflictError: The account has the maximum number of open uploads.

        """
        ticket = Ticket(str(uuid4()), secrets.token_urlsafe(32))
        async with self._changes.by(caller) as change:
            deployment = await change.deployment(app_name, deployment_name, "release")
            _check_few(await change.records.uploads.open_until(caller.account.id, change.at))
            upload = UploadRecord(
                id=ticket.id,
                app_id=deployment.app_id,
                account_id=caller.account.id,
                token_digest=_digest(ticket.token),
                created_at=change.at,
                expires_at=change.at + LIFE_MS,
            )
            await change.records.uploads.add(upload)
            await change.note("upload.begin", deployment, after={"upload": upload.id})
        return ticket

    async def describe(self, ticket: Ticket, *, file_name: str, size: int) -> UploadRecord:
        """Record the name and size of the file, and return the upload with its size of chunks; idempotent.

        Raises:
            UnauthenticatedError, ForbiddenError: As in `status`.
            TooLargeError: The file is larger than the limit.
            InvalidError: The file is empty, or its name is too long.
            ConflictError: The file was described differently before, or the upload is closed.

        """
        async with self._locked(ticket) as (records, known):
            self._check_file(file_name, size)
            described = {"file_name": file_name, "size": size, "chunk_size": self._chunk_size, "state": "open"}
            upload = msgspec.structs.replace(known, **described) if known.state == "new" else known
            _check_open(upload)
            if (upload.file_name, upload.size) != (file_name, size):
                raise ConflictError(
                    "This upload was begun for another file. Begin a new one.", code="upload_of_another_file"
                )
            await records.uploads.update(upload)
        return upload

    def _check_file(self, file_name: str, size: int) -> None:
        if len(file_name) > _NAME_LENGTH or "\0" in file_name:
            raise InvalidError("The name of the file is too long, or no text.", code="invalid_upload")
        if size < 1:
            raise InvalidError("The file is empty. Upload a bundle, or an archive.", code="invalid_upload")
        if size > self._limit_mb * _MEGABYTE:
            raise TooLargeError(
                f"The uploaded file is larger than the size limit of {self._limit_mb} megabytes.",
                code="package_too_large",
            )

    async def expect(self, ticket: Ticket, number: int) -> ExpectedChunk:
        """Return the size that a chunk must have, before it is received.

        Raises:
            UnauthenticatedError, ForbiddenError: As in `status`.
            InvalidError: The file has no chunk of this number.
            ConflictError: No chunk is expected, as in `add_chunk`.

        """
        async with self._store.read() as records:
            upload = await self._admitted(records, ticket)
            return ExpectedChunk(_expected(upload, number), upload.account_id)

    async def add_chunk(self, ticket: Ticket, number: int, received: Path) -> None:
        """Store a chunk durably, visible to every node; it replaces an earlier one of this number.

        Args:
            ticket: The upload.
            number: Number of the chunk, from 1 in the order of the file.
            received: A file with the chunk, which is consumed.

        Raises:
            UnauthenticatedError, ForbiddenError: As in `status`.
            InvalidError: The file has no chunk of this number, or it has another size.
            ConflictError: The file has not been described, or the upload is closed.

        """
        size = (await anyio.Path(received).stat()).st_size
        chunk = ChunkRecord(number=number, size=size, blob_id=secrets.token_urlsafe(24))
        await self._blobs.put(chunk.blob_id, received)
        try:
            async with self._locked(ticket) as (records, upload):
                if _expected(upload, number) != chunk.size:
                    raise _wrong_size(number, chunk.size)
                replaced = await records.uploads.put_chunk(upload.id, chunk)
        except (MissingError, ServiceError):
            await self._blobs.remove(chunk.blob_id)  # the transaction was rolled back: nothing refers to it
            raise
        if replaced is not None:
            await self._blobs.remove(replaced.blob_id)

    async def finish(self, ticket: Ticket) -> Sequence[int]:
        """Finish an upload if it is complete; otherwise return the numbers of the missing chunks; idempotent.

        Raises:
            UnauthenticatedError, ForbiddenError: As in `status`.
            ConflictError: The file has not been described, or the upload was cancelled.

        """
        async with self._locked(ticket) as (records, upload):
            if upload.state in {"finished", "released"}:
                return ()
            _check_open(upload)
            missing = _missing(upload, await records.uploads.chunks(upload.id))
            if not missing:
                await records.uploads.update(msgspec.structs.replace(upload, state="finished"))
        return missing

    async def cancel(self, ticket: Ticket) -> None:
        """Cancel an upload and remove its chunks; idempotent. A released upload is unchanged.

        Raises:
            UnauthenticatedError, ForbiddenError: As in `status`.

        """
        async with self._store.read() as records:
            await self._admitted(records, ticket)
        await self.clear(ticket.id)

    async def status(self, ticket: Ticket) -> UploadStatus:
        """Return the state of an upload.

        Raises:
            UnauthenticatedError: There is no such upload, its token is another one, or it has expired.
            ForbiddenError: The account that began it may no longer release to the app.

        """
        async with self._store.read() as records:
            upload = await self._admitted(records, ticket)
            is_open = upload.state == "open"
            return UploadStatus(upload, _missing(upload, await records.uploads.chunks(upload.id)) if is_open else ())

    @asynccontextmanager
    async def claim(self, caller: Caller, app_name: str, ticket: Ticket) -> AsyncIterator[Path]:
        """Open a block in which an upload of the caller for an app is one file in the workspace.

        Raises:
            NotFoundError: The caller has access to no such app.
            ForbiddenError: The caller may not release to the app.
            UnauthenticatedError: As in `status`; also when another account began it, or for another app.
            ConflictError: It is incomplete, was cancelled, or has been released.
            TooManyError, NoRoomError: As in `Workspace.upload_in_turn`.

        """
        async with self._store.read() as records:
            app = await find_app(records, caller, app_name, "release")
            upload = await self._admitted(records, ticket)
            if (upload.app_id, upload.account_id) != (app.id, caller.account.id):
                raise _unknown()
            _check_finished(upload)
            chunks = await records.uploads.chunks(upload.id)
        async with self._workspace.upload_in_turn(caller.account.id, upload.size) as folder:
            with draft(nullcontext(folder)) as whole:
                await self._assemble(chunks, whole.file)
                yield whole.path

    async def _assemble(self, chunks: Sequence[ChunkRecord], target: BinaryIO) -> None:
        try:
            for chunk in chunks:
                async with self._blobs.fetch(chunk.blob_id) as path:
                    await anyio.to_thread.run_sync(_append, path, target)
        except MissingError as error:
            raise NotFoundError(
                "The upload was released, cancelled or has expired meanwhile.", code="upload_over"
            ) from error
        target.flush()

    async def use(self, records: Records, upload_id: str) -> None:
        """Mark an upload as released, in the transaction that releases it; only one of several callers succeeds.

        Raises:
            ConflictError: It was released or cancelled.
            NotFoundError: It has expired.

        """
        await records.uploads.lock(upload_id)
        upload = await records.uploads.get(upload_id)
        if upload is None:
            raise NotFoundError("The upload has expired meanwhile.", code="upload_over")
        _check_finished(upload)
        await records.uploads.update(msgspec.structs.replace(upload, state="released"))

    async def clear(self, upload_id: str) -> None:
        """Close an upload and remove its chunks. Its record stays until it expires.

        Raises:
            UnavailableError: The database or the blob store fails. The rest is removed when the upload expires.

        """
        async with self._store.write() as records:
            await records.uploads.lock(upload_id)
            upload = await records.uploads.get(upload_id)
            if upload is not None and upload.state != "released":
                await records.uploads.update(msgspec.structs.replace(upload, state="cancelled"))
            chunks = await records.uploads.chunks(upload_id)
        for chunk in chunks:
            await self._blobs.remove(chunk.blob_id)  # first the blobs, then their records
        async with self._store.write() as records:
            await records.uploads.forget_chunks(upload_id)

    async def sweep(self) -> int:
        """Remove expired uploads with their chunks, and return their number.

        Raises:
            UnavailableError: The database or the blob store fails. The next call removes the rest.

        """
        async with self._store.read() as records:
            expired = await records.uploads.expired(self._clock())
        for upload_id in expired:
            await self.clear(upload_id)
            async with self._store.write() as records:
                await records.uploads.remove(upload_id)
        return len(expired)

    async def run(self) -> None:
        """Sweep periodically; runs until it is cancelled."""
        while True:
            try:
                await self.sweep()
            except UnavailableError as error:
                _log.warning("Expired uploads could not be removed yet: %s", error)
            await anyio.sleep(_SWEEP_SECONDS)

    @asynccontextmanager
    async def _locked(self, ticket: Ticket) -> AsyncIterator[tuple[Records, UploadRecord]]:
        """Open an exclusive transaction on an upload."""
        async with self._store.write() as records:
            if ticket.is_possible:
                await records.uploads.lock(ticket.id)
            yield records, await self._admitted(records, ticket)

    async def _admitted(self, records: Records, ticket: Ticket) -> UploadRecord:
        upload = await records.uploads.get(ticket.id) if ticket.is_possible else None
        if upload is None or not hmac.compare_digest(upload.token_digest, _digest(ticket.token)):
            raise _unknown()
        if self._clock() >= upload.expires_at:
            raise UnauthenticatedError("The upload has expired. Begin a new one.", code="upload_expired")
        await _check_rights(records, upload)
        return upload


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def _check_rights(records: Records, upload: UploadRecord) -> None:
    """Raise `ForbiddenError` unless the account of an upload may still release to its app."""
    app = await records.apps.get(upload.app_id)
    if app is None or not permissions.may(permission_of(app, upload.account_id), "release"):
        raise ForbiddenError(
            "The account that began this upload may no longer release to the app. Ask the owner of the app to add it "
            "as a collaborator, then begin a new upload.",
            code="permission_denied",
        )


def _check_few(expiries: Sequence[int]) -> None:
    """Raise `ConflictError` if an account has the maximum number of open uploads, which expire at these times."""
    if len(expiries) >= MOST_OPEN:
        until = datetime.fromtimestamp(min(expiries) / 1000, UTC)
        raise ConflictError(
            f"This account already has {len(expiries)} uploads open, the most at the same time. Release or cancel one "
            f"of them, or wait until the oldest expires at {until:%Y-%m-%d %H:%M} UTC.",
            code="too_many_uploads",
        )


def _unknown() -> UnauthenticatedError:
    return UnauthenticatedError("There is no such upload, or the token is not its own.", code="invalid_upload_token")


def _wrong_size(number: int, size: int) -> InvalidError:
    return InvalidError(f"Chunk {number} must not have {size} bytes: see chunk_size.", code="invalid_chunk")


def _count(upload: UploadRecord) -> int:
    return -(-upload.size // upload.chunk_size)


def _expected(upload: UploadRecord, number: int) -> int:
    """Return the size of the chunk with a number."""
    _check_open(upload)
    if not 1 <= number <= _count(upload):
        raise InvalidError(f"The file has chunks from 1 to {_count(upload)}.", code="invalid_chunk")
    return min(upload.chunk_size, upload.size - (number - 1) * upload.chunk_size)


def _missing(upload: UploadRecord, chunks: Sequence[ChunkRecord]) -> Sequence[int]:
    arrived = {chunk.number for chunk in chunks}
    return tuple(number for number in range(1, _count(upload) + 1) if number not in arrived)


def _check_open(upload: UploadRecord) -> None:
    """Raise `ConflictError` unless the upload accepts chunks."""
    if upload.state == "new":
        raise ConflictError("Describe the file first, with set_metadata.", code="upload_not_described")
    if upload.state == "finished":
        raise ConflictError("The upload is complete. Release it, or begin a new one.", code="upload_complete")
    _check_not_over(upload)


def _check_finished(upload: UploadRecord) -> None:
    """Raise `ConflictError` unless a file is complete and not released."""
    if upload.state in {"new", "open"}:
        raise ConflictError("The upload is not complete. Send what is missing, then finish it.", code="upload_open")
    _check_not_over(upload)


def _check_not_over(upload: UploadRecord) -> None:
    if upload.state == "cancelled":
        raise ConflictError("The upload was cancelled. Begin a new one.", code="upload_cancelled")
    if upload.state == "released":
        raise ConflictError("The upload has been released already. Begin a new one.", code="upload_released")


def _append(source: Path, target: BinaryIO) -> None:
    with source.open("rb") as file:
        shutil.copyfileobj(file, target)

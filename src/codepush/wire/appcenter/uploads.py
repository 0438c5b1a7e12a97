"""Responses to clients that upload in chunks (App Center v0.1 management API, section 4).

They take an answer apart without looking whether it is one: every answer is a JSON object, and ``error`` is a boolean.
A chunk whose answer has a true ``error`` is sent again at once and for ever, so no answer to a chunk has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.wire.messages import encode_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["cancelled_body", "chunk_body", "finished_body", "metadata_body", "refused_body", "status_body"]

_STATES: Final[Mapping[str, str]] = {
    "new": "New",
    "open": "Uploading",
    "finished": "Done",
    "released": "Done",
    "cancelled": "Cancelled",
}


def metadata_body(upload_id: str, *, size: int, chunk_size: int) -> bytes:
    """Return the chunks in which to send a file. ``resume_restart`` would make clients wait for input."""
    return encode_json(
        {
            "error": False,
            "id": upload_id,
            "chunk_size": chunk_size,
            "chunk_list": list(range(1, -(-size // chunk_size) + 1)),
            "blob_partitions": 1,
            "resume_restart": False,
        }
    )


def refused_body(message: str) -> bytes:
    """Return the response that rejects a file. Clients show its message only if the status is 200."""
    return encode_json({"error": True, "message": message})


def chunk_body(number: int) -> bytes:
    """Return the response that confirms a chunk."""
    return encode_json({"error": False, "chunk_num": number})


def finished_body(missing: Sequence[int]) -> bytes:
    """Return the response that a file is complete, or the missing chunks."""
    if missing:
        return encode_json({"error": False, "state": "Uploading", "missing_chunks": missing})
    return encode_json({"error": False, "state": "Done", "message": "The upload is complete."})


def cancelled_body() -> bytes:
    """Return the response that confirms the cancellation of an upload."""
    return encode_json({"error": False, "state": "Cancelled", "message": "The upload was cancelled."})


def status_body(upload_id: str, state: str, *, chunk_size: int, missing: Sequence[int]) -> bytes:
    """Return the progress of an upload; ``chunk_size`` is 0 before the file is announced."""
    return encode_json(
        {
            "error": False,
            "id": upload_id,
            "state": _STATES[state],
            "chunk_size": chunk_size,
            "missing_chunks": missing,
        }
    )

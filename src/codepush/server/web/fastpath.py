"""The fast path: responses to plain update checks as their bytes arrive, before any framework runs.

This module decides which requests it handles; `codepush.server.web.fasthttp` connects it to uvicorn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codepush.server.cache import ENTRY, BoundedCache
from codepush.server.web.requestlines import is_plain_head, read_line

if TYPE_CHECKING:
    from codepush.models import UpdateCheck
    from codepush.server.counters import Checks as Counts
    from codepush.server.services.phones.updates import Updates
    from codepush.server.web.check_responses import Answer, Checks, Ready

__all__ = ["STATE", "FastPath"]

STATE: Final = "codepush_fast_path"
"""Key under which the lifespan passes the application's :class:`FastPath` to the connections."""

LINE_BYTES: Final = 64 * 1024 * 1024
"""Bytes of the cached request lines with their responses."""

HEAD_BYTES: Final = 2 * 1024 * 1024
"""Bytes of the cached sets of headers."""

_LONGEST: Final = 512
"""Maximum length of a cached request line or set of headers, in bytes."""

_BYTES_OBJECT: Final = 33
"""Bytes of an empty ``bytes`` object."""

_LARGEST: Final = 8_192
"""Maximum size of a request on the fast path, in bytes."""

_END: Final = b" HTTP/1.1"
_ID: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_ID_PARAMETERS: Final = (b"&client_unique_id", b"&clientUniqueId")
_ID_VALUES: Final = (b"client_unique_id=", b"clientUniqueId=")


class FastPath:
    """The responses by request line, shared by an application's connections.

    Args:
        updates: The deployments in memory.
        checks: The prepared responses.
        counts: Counter of update checks by result.
        operations_port: The port whose connections get no update checks; 0 if there is none.

    """

    def __init__(self, updates: Updates, checks: Checks, counts: Counts, *, operations_port: int = 0) -> None:
        self._updates = updates
        self._checks = checks
        self._counts = counts
        # Without the device's ID if it is the last parameter, else complete.
        self._lines: BoundedCache[bytes, Answer] = BoundedCache(LINE_BYTES, _line_cost)
        self._heads: BoundedCache[bytes, bytes] = BoundedCache(HEAD_BYTES, _head_cost)
        self._headers: object = None
        self._start = b""
        self.operations_port = operations_port

    def answer(self, data: bytes, headers: list[tuple[bytes, bytes]]) -> bytes | None:
        """Return the response to a plain update check of a known deployment; ``None`` for any other bytes.

        Args:
            data: The received bytes, from the beginning of a message.
            headers: The headers that uvicorn sends with every response at present.

        """
        line, _, head = data.partition(b"\r\n")
        if head not in self._heads.values and not self._is_plain(head):
            return None
        ready = self._ready(line)
        if ready is None:
            return None
        if ready.is_update:
            self._counts.update += 1
        else:
            self._counts.none += 1
        if headers is not self._headers:
            self._headers = headers
            self._start = b"".join([b"HTTP/1.1 200 OK\r\n", *(b"%b: %b\r\n" % header for header in headers)])
        return self._start + ready.tail

    def _ready(self, line: bytes) -> Ready | None:
        """Return the response to a request line."""
        shared, _, rest = line.rpartition(b"=")
        answer = self._lines.values.get(shared)
        if answer is not None and answer.standing.is_current and _is_plain_id(rest):
            answer.standing.is_asked_for = True
            if answer.selected is None:
                return answer.ready
            if len(rest) > len(_END):  # the meaning of an empty ID depends on the spelling of its parameter
                return answer.ready_for(rest[: -len(_END)].decode("ascii"))
        return self._read(line, shared, rest)

    def _read(self, line: bytes, shared: bytes, rest: bytes) -> Ready | None:
        read = read_line(line) if len(line) < _LARGEST else None
        if read is None:
            return None
        check, camel = read
        answer = self._find(check, camel=camel)
        if answer is None:
            return None
        if _ends_before_id(shared) and _is_plain_id(rest) and len(shared) <= _LONGEST:
            self._lines.add(shared, answer)
        return answer.ready_for(check.client_unique_id)

    def _find(self, check: UpdateCheck, *, camel: bool) -> Answer | None:
        """Return the response to a valid check whose deployment is in memory."""
        if self._checks.needs_host:
            return None
        snapshot = self._updates.current(check.deployment_key)
        if snapshot is None:
            return None
        try:
            return self._checks.answer(snapshot, check, camel=camel)
        except ValueError:
            return None

    def _is_plain(self, head: bytes) -> bool:
        """Return whether these are plain headers, and cache those that are."""
        if len(head) > _LARGEST or not is_plain_head(head):
            return False
        if len(head) <= _LONGEST:
            self._heads.add(head, head)
        return True


def _line_cost(line: bytes, answer: Answer) -> int:
    """Return the memory of a line. Few lines share a response, so each is counted with its own."""
    return ENTRY + _BYTES_OBJECT + len(line) + answer.size


def _head_cost(head: bytes, _: bytes) -> int:
    return ENTRY + _BYTES_OBJECT + len(head)


def _ends_before_id(shared: bytes) -> bool:
    """Return whether a request line without its last value lacks only the device's ID, which it names once."""
    return shared.endswith(_ID_PARAMETERS) and not any(value in shared for value in _ID_VALUES)


def _is_plain_id(rest: bytes) -> bool:
    """Return whether the rest of a request line is a device's ID and ``HTTP/1.1``."""
    return rest.endswith(_END) and rest.translate(None, _ID) == b" /."

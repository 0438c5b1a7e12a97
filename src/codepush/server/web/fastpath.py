"""The fast path: plain update checks are answered where their bytes arrive, before any framework runs.

Here is what is answered, and what is not; how it comes about is told in `codepush.server.web.fasthttp`.
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
"""Under this name an application's lifespan gives its :class:`FastPath` to the connections."""

LINE_BYTES: Final = 64 * 1024 * 1024
"""Bytes of the request lines that are kept, with the answers that they lead to."""

HEAD_BYTES: Final = 2 * 1024 * 1024
"""Bytes of the sets of headers that are kept."""

_LONGEST: Final = 512
"""Bytes of the longest request line, and of the longest set of headers, that are kept."""

_BYTES_OBJECT: Final = 33
"""Bytes of an empty ``bytes`` object."""

_LARGEST: Final = 8_192
"""Bytes of the largest request that is looked at."""

_END: Final = b" HTTP/1.1"
_ID: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_ID_PARAMETERS: Final = (b"&client_unique_id", b"&clientUniqueId")
_ID_VALUES: Final = (b"client_unique_id=", b"clientUniqueId=")


class FastPath:
    """What an application's connections share: answers by request line.

    Args:
        updates: the deployments in memory.
        checks: the answers made ready.
        counts: counts what phones are told.
        operations_port: The port whose connections get no update checks; 0 if there is none.

    """

    def __init__(self, updates: Updates, checks: Checks, counts: Counts, *, operations_port: int = 0) -> None:
        self._updates = updates
        self._checks = checks
        self._counts = counts
        # Without the device's id, if that is the last parameter; else as they came.
        self._lines: BoundedCache[bytes, Answer] = BoundedCache(LINE_BYTES, _line_cost)
        self._heads: BoundedCache[bytes, bytes] = BoundedCache(HEAD_BYTES, _head_cost)
        self._headers: object = None
        self._start = b""
        self.operations_port = operations_port

    def answer(self, data: bytes, headers: list[tuple[bytes, bytes]]) -> bytes | None:
        """Return the answer to what has arrived; ``None`` when it is not one plain update check that can be answered.

        Args:
            data: what has arrived, from the beginning of a message.
            headers: the headers that uvicorn sends with every answer, for as long as they hold.

        """
        line, _, head = data.partition(b"\r\n")
        if head not in self._heads.values and not self._knows(head):
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
        """Return the answer to a request line."""
        shared, _, rest = line.rpartition(b"=")
        answer = self._lines.values.get(shared)
        if answer is not None and answer.standing.is_current and _is_plain_id(rest):
            answer.standing.is_asked_for = True
            if answer.selected is None:
                return answer.ready
            if len(rest) > len(_END):  # what an empty id means depends on the spelling of its parameter
                return answer.told(rest[: -len(_END)].decode("ascii"))
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
        return answer.told(check.client_unique_id)

    def _find(self, check: UpdateCheck, *, camel: bool) -> Answer | None:
        """Return the answer to a check that is right and whose deployment is in memory."""
        if self._checks.needs_host:
            return None
        snapshot = self._updates.current(check.deployment_key)
        if snapshot is None:
            return None
        try:
            return self._checks.answer(snapshot, check, camel=camel)
        except ValueError:
            return None

    def _knows(self, head: bytes) -> bool:
        """Return whether these are plain headers, remembering those that are."""
        if len(head) > _LARGEST or not is_plain_head(head):
            return False
        if len(head) <= _LONGEST:
            self._heads.add(head, head)
        return True


def _line_cost(line: bytes, answer: Answer) -> int:
    """Return what a line takes. Few lines share an answer, so each is counted with its own."""
    return ENTRY + _BYTES_OBJECT + len(line) + answer.size


def _head_cost(head: bytes, _: bytes) -> int:
    return ENTRY + _BYTES_OBJECT + len(head)


def _ends_before_id(shared: bytes) -> bool:
    """Return whether a request line without its last value lacks just the device's id, which it names once."""
    return shared.endswith(_ID_PARAMETERS) and not any(value in shared for value in _ID_VALUES)


def _is_plain_id(rest: bytes) -> bool:
    """Return whether the rest of a request line is a device's id and ``HTTP/1.1``."""
    return rest.endswith(_END) and rest.translate(None, _ID) == b" /."

"""Responses to update checks, prepared once for all devices that send the same check.

The standard path (`codepush.server.web.acquisition`) and the fast path (`codepush.server.web.fastpath`) both use them,
so their responses cannot differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from starlette.responses import Response

from codepush.models import UpdateCheck, UpdateInfo
from codepush.rules import rollout
from codepush.rules.selection import NOT_SENT
from codepush.server.cache import ENTRY, BoundedCache
from codepush.wire import acquisition
from codepush.wire.messages import JSON_TYPE

if TYPE_CHECKING:
    from codepush.rules.selection import Decision
    from codepush.server.services.phones.updates import Kind, Snapshot, Standing

__all__ = ["Answer", "Checks", "Ready"]

ANSWER_BYTES: Final = 32 * 1024 * 1024
"""Bytes of the cached responses."""

_OBJECT_BYTES: Final = 112
"""Bytes of an object with its fields, without the values of these."""

_KEY_BYTES: Final = 400
"""Bytes of a response's key: three tuples or strings, and the hash and the label, which are those of a release."""

Headers: TypeAlias = tuple[tuple[str, str], ...]

_SHARED: Final[Headers] = (("access-control-allow-origin", "*"),)
"""Web pages of any origin may read responses: apps in a web view use ``file://`` and their own schemes."""

_FRESH: Final[Headers] = (("cache-control", "no-cache"),)
_ONE_DEVICE: Final[Headers] = (("cache-control", "private, no-store"),)


class Ready:
    """One response, ready to be sent.

    Attributes:
        tail: The bytes after the status line and the common headers: further headers, empty line and body.
        is_update: Whether it offers an update to download.

    """

    __slots__ = ("is_update", "tail")

    def __init__(self, info: UpdateInfo, *, camel: bool, headers: Headers) -> None:
        body = acquisition.update_body(info, camel=camel)
        sent = [*_SHARED, *headers, ("content-length", str(len(body))), ("content-type", JSON_TYPE)]
        head = "".join(f"{name}: {value}\r\n" for name, value in sent)
        self.tail = head.encode("ascii") + b"\r\n" + body
        self.is_update = info.is_available

    def response(self) -> Response:
        """Return the response for the standard path."""
        head, _, body = self.tail.partition(b"\r\n\r\n")
        response = Response(body)
        response.raw_headers = [_header(line) for line in head.split(b"\r\n")]
        return response


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b": ")
    return name, value


class Answer:
    """The prepared response to equal checks; two of them if it depends on the device.

    Attributes:
        standing: The status of the snapshot that it was built from.
        ready: The response; during a rollout the one for devices that are not selected.
        selected: The response for selected devices; ``None`` if the response does not depend on the device.
        size: Its memory, in bytes.

    """

    __slots__ = ("_release_tag", "_rollout", "ready", "selected", "size", "standing")

    def __init__(self, decision: Decision, standing: Standing, *, camel: bool, headers: Headers) -> None:
        rolling_out = decision.rollout_package
        self.standing = standing
        self.ready = Ready(decision.original, camel=camel, headers=headers)
        self.selected = Ready(rolling_out, camel=camel, headers=headers) if rolling_out else None
        self._rollout = decision.rollout or 0
        self._release_tag = decision.release_tag
        parts = [self.ready] if self.selected is None else [self.ready, self.selected]
        self.size = _OBJECT_BYTES + sum(_OBJECT_BYTES + len(part.tail) for part in parts)

    def ready_for(self, client_unique_id: str | None) -> Ready:
        """Return the response for a device: ``None`` is a missing ID, and ``""`` is never selected."""
        if self.selected is None or client_unique_id == "":
            return self.ready
        device = NOT_SENT if client_unique_id is None else client_unique_id
        is_selected = rollout.is_selected(device, self._rollout, self._release_tag)
        return self.selected if is_selected else self.ready


_Key: TypeAlias = "tuple[Standing, Kind, bool]"


def _cost(key: _Key, answer: Answer) -> int:
    return ENTRY + _KEY_BYTES + len(key[1].app_version) + answer.size


class Checks:
    """The recent responses.

    Args:
        cache_seconds: Lifetime of a response in caches between devices and the server; 0: not cached.
        needs_host: Whether download URLs must be completed with the host of each request.

    Attributes:
        needs_host: See above. Such responses suit neither the fast path nor caches in front of the server.

    """

    def __init__(self, *, cache_seconds: int = 0, needs_host: bool = False) -> None:
        self._cache_seconds = 0 if needs_host else cache_seconds
        self.needs_host = needs_host
        self._answers: BoundedCache[_Key, Answer] = BoundedCache(ANSWER_BYTES, _cost)
        self._nothing = [Ready(UpdateInfo(), camel=camel, headers=_FRESH) for camel in (False, True)]

    def answer(self, snapshot: Snapshot, check: UpdateCheck, *, camel: bool) -> Answer:
        """Return the prepared response to checks of this kind.

        Raises:
            ValueError: The binary version is not a version, even when missing parts are filled in.

        """
        key = snapshot.standing, snapshot.kind(check), camel
        answer = self._answers.get(key) if snapshot.standing.is_current else None
        if answer is None:
            decision, may_be_kept = snapshot.resolve(check)
            headers = self._headers(snapshot, decision)
            answer = Answer(decision, snapshot.standing, camel=camel, headers=headers)
            if may_be_kept and snapshot.standing.is_current:
                self._answers.add(key, answer)
        return answer

    def _headers(self, snapshot: Snapshot, decision: Decision) -> Headers:
        """Return the headers for caches: whether and how long they may share a response, and its tags for purging.

        A response that depends on the device must not be shared, since caches leave its ID out of their keys.
        """
        if not (self._cache_seconds and snapshot.standing.is_current):
            return _FRESH
        if decision.rollout_package is not None:
            return _ONE_DEVICE
        names = f"deployment-{snapshot.key}", f"revision-{snapshot.key}-{snapshot.revision}"
        return (
            ("cache-control", f"public, max-age=0, s-maxage={self._cache_seconds}"),
            ("surrogate-key", " ".join(names)),
            ("cache-tag", ",".join(names)),
        )

    def nothing(self, *, camel: bool) -> Ready:
        """Return a response without an update, for when the database is unavailable."""
        return self._nothing[camel]

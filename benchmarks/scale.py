"""Measure what deployments and their releases cost: the time of a check, and memory.

    make bench-scale

The real snapshots, responses and request lines, without network or database: CPU time per check, and memory of a
process. Each setting runs in a separate process, so that its memory can be measured.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import resource
import sys
import time
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from results import circumstances, table, write_section

from codepush.models import Package
from codepush.server.counters import Counters
from codepush.server.ports.histories import DeploymentHistory
from codepush.server.services.phones.updates import Updates
from codepush.server.web.check_responses import Checks
from codepush.server.web.fastpath import FastPath

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

COMMAND: Final = "make bench-scale"
CHECKS: Final = 200_000
PATH: Final = b"GET /v0.1/public/codepush/update_check"
HEAD: Final = b"Host: codepush.example.com\r\nAccept: application/json\r\n\r\n"
_MANY: Final = 1_000
MEMORY_UNIT: Final = 1 if sys.platform == "darwin" else 1024
"""What a process's memory is counted in."""


class Setting(Struct, frozen=True):
    """Number of deployments, and of releases of each; devices of each run ``kinds`` different releases."""

    deployments: int
    releases: int
    kinds: int = 3


SETTINGS: Final = (
    Setting(10, 1),
    Setting(10, 50),
    Setting(10, 1_000),
    Setting(1_000, 1),
    Setting(1_000, 50),
    Setting(1_000, 200),
    Setting(50_000, 1),
    Setting(100_000, 1),
    Setting(100_000, 50),
)


class Cost(Struct, frozen=True, kw_only=True):
    """Microseconds of processor time, bytes, and the share of checks whose deployment was in memory."""

    again: float
    first: float
    prepare: float
    memory: float
    kept: int
    in_memory: float


class Made:
    """A catalog that generates histories on request, as a database would return them."""

    def __init__(self, setting: Setting) -> None:
        self._releases = setting.releases
        self.seconds = 0.0

    async def load(self, deployment_key: str) -> DeploymentHistory:
        """Return the releases of a deployment."""
        began = time.process_time()
        number = int(deployment_key[1:])
        packages = tuple(_package(number, place) for place in range(1, self._releases + 1))
        history = DeploymentHistory(deployment_id=number, revision=1, packages=packages)
        self.seconds += time.process_time() - began
        return history

    async def revisions(self, deployment_ids: Sequence[int]) -> dict[int, int]:
        """Return that nothing has changed."""
        return dict.fromkeys(deployment_ids, 1)

    async def changes(self) -> AsyncIterator[Iterable[int] | None]:
        """Report no change."""
        for nothing in ():
            yield nothing


def _hash(number: int, place: int) -> str:
    return f"{number:032x}{place:032x}"


def _package(number: int, place: int) -> Package:
    return Package(
        app_version=f"^1.{place % 7}.0",
        package_hash=_hash(number, place),
        label=f"v{place}",
        description=f"What has changed in release {place}",
        blob_url=f"https://codepush.example.com/blobs/{number:08x}{place:024x}",
        size=1_000_000 + place,
    )


def _request(number: int, place: int, device: int) -> bytes:
    """Return the request of a device that runs a release; the first is the newest."""
    query = f"?deployment_key=k{number}&app_version=1.6.0&package_hash={_hash(number, place)}&label=v{place}"
    return b"%b%b&client_unique_id=%032x HTTP/1.1\r\n%b" % (PATH, query.encode(), device, HEAD)


def measure(setting: Setting) -> Cost:
    """Measure one setting in this process."""
    return asyncio.run(_measure(setting))


async def _measure(setting: Setting) -> Cost:
    dice = random.Random(1)  # noqa: S311 - the same load every time; nothing here is secret
    made = Made(setting)
    updates = Updates(made)
    fast = FastPath(updates, Checks(), Counters().fast)
    before = _memory()
    prepare = await _each(setting.deployments, lambda number: updates.find(f"k{number}"))
    kept = updates.held().deployments
    memory = (_memory() - before) / kept if setting.deployments >= _MANY else 0  # less is lost in the noise
    asked = [
        (dice.randrange(setting.deployments), setting.releases - dice.randrange(min(setting.kinds, setting.releases)))
        for _ in range(CHECKS)
    ]
    requests = [_request(number, place, dice.getrandbits(128)) for number, place in asked]
    here = [request for (number, _), request in zip(asked, requests, strict=True) if updates.current(f"k{number}")]
    first = _seconds(lambda: _answer_all(fast, dict.fromkeys(here[:20_000]))) / len(dict.fromkeys(here[:20_000]))
    again = _seconds(lambda: _answer_all(fast, here)) / len(here)
    return Cost(
        again=again * 1e6,
        first=first * 1e6,
        prepare=(prepare - made.seconds / setting.deployments) * 1e6,
        memory=memory,
        kept=kept,
        in_memory=len(here) / len(requests),
    )


def _answer_all(fast: FastPath, requests: Iterable[bytes]) -> None:
    headers: list[tuple[bytes, bytes]] = []
    for request in requests:
        if fast.answer(request, headers) is None:
            raise RuntimeError(f"The fast path did not answer: {request!r}")


async def _each(count: int, find: Callable[[int], Awaitable[object]]) -> float:
    """Return the seconds of processor time that each of so many readings takes."""
    began = time.process_time()
    for number in range(count):
        await find(number)
    return (time.process_time() - began) / count


def _seconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _memory() -> int:
    """Return the most bytes that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MEMORY_UNIT


def main() -> None:
    """Measure every setting and write the section."""
    context = multiprocessing.get_context("spawn")
    rows = []
    for setting in SETTINGS:
        with context.Pool(1) as pool:
            cost = pool.apply(measure, (setting,))
        rows.append(_row(setting, cost))
    head = (
        "deployments x releases", "check, seen before: us", "first of its kind: us", "making a snapshot: us",
        "bytes for each deployment", "deployments in memory", "checks answered from memory",
    )  # fmt: skip
    write_section(
        "Deployments and releases",
        circumstances(COMMAND, "codepush"),
        "One process, without network and database. Devices check at random, from each of the newest three releases. A "
        "deployment that is not in memory is read from the database first, which these figures do not include. Beyond "
        "65,536 different checks, responses are rebuilt, at the cost of the first of their kind.",
        table(head, rows),
    )


def _row(setting: Setting, cost: Cost) -> Sequence[str]:
    return (
        f"{setting.deployments:,} x {setting.releases:,}", f"{cost.again:.2f}", f"{cost.first:.1f}",
        f"{cost.prepare:.0f}", f"{cost.memory:,.0f}" if cost.memory else "", f"{cost.kept:,}", f"{cost.in_memory:.0%}",
    )  # fmt: skip


if __name__ == "__main__":
    main()

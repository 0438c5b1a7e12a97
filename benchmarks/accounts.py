"""Measure what a management request on one app costs, by how many apps the caller sees.

    make bench-scale

Deployments of one app are listed by accounts that own, or were let in to, one app and a thousand apps; in turns, with
SQLite and without HTTP.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from results import circumstances, table, write_section

from codepush.server.services.caller import visitor
from codepush.server.services.change import Changes
from codepush.server.services.packages.links import Links
from codepush.server.services.releasing.deployments import Deployments
from codepush.server.storage.sql.migrate import upgrade
from codepush.server.storage.sql.store import SqlStore

if TYPE_CHECKING:
    from codepush.server.ports.accounts import AccountRecord
    from codepush.server.ports.store import Records

COMMAND: Final = "make bench-scale"
MANY: Final = 1_000
ROUNDS: Final = 7
REQUESTS: Final = 100
MOST: Final = 1.2
"""How much more than with one app a request may cost."""


async def _add_apps(records: Records, owner: AccountRecord, count: int, guest: AccountRecord) -> None:
    """Add apps with a deployment each, to which another account is let in."""
    for number in range(count):
        name = f"App {number}"
        app_id = await records.apps.add(owner_id=owner.id, name=name, os=None, platform=None, created_at=1)
        key = f"{owner.slug}-{number}".rjust(20, "0")
        await records.deployments.add(app_id=app_id, name="Production", key=key, device_key=b"k", created_at=1)
        await records.apps.add_collaborator(app_id, guest.id)


async def _measure(url: str) -> dict[tuple[str, int], float]:
    """Return microseconds of processor time for a request, by the part in the apps and their number."""
    store = SqlStore(url)
    callers: dict[tuple[str, int], AccountRecord] = {}
    async with store.write() as records:
        for count in (1, MANY):
            for part in ("owner", "collaborator"):
                email = f"{part}{count}@example.com"
                callers[part, count] = await records.accounts.add(email=email, name="", created_at=1)
            await _add_apps(records, callers["owner", count], count, callers["collaborator", count])
    deployments = Deployments(store, Changes(store), Links("https://codepush.example.com"))
    spent: dict[tuple[str, int], list[float]] = {one: [] for one in callers}
    for _ in range(ROUNDS):
        for one, account in callers.items():
            began = time.process_time()
            for _ in range(REQUESTS):
                await deployments.list(visitor().acting_as(account), "App 0")
            spent[one].append((time.process_time() - began) / REQUESTS * 1e6)
    await store.close()
    return {one: median(rounds) for one, rounds in spent.items()}


def main() -> None:
    """Measure and write the section."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'codepush.db'}"
        upgrade(url)
        cost = asyncio.run(_measure(url))
    rows = []
    for part in ("owner", "collaborator"):
        few, many = cost[part, 1], cost[part, MANY]
        rows.append((part, f"{few:,.0f}", f"{many:,.0f}", f"{many / few:.2f}", f"at most {MOST}"))
    write_section(
        "One app of many",
        circumstances(COMMAND, "codepush", "sqlalchemy"),
        f"Listing the deployments of one app with SQLite, without HTTP: microseconds of processor time, medians of "
        f"{ROUNDS} rounds of {REQUESTS} requests, in turns.",
        table(("caller of the app", "with 1 app", f"with {MANY:,} apps", "ratio", "floor"), rows),
    )


if __name__ == "__main__":
    main()

"""One ordeal: a server is killed so many times under load, and nothing that it had acknowledged is lost."""

import json
import random
from dataclasses import dataclass

import anyio
import httpx2

from codepush import AsyncCodePush
from support.crash import audit
from support.crash.actors import CROWDED, LABELS, VERSION, Asker, Book, Crowd, Device, Releaser, Tally

RELEASERS = 3
CROWD = 4
DEVICES = 6
ASKERS = 2


@dataclass(frozen=True)
class Outcome:
    """What an ordeal went through, and what was looked at after it."""

    kills: int
    changes: int
    reports: int
    downloads: int
    releases: int
    diffs: int


MOST_STEPS = 60
"""How much is acknowledged before a kill, at most: counted and not timed, so that slow machines see as much."""

LONGEST_PAUSE = 0.03


async def undergo(server, folder, *, kills, seed):
    """Kill a server so many times, at random moments under load, and return what was checked."""
    dice = random.Random(seed)
    server.start()
    key = json.loads(server.run("account", "add", "owner@example.test", "--json"))["access_key"]
    limits = httpx2.Limits(max_keepalive_connections=0)  # a connection to a dead server is no news
    async with (
        AsyncCodePush(key, server.url, max_retries=0) as code_push,
        httpx2.AsyncClient(base_url=server.url, timeout=60, limits=limits) as http,
    ):
        world = World(code_push, http, folder, seed)
        await world.set_up()
        for _ in range(kills):
            async with anyio.create_task_group() as group:
                for actor in world.actors:
                    group.start_soon(actor.act)
                await world.steps(dice.randint(0, MOST_STEPS))
                await anyio.sleep(dice.uniform(0, LONGEST_PAUSE))
                server.kill()
            server.start()
            await world.settle()
        await world.finish()
        await anyio.to_thread.run_sync(server.run, "worker", "--once")
        return await world.audit(kills)


class World:
    """Everybody who uses the server."""

    def __init__(self, code_push, http, folder, seed):
        self._code_push = code_push
        self._http = http
        self._folder = folder
        self._seed = seed
        self._tally = Tally()

    async def set_up(self):
        """Make the apps, and everybody who uses them."""
        self.releasers = [
            Releaser(self._code_push, f"App{number}", self._folder / f"releaser{number}", self._seed + number)
            for number in range(RELEASERS)
        ]
        for releaser in self.releasers:
            await releaser.set_up()
        for app in (CROWDED, "Reported"):
            await self._code_push.add_app(app)
        book = Book()
        self.crowd = [
            Crowd(self._code_push, self._folder / f"crowd{number}", self._seed + number, book)
            for number in range(CROWD)
        ]
        self._folder.mkdir(parents=True, exist_ok=True)
        script = self._folder / "index.android.bundle"
        for number in range(LABELS):
            script.write_text(f"{number}")
            await self._code_push.release("Reported", "Production", script, VERSION)
        reported = (await self._code_push.get_deployment("Reported", "Production")).key
        self.devices = [Device(self._http, reported, self._seed + number, self._tally) for number in range(DEVICES)]
        keys = [one.key for app in await self._code_push.get_apps() for one in await self._deployments(app.name)]
        self.askers = [Asker(self._http, keys, self._seed + number) for number in range(ASKERS)]
        self.actors = [*self.releasers, *self.crowd, *self.devices, *self.askers]

    async def _deployments(self, app):
        return await self._code_push.get_deployments(app)

    async def steps(self, number):
        """Return when so many more steps were acknowledged, by whomever."""
        enough = number + self._acknowledged()
        while self._acknowledged() < enough:  # noqa: ASYNC110 - what each step would have to set, it already counts
            await anyio.sleep(0.001)

    def _acknowledged(self):
        return sum(actor.acknowledged for actor in self.actors)

    async def finish(self):
        """Release in peace what there must be diffs of."""
        for releaser in self.releasers:
            await releaser.release()
            await releaser.release()

    async def settle(self):
        """Compare all that the server knows with all that it acknowledged."""
        for actor in (*self.releasers, self.crowd[0]):
            await actor.settle()
        self._tally.compare(await self._code_push.get_deployment_metrics("Reported", "Production"), DEVICES)

    async def audit(self, kills):
        """Look at every archive."""
        releases = []
        for name in [releaser.app for releaser in self.releasers] + [CROWDED]:
            for deployment in ("Staging", "Production"):
                releases += await self._code_push.get_deployment_history(name, deployment)
        folder = self._folder / "audit"
        folder.mkdir()
        _, diffs = await anyio.to_thread.run_sync(audit.archives, releases, folder)
        return Outcome(
            kills=kills,
            changes=sum(actor.acknowledged for actor in (*self.releasers, *self.crowd)),
            reports=sum(self._tally.told.values()),
            downloads=sum(asker.downloads for asker in self.askers),
            releases=len(releases),
            diffs=diffs,
        )

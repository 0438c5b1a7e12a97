"""A deployment whose rollouts are looked at by hand, with a clock that only moves when it is told to."""

import msgspec

from codepush.rules import labels, plans
from codepush.server.counters import Rollouts as Counts
from codepush.server.ports.releases import NewRelease
from codepush.server.ports.trials import TrialAddition
from codepush.server.services.caller import Caller
from codepush.server.services.change import Changes
from codepush.server.services.releasing.looking import Looking
from codepush.server.services.releasing.rollout_controls import Control
from codepush.server.services.releasing.rollouts import Rollouts

MINUTE = 60_000
HOUR = 60 * MINUTE


class Clock:
    """The time in milliseconds since 1970."""

    def __init__(self, at=1_800_000_000_000):
        self.at = at

    def __call__(self):
        return self.at

    def pass_(self, milliseconds):
        self.at += milliseconds


class Stand:
    """One deployment of an app, its owner, and the services that concern rollouts.

    Attributes:
        clock: The time.
        rollouts: What people do.
        looking: What the server does.
        announced: What commits were announced.
        counts: What looks have counted.

    """

    def __init__(self, store, ground, owner, app, *, clock=None):
        self.store = store
        self.ground = ground
        self.clock = clock or Clock()
        self.announced = []
        changes = Changes(store, self.announced.append, clock=self.clock)
        self.changes = changes
        self.rollouts = Rollouts(store, changes, clock=self.clock)
        self.counts = Counts()
        self.looking = Looking(store, changes, clock=self.clock, counts=self.counts)
        self.place = (Caller(kind="person", acts_as=owner), app.name, ground.deployment.name)

    @classmethod
    async def of(cls, store, ground, **options):
        async with store.read() as records:
            owner = next(one for one in await records.accounts.all() if one.id == ground.account_id)
            app = await records.apps.get(ground.app_id)
        return cls(store, ground, owner, app, **options)

    async def release(self, *, rollout=None, app_version="1.0.0", is_disabled=None):
        """Record a release without a plan, and return its label."""
        async with self.store.write() as records:
            added = await records.releases.add(
                self.ground.deployment.id,
                NewRelease(
                    package_id=self.ground.package.id,
                    app_version=app_version,
                    rollout=rollout,
                    is_disabled=is_disabled,
                    upload_time=self.clock(),
                    release_method="Upload",
                    released_by="ada@example.com",
                ),
            )
        return labels.label(added.number)

    def spelled(self, text, **more):
        """Return the plan that a text means, with further settings."""
        return msgspec.structs.replace(plans.parse(text), **more)

    async def plan(self, label, text, **more):
        return await self.rollouts.plan(*self.place, label, self.spelled(text, **more))

    async def act(self, label, verb, **more):
        return await self.rollouts.act(*self.place, label, Control(verb=verb, **more))

    async def get(self, label=None):
        return await self.rollouts.get(*self.place, label)

    async def shown(self, label):
        """Return the release as it is stored."""
        async with self.store.read() as records:
            history = await records.releases.history(self.ground.deployment.id)
        return next(one for one in history if labels.label(one.number) == label)

    async def stored(self):
        """Return the releases by number, the rollouts, and the audit lines about these, oldest first."""
        deployment = self.ground.deployment
        async with self.store.read() as records:
            history = await records.releases.history(deployment.id)
            rollouts = await records.rollouts.of_deployment(deployment.id, limit=1_000)
            lines = await records.events.of_deployment(self.ground.app_id, deployment.id, "rollout", limit=1_000)
        return {one.number: one for one in history}, rollouts, lines[::-1]

    async def report(self, label, *, ok=0, bad=0, began=None):
        """Count trials of a label that began and ended now."""
        cohort = self.clock() - self.clock() % (10 * MINUTE)
        number = labels.number(label)
        async with self.store.write() as records:
            rollout = await records.rollouts.of_release(self.ground.deployment.id, number)
            cohort = max(cohort, 0 if rollout is None else rollout.evidence_since)
            counts = {"began": ok + bad if began is None else began, "ok": ok, "bad": bad}
            await records.trials.add(
                [
                    TrialAddition(
                        self.ground.deployment.id, number, cohort, kind, "" if kind == "began" else "1h", "known", value
                    )
                    for kind, value in counts.items()
                    if value
                ]
            )

    async def look(self, *, after=10_000, times=1):
        """Let time pass and look, as a server does every ten seconds."""
        for _ in range(times):
            self.clock.pass_(after)
            await self.looking.look_all()

    async def wait(self, milliseconds):
        """Let so much time pass, with a look every half minute."""
        await self.look(after=30_000, times=-(-milliseconds // 30_000))

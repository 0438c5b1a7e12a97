"""The people and phones that keep a server busy, each with a memory of what it was told.

An actor acts until a request gets no answer, which is how it learns that the server died. After the
next start it compares what the server knows with what it remembers: :meth:`settle` fails when
something that was acknowledged is gone, or something is there by half.
"""

import random
from collections import Counter
from contextlib import suppress
from itertools import count, cycle

import anyio
import httpx2

from codepush import Conflict, PackageInfo, TransportError
from codepush.models import StatusReport, UpdateCheck
from codepush.packaging.manifest import hash_directory
from codepush.wire import acquisition
from support.crash import histories

PAUSE = 0.002
VERSION = "1.0.0"
CROWDED = "Crowded"
LABELS = 20
"""Releases of the deployment that devices report about."""


class Actor:
    """Somebody who does one thing after another until the server is gone."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.acknowledged = 0

    async def act(self):
        """Act until a request gets no answer."""
        try:
            while True:
                await self.step()
                self.acknowledged += 1
                await anyio.sleep(PAUSE * self.dice.random())
        except (TransportError, httpx2.TransportError):
            return

    async def step(self):
        """Do one thing; raises a transport error when no answer came."""
        raise NotImplementedError

    async def settle(self):
        """Compare what the server knows with what was acknowledged."""


class Releaser(Actor):
    """Releases, patches, promotes and rolls back in an app of their own, and knows what must come of it."""

    def __init__(self, code_push, name, folder, seed):
        super().__init__(seed)
        self._code_push = code_push
        self.app = name
        self._folder = folder
        self._numbers = count()
        self._logo = self.dice.randbytes(100_000)  # the same in each release, so that diffs are worth storing
        self.rows = {"Staging": (), "Production": ()}
        self._in_doubt = None

    async def set_up(self):
        """Make the app."""
        await self._code_push.add_app(self.app)

    async def step(self):
        steps = [self.release]
        if self.rows["Staging"]:
            steps += [self.release, self._patch, self._promote]
        if len(self.rows["Staging"]) > 1:
            steps.append(self._roll_back)
        await self.dice.choice(steps)()

    async def _change(self, deployment, after, call):
        """Make a change after which a deployment must look like ``after``; a refusal changes nothing."""
        self._in_doubt = (deployment, after)
        with suppress(Conflict):  # a promotion of what is there already
            await call
            self.rows[deployment] = after
        self._in_doubt = None

    async def release(self):
        """Release something new, much of which is as before."""
        number = next(self._numbers)
        bundle = self._folder / f"{number}" / "CodePush"
        bundle.mkdir(parents=True)
        (bundle / "index.android.bundle").write_bytes(self.dice.randbytes(4_000) + b"%d" % number)
        (bundle / "logo.bin").write_bytes(self._logo)
        (bundle / "data.bin").write_bytes(self.dice.randbytes(self.dice.choice([10, 60_000, 300_000])))
        package_hash, description = _hash(bundle), f"release {number}"
        after = histories.released(self.rows["Staging"], package_hash, VERSION, description)
        info = PackageInfo(description=description)
        await self._change("Staging", after, self._code_push.release(self.app, "Staging", bundle, VERSION, info))

    async def _patch(self):
        description, is_mandatory = f"patch {next(self._numbers)}", self.dice.random() < 0.5
        after = histories.patched(self.rows["Staging"], description, is_mandatory=is_mandatory)
        info = PackageInfo(description=description, is_mandatory=is_mandatory)
        await self._change("Staging", after, self._code_push.patch_release(self.app, "Staging", None, info))

    async def _promote(self):
        after = histories.promoted(self.rows["Production"], self.rows["Staging"][-1])
        call = self._code_push.promote(self.app, "Staging", "Production", PackageInfo())
        await self._change("Production", after, call)

    async def _roll_back(self):
        after = histories.rolled_back(self.rows["Staging"])
        await self._change("Staging", after, self._code_push.rollback(self.app, "Staging"))

    async def settle(self):
        for deployment, rows in self.rows.items():
            packages = await self._code_push.get_deployment_history(self.app, deployment)
            found = tuple(histories.row(package) for package in packages)
            allowed = [rows]
            if self._in_doubt is not None and self._in_doubt[0] == deployment:
                allowed.append(self._in_doubt[1])
            assert found in allowed, f"{self.app} {deployment}: {found[-3:]}, not {[one[-3:] for one in allowed]}"
            self.rows[deployment] = found
        self._in_doubt = None


class Book:
    """What a crowd has released: hashes that were sent, and hashes by label as acknowledged."""

    def __init__(self):
        self.tried = set()
        self.told = {}


class Crowd(Actor):
    """One of many who release to the same deployment at once, and share a book."""

    def __init__(self, code_push, folder, seed, book):
        super().__init__(seed)
        self._code_push = code_push
        self._folder = folder
        self._book = book
        self._numbers = count()

    async def step(self):
        bundle = self._folder / f"{next(self._numbers)}" / "CodePush"
        bundle.mkdir(parents=True)
        (bundle / "index.android.bundle").write_bytes(self.dice.randbytes(2_000))
        self._book.tried.add(_hash(bundle))
        package = await self._code_push.release(CROWDED, "Staging", bundle, VERSION)
        self._book.told[package.label] = package.package_hash

    async def settle(self):
        packages = await self._code_push.get_deployment_history(CROWDED, "Staging")
        assert [package.label for package in packages] == [f"v{number + 1}" for number in range(len(packages))]
        found = {package.label: package.package_hash for package in packages}
        assert self._book.told.items() <= found.items(), self._book.told.items() - found.items()
        hashes = Counter(found.values())
        assert set(hashes) <= self._book.tried
        assert max(hashes.values(), default=1) == 1, "a release that was sent once is there twice"


class Device(Actor):
    """A phone that reports: it downloads and installs one label after another, each reported once."""

    def __init__(self, http, key, seed, tally):
        super().__init__(seed)
        self._http = http
        self._key = key
        self._id = f"device-{seed}"
        self._tally = tally
        self._labels = cycle(range(1, LABELS + 1))  # never the same twice in a row: what runs is not installed again

    async def step(self):
        label = f"v{next(self._labels)}"
        await self._report("download", label, None)
        await self._report("deploy", label, "DeploymentSucceeded")
        if self.dice.random() < 0.2:
            await self._report("deploy", label, "DeploymentFailed")

    async def _report(self, kind, label, status):
        counted = {None: "downloaded", "DeploymentSucceeded": "installed", "DeploymentFailed": "failed"}[status]
        self._tally.sent[label, counted] += 1
        report = StatusReport(
            kind=kind,
            deployment_key=self._key,
            app_version=VERSION,
            label=label,
            status=status,
            client_unique_id=self._id,
        )
        answer = await self._http.post(
            acquisition.report_url("", report),
            content=acquisition.report_body(report),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 200, answer.text
        self._tally.told[label, counted] += 1


class Tally:
    """How many reports of each kind were sent, and of how many it is known that they were taken."""

    def __init__(self):
        self.sent = Counter()
        self.told = Counter()

    def compare(self, metrics, devices):
        """Compare with the counters of the deployment."""
        for label, counted in self.sent:
            value = getattr(metrics.get(label), counted, 0) or 0
            told, sent = self.told[label, counted], self.sent[label, counted]
            assert told <= value <= sent, f"{counted} of {label}: {value}, told {told}, sent {sent}"
        active = sum(one.active for one in metrics.values())
        assert active <= devices, f"{active} of {devices} devices are active"


class Asker(Actor):
    """A phone that asks for updates and fetches what it is told of: it must be there at once, and whole."""

    def __init__(self, http, keys, seed):
        super().__init__(seed)
        self._http = http
        self._keys = keys
        self.downloads = 0

    async def step(self):
        check = UpdateCheck(
            deployment_key=self.dice.choice(self._keys),
            app_version=VERSION,
            client_unique_id=f"asker-{self.dice.random()}",
        )
        answer = await self._http.get(acquisition.update_check_url("", check))
        assert answer.status_code == 200, answer.text
        told = acquisition.read_update(answer.content)
        if not told.is_available:
            return
        blob = await self._http.get(told.download_url, follow_redirects=True)
        assert blob.status_code == 200, f"{told.label} at {told.download_url}: {blob.status_code}"
        assert len(blob.content) == told.package_size
        self.downloads += 1


def _hash(bundle):
    return hash_directory(bundle).package_hash

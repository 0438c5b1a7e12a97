"""Update checks through the acquisition routes: every recorded HTTP exchange, byte by byte where it matters."""

import anyio
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from codepush.server.counters import Counters
from codepush.server.ports.errors import UnavailableError
from codepush.server.ports.histories import DeploymentHistory
from codepush.server.services.phones.reports import Reports
from codepush.server.services.phones.updates import Updates
from codepush.server.web.acquisition import AcquisitionRoutes
from codepush.server.web.check_responses import Checks
from codepush.server.web.paths import CanonicalPaths
from contract.differences import UPDATE_CHECK, difference
from contract.test_update_check import CASES, package

pytestmark = pytest.mark.anyio


class RecordedHistories:
    """The recorded histories, through the port that the server's own come through."""

    def __init__(self, cases):
        self.histories = {
            case["deployment_key"]: DeploymentHistory(
                deployment_id=number, revision=1, packages=tuple(package(entry) for entry in case["history"])
            )
            for number, case in enumerate(cases)
        }
        self.is_available = True
        self.answers = None
        self.loads = 0
        self.changed = anyio.Event()

    async def load(self, deployment_key):
        self.loads += 1
        if self.answers is not None:
            await self.answers.wait()
        if not self.is_available:
            raise UnavailableError("gone")
        return self.histories.get(deployment_key)

    async def revisions(self, deployment_ids):
        known = {history.deployment_id: history.revision for history in self.histories.values()}
        return {one: known[one] for one in deployment_ids if one in known}

    async def state(self):
        return tuple((one.deployment_id, one.revision) for one in self.histories.values())

    async def changes(self):
        yield None
        await self.changed.wait()
        yield None
        await anyio.sleep_forever()


def client_of(updates):
    """Return a client of an application with the acquisition routes only."""
    acquisition = AcquisitionRoutes(updates, Checks(), Reports(store=None), Counters())
    app = Starlette(routes=acquisition.routes(), middleware=[Middleware(CanonicalPaths)])
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://codepush.test")


def expected(exchange):
    """Return status, type and content that are wanted: as recorded, but for text that is sent as such."""
    if "json" not in exchange:
        return exchange["status"], "text/plain; charset=utf-8", exchange["text"]
    ((wrapper, answer),) = exchange["json"].items()
    rule = difference(UPDATE_CHECK, answer)
    return exchange["status"], exchange["content_type"], {wrapper: rule.wanted(answer) if rule else answer}


def found(response):
    """Return status, type and content of an answer."""
    kind = response.headers["content-type"]
    return response.status_code, kind, response.json() if kind.startswith("application/json") else response.text


async def test_every_recorded_check():
    """Each recorded request, in the URL as it was sent, gets the recorded answer."""
    wrong, asked = [], 0
    async with client_of(Updates(RecordedHistories(CASES))) as client:
        for case in CASES:
            for exchange in case["http"]:
                asked += 1
                response = await client.get(exchange["url"])
                if found(response) != expected(exchange):
                    wrong.append((case["id"], exchange["url"], found(response), expected(exchange)))
    assert asked
    assert wrong[:3] == []


async def test_aliases_and_letter_case_do_not_matter():
    """The alias of App Center, a trailing slash and other letter case lead to the same answer."""
    exchange = next(one for case in CASES for one in case["http"] if one["path"] == "/updateCheck" and "json" in one)
    query = exchange["url"].partition("?")[2]
    async with client_of(Updates(RecordedHistories(CASES))) as client:
        for path in ("/v0.1/legacy/updateCheck", "/UPDATECHECK", "/updateCheck/"):
            assert found(await client.get(f"{path}?{query}")) == expected(exchange)


async def test_repeated_parameter():
    """A parameter that is sent twice is a 400 that names it."""
    async with client_of(Updates(RecordedHistories(CASES))) as client:
        response = await client.get("/updateCheck?label=v1&label=v2&deploymentKey=0123456789&appVersion=1.0.0")
    assert response.status_code == 400
    assert "label" in response.text


async def test_histories_are_read_once():
    """A deployment is read when it is first asked for, and not again while nothing changes."""
    histories = RecordedHistories(CASES[:1])
    updates = Updates(histories)
    ((key, history),) = histories.histories.items()
    async with client_of(updates) as client:
        question = f"/updateCheck?deploymentKey={key}&appVersion=1.0.0"
        first = await client.get(question)
        for _ in range(5):
            assert (await client.get(question)).content == first.content
        assert histories.loads == 1
        updates.drop([history.deployment_id])
        await client.get(question)
        assert histories.loads == 2


async def test_the_least_asked_for_goes_first():
    """No more is kept than the limit says, here the bytes of two deployments of three."""
    histories = RecordedHistories([case for case in CASES if len(case["history"]) == 1][:3])
    first, second, third = histories.histories
    limit = sum([(await Updates(histories).find(key)).weight for key in histories.histories]) - 1
    histories.loads = 0
    async with client_of(Updates(histories, limit=limit)) as client:
        for key in (first, second, first, third, first, second):
            await client.get(f"/updateCheck?deploymentKey={key}&appVersion=1.0.0")
    assert histories.loads == 4  # the second one had to make room for the third


async def test_changes_of_other_processes_are_noticed():
    """What another process committed is told soon, and a deployment it removed is no longer known."""
    histories = RecordedHistories(CASES[:2])
    changed, removed = histories.histories
    updates = Updates(histories)
    async with client_of(updates) as client, anyio.create_task_group() as group:
        group.start_soon(updates.watch)
        await anyio.wait_all_tasks_blocked()
        for key in histories.histories:
            assert (await client.get(f"/updateCheck?deploymentKey={key}&appVersion=1.0.0")).status_code == 200
        history = histories.histories[changed]
        histories.histories = {changed: DeploymentHistory(deployment_id=history.deployment_id, revision=2, packages=())}
        histories.changed.set()
        for _ in range(200):
            await anyio.sleep(0.05)
            gone = await client.get(f"/updateCheck?deploymentKey={removed}&appVersion=1.0.0")
            if gone.status_code == 404:
                break
        assert gone.status_code == 404
        answer = await client.get(f"/updateCheck?deploymentKey={changed}&appVersion=1.0.0")
        assert answer.json()["updateInfo"]["shouldRunBinaryVersion"]
        group.cancel_scope.cancel()


async def test_what_has_changed_is_told_as_it_was_while_the_database_is_away():
    """A deployment that changed just before the database went away goes on as before, and as it is when it is back."""
    histories = RecordedHistories(CASES[:1])
    [key] = histories.histories
    updates = Updates(histories)
    async with client_of(updates) as client:
        before = await client.get(f"/updateCheck?deploymentKey={key}&appVersion=1.0.0")
        history = histories.histories[key]
        changed = DeploymentHistory(deployment_id=history.deployment_id, revision=2, packages=())
        histories.histories = {key: changed}
        histories.is_available = False
        updates.drop([history.deployment_id])
        meanwhile = await client.get(f"/updateCheck?deploymentKey={key}&appVersion=1.0.0")
        histories.is_available = True
        after = await client.get(f"/updateCheck?deploymentKey={key}&appVersion=1.0.0")
    assert before.json()["updateInfo"]["isAvailable"]
    assert meanwhile.content == before.content
    assert not after.json()["updateInfo"]["isAvailable"]


async def test_phones_do_not_wait_for_a_database_that_says_nothing():
    """When what has changed cannot be read, the phone is told what was true before, and the reading goes on."""
    histories = RecordedHistories(CASES[:1])
    [key] = histories.histories
    updates = Updates(histories)
    async with client_of(updates) as client:
        before = await client.get(f"/updateCheck?deploymentKey={key}&appVersion=1.0.0")
        histories.answers = anyio.Event()
        updates.drop([histories.histories[key].deployment_id])
        with anyio.fail_after(30):
            meanwhile = await client.get(f"/updateCheck?deploymentKey={key}&appVersion=1.0.0")
        histories.answers.set()
        after = await client.get(f"/updateCheck?deploymentKey={key}&appVersion=1.0.0")
    assert meanwhile.content == after.content == before.content
    assert histories.loads == 2


async def test_phones_see_no_error_when_the_database_is_gone():
    """Deployments seen before are answered for as ever; others are told that there is no update."""
    histories = RecordedHistories(CASES[:2])
    seen, unseen = histories.histories
    async with client_of(Updates(histories)) as client:
        before = await client.get(f"/updateCheck?deploymentKey={seen}&appVersion=1.0.0")
        histories.is_available = False
        after = await client.get(f"/updateCheck?deploymentKey={seen}&appVersion=1.0.0")
        other = await client.get(f"/updateCheck?deploymentKey={unseen}&appVersion=1.0.0")
    assert after.content == before.content
    assert other.status_code == 200
    assert not other.json()["updateInfo"]["isAvailable"]

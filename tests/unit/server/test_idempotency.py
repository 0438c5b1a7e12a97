"""Repeated requests: what was answered is answered again, for a day."""

import pytest
from msgspec.structs import replace

from codepush.models import Package, PackageInfo
from codepush.rollout_models import NO_PLAN
from codepush.rules import plans
from codepush.server.ports.responses import ResponseRecord
from codepush.server.services.errors import ConflictError, KeyReusedError
from codepush.server.services.releasing.idempotency import KEPT_MS, Idempotency, IdempotencyKey, digest

pytestmark = pytest.mark.anyio

START = 1_800_000_000_000


class Work:
    """Something that is done in a transaction, and counts how often it was."""

    def __init__(self, store):
        self.store = store
        self.done = 0
        self.meanwhile = None
        self.refused = False

    async def __call__(self, receipt):
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        if self.refused:
            raise ConflictError("no", code="no")
        package = Package(app_version="1.0.0", package_hash="h", label=f"v{self.done + 1}")
        async with self.store.write() as records:
            await receipt(records, package)
        self.done += 1
        return package


def answer(package):
    return ResponseRecord(status=201, location="/there", body=package.label.encode())


@pytest.fixture
def work(store):
    return Work(store)


@pytest.fixture
async def request_(store):
    async with store.write() as records:
        account = await records.accounts.add(email="ada@example.com", name="", created_at=1)
    return IdempotencyKey(account.id, "POST /there", "key", "digest")


async def test_it_is_done_once(store, work, request_):
    """A repeat gets the first answer."""
    idempotency = Idempotency(store)
    answers = [await idempotency.once(request_, work, answer) for _ in range(3)]
    assert work.done == 1
    assert answers == [ResponseRecord(status=201, location="/there", body=b"v1", digest="digest")] * 3


async def test_who_comes_second_gets_the_answer_of_the_first(store, work, request_):
    """Of two that are under way at once one is undone, and answers what the other one does."""
    idempotency = Idempotency(store)
    first = []

    async def meanwhile():
        first.append(await idempotency.once(request_, work, answer))

    work.meanwhile = meanwhile
    assert await idempotency.once(request_, work, answer) == first[0]
    assert work.done == 1


async def test_a_refusal_because_the_first_one_was_quicker_is_no_answer(store, work, request_):
    """What the first one did can be why the second one is refused; the second one then answers as the first."""
    idempotency = Idempotency(store)

    async def meanwhile():
        await idempotency.once(request_, work, answer)
        work.refused = True

    work.meanwhile = meanwhile
    assert (await idempotency.once(request_, work, answer)).body == b"v1"


async def test_a_refusal_is_passed_on_and_forgotten(store, work, request_):
    """It raises as it would without a key, and the next one may succeed."""
    idempotency = Idempotency(store)
    work.refused = True
    with pytest.raises(ConflictError):
        await idempotency.once(request_, work, answer)
    work.refused = False
    assert (await idempotency.once(request_, work, answer)).body == b"v1"


async def test_an_answer_is_kept_for_a_day(store, work, request_):
    """After that the same request is a new one."""
    time = START
    idempotency = Idempotency(store, clock=lambda: time)
    await idempotency.once(request_, work, answer)
    time = START + KEPT_MS - 1
    assert (await idempotency.once(request_, work, answer)).body == b"v1"
    time += 1
    assert (await idempotency.once(request_, work, answer)).body == b"v2"
    async with store.read() as records:
        kept = await records.responses.given(request_.account_id, request_.route, request_.key, since=0)
    assert kept.body == b"v2"


async def test_a_key_that_is_used_for_something_else(store, work, request_):
    """Other content under a key is an error, and does nothing; the first content still gets the first answer."""
    idempotency = Idempotency(store)
    await idempotency.once(request_, work, answer)
    other = replace(request_, digest="other")
    with pytest.raises(KeyReusedError):
        await idempotency.once(other, work, answer)
    assert (await idempotency.once(request_, work, answer)).body == b"v1"
    assert work.done == 1


async def test_other_content_that_comes_second_is_refused(store, work, request_):
    """Of two requests under way with one key and different content, the one that commits second gets the error."""
    idempotency = Idempotency(store)

    async def meanwhile():
        await idempotency.once(replace(request_, digest="other"), work, answer)

    work.meanwhile = meanwhile
    with pytest.raises(KeyReusedError):
        await idempotency.once(request_, work, answer)
    assert work.done == 1


async def test_an_answer_from_before_digests_were_recorded(store, work, request_):
    """Such an answer is given to any content, as it was then."""
    async with store.write() as records:
        earlier = ResponseRecord(status=201, location="/there", body=b"earlier")
        await records.responses.add(request_.account_id, request_.route, request_.key, earlier, at=START)
    assert await Idempotency(store, clock=lambda: START + 1).once(request_, work, answer) == earlier
    assert work.done == 0


async def test_what_a_digest_covers(tmp_path):
    """Settings and the bytes of the file count, and nothing else does."""
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    one.write_bytes(b"1" * 100_000)
    same.write_bytes(b"1" * 100_000)
    other.write_bytes(b"1" * 99_999 + b"2")
    info = PackageInfo(app_version="1.0.0")
    first = await digest(info, file=one)
    assert first == await digest(PackageInfo(app_version="1.0.0"), file=same)
    others = [
        await digest(info, file=other),
        await digest(info),
        await digest(PackageInfo(app_version="1.0.1"), file=one),
    ]
    planned = [await digest(info, plan, file=one) for plan in (plans.parse("100%"), plans.parse("5%, 100%"), NO_PLAN)]
    assert len({first, *others, *planned}) == 7
    assert await digest(info, None, file=one) == first


async def test_a_digest_does_not_depend_on_the_order_of_the_fields():
    """A retry that an upgrade of the server separates from its first attempt is still recognised."""
    info = PackageInfo(app_version="1.0.0", description="Fixes", is_mandatory=True, rollout=25, label="v3")
    assert await digest(info) == "9a7a1acb109b1b8af200a2525c1ccc5ac9c296f20fdc60e4f570934f42196633"

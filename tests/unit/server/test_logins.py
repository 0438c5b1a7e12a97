"""The service behind log-ins: codes, tickets and identities."""

import json
import re
from functools import partial

import anyio
import pytest
from sqlalchemy import func, select

from codepush.server.ports.identity import Identity
from codepush.server.services.access.access_keys import DEFAULT_LIFE_MS, AccessKeys
from codepush.server.services.access.logins import CODE_LIFE_MS, LINK_LIFE_MS, TICKET_LIFE_MS, Logins
from codepush.server.services.caller import visitor
from codepush.server.services.change import Changes
from codepush.server.services.errors import ConflictError, ForbiddenError, NotFoundError
from codepush.server.storage.sql import schema
from codepush.server.storage.sql.store import SqlStore

pytestmark = pytest.mark.anyio

ADA = "ada@example.test"


class ByVisitor:
    """Logins of which every method is called by a browser."""

    def __init__(self, logins):
        self._logins = logins

    def __getattr__(self, name):
        return partial(getattr(self._logins, name), visitor("request-1"))


class Desk:
    """A store with one account, and log-ins whose clock stands still until it is set."""

    def __init__(self, store, **options):
        self.store = store
        self.now = 1_000_000
        changes = Changes(store, clock=self.clock)
        self.access_keys = AccessKeys(store, changes, clock=self.clock)
        self.logins = ByVisitor(Logins(changes, self.access_keys, **options))

    def clock(self):
        return self.now

    async def add(self, email=ADA):
        async with self.store.write() as records:
            await records.accounts.add(email=email, name="Ada", created_at=1)

    async def key_for(self, ticket):
        """Return the key for a ticket, and what is recorded of it."""
        entry = await self.logins.issue_key(ticket)
        account = (await self.access_keys.authenticate(entry.access_key)).account
        async with self.store.read() as records:
            *_, record = await records.access_keys.of_account(account.id)
        return account, record

    async def link_ticket(self):
        """Return the ticket for a link that comes with a log-in."""
        self.now += 1
        return (
            await self.logins.issue_key(await self.logins.use_code(await self.logins.make_code(ADA), "x"))
        ).link_ticket

    async def count(self, table):
        async with self.store.read() as records:
            return await records.accounts._connection.scalar(select(func.count()).select_from(table))


@pytest.fixture
async def desk(store):
    desk = Desk(store, is_registration_open=True)
    await desk.add()
    return desk


def somebody(**known):
    """Return who somebody is at a provider."""
    return Identity(
        **{"issuer": "https://id.test", "subject": "1", "provider": "id.test", "email": ADA, "name": "Ada"} | known
    )


async def test_a_code_becomes_a_session(desk):
    """The code gives a ticket, the ticket a key of sixty days for the machine that was named."""
    code = await desk.logins.make_code("Ada@Example.test")
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}", code)
    account, record = await desk.key_for(await desk.logins.use_code(code, "laptop"))
    assert account.email == ADA
    assert (record.friendly_name, record.created_by, record.is_session) == (f"Login-{desk.now}", "laptop", True)
    assert record.expires_at == desk.now + DEFAULT_LIFE_MS


async def test_a_code_may_be_typed_carelessly(desk):
    """Letter case, blanks and hyphens do not matter, nor do letters that look like digits."""
    for careless in (
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: f" {code.replace('-', ' ')}\n",
        lambda code: code.replace("0", "o").replace("1", "l"),
        lambda code: code.replace("0", "O").replace("1", "I"),
    ):
        assert await desk.logins.use_code(careless(await desk.logins.make_code(ADA)), "laptop")


async def test_codes_are_for_accounts(desk):
    """Nobody gets a code for an address that no account has."""
    with pytest.raises(NotFoundError):
        await desk.logins.make_code("bob@example.test")


async def test_codes_and_tickets_work_once(desk):
    """What was used is gone; what was never given out never worked."""
    code = await desk.logins.make_code(ADA)
    ticket = await desk.logins.use_code(code, "laptop")
    await desk.logins.issue_key(ticket)
    for used in (code, "", "0000-0000-0000-0000-0000-0000-0000"):
        with pytest.raises(ForbiddenError, match="code"):
            await desk.logins.use_code(used, "laptop")
    for used in (ticket, ""):
        with pytest.raises(ForbiddenError, match="shown once"):
            await desk.logins.issue_key(used)


async def test_codes_and_tickets_expire(desk):
    """A code is good for ten minutes, a ticket for two; what has expired is cleared away."""
    code = await desk.logins.make_code(ADA)
    desk.now += CODE_LIFE_MS - 1
    ticket = await desk.logins.use_code(code, "laptop")
    desk.now += TICKET_LIFE_MS
    with pytest.raises(ForbiddenError):
        await desk.logins.issue_key(ticket)
    late = await desk.logins.make_code(ADA)
    desk.now += CODE_LIFE_MS
    with pytest.raises(ForbiddenError):
        await desk.logins.use_code(late, "laptop")
    await desk.logins.make_code(ADA)
    assert await desk.count(schema.login_codes) == 1


async def test_a_code_is_no_ticket_and_a_ticket_no_code(desk):
    """Each is taken only where it belongs, and is not used up elsewhere."""
    code = await desk.logins.make_code(ADA)
    with pytest.raises(ForbiddenError):
        await desk.logins.issue_key(code)
    ticket = await desk.logins.use_code(code, "laptop")
    with pytest.raises(ForbiddenError):
        await desk.logins.use_code(ticket, "laptop")
    assert await desk.logins.issue_key(ticket)


async def test_of_many_who_use_a_code_at_once_one_gets_in(desk, tmp_path):
    """Two processes that see the same code at the same time do not both take it."""
    other = Desk(SqlStore(f"sqlite:///{tmp_path}/codepush.db"))
    code = await desk.logins.make_code(ADA)
    tickets, refused = [], []

    async def use(logins):
        try:
            tickets.append(await logins.use_code(code, "laptop"))
        except ForbiddenError as error:
            refused.append(error)

    async with anyio.create_task_group() as tasks:
        for one in (desk, other) * 4:
            tasks.start_soon(use, one.logins)
    await other.store.close()
    assert (len(tickets), len(refused)) == (1, 7)


async def test_secrets_are_not_stored(desk, tmp_path):
    """Neither code nor ticket nor key can be read in the database or its log."""
    code = await desk.logins.make_code(ADA)
    ticket = await desk.logins.use_code(code, "laptop")
    entry = await desk.logins.issue_key(ticket)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not [secret for secret in (code, ticket, *entry) if secret.encode() in kept]


async def test_the_first_log_in_links_an_account(desk):
    """An account that nobody has linked yet belongs to whoever has its address, and from then on to that person."""
    account, _ = await desk.key_for(await desk.logins.log_in(somebody(), "laptop"))
    assert account.email == ADA
    desk.now += 1
    ticket = await desk.logins.log_in(somebody(email="new@example.test"), "laptop")
    account, _ = await desk.key_for(ticket)
    assert account.email == ADA
    with pytest.raises(ForbiddenError, match="provider account"):
        await desk.logins.log_in(somebody(subject="2"), "laptop")
    with pytest.raises(ForbiddenError, match="provider account"):
        await desk.logins.log_in(somebody(issuer="https://other.test"), "laptop")


async def test_unknown_people_stay_outside(desk):
    """An address of no account, or none that is verified, lets nobody in."""
    with pytest.raises(ForbiddenError, match=r"Account not found\.\nHave you registered"):
        await desk.logins.log_in(somebody(email="bob@example.test"), "laptop")
    for enter in (desk.logins.log_in, desk.logins.register):
        with pytest.raises(ForbiddenError, match="verified"):
            await enter(somebody(email=None), "laptop")
    assert await desk.count(schema.login_codes) == 0


async def test_addresses_that_look_alike_are_not_mistaken(desk):
    """An address whose letters only fold to those of an account is another one."""
    await desk.add("kay@strasse.test")
    for email in ("\u212aay@strasse.test", "kay@stra\u00dfe.test", "kay@strasse.test\0", " kay@strasse.test"):
        with pytest.raises(ForbiddenError, match="verified"):
            await desk.logins.log_in(somebody(email=email), "laptop")


async def test_registering_makes_an_account(desk):
    """Somebody new gets an account; whoever has one is told to log in."""
    new = somebody(subject="2", email="bob@example.test", name="")
    account, _ = await desk.key_for(await desk.logins.register(new, "laptop"))
    assert (account.email, account.name) == ("bob@example.test", "bob")
    for known in (somebody(), new, somebody(subject="2", email="carol@example.test")):
        with pytest.raises(ConflictError):
            await desk.logins.register(known, "laptop")
    assert await desk.count(schema.accounts) == 2


async def test_registering_can_be_forbidden(store):
    """Unless the operator allows it, nobody registers."""
    desk = Desk(store)
    with pytest.raises(ForbiddenError, match="Registration is disabled"):
        await desk.logins.register(somebody(), "laptop")
    assert await desk.count(schema.accounts) == 0


async def test_linking_lets_another_provider_in(desk):
    """After linking, the second provider logs in like the first; a link is made once and to one account."""
    second = somebody(issuer="https://other.test", provider="other.test", email="bob@example.test")
    await desk.logins.log_in(somebody(), "laptop")
    await desk.logins.link(second, await desk.link_ticket())
    assert await desk.logins.log_in(second, "laptop")
    for again in (second, somebody(issuer="https://other.test", subject="2")):
        with pytest.raises(ConflictError, match="linked"):
            await desk.logins.link(again, await desk.link_ticket())


async def test_a_link_needs_a_log_in(desk):
    """The ticket of a log-in counts once, for ten minutes, and for nothing else."""
    used, late = await desk.link_ticket(), await desk.link_ticket()
    await desk.logins.link(somebody(), used)
    other = await desk.logins.use_code(await desk.logins.make_code(ADA), "laptop")
    desk.now += LINK_LIFE_MS
    for ticket in (used, late, other, ""):
        with pytest.raises(ForbiddenError, match="Log in here first"):
            await desk.logins.link(somebody(issuer="https://other.test"), ticket)


async def test_logins_are_in_the_audit_trail(desk):
    """Each step of a login has its line: who, from which machine and in which request, without any secret."""
    entry = await desk.logins.issue_key(await desk.logins.use_code(await desk.logins.make_code(ADA), "laptop"))
    await desk.logins.link(somebody(), entry.link_ticket)
    async with desk.store.read() as records:
        lines = await records.events.page(limit=10)
    assert [(line.kind, line.actor, line.request_id) for line in lines] == [
        ("account.code", "person", "request-1"),
        ("account.login", ADA, "request-1"),
        ("session.add", ADA, "request-1"),
        ("account.link", ADA, "request-1"),
    ]
    assert json.loads(lines[1].after) == {"by": "one-time code", "hostname": "laptop"}
    assert json.loads(lines[3].after) == {"by": "id.test"}
    assert not any(entry.access_key in (line.after or "") for line in lines)

"""Access keys: how long they are good for, and whose they are."""

import pytest

from codepush.rules.validation import AccessKeyInfo
from codepush.server.services.access_keys import DEFAULT_LIFE_MS, AccessKeys
from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError, UnauthenticatedError

pytestmark = pytest.mark.anyio

START = 1_800_000_000_000


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.time = START

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def access_keys(store, clock):
    return AccessKeys(store, clock=clock)


@pytest.fixture
async def ada(store):
    return await _account(store, "ada@example.com")


@pytest.fixture
async def bob(store):
    return await _account(store, "bob@example.com")


async def _account(store, email):
    async with store.write() as records:
        return await records.accounts.add(email=email, name="", created_at=1)


def named(friendly_name, **fields):
    return AccessKeyInfo(friendly_name=friendly_name, **fields)


async def test_a_key_is_good_for_sixty_days_unless_told(access_keys, ada, clock):
    """It is taken until the last millisecond, and then the answer says that it has expired."""
    key = await access_keys.add(ada, named("ci"), created_by="here")
    clock.time = START + DEFAULT_LIFE_MS - 1
    assert await access_keys.authenticate(key.key) == ada
    clock.time += 1
    with pytest.raises(UnauthenticatedError, match="has expired"):
        await access_keys.authenticate(key.key)


async def test_a_key_lives_as_long_as_was_asked_for(access_keys, ada, clock):
    """Its life in milliseconds counts from its making, and again from each change of it."""
    key = await access_keys.add(ada, named("ci", ttl=1000), created_by="here")
    assert int(key.expires.timestamp() * 1000) == START + 1000
    clock.time += 5000
    changed = await access_keys.update(ada, "ci", AccessKeyInfo(ttl=1000))
    assert int(changed.expires.timestamp() * 1000) == START + 6000
    assert await access_keys.authenticate(key.key) == ada
    await access_keys.update(ada, "ci", AccessKeyInfo(ttl=0))
    with pytest.raises(UnauthenticatedError, match="has expired"):
        await access_keys.authenticate(key.key)


async def test_a_secret_can_be_chosen(access_keys, ada):
    """The chosen text is the key."""
    key = await access_keys.add(ada, named("ci", name="a-secret-of-mine"), created_by="here")
    assert key.key == "a-secret-of-mine"
    assert await access_keys.authenticate("a-secret-of-mine") == ada


async def test_secrets_and_names_are_taken_once(access_keys, ada, bob):
    """A secret is one account's, a name is one key's of an account; a name may be another key's secret."""
    await access_keys.add(ada, named("ci", name="a-secret-of-mine"), created_by="here")
    with pytest.raises(ConflictError, match='"a-secret-of-mine" already exists'):
        await access_keys.add(bob, named("ci", name="a-secret-of-mine"), created_by="here")
    with pytest.raises(ConflictError, match='"ci" already exists'):
        await access_keys.add(ada, named("ci"), created_by="here")
    await access_keys.add(bob, named("ci"), created_by="here")
    await access_keys.add(ada, named("a-secret-of-mine"), created_by="here")


async def test_a_list_has_all_of_ones_own_and_no_secret(access_keys, ada, bob, clock):
    """Keys come oldest first, expired ones too; nobody sees those of others."""
    for name in ("z", "a"):
        await access_keys.add(ada, named(name, ttl=1), created_by="here")
        clock.time += 10
    await access_keys.add(bob, named("b"), created_by="there")
    keys = await access_keys.list(ada)
    assert [(key.name, key.created_by, key.key) for key in keys] == [("z", "here", None), ("a", "here", None)]


async def test_nobody_reaches_the_keys_of_others(access_keys, ada, bob):
    """Looking at, changing and removing another account's key finds nothing."""
    key = await access_keys.add(ada, named("ci"), created_by="here")
    for attempt in (
        lambda: access_keys.get(bob, "ci"),
        lambda: access_keys.update(bob, "ci", AccessKeyInfo(ttl=0)),
        lambda: access_keys.remove(bob, "ci"),
    ):
        with pytest.raises(NotFoundError, match='"ci" does not exist'):
            await attempt()
    assert await access_keys.authenticate(key.key) == ada


async def test_a_removed_key_is_refused(access_keys, ada):
    """It is as unknown as one that never was."""
    key = await access_keys.add(ada, named("ci"), created_by="here")
    await access_keys.remove(ada, "ci")
    with pytest.raises(UnauthenticatedError, match="is invalid"):
        await access_keys.authenticate(key.key)


async def test_sessions_end_by_machine(access_keys, store, ada, bob):
    """Removing a machine's sessions leaves keys, other machines and other people alone."""
    secrets = {}
    async with store.write() as records:
        for account, name, machine, is_session in (
            (ada, "Login-1", "laptop", True),
            (ada, "Login-2", "laptop", True),
            (ada, "Login-3", "desktop", True),
            (ada, "ci", "laptop", False),
            (bob, "Login-4", "laptop", True),
        ):
            _, secrets[name] = await access_keys.issue(
                records, account, named(name), created_by=machine, is_session=is_session
            )
    await access_keys.remove_sessions(ada, "laptop")
    assert [key.name for key in await access_keys.list(ada)] == ["Login-3", "ci"]
    assert await access_keys.authenticate(secrets["Login-4"]) == bob
    with pytest.raises(NotFoundError, match=r'There are no sessions associated with "laptop\."'):
        await access_keys.remove_sessions(ada, "laptop")


async def test_when_a_key_was_last_used_is_known_to_the_minute(access_keys, store, ada, clock):
    """The first use is written down at once, and another one when a minute has passed."""
    key = await access_keys.add(ada, named("ci"), created_by="here")

    async def used_at():
        async with store.read() as records:
            return (await records.access_keys.named(ada.id, "ci")).last_used_at

    assert await used_at() is None
    seen = []
    for clock.time in (START + 10, START + 60_009, START + 60_010):
        await access_keys.authenticate(key.key)
        seen.append(await used_at())
    assert seen == [START + 10, START + 10, START + 60_010]


@pytest.mark.parametrize("name", [".", "..", "not~~found"])
async def test_names_that_nobody_could_ask_for(access_keys, ada, name):
    """A key that could not be removed by its name again is not made, and no key is renamed so."""
    await access_keys.add(ada, named("laptop"), created_by="here")
    with pytest.raises(InvalidError) as refusal:
        await access_keys.add(ada, named(name), created_by="here")
    with pytest.raises(InvalidError):
        await access_keys.update(ada, "laptop", named(name))
    assert refusal.value.field == "friendlyName"
    assert [key.name for key in await access_keys.list(ada)] == ["laptop"]

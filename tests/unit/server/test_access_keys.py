"""Access keys: how long they are good for, and whose they are."""

import pytest
from msgspec.structs import replace

from codepush.rules.validation import AccessKeyInfo
from codepush.server.services.access.access_keys import DEFAULT_LIFE_MS, AccessKeys
from codepush.server.services.caller import visitor
from codepush.server.services.change import Changes
from codepush.server.services.errors import ConflictError, InvalidError, NotFoundError, UnauthenticatedError

pytestmark = pytest.mark.anyio

START = 1_800_000_000_000
DAY = 24 * 60 * 60 * 1000
CHOSEN = "a-secret-that-a-script-has-chosen"


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
    return AccessKeys(store, Changes(store, clock=clock), clock=clock)


@pytest.fixture
async def ada(store):
    return await _account(store, "ada@example.com")


@pytest.fixture
async def bob(store):
    return await _account(store, "bob@example.com")


async def _account(store, email):
    async with store.write() as records:
        return visitor().acting_as(await records.accounts.add(email=email, name="", created_at=1))


def named(friendly_name, **fields):
    return AccessKeyInfo(friendly_name=friendly_name, **fields)


async def test_a_key_is_good_for_sixty_days_unless_told(access_keys, ada, clock):
    """It is taken until the last millisecond, and then the answer says that it has expired."""
    key = await access_keys.add(ada, named("ci"), created_by="here")
    clock.time = START + DEFAULT_LIFE_MS - 1
    assert (await access_keys.authenticate(key.key)).account == ada.account
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
    assert (await access_keys.authenticate(key.key)).account == ada.account
    await access_keys.update(ada, "ci", AccessKeyInfo(ttl=0))
    with pytest.raises(UnauthenticatedError, match="has expired"):
        await access_keys.authenticate(key.key)


async def test_a_secret_can_be_chosen(access_keys, ada):
    """The chosen text is the key."""
    key = await access_keys.add(ada, named("ci", name=CHOSEN), created_by="here")
    assert key.key == CHOSEN
    assert (await access_keys.authenticate(CHOSEN)).account == ada.account


@pytest.mark.parametrize("length", [10, 31])
async def test_a_short_secret_is_refused(access_keys, ada, length):
    """A chosen secret of fewer than 32 characters could be guessed; the error does not repeat it."""
    with pytest.raises(InvalidError, match="at least 32 characters") as caught:
        await access_keys.add(ada, named("ci", name="a" * length), created_by="here")
    assert "a" * 5 not in str(caught.value)
    assert await access_keys.list(ada) == []


async def test_a_secret_is_taken_once(access_keys, ada, bob):
    """Another account learns only that it cannot use the secret; no error repeats it."""
    await access_keys.add(ada, named("ci", name=CHOSEN), created_by="here")
    with pytest.raises(ConflictError) as own:
        await access_keys.add(ada, named("other", name=CHOSEN), created_by="here")
    with pytest.raises(InvalidError) as foreign:
        await access_keys.add(bob, named("ci", name=CHOSEN), created_by="here")
    assert all(CHOSEN[5:] not in str(caught.value) for caught in (own, foreign))
    assert "exists" not in str(foreign.value)


async def test_names_are_taken_once(access_keys, ada, bob):
    """A name is one key's of an account; it may be another key's secret."""
    await access_keys.add(ada, named("ci", name=CHOSEN), created_by="here")
    with pytest.raises(ConflictError, match='"ci" already exists'):
        await access_keys.add(ada, named("ci"), created_by="here")
    await access_keys.add(bob, named("ci"), created_by="here")
    await access_keys.add(ada, named(CHOSEN), created_by="here")


async def test_no_error_repeats_a_secret(access_keys, ada):
    """Where a secret is given as a name, the error has a placeholder instead."""
    secret = (await access_keys.add(ada, named("ci"), created_by="here")).key
    for given in (secret, CHOSEN):
        for attempt in (
            lambda name: access_keys.get(ada, name),
            lambda name: access_keys.update(ada, name, AccessKeyInfo(ttl=1)),
            lambda name: access_keys.remove(ada, name),
        ):
            with pytest.raises(NotFoundError) as caught:
                await attempt(given)
            assert '"cpk_..."' in str(caught.value)
            assert given[5:] not in str(caught.value)
    await access_keys.add(ada, named(CHOSEN), created_by="here")
    with pytest.raises(ConflictError) as taken:
        await access_keys.add(ada, named(CHOSEN), created_by="here")
    assert CHOSEN not in str(taken.value)


async def test_a_key_does_not_outlive_the_one_that_created_it(access_keys, ada):
    """Whatever lifetime is asked for, or none: the new key expires with the old one at the latest."""
    soon = START + 60_000
    ada = replace(ada, expires_at=soon)
    for ttl in (None, 60_001, 10**12):
        key = await access_keys.add(ada, named(f"ci {ttl}", ttl=ttl), created_by="here")
        assert int(key.expires.timestamp() * 1000) == soon
    short = await access_keys.add(ada, named("short", ttl=1000), created_by="here")
    assert int(short.expires.timestamp() * 1000) == START + 1000
    longer = await access_keys.update(ada, "short", AccessKeyInfo(ttl=10**12))
    assert int(longer.expires.timestamp() * 1000) == soon


async def test_no_key_is_valid_for_longer_than_the_longest_lifetime(store, ada, clock):
    """The limit holds without an asking key too, and leaves keys alone that exist."""
    changes = Changes(store, clock=clock)
    await AccessKeys(store, changes, max_days=100, clock=clock).add(ada, named("old", ttl=100 * DAY), created_by="here")
    access_keys = AccessKeys(store, changes, max_days=10, clock=clock)
    key = await access_keys.add(ada, named("ci"), created_by="here")
    assert int(key.expires.timestamp() * 1000) == START + 10 * DAY
    [old, _] = await access_keys.list(ada)
    assert int(old.expires.timestamp() * 1000) == START + 100 * DAY
    shorter = await access_keys.update(ada, "old", AccessKeyInfo(ttl=50 * DAY))
    assert int(shorter.expires.timestamp() * 1000) == START + 50 * DAY
    with pytest.raises(InvalidError, match="at most 10 days"):
        access_keys.check_lifetime(11 * DAY)


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
    assert (await access_keys.authenticate(key.key)).account == ada.account


async def test_a_removed_key_is_refused(access_keys, ada):
    """It is as unknown as one that never was."""
    key = await access_keys.add(ada, named("ci"), created_by="here")
    await access_keys.remove(ada, "ci")
    with pytest.raises(UnauthenticatedError, match="is invalid"):
        await access_keys.authenticate(key.key)


async def test_sessions_end_by_machine(access_keys, store, ada, bob):
    """Removing a machine's sessions leaves keys, other machines and other people alone."""
    secrets = {}
    for owner, name, machine, is_session in (
        (ada, "Login-1", "laptop", True),
        (ada, "Login-2", "laptop", True),
        (ada, "Login-3", "desktop", True),
        (ada, "ci", "laptop", False),
        (bob, "Login-4", "laptop", True),
    ):
        async with Changes(store).by(owner) as change:
            _, secrets[name] = await access_keys.issue(change, named(name), created_by=machine, is_session=is_session)
    await access_keys.remove_sessions(ada, "laptop")
    assert [key.name for key in await access_keys.list(ada)] == ["Login-3", "ci"]
    assert (await access_keys.authenticate(secrets["Login-4"])).account == bob.account
    with pytest.raises(NotFoundError, match=r'There are no sessions associated with "laptop\."'):
        await access_keys.remove_sessions(ada, "laptop")


async def test_when_a_key_was_last_used_is_known_to_the_minute(access_keys, store, ada, clock):
    """The first use is written down at once, and another one when a minute has passed."""
    key = await access_keys.add(ada, named("ci"), created_by="here")

    async def used_at():
        async with store.read() as records:
            return (await records.access_keys.named(ada.account.id, "ci")).last_used_at

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

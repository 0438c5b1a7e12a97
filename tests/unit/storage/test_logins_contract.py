"""What every store does for log-ins: one-time codes and identities."""

import anyio
import pytest

from codepush.server.ports.errors import AlreadyExistsError, MissingError
from codepush.server.ports.identity import Identity
from unit.storage.factories import add_account

pytestmark = pytest.mark.anyio


def somebody(**known):
    return Identity(
        **{"issuer": "https://id.test", "subject": "1", "provider": "Id", "email": None, "name": ""} | known
    )


async def add_codes(store, *digests, kind="code", expires_at=10):
    """Record codes of an account of its own and return the account's id."""
    async with store.write() as records:
        account_id = await add_account(records)
        for digest in digests:
            await records.login_codes.add(
                account_id=account_id, kind=kind, digest=digest, hostname="laptop", expires_at=expires_at
            )
    return account_id


async def redeem(store, digest, *, kind="code", now=1):
    async with store.write() as records:
        return await records.login_codes.redeem(kind, digest, now=now)


async def test_a_code_stands_for_its_account_once(store):
    """It gives the account and the machine it was made for, and is gone."""
    account_id = await add_codes(store, "one", "two")
    found = await redeem(store, "one")
    assert (found.account.id, found.hostname) == (account_id, "laptop")
    assert await redeem(store, "one") is None
    assert await redeem(store, "two")


async def test_a_code_that_cannot_be_redeemed_stays(store):
    """Asking for another kind, or too late, gives nothing and takes nothing."""
    await add_codes(store, "one", expires_at=10)
    assert await redeem(store, "one", kind="ticket") is None
    assert await redeem(store, "one", now=10) is None
    assert await redeem(store, "one", now=9)


async def test_codes_that_expired_are_removed(store):
    """Others stay."""
    await add_codes(store, "early", expires_at=10)
    await add_codes(store, "late", expires_at=11)
    async with store.write() as records:
        await records.login_codes.remove_expired(10)
    assert await redeem(store, "early") is None
    assert await redeem(store, "late")


async def test_of_two_processes_one_redeems_a_code(stores):
    """However close together they ask."""
    await add_codes(stores[0], "one")
    found = []

    async def take(store):
        found.append(await redeem(store, "one"))

    async with anyio.create_task_group() as tasks:
        for store in stores * 3:
            tasks.start_soon(take, store)
    assert len([one for one in found if one is not None]) == 1


async def test_codes_and_identities_need_an_account(store):
    """There are none of nobody."""
    async with store.write() as records:
        with pytest.raises(MissingError):
            await records.login_codes.add(account_id=99, kind="code", digest="one", expires_at=10)
    async with store.write() as records:
        with pytest.raises(MissingError):
            await records.identities.add(99, somebody(), created_at=1)


async def test_an_identity_leads_to_its_account(store):
    """Issuer and subject together name the person, and an account knows its providers in the order of linking."""
    async with store.write() as records:
        account_id = await add_account(records)
        await records.identities.add(account_id, somebody(provider="Second"), created_at=2)
        await records.identities.add(account_id, somebody(issuer="https://other.test", provider="First"), created_at=1)
    async with store.read() as records:
        assert (await records.identities.account_of(somebody(email="new@example.test"))).id == account_id
        assert await records.identities.account_of(somebody(subject="2")) is None
        assert await records.identities.account_of(somebody(issuer="https://third.test")) is None
        assert list(await records.identities.providers_of(account_id)) == ["First", "Second"]


async def test_an_identity_belongs_to_one_account_and_an_account_has_one_of_each_issuer(store):
    """A second link of either kind is refused."""
    async with store.write() as records:
        ada, bob = await add_account(records), await add_account(records)
        await records.identities.add(ada, somebody(), created_at=1)
    for account_id, identity in ((bob, somebody()), (ada, somebody(subject="2"))):
        async with store.write() as records:
            with pytest.raises(AlreadyExistsError):
                await records.identities.add(account_id, identity, created_at=1)

"""What every store does for organizations and what they own, whichever database is behind it."""

import pytest

from codepush.server.ports.errors import AlreadyExistsError, MissingError
from unit.storage.factories import add_account, add_app, unique

pytestmark = pytest.mark.anyio


async def add_organization(records, **roles):
    """Record an organization with a member for each role, and return it with their ids."""
    organization = await records.organizations.add(slug=unique("org"), name="Org", created_at=1)
    members = {role: await add_account(records) for role in roles}
    for name, account_id in members.items():
        await records.organizations.add_member(organization.id, account_id, roles[name])
    return organization, members


async def test_an_organization_is_found_by_its_name_and_by_its_members(store):
    """Its members come by address, each with what they may do."""
    async with store.write() as records:
        organization, members = await add_organization(records, ada="manager", bob="viewer")
        other, _ = await add_organization(records)
    async with store.read() as records:
        assert await records.organizations.by_slug(organization.slug) == organization
        assert await records.organizations.by_slug("nobody") is None
        assert await records.organizations.of_account(members["bob"]) == [organization]
        found = await records.organizations.members(organization.id)
        assert await records.organizations.members(other.id) == []
    assert {one.account_id: one.role for one in found} == {members["ada"]: "manager", members["bob"]: "viewer"}
    assert [one.email for one in found] == sorted(one.email for one in found)


async def test_accounts_and_organizations_share_their_names(store):
    """An organization cannot take the name of an account or of another one, and keeps its own when it is renamed."""
    async with store.write() as records:
        organization, _ = await add_organization(records)
        other, _ = await add_organization(records)
        account_id = await add_account(records, "taken@example.com")
        account = await records.accounts.by_slug("taken-example.com")
        assert account.id == account_id
        for slug in (account.slug, organization.slug):
            with pytest.raises(AlreadyExistsError):
                await records.organizations.add(slug=slug, name="New", created_at=1)
            with pytest.raises(AlreadyExistsError):
                await records.organizations.change(other.id, slug=slug, name="New")
        await records.organizations.change(other.id, slug=other.slug, name="Renamed")
        new = unique("new")
        await records.organizations.change(organization.id, slug=new, name="Org")
        assert (await records.organizations.by_slug(other.slug)).name == "Renamed"
        assert (await records.organizations.by_slug(new)).id == organization.id


async def test_an_account_gets_out_of_the_way_of_an_organization(store):
    """Whose address gives a name that an organization has, gets another one."""
    address = unique("eve") + "@example.com"
    async with store.write() as records:
        await records.organizations.add(slug=address.replace("@", "-"), name="Squatter", created_at=1)
        await add_account(records, address)
        account = await records.accounts.by_email(address)
    assert account.slug == address.replace("@", "-") + "-2"


async def test_members_change_and_leave(store):
    """A role is changed for a member only, somebody is a member once, and who leaves is none any more."""
    async with store.write() as records:
        organization, members = await add_organization(records, ada="manager")
        stranger = await add_account(records)
        await records.organizations.set_role(organization.id, members["ada"], "developer")
        [member] = await records.organizations.members(organization.id)
        assert member.role == "developer"
        with pytest.raises(MissingError):
            await records.organizations.set_role(organization.id, stranger, "viewer")
        await records.organizations.remove_member(organization.id, members["ada"])
        await records.organizations.remove_member(organization.id, members["ada"])
        assert await records.organizations.members(organization.id) == []
        await records.organizations.add_member(organization.id, stranger, "viewer")
        with pytest.raises(AlreadyExistsError):
            await records.organizations.add_member(organization.id, stranger, "viewer")


async def test_members_see_the_apps_of_their_organization(store):
    """Each sees whose an app is and every member; who is none sees nothing."""
    async with store.write() as records:
        organization, members = await add_organization(records, ada="manager", bob="viewer")
        guest, stranger = await add_account(records), await add_account(records)
        app_id = await add_app(records, members["ada"], "App")
        await records.apps.give(app_id, organization.id, "org")
        await records.apps.add_collaborator(app_id, guest, "Reader")
        seen = [await records.apps.visible_to(account_id) for account_id in (*members.values(), guest)]
        assert await records.apps.visible_to(stranger) == ()
        assert await records.organizations.owns_apps(organization.id)
    assert seen[0] == seen[1] == seen[2]
    [app] = seen[0]
    assert (app.owner.kind, app.owner.id, app.owner.slug, app.owner.email) == (
        "org",
        organization.id,
        organization.slug,
        None,
    )
    assert [(one.account_id, one.permission) for one in app.collaborators] == [(guest, "Reader")]
    assert {one.account_id: one.role for one in app.members} == {members["ada"]: "manager", members["bob"]: "viewer"}


async def test_an_app_of_a_person_has_no_members(store):
    """Its owner is a collaborator like the others, first of them."""
    async with store.write() as records:
        owner = await add_account(records)
        await add_app(records, owner)
        [app] = await records.apps.visible_to(owner)
    assert (app.owner.kind, app.owner.id, app.members) == ("user", owner, ())
    assert [(one.account_id, one.permission) for one in app.collaborators] == [(owner, "Owner")]
    assert app.owner.email == app.collaborators[0].email


async def test_names_of_apps_are_each_owners_own(store):
    """A person and an organization can have an app of one name; one owner cannot have two."""
    async with store.write() as records:
        organization, members = await add_organization(records, ada="manager")
        fields = {"name": "App", "os": None, "platform": None, "created_at": 1}
        await records.apps.add(owner_id=organization.id, owner_kind="org", **fields)
        own = await records.apps.add(owner_id=members["ada"], **fields)
    for act in (
        lambda records: records.apps.add(owner_id=organization.id, owner_kind="org", **fields),
        lambda records: records.apps.give(own, organization.id, "org"),
    ):
        with pytest.raises(AlreadyExistsError):
            async with store.write() as records:
                await act(records)


async def test_permissions_of_collaborators_change(store):
    """What a collaborator may do is changed; for who is none, that fails."""
    async with store.write() as records:
        owner, guest = await add_account(records), await add_account(records)
        app_id = await add_app(records, owner)
        await records.apps.add_collaborator(app_id, guest)
        await records.apps.set_permission(app_id, guest, "Manager")
        [app] = await records.apps.visible_to(guest)
        with pytest.raises(MissingError):
            await records.apps.set_permission(app_id, owner, "Reader")
    assert [one.permission for one in app.collaborators] == ["Owner", "Manager"]


async def test_an_organization_goes_with_its_members(store):
    """Only one that owns nothing; its name is free again."""
    async with store.write() as records:
        organization, members = await add_organization(records, ada="manager")
        assert not await records.organizations.owns_apps(organization.id)
        await records.organizations.remove(organization.id)
        assert await records.organizations.of_account(members["ada"]) == []
        await records.organizations.add(slug=organization.slug, name="Again", created_at=2)

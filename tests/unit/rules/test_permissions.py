"""Permissions."""

import itertools
from typing import get_args

import pytest

from codepush.rules import permissions

ACTIONS = get_args(permissions.Action)


@pytest.mark.parametrize("action", ACTIONS)
def test_an_owner_may_do_everything(action):
    """Whatever can be done with an app, its owner may do."""
    assert permissions.may("Owner", action)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_stranger_may_do_nothing(action):
    """Without a part in the app nothing is allowed."""
    assert not permissions.may(None, action)


LOOKING = {"view_app", "view_collaborators", "view_deployment", "leave_app"}
RELEASING = {"release", "patch_release", "promote", "rollback"}
ROLLING_OUT = {"advance_rollout", "halt_rollout", "stop_updates", "start_updates"}


def test_a_collaborator_releases_but_does_not_own():
    """Collaborators look, work with releases, and may leave; the app itself and its deployments are its owner's."""
    allowed = {action for action in ACTIONS if permissions.may("Collaborator", action)}
    assert allowed == LOOKING | RELEASING | ROLLING_OUT


def test_a_manager_may_what_an_owner_may():
    """Managers do everything."""
    assert all(permissions.may("Manager", action) for action in ACTIONS)


def test_a_reader_looks():
    """Readers look, may leave, and change nothing."""
    assert {action for action in ACTIONS if permissions.may("Reader", action)} == LOOKING


def test_the_strongest_of_several_parts_counts():
    """Who may work on an app in several ways may do the most that one of them allows."""
    order = ["Reader", "Collaborator", "Manager", "Owner"]
    for weaker, stronger in itertools.combinations(order, 2):
        assert permissions.strongest([weaker, stronger]) == permissions.strongest([stronger, weaker]) == stronger
    assert permissions.strongest([]) is None


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (None, set()),
        ("viewer", {"view", "leave"}),
        ("developer", {"view", "leave"}),
        ("manager", set(get_args(permissions.OrganizationAction))),
    ],
)
def test_what_members_may_do_with_their_organization(role, allowed):
    """Members look and may leave; the organization is its managers'."""
    actions = get_args(permissions.OrganizationAction)
    assert {action for action in actions if permissions.may_in_organization(role, action)} == allowed


@pytest.mark.parametrize(
    ("role", "permission"), [("manager", "Manager"), ("developer", "Collaborator"), ("viewer", "Reader")]
)
def test_what_members_may_do_with_apps(role, permission):
    """Each role stands for a permission on all the organization's apps."""
    assert permissions.OF_ROLE[role] == permission

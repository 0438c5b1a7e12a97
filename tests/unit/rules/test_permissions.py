"""Permissions."""

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


def test_a_collaborator_releases_but_does_not_own():
    """Collaborators look, work with releases, and may leave; the app itself and its deployments are its owner's."""
    allowed = {action for action in ACTIONS if permissions.may("Collaborator", action)}
    looking = {"view_app", "view_collaborators", "view_deployment"}
    assert allowed == looking | {"release", "patch_release", "promote", "rollback", "leave_app"}

"""Actions of users on a rollout."""

from __future__ import annotations

from msgspec import Struct

from codepush.rules.conductor import Verb

__all__ = ["Control"]


class Control(Struct, frozen=True, kw_only=True):
    """An action of a user on a rollout.

    Attributes:
        verb: The action.
        note: The reason.
        limit: The new limit, as a share; only to resume.
        expected_version: The version of the rollout that the user has seen; ``None``: any.
        force: Whether to advance despite a suspicion.

    """

    verb: Verb
    note: str | None = None
    limit: float | None = None
    expected_version: int | None = None
    force: bool = False

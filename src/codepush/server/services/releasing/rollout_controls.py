"""What people may do with a rollout."""

from __future__ import annotations

from msgspec import Struct

from codepush.rules.conductor import Verb

__all__ = ["Control"]


class Control(Struct, frozen=True, kw_only=True):
    """What a person does with a rollout.

    Attributes:
        verb: What it is.
        note: Why.
        limit: The limit from now on, as a share; only to resume.
        expected_version: The version of the rollout that the person has seen; ``None``: any.
        force: Whether to advance in spite of a suspicion.

    """

    verb: Verb
    note: str | None = None
    limit: float | None = None
    expected_version: int | None = None
    force: bool = False

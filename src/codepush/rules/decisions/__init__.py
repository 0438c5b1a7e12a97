"""Decisions about rollouts as they are stored and shown: the numbers they follow from, and a text."""

from __future__ import annotations

from codepush.rules.decisions.numbers import Numbers, numbers
from codepush.rules.decisions.texts import explain

__all__ = ["Numbers", "explain", "numbers"]

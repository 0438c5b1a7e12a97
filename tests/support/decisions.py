"""Decisions again, from their numbers."""

from datetime import timedelta

from codepush.rules.conductor import Look, Silence


def look_from(found, *, at):
    """Return the look that numbers describe, by their names alone."""
    silences = {
        age: Silence(began=one["began"], gone=one["gone"], limit=one["limit"] / 100)
        for age, one in found.get("silence", {}).items()
    }
    return Look(
        at=at,
        soaked=timedelta(seconds=found["soakSeconds"]),
        verdicts=found["verdicts"],
        failures=found["failures"],
        settled_verdicts=found["settled"]["verdicts"],
        settled_failures=found["settled"]["failures"],
        silence=silences.get("24h"),
        silence_1h=silences.get("1h"),
        other_verdicts=found["others"]["verdicts"],
        other_failures=found["others"]["failures"],
        is_stopped=found.get("reason") == "stopped",
    )

"""The reasons that people are given for a decision, held against the decisions themselves over all recorded checks."""

from codepush.rules import selection, semver
from codepush.rules.explanation import consider
from contract.test_update_check import CASES, asked, package


def test_reasons_and_decisions_agree():
    """What is said to be chosen is the release that the phone is told of; nothing is where it is told of none."""
    wrong, seen = [], set()
    for case in CASES:
        history = [package(entry) for entry in case["history"]]
        for exchange in case["http"]:
            check = asked(exchange["query"])
            if semver.normalise_app_version(check.app_version) is None:
                continue
            told = selection.answer(selection.candidates(history), check)
            considered = consider(history, check)
            seen |= {one.verdict for one in considered}
            chosen = [one.release for one in considered if one.verdict == "chosen"]
            offered = [(one.label, one.package_hash) for one in chosen]
            if offered != ([(told.label, told.package_hash)] if told.is_available else []):
                wrong.append((case["id"], exchange["query"], offered, told))
    assert wrong[:3] == []
    assert seen == {"chosen", "runs_already", "disabled", "other_version", "held_back", "older"}

"""Update checks, against the recorded answers to given histories: as functions, and as they came over HTTP."""

import pytest

from codepush.models import DiffPackage, Package, UpdateCheck
from codepush.rules import selection, semver, validation
from contract.differences import UPDATE_CHECK, difference
from support.vectors import load

CASES = load("update_check")["cases"]

FIELDS = {
    "is_available": "isAvailable",
    "should_run_binary_version": "shouldRunBinaryVersion",
    "update_app_version": "updateAppVersion",
    "app_version": "appVersion",
    "download_url": "downloadURL",
    "description": "description",
    "is_mandatory": "isMandatory",
    "label": "label",
    "package_hash": "packageHash",
    "package_size": "packageSize",
}


def package(entry):
    return Package(
        app_version=entry["appVersion"],
        package_hash=entry["packageHash"],
        label=entry["label"],
        description=entry.get("description"),
        is_disabled=entry.get("isDisabled"),
        is_mandatory=entry.get("isMandatory"),
        rollout=entry.get("rollout"),
        blob_url=entry["blobUrl"],
        size=entry["size"],
        diff_package_map={hash_: DiffPackage(**diff) for hash_, diff in (entry.get("diffPackageMap") or {}).items()},
    )


def prepared(case):
    return selection.candidates([package(entry) for entry in case["history"]])


def asked(sent):
    """Return the check that either spelling of parameters or fields describes."""

    def value(snake, camel):
        return sent.get(camel) or sent.get(snake)

    return UpdateCheck(
        deployment_key=value("deployment_key", "deploymentKey") or "",
        app_version=value("app_version", "appVersion") or "",
        package_hash=value("package_hash", "packageHash"),
        label=sent.get("label"),
        is_companion=str(value("is_companion", "isCompanion")).lower() == "true",
        client_unique_id=value("client_unique_id", "clientUniqueId"),
    )


def told(info, *, camel=True):
    """Return an answer as it is sent; what is None is left out."""
    spelled = {(FIELDS[name] if camel else name): getattr(info, name) for name in FIELDS}
    return {name: value for name, value in spelled.items() if value is not None}


def directly(case, request):
    """Return the function's answer in the shape of the recording."""
    try:
        decision = selection.decide(prepared(case), asked(request))
    except ValueError:
        return "throws"
    found = {"originalPackage": told(decision.original)}
    if decision.rollout_package is not None:
        found |= {"rolloutPackage": told(decision.rollout_package), "rollout": decision.rollout}
    return found


def wanted(recorded):
    """Return what is expected of one recorded answer: the same, unless a wanted difference recognises it."""
    rule = difference(UPDATE_CHECK, recorded)
    return rule.wanted(recorded) if rule else recorded


def wanted_of_all(answers):
    """Return what is expected of the recorded answers by name; a rollout's percentage stays as it is."""
    return {name: wanted(value) if isinstance(value, dict) else value for name, value in answers.items()}


def over_http(case, exchange):
    """Return what the server answers, composed of the functions that its routes call."""
    check = asked(exchange["query"])
    key = check.deployment_key.strip()
    if not validation.is_key(key) or semver.normalise_app_version(check.app_version) is None:
        return {"status": 400}
    if key != case["deployment_key"]:
        return {"status": 404}
    wrapper = "updateInfo" if exchange["path"] == "/updateCheck" else "update_info"
    info = selection.answer(prepared(case), check)
    sent = told(info, camel=wrapper == "updateInfo") | {"target_binary_range": info.app_version}
    return {"status": 200, "json": {wrapper: sent}}


def test_decisions_are_as_recorded():
    """Every recorded request, given straight to the rule, gets the recorded answer or fails where that one fails."""
    exchanges = [(case, exchange) for case in CASES for exchange in case["direct"]]
    wrong = []
    for case, exchange in exchanges:
        recorded = wanted_of_all(exchange["response"]) if "response" in exchange else "throws"
        found = directly(case, exchange["request"])
        if found != recorded:
            wrong.append((case["id"], exchange["request"], found, recorded))
    assert exchanges
    assert wrong[:3] == []


def test_phones_are_told_what_was_recorded():
    """Every recorded HTTP check gets the recorded status and, field by field, the recorded answer."""
    exchanges = [(case, exchange) for case in CASES for exchange in case["http"]]
    wrong = []
    for case, exchange in exchanges:
        recorded = {"status": exchange["status"]}
        if "json" in exchange:
            recorded["json"] = wanted_of_all(exchange["json"])
        found = over_http(case, exchange)
        if found != recorded:
            wrong.append((case["id"], exchange["query"], found, recorded))
    assert exchanges
    assert wrong[:3] == []


@pytest.mark.parametrize("level", ["direct", "http"])
def test_every_field_that_is_recorded_is_known(level):
    """No recorded answer has a field that the comparison would overlook."""
    known = {*FIELDS, *FIELDS.values(), "target_binary_range"}
    answers = [
        package
        for case in CASES
        for exchange in case[level]
        for package in (exchange.get("response") or exchange.get("json") or {}).values()
        if isinstance(package, dict)
    ]
    assert answers
    assert {name for answer in answers for name in answer} <= known

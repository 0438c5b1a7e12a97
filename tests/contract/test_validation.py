"""Field rules, against the recorded verdicts of the original's validators."""

import math

from codepush.rules import validation
from contract.differences import VALIDATION, difference
from support.vectors import load

RECORDING = load("validation")
CASES = RECORDING["cases"]


def errors_of(read, raw, **options):
    """Return the wrong fields in the shape of the recording."""
    try:
        read(raw, **options)
    except validation.InvalidFields as error:
        return [{"field": wrong.field, "message": wrong.message} for wrong in error.errors]
    return []


REQUESTS = {
    "validateApp": lambda raw, is_update: errors_of(validation.app_name, raw, is_required=not is_update),
    "validateDeployment": lambda raw, is_update: errors_of(
        validation.deployment_info, raw, is_name_required=not is_update
    ),
    "validatePackageInfo": lambda raw, all_optional: errors_of(
        validation.package_info, raw, require_app_version=not all_optional
    ),
    "validateAccessKeyRequest": lambda raw, is_update: errors_of(validation.access_key_info, raw, is_update=is_update),
    "validateAccount": lambda raw, is_update: errors_of(validation.account_info, raw, is_name_required=not is_update),
}

FIELDS = {
    "isValidKeyField": validation.is_key,
    "isValidAppVersionField": validation.is_app_version,
    "isValidRolloutField": lambda value: (
        errors_of(validation.package_info, {"rollout": value}, require_app_version=False) == []
    ),
    "isValidUpdateCheckRequest": lambda check: (
        validation.is_app_version(check.get("appVersion")) and validation.is_key(check.get("deploymentKey"))
    ),
}


def of(functions):
    return [case for case in CASES if case["fn"] in functions]


def judged(case):
    return REQUESTS[case["fn"]](*case["args"])


def wanted_errors(case):
    """Return the errors that are expected: as recorded, or those of the request that a wanted difference names."""
    rule = difference(VALIDATION, case)
    return judged(rule.wanted(case)) if rule else case["errors"]


def wanted_verdict(case):
    """Return whether a value is expected to be valid: as recorded, or as the value that a wanted difference names."""
    rule = difference(VALIDATION, case)
    return FIELDS[case["fn"]](*rule.wanted(case)["args"]) if rule else case["valid"]


def test_requests_are_judged_as_recorded():
    """Every recorded request has exactly the recorded errors, in order; where the original crashes, field errors."""
    cases = of(REQUESTS)
    wrong = [(case, found) for case in cases if (found := judged(case)) != wanted_errors(case)]
    assert {case["fn"] for case in cases} == set(REQUESTS)
    assert wrong[:3] == []


def test_fields_are_judged_as_recorded():
    """Every recorded value is valid or invalid as recorded, or as the value that a wanted difference names."""
    cases = of(FIELDS)
    wrong = [case for case in cases if FIELDS[case["fn"]](*case["args"]) is not wanted_verdict(case)]
    assert {case["fn"] for case in cases} == set(FIELDS)
    assert wrong[:3] == []


def test_access_key_bodies_mean_what_was_recorded():
    """Every recorded body is converted as recorded, and judged so as a change of a key."""
    bodies = RECORDING["access_key_bodies"]
    wrong = [(case, found) for case in bodies if (found := converted(case["body"])) != recorded(case)]
    assert bodies
    assert wrong[:3] == []


def converted(body):
    """Return the request that a body means, and what is wrong with it, in the shape of the recording."""
    request = validation.access_key_request(body)
    errors = errors_of(validation.access_key_info, request, is_update=True)
    shown = {field: "NaN" if is_nan(value) else value for field, value in request.items()}
    return {"request": shown, "errors_as_update": errors}


def recorded(case):
    return {field: case[field] for field in ("request", "errors_as_update")}


def is_nan(value):
    return isinstance(value, float) and math.isnan(value)

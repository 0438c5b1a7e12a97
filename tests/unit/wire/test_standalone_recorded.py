"""The recorded answers of the original server, read by the client's side and written again by the server's.

Both sides share the shapes, so a mistake in those would not show between them: the recordings judge.
"""

from typing import Any

from codepush.models import PackageInfo
from codepush.wire import standalone
from codepush.wire.messages import Response, decode_json, encode_json
from support.vectors import load

TIME = 1_700_000_000_123

ROUTES: dict[str, tuple[standalone.Call[Any], Any]] = {
    "accessKey": (standalone.access_key("k"), standalone.access_key_body),
    "accessKeys": (standalone.access_keys(), standalone.access_keys_body),
    "collaborators": (standalone.collaborators("a"), standalone.collaborators_body),
    "account": (standalone.account(), standalone.account_body),
    "app": (standalone.app("a"), standalone.app_body),
    "apps": (standalone.apps(), standalone.apps_body),
    "deployment": (standalone.deployment("a", "d"), standalone.deployment_body),
    "deployments": (standalone.deployments("a"), standalone.deployments_body),
    "history": (standalone.history("a", "d"), standalone.history_body),
    "metrics": (standalone.metrics("a", "d"), standalone.metrics_body),
    "package": (standalone.promote("a", "s", "d", PackageInfo()), standalone.package_body),
}

# Responses to a creation that differ from those to a question.
CREATED = {"accessKey": standalone.created_access_key_body, "app": standalone.created_app_body}

# Storage leaks that are not sent on, and a field that a client invented and the original kept.
NOT_OURS = {"id", "manifestBlobUrl", "foo"}
NOT_OURS_OF_DEPLOYMENTS = {"createdTime"}


def test_management_answers_are_read_and_written_as_recorded():
    """Every recorded answer comes out again as it went in, but for what we leave out on purpose."""
    answers = [
        (step["method"], step["expect"]["json"])
        for case in load("history_ops")["cases"]
        for step in case["steps"]
        if _is_known(step["expect"].get("json"))
    ]
    differences = [
        f"{method} {recorded}\n   became {written}"
        for method, recorded in answers
        if (written := _again(method, recorded)) != _expected(recorded)
    ]
    assert answers
    assert not differences, "\n".join(differences[:5])


def test_metrics_are_read_and_written_as_recorded():
    """Counters come out as recorded; a not-a-number, which the original shows as null, is left out."""
    answers = [
        {"metrics": counters} for case in load("metrics")["cases"] for counters in (case["metrics"] or {}).values()
    ]
    differences = [
        f"{recorded}\n   became {written}"
        for recorded in answers
        if (written := _again("GET", recorded)) != _expected(recorded)
    ]
    assert answers
    assert not differences, "\n".join(differences[:5])


def _is_known(recorded):
    return isinstance(recorded, dict) and recorded.keys() <= ROUTES.keys()


def _again(method, recorded):
    (key,) = recorded
    call, body = ROUTES[key]
    if method == "POST":
        body = CREATED.get(key, body)
    answer = Response(status=200, body=encode_json(_unmasked(recorded)))
    return decode_json(body(call.read(answer)))


def _unmasked(value):
    """Put a time where the recording has a mask."""
    if isinstance(value, dict):
        return {key: TIME if item == "<time>" else _unmasked(item) for key, item in value.items()}
    return [_unmasked(item) for item in value] if isinstance(value, list) else value


def _expected(value, key=None):
    """Return a recording as we write it."""
    if isinstance(value, list):
        return [_expected(item) for item in value]
    if not isinstance(value, dict):
        # The original stores a rollout as it came, also as text; ours is a number.
        return int(value) if key == "rollout" and value is not None else value
    dropped = NOT_OURS | (NOT_OURS_OF_DEPLOYMENTS if "key" in value else set())
    kept = {name: item for name, item in _unmasked(value).items() if name not in dropped}
    return {name: _expected(item, name) for name, item in kept.items() if item is not None or name == "deployments"}

"""Update checks and reports: bytes to values and back, against recorded answers where there are any."""

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from codepush.errors import DecodeError
from codepush.models import StatusReport, UpdateCheck, UpdateInfo
from codepush.wire import acquisition
from support.vectors import load

CAMEL = {
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

QUERY = {
    "deployment_key": "deploymentKey",
    "app_version": "appVersion",
    "package_hash": "packageHash",
    "label": "label",
    "is_companion": "isCompanion",
    "client_unique_id": "clientUniqueId",
}


def _recorded():
    return [exchange for case in load("update_check")["cases"] for exchange in case["http"]]


def _answered():
    answered = [exchange for exchange in _recorded() if "json" in exchange]
    assert answered
    return answered


def _told(exchange):
    """Return a recorded answer as the value it stands for."""
    [(wrapper, fields)] = exchange["json"].items()
    names = CAMEL if wrapper == "updateInfo" else {name: name for name in CAMEL}
    return UpdateInfo(**{name: fields.get(spelled) for name, spelled in names.items()})


def test_recorded_answers_are_written_as_recorded():
    """Every recorded answer comes out of its value again, in the spelling that its path has."""
    wrong = [exchange["url"] for exchange in _answered() if _written(exchange) != _said(exchange)]
    assert wrong[:5] == []


def _written(exchange):
    camel = acquisition.UPDATE_CHECK_PATHS[exchange["path"]]
    return json.loads(acquisition.update_body(_told(exchange), camel=camel))


def _said(exchange):
    """Return the recorded answer without nulls: the original repeats a stored one, ours says nothing for nothing."""
    [(wrapper, fields)] = exchange["json"].items()
    return {wrapper: {name: value for name, value in fields.items() if value is not None}}


def test_recorded_answers_are_read_as_phones_do():
    """A phone understands every recorded answer of the path that it asks."""
    new = [exchange for exchange in _answered() if "update_info" in exchange["json"]]
    wrong = [
        exchange["url"]
        for exchange in new
        if acquisition.read_update(json.dumps(exchange["json"]).encode()) != _told(exchange)
    ]
    assert new
    assert wrong[:5] == []


def test_recorded_queries_are_read_in_either_spelling():
    """Every parameter has JavaScript's value of its two spellings, and none where that is undefined."""
    wrong = [exchange["url"] for exchange in _recorded() if not _reads_right(exchange)]
    assert wrong[:5] == []


def _reads_right(exchange):
    check = acquisition.read_check(parse_qsl(urlsplit(exchange["url"]).query, keep_blank_values=True))
    sent = exchange["query"]
    given = {name: sent.get(spelled) or sent.get(name) for name, spelled in QUERY.items()}
    return check == UpdateCheck(
        deployment_key=(given["deployment_key"] or "").strip(),
        app_version=given["app_version"] or "",
        package_hash=given["package_hash"],
        label=given["label"],
        is_companion=(given["is_companion"] or "").lower() == "true",
        client_unique_id=given["client_unique_id"],
    )


def test_recorded_refusals_have_our_texts():
    """The texts of refusals are those that were recorded."""
    texts = {exchange["text"] for exchange in _recorded() if "text" in exchange}
    assert texts
    assert texts <= {acquisition.KEY_TEXT, acquisition.VERSION_TEXT, acquisition.UNKNOWN_KEY_TEXT}


def test_recorded_paths_are_known():
    """Each path that was recorded is among ours, and reports are taken where they were."""
    steps = [step for case in load("metrics")["cases"] for step in case["steps"] if "path" in step]
    reported = {step["path"] for step in steps if step.get("method") == "POST"}
    assert {exchange["path"] for exchange in _recorded()} <= set(acquisition.UPDATE_CHECK_PATHS)
    assert reported
    assert reported <= {*acquisition.DOWNLOAD_REPORT_PATHS, *acquisition.DEPLOY_REPORT_PATHS}


def test_appcenter_alias_answers_in_camel_case():
    """The alias of the legacy path is known for checks and both reports."""
    assert acquisition.UPDATE_CHECK_PATHS["/v0.1/legacy/updateCheck"] is True
    assert "/v0.1/legacy/reportStatus/download" in acquisition.DOWNLOAD_REPORT_PATHS
    assert "/v0.1/legacy/reportStatus/deploy" in acquisition.DEPLOY_REPORT_PATHS


@pytest.mark.parametrize("name", ["label", "deploymentKey", "deployment_key", "isCompanion"])
def test_repeated_parameter_is_refused_by_name(name):
    """A parameter that comes twice is an error, equal values or not."""
    with pytest.raises(ValueError, match=f"'{name}' was sent 2 times"):
        acquisition.read_check([(name, "a"), ("app_version", "1.0.0"), (name, "a")])


def test_unknown_parameters_do_not_matter():
    """Other parameters are ignored, repeated or not."""
    query = [("x", "1"), ("deployment_key", "k"), ("x", "2"), ("previous_deployment_key", "p"), ("app_version", "1")]
    assert acquisition.read_check(query) == UpdateCheck(deployment_key="k", app_version="1")


def test_parameter_in_both_spellings_is_taken_from_the_one_that_says_something():
    """camelCase wins, unless it is empty."""
    query = [("package_hash", "snake"), ("packageHash", "camel"), ("clientUniqueId", ""), ("client_unique_id", "me")]
    check = acquisition.read_check(query)
    assert (check.package_hash, check.client_unique_id) == ("camel", "me")


@pytest.mark.parametrize(("blanks", "kept"), [("\ufeff\u00a0\r\n", ""), ("\u0085", "\u0085"), ("\u001c", "\u001c")])
def test_key_loses_the_blanks_that_javascript_removes(blanks, kept):
    """What surrounds the key is removed as JavaScript would, no more and no less."""
    assert acquisition.read_check([("deploymentKey", f"{blanks}key{blanks}")]).deployment_key == f"{kept}key{kept}"


def test_check_url_is_what_javascript_would_write():
    """Parameters come in React Native's order, absent ones are left out, and values are percent-encoded."""
    check = UpdateCheck(
        deployment_key="a b/c+d&e",
        app_version="1.0.0",
        package_hash="ff",
        is_companion=True,
        label="v1",
        client_unique_id="Jürgen's (phone)!*~._-",
    )
    expected = (
        "http://host/v0.1/public/codepush/update_check?deployment_key=a%20b%2Fc%2Bd%26e&app_version=1.0.0"
        "&package_hash=ff&is_companion=true&label=v1&client_unique_id=J%C3%BCrgen's%20(phone)!*~._-"
    )
    assert acquisition.update_check_url("http://host", check) == expected
    assert acquisition.update_check_url("http://host/", check) == expected
    short = UpdateCheck(deployment_key="k", app_version="1")
    assert acquisition.update_check_url("http://host/", short).endswith("?deployment_key=k&app_version=1")


def test_what_a_phone_asks_is_what_the_server_reads():
    """A check survives the way through the URL."""
    check = UpdateCheck(
        deployment_key="k", app_version="1.0.0 β", package_hash="", label="v1&x=y", client_unique_id="%41+ü"
    )
    query = urlsplit(acquisition.update_check_url("http://host", check)).query
    assert acquisition.read_check(parse_qsl(query, keep_blank_values=True)) == check


def test_reports_are_written_as_react_native_sends_them():
    """A download report has three fields; a deploy report all that are known, in order."""
    report = StatusReport(
        kind="deploy",
        deployment_key="k",
        app_version="1.0.0",
        label="v2",
        status="DeploymentSucceeded",
        client_unique_id="me",
        previous_label_or_app_version="v1",
        previous_deployment_key="p",
    )
    download = StatusReport(kind="download", deployment_key="k", label="v2", client_unique_id="me", app_version="1.0.0")

    assert acquisition.report_body(report) == (
        b'{"app_version":"1.0.0","deployment_key":"k","client_unique_id":"me","label":"v2",'
        b'"status":"DeploymentSucceeded","previous_label_or_app_version":"v1","previous_deployment_key":"p"}'
    )
    assert acquisition.report_body(download) == b'{"client_unique_id":"me","deployment_key":"k","label":"v2"}'
    assert acquisition.report_body(StatusReport(kind="deploy", deployment_key="k", app_version="1")) == (
        b'{"app_version":"1","deployment_key":"k"}'
    )


def test_reports_go_where_servers_take_them():
    """Each kind of report has its path."""
    for kind, paths in (("download", acquisition.DOWNLOAD_REPORT_PATHS), ("deploy", acquisition.DEPLOY_REPORT_PATHS)):
        url = acquisition.report_url("http://host/", StatusReport(kind=kind, deployment_key="k"))
        assert urlsplit(url).path in paths


def test_answers_of_other_servers_are_understood():
    """Fields that are null or missing read as nothing said; fields nobody knows are ignored."""
    body = b'{"update_info": {"is_available": false, "download_url": null, "label": null, "new": [1]}, "more": 2}'
    assert acquisition.read_update(body) == UpdateInfo(description=None, is_mandatory=None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"update_info": {}}',
        b'{"update_info": {"is_available": 1}}',
        b'{"update_info": {"is_available": true, "package_size": 1e400}}',
        b'{"update_info": {"is_available": true, "x": ' + b"[" * 100_000,
    ],
    ids=lambda body: body[:50].decode("latin-1"),
)
def test_answer_that_is_none_is_an_error(body):
    """Whatever else a server may send is a DecodeError."""
    with pytest.raises(DecodeError):
        acquisition.read_update(body)

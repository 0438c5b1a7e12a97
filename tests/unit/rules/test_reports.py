"""Reading status reports."""

import pytest
from msgspec.structs import replace

from codepush.models import StatusReport
from codepush.rules import reports

DEPLOYED = {"deployment_key": "k", "app_version": "1.0.0", "label": "v1", "status": "DeploymentSucceeded"}


def test_both_spellings_mean_the_same():
    """A report in camelCase and one in snake_case are one report."""
    camel = {
        "deploymentKey": "k",
        "appVersion": "1.0.0",
        "label": "v1",
        "status": "DeploymentSucceeded",
        "clientUniqueId": "d",
        "previousDeploymentKey": "p",
        "previousLabelOrAppVersion": "v0",
    }
    snake = DEPLOYED | {
        "client_unique_id": "d",
        "previous_deployment_key": "p",
        "previous_label_or_app_version": "v0",
    }
    assert reports.read_deploy_report(camel) == reports.read_deploy_report(snake)


def test_a_report_of_the_binary_has_no_status():
    """Without a label nothing is said about an update, whatever the status."""
    raw = {"deployment_key": "k", "app_version": "1.0.0", "status": "Bogus"}
    expected = StatusReport(kind="deploy", deployment_key="k", app_version="1.0.0")
    assert reports.read_deploy_report(raw) == expected


def test_an_unknown_status_is_told_as_it_was_sent():
    """The refusal names the status untouched: it is sent as plain text."""
    with pytest.raises(reports.InvalidReport, match=r"^Invalid status: <b>&$"):
        reports.read_deploy_report(DEPLOYED | {"status": "<b>&"})


@pytest.mark.parametrize("raw", [None, [], "report", 5, {}, {"deployment_key": ""}, {"label": None}])
def test_a_report_without_what_is_needed_is_refused(raw):
    """Bodies that are no objects, and empty fields, count as nothing sent."""
    with pytest.raises(reports.InvalidReport, match="deploymentKey"):
        reports.read_deploy_report(raw)
    with pytest.raises(reports.InvalidReport, match="deploymentKey"):
        reports.read_download_report(raw)


@pytest.mark.parametrize("value", [5, "v\x001"])
@pytest.mark.parametrize("field", ["deployment_key", "app_version", "label", "status", "client_unique_id"])
def test_a_field_that_is_no_text_is_named(field, value):
    """A number where a text belongs, or a NUL that not every database stores, is an error that says where."""
    with pytest.raises(reports.InvalidReport, match=f"'{field}'"):
        reports.read_deploy_report(DEPLOYED | {field: value})


KEY = "a-deployment-key"
LABELLED = StatusReport(
    kind="deploy",
    deployment_key=KEY,
    app_version="1.0.0",
    label="v2",
    status="DeploymentSucceeded",
    client_unique_id="device",
    previous_deployment_key="another-deployment-key",
    previous_label_or_app_version="v1",
)
BINARY = replace(LABELLED, label=None, status=None)
DOWNLOAD = StatusReport(kind="download", deployment_key=KEY, label="v1", status="Downloaded", client_unique_id="device")


@pytest.mark.parametrize("report", [LABELLED, BINARY, DOWNLOAD])
def test_what_devices_send_counts_as_it_is(report):
    """Reports as they come from the plugins stay as they are."""
    assert reports.countable(report) == report


@pytest.mark.parametrize(
    "report",
    [
        replace(LABELLED, deployment_key="short"),
        replace(LABELLED, deployment_key="k" * 101),
        replace(LABELLED, deployment_key=KEY + "\ud800"),
        replace(LABELLED, label="café"),
        replace(LABELLED, label="1.0.0"),
        replace(LABELLED, label="v" + "1" * 9000),
        replace(LABELLED, app_version="1.0.0.1"),
        replace(BINARY, app_version="^1.0.0"),
        replace(BINARY, app_version="1.0.0-" + "a" * 59),
        replace(BINARY, app_version="other"),
        replace(BINARY, app_version=None),
        replace(DOWNLOAD, label="v01"),
    ],
)
def test_what_no_deployment_can_count_is_nothing(report):
    """A malformed key, a label that is none, a version that no update check would accept: nothing is counted."""
    assert reports.countable(report) is None


@pytest.mark.parametrize("previous", ["café", "v0", "x" * 9000, "\ud800", "other"])
def test_what_ran_before_counts_if_it_can(previous):
    """A previous label or version that is not valid is left out."""
    expected = replace(LABELLED, previous_label_or_app_version=None)
    assert reports.countable(replace(LABELLED, previous_label_or_app_version=previous)) == expected


@pytest.mark.parametrize("key", ["short", "k" * 9000, "\ud800" * 20])
def test_a_malformed_deployment_before_leaves_out_what_ran_there(key):
    """The label is not taken for one of the report's own deployment."""
    expected = replace(LABELLED, previous_deployment_key=None, previous_label_or_app_version=None)
    assert reports.countable(replace(LABELLED, previous_deployment_key=key)) == expected


@pytest.mark.parametrize(("device", "is_named"), [("ä" * 128, True), ("ä" * 128 + "b", False), ("\ud800" * 86, False)])
def test_a_device_id_has_at_most_256_bytes(device, is_named):
    """A longer one is left out: the report counts like one without an id."""
    expected = replace(LABELLED, client_unique_id=device if is_named else None)
    assert reports.countable(replace(LABELLED, client_unique_id=device)) == expected


def test_versions_are_counted_without_blanks_and_a_leading_v():
    """One version has one counter, however it is spelled."""
    report = replace(BINARY, app_version=" v1.2.3", previous_label_or_app_version="1.2.2 ")
    expected = replace(BINARY, app_version="1.2.3", previous_label_or_app_version="1.2.2")
    assert reports.countable(report) == expected

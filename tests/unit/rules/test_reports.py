"""Reading status reports."""

import pytest

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

"""What the server hears, in which order, and what becomes of reports that do not get through."""

from unit.device.scripted import KEY, app_files


def _heard(server):
    return [(kind, body) for kind, body, _ in server.reports]


def test_life_of_a_device_as_the_server_hears_it(server, device):
    """Binary, download, update, each once and with what ran before, in the fields and order of React Native."""
    me = {"client_unique_id": device.client_unique_id}
    device.sync()
    for label in ("v1", "v2"):
        server.release(label, app_files(label))
        device.sync()
        device.restart()
        device.restart()

    assert _heard(server) == [
        ("deploy", {"app_version": "1.0.0", "deployment_key": KEY, "previous_deployment_key": KEY} | me),
        ("download", {"deployment_key": KEY, "label": "v1"} | me),
        (
            "deploy",
            {
                "app_version": "1.0.0",
                "deployment_key": KEY,
                "label": "v1",
                "status": "DeploymentSucceeded",
                "previous_label_or_app_version": "1.0.0",
                "previous_deployment_key": KEY,
            }
            | me,
        ),
        ("download", {"deployment_key": KEY, "label": "v2"} | me),
        (
            "deploy",
            {
                "app_version": "1.0.0",
                "deployment_key": KEY,
                "label": "v2",
                "status": "DeploymentSucceeded",
                "previous_label_or_app_version": "v1",
                "previous_deployment_key": KEY,
            }
            | me,
        ),
    ]


def test_reports_carry_the_plugins_headers(server, device):
    """The server can tell which plugin and SDK a report comes from."""
    device.notify_app_ready()

    headers = server.reports[0][2]
    assert headers["X-CodePush-SDK-Version"] == "4.2.3"
    assert headers["Content-Type"] == "application/json"


def test_failure_report_names_the_failed_release(server, device):
    """A rolled back update is reported with its label, status and version, and without what ran before."""
    server.release("v1", app_files("bad"))
    device.sync()
    device.restart(crash=True)
    device.restart()

    assert _heard(server)[-1] == (
        "deploy",
        {
            "app_version": "1.0.0",
            "deployment_key": KEY,
            "client_unique_id": device.client_unique_id,
            "label": "v1",
            "status": "DeploymentFailed",
            "previous_deployment_key": KEY,
        },
    )


def test_new_binary_is_reported_with_the_label_before(server, make_device):
    """After a store update the server hears which release the device came from."""
    server.release("v1", app_files("one"))
    make_device().sync(install_mode="immediate")

    make_device(app_version="1.1.0").notify_app_ready()

    assert _heard(server)[-1][1] == {
        "app_version": "1.1.0",
        "deployment_key": KEY,
        "client_unique_id": make_device(app_version="1.1.0").client_unique_id,
        "previous_label_or_app_version": "v1",
        "previous_deployment_key": KEY,
    }


def test_device_that_was_moved_to_another_deployment_says_where_it_was(server, make_device):
    """With another key in the same app, the report of its first update names the deployment before."""
    server.release("v1", app_files("one"))
    make_device().sync(install_mode="immediate")

    server.release("v7", app_files("seven"))
    make_device(deployment_key="production-deployment-key").sync(install_mode="immediate")

    report = _heard(server)[-1][1]
    assert (report["deployment_key"], report["label"]) == ("production-deployment-key", "v7")
    assert (report["previous_deployment_key"], report["previous_label_or_app_version"]) == (KEY, "v1")


def test_only_the_first_notification_of_a_start_counts(server, device):
    """An app that says twice that it came up reports once, and does not confirm an update that waits."""
    device.notify_app_ready()
    server.release("v1", app_files("bad"))
    device.sync()
    assert device.notify_app_ready() is None

    device.restart(crash=True)

    assert device.restart().is_binary


def test_report_that_fails_does_not_disturb_the_app(server, device):
    """A server that takes no reports is no reason not to update."""
    server.accepts_reports = False
    server.release("v1", app_files("one"))

    device.sync(install_mode="immediate")

    assert device.running.label == "v1"


def test_failed_report_is_tried_again_when_the_app_resumes(server, device):
    """What did not get through goes out at the next opportunity, and then not again."""
    server.accepts_reports = False
    assert device.notify_app_ready() is None
    server.accepts_reports = True

    assert device.report().app_version == "1.0.0"
    assert device.report() is None
    assert len(server.reports) == 2


def test_failed_report_is_tried_again_at_the_next_start(server, make_device):
    """A kept report survives the process, and goes out as it was."""
    server.release("v1", app_files("one"))
    device = make_device()
    device.sync()
    server.accepts_reports = False
    device.restart()
    refused = _heard(server)[-1]
    server.accepts_reports = True

    make_device().restart()
    make_device().restart()

    assert _heard(server).count(refused) == 2
    assert _heard(server)[-1] == refused


def test_failed_roll_back_report_is_tried_again_while_the_binary_runs(server, device):
    """The failure of a first update reaches the server even when it was away at the time."""
    server.release("v1", app_files("bad"))
    device.sync()
    device.restart(crash=True)
    server.accepts_reports = False
    device.restart()
    server.accepts_reports = True

    device.restart()
    device.restart()

    tries = [body for _, body in _heard(server) if body.get("status") == "DeploymentFailed"]
    assert len(tries) == 2


def test_success_that_was_never_heard_is_reported_after_a_roll_back(server, device):
    """With v1's report lost and v2 rolled back, the server hears of the failure first and then that v1 runs."""
    device.notify_app_ready()
    server.accepts_reports = False
    for label in ("v1", "v2"):
        server.release(label, app_files(label))
        device.sync()
        device.restart(crash=label == "v2")
    server.accepts_reports = True
    server.reports.clear()

    device.restart()
    device.restart()
    device.restart()

    heard = [(body["label"], body["status"]) for _, body in _heard(server)]
    assert heard == [("v2", "DeploymentFailed"), ("v1", "DeploymentSucceeded")]


def test_download_report_is_not_repeated(server, device):
    """A download that could not be reported is forgotten, as the plugin does."""
    device.notify_app_ready()
    server.accepts_reports = False
    server.release("v1", app_files("one"))
    device.sync()
    server.accepts_reports = True
    device.restart()
    device.restart()

    assert [kind for kind, _ in _heard(server)] == ["deploy", "download", "deploy"]


def test_no_server_at_all_is_survived(make_device):
    """Starts go on without a network."""
    device = make_device(server_url="http://127.0.0.1:1")

    assert device.restart().is_binary
    assert device.report() is None

"""Rollout plans on the command line: output for people and for scripts, exit codes, and servers without plans."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice

import httpx2
import pytest

from codepush.rules import rollout
from support.commands import CommandLine
from support.packages import make_bundle

TEXT = "5% 4h, 25% 1d, 100%"
STAGING = ("App", "Staging")


@pytest.fixture
def cli(codepush_server, tmp_path):
    """Give the command line of the owner of an app."""
    cli = CommandLine(tmp_path, CODEPUSH_SERVER_URL=codepush_server.url, CODEPUSH_ACCESS_KEY=codepush_server.access_key)
    with codepush_server.client() as client:
        client.add_app("App", os="Android", platform="React-Native")
    return cli


@pytest.fixture
def client(codepush_server):
    with codepush_server.client() as client:
        yield client


@pytest.fixture
def bundles(tmp_path):
    """Different bundles, one after the other."""
    return (make_bundle(tmp_path / f"bundle{number}", f"console.log({number})") for number in range(10))


@pytest.fixture
def planned(cli, client, bundles):
    """A release with a plan, whose rollout runs at 5 %."""
    client.release(*STAGING, next(bundles), "1.0.0", plan=TEXT)
    return cli


def report(server, client, label, devices, *, failed=False):
    """Report that a release works, or fails, on devices."""
    key = client.get_deployment(*STAGING).key
    for name in devices:
        body = {
            "app_version": "1.0.0",
            "client_unique_id": name,
            "deployment_key": key,
            "label": label,
            "status": "DeploymentFailed" if failed else "DeploymentSucceeded",
        }
        answer = httpx2.post(f"{server.url}/v0.1/public/codepush/report_status/deploy", json=body, timeout=60)
        assert answer.status_code == 200


def members(count):
    """Return ids of devices among the first 5 % of the devices of v1; reports of others do not count."""
    ids = (f"device {number}" for number in range(10_000))
    return list(islice((one for one in ids if rollout.is_selected(one, 5, "v1")), count))


# Releases.


def test_a_release_with_a_plan(cli, bundles):
    """All settings of the plan arrive."""
    plan = ("--plan", TEXT, "--on-halt", "disable", "--limit", "1.5%", "--patience", "2d")
    window = ("--window", "Mon-Thu 09:00-17:00 Europe/Berlin")
    made = cli.json("release", "App", next(bundles), "1.0.0", *plan, *window)
    assert (made["label"], made["rollout"], made["rolloutPlan"]["text"]) == ("v1", 5, TEXT)
    shown = cli.json("rollout", "show", *STAGING)
    assert (shown["label"], shown["state"], shown["percent"], shown["limitPercent"]) == ("v1", "running", 5, 1.5)
    assert (shown["plan"]["text"], shown["plan"]["onHalt"], shown["plan"]["patienceSeconds"]) == (
        TEXT,
        "disable",
        172_800,
    )
    assert shown["plan"]["window"] == "Mon-Thu 09:00-17:00 Europe/Berlin"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--plan", TEXT, "--rollout", "5"], "Give either --plan or --rollout"),
        (["--plan", TEXT, "--no-plan"], "Give either --plan or --no-plan"),
        (["--limit", "2%"], "--limit needs --plan"),
        (["--plan", TEXT, "--limit", "120%"], "'120%' is not a percentage between 0 and 100"),
        (["--plan", "5 4h, 100%"], 'stage 1, "5 4h" has no percent sign; write 5%. Example: "5% 4h, 25% 1d, 100%"'),
        (["--plan", "5% 4h, 25%"], "stage 2, 25%, is the last and must be 100%"),
        (["--plan", TEXT, "--window", "always"], "Mon-Thu 09:00-17:00 Europe/Berlin"),
    ],
)
def test_a_wrong_plan(cli, client, bundles, options, sentence):
    """The message names the place and an example, and nothing is released."""
    code, said = cli.fails("release", "App", next(bundles), "1.0.0", *options)
    assert code == 2
    assert sentence in said
    assert client.get_deployment_history(*STAGING) == []


def test_a_default_plan(cli, bundles):
    """Releases get it, unless they ask for none."""
    said = cli.text("rollout", "plan", *STAGING, TEXT, "--default")
    assert said == f'Releases to "Staging" without a plan get: {TEXT}'
    assert cli.json("release", "App", next(bundles), "1.0.0")["rollout"] == 5
    cli.text("rollout", "complete", *STAGING)
    cli.text("release", "App", next(bundles), "1.0.0", "--no-plan")
    assert [one["label"] for one in cli.json("rollout", "list", *STAGING)] == ["v1"]
    assert cli.json("rollout", "no-default", *STAGING) == {"rolloutPlan": None}


def test_a_promotion_with_a_plan(cli, bundles):
    """It has its own plan, and a dry run previews it."""
    cli.text("release", "App", next(bundles), "1.0.0")
    promote = ("promote", "App", "Staging", "Production", "--plan", "20%, 100%")
    dry = cli.json(*promote, "--dry-run")
    assert (dry["release"]["rollout"], dry["rolloutPreview"]["plan"]["text"]) == (20, "20%, 100%")
    assert cli.json(*promote)["rollout"] == 20
    assert cli.json("rollout", "show", "App", "Production")["percent"] == 20


def test_a_dry_run_of_a_release(cli, client, bundles):
    """It shows what to expect of the plan, and changes nothing."""
    bundle = next(bundles)
    done = cli.run("release", "App", bundle, "1.0.0", "--plan", TEXT, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "rollout 5%" in done.stdout
    assert f"Plan      {TEXT}" in done.stdout
    assert "Dry run: nothing was changed." in done.stderr
    assert "rolloutPreview" not in cli.json("release", "App", bundle, "1.0.0", "--dry-run")
    assert client.get_deployment_history(*STAGING) == []


def test_a_dry_run_over_a_halted_release(planned, bundles):
    """The server accepts a release over a halted one, and so does the dry run."""
    bundle = next(bundles)
    assert "unfinished" in planned.run("release", "App", bundle, "1.0.0", "--dry-run").stdout
    planned.text("rollout", "halt", *STAGING)
    assert planned.json("release", "App", bundle, "1.0.0", "--dry-run")["refusal"] is None


def test_verification_with_a_plan(cli, client, bundles):
    """The rollout begins once a simulated device could install the release."""
    made = cli.json("release", "App", next(bundles), "1.0.0", "--plan", TEXT, "--verify")
    assert not made.get("isDisabled")
    shown = client.get_rollout(*STAGING)
    assert (shown.state, shown.percent) == ("running", 5)
    [stored] = client.get_deployment_history(*STAGING)
    assert not stored.is_disabled
    made = cli.json("promote", "App", "Staging", "Production", "--plan", TEXT, "--verify")
    assert not made.get("isDisabled")
    assert client.get_rollout("App", "Production").state == "running"


# Looking.


def test_a_preview(cli, bundles):
    """It names the baseline, the limit and the stages."""
    cli.text("release", "App", next(bundles), "1.0.0")
    preview = ("rollout", "preview", *STAGING, TEXT, "--limit", "2%")
    shown = cli.json(*preview)
    assert (shown["plan"]["text"], shown["limitPercent"], shown["audience"]) == (TEXT, 2.0, 0)
    assert [stage["percent"] for stage in shown["stages"]] == [5, 25, 100]
    lines = cli.text(*preview).split("\n")
    assert lines[:4] == [
        f"Plan      {TEXT}",
        "Baseline  1.0% of devices fail (assumed)",
        "Limit     2.0%",
        "Audience  0 devices",
    ]


def test_empty_states(cli):
    """Each names what to do, and a list is an empty one for scripts."""
    done = cli.run("rollout", "list", *STAGING)
    assert (done.returncode, done.stdout) == (0, "")
    assert "No release of this deployment has a rollout plan. Release with --plan" in done.stderr
    assert cli.json("rollout", "list", *STAGING) == []
    for command in ("show", "decisions", "watch", "pause"):
        code, said = cli.fails("rollout", command, *STAGING)
        assert (code, "has a rollout plan" in said) == (6, True)
    for command in ("halt", "insight"):
        code, said = cli.fails("rollout", command, *STAGING)
        assert (code, "has no releases" in said) == (6, True)
    assert cli.fails("rollout", "plan", *STAGING, TEXT)[0] == 6


@pytest.mark.parametrize("columns", [80, 40])
def test_one_screen(codepush_server, client, planned, columns):
    """The state is in the first line, whatever the width; the evidence has its bars."""
    report(codepush_server, client, "v1", members(2))
    text = planned.text("rollout", "show", *STAGING, COLUMNS=str(columns))
    lines = text.split("\n")
    assert lines[0] == "v1 is running at 5%."
    assert lines[1].startswith("Advances to 25 % in 3 h 59 min")
    assert next(line for line in lines if "at least 4h" in line).startswith(">   5%")
    unwrapped = " ".join(text.split())
    assert "Devices 0 downloaded, 2 succeeded, 0 failed" in unwrapped
    assert "holds at 10, halts at 100" in unwrapped
    assert "          [.........|........|.........]" in lines
    assert max(map(len, lines)) <= columns
    assert len(lines) <= (24 if columns == 80 else 40)
    table = planned.text("rollout", "list", *STAGING, COLUMNS=str(columns))
    assert table.split("\n")[1].startswith("v1     running  5%")


def test_insight(codepush_server, client, planned):
    """It shows the numbers of a release, and its JSON is what a simulation reads."""
    report(codepush_server, client, "v1", members(30))
    lines = planned.text("rollout", "insight", *STAGING).split("\n")
    assert lines[0] == "Devices   0 downloaded, 30 succeeded, 0 failed"
    assert lines[-1].split()[2:] == ["0", "30", "0", "30"]
    recorded = planned.text("rollout", "insight", *STAGING, "-l", "v1", "--json")
    (planned.folder / "insight.json").write_text(recorded)
    crash = ("rollout", "simulate", "--plan", "100%", "--crash", "--json")
    from_server = planned.json(*crash, *STAGING, "--from", "v1")
    assert (from_server["label"], from_server["state"], from_server["percent"]) == ("v1", "halted", 100)
    assert planned.json(*crash, "--file", "insight.json", CODEPUSH_SERVER_URL="http://127.0.0.1:1") == from_server


# Control.


def test_the_verbs(planned, bundles):
    """Each prints the rollout afterwards, and is a decision with its note."""

    def act(verb, *options):
        shown = planned.json("rollout", verb, *STAGING, *options)
        return shown["state"], shown["percent"]

    assert act("pause", "-n", "lunch") == ("paused", 5)
    code, said = planned.fails("rollout", "advance", *STAGING)
    assert code == 7
    assert 'it is paused (person). Use "resume".' in said
    assert "codepush rollout show APP DEPLOYMENT" in said
    assert act("resume") == ("running", 5)
    assert act("advance") == ("running", 25)
    assert act("halt", "--note", "crashes") == ("halted", 25)
    code, said = planned.fails("rollout", "resume", *STAGING)
    assert (code, "A note is needed to resume" in said) == (4, True)
    assert act("resume", "--note", "fixed", "--limit", "3%") == ("running", 25)
    assert planned.json("rollout", "plan", *STAGING, "50%, 100% 1h")["percent"] == 50
    assert act("complete") == ("completed", 100)
    assert planned.fails("rollout", "pause", *STAGING)[0] == 7
    notes = {one["note"] for one in planned.json("rollout", "decisions", *STAGING)}
    assert {"lunch", "crashes", "fixed"} <= notes
    table = planned.text("rollout", "decisions", *STAGING)
    assert table.split("\n")[0].split() == ["Time", "By", "Decision"]
    assert "(crashes)" in table

    planned.text("release", "App", next(bundles), "1.0.0", "--plan", TEXT)
    assert act("cancel") == ("cancelled", 5)


def test_watching_a_rollout_that_ends(planned):
    """It ends with 0."""
    planned.text("rollout", "complete", *STAGING)
    done = planned.run("rollout", "watch", *STAGING, "--exit-code")
    assert (done.returncode, done.stdout.split("  ")[:3]) == (0, ["v1", "completed", "100%"])


def test_watching_a_rollout_that_waits(planned):
    """It ends with 13 if a person has to decide, and with 0 unless asked for a code."""
    planned.text("rollout", "pause", *STAGING)
    assert planned.run("rollout", "watch", *STAGING, "--exit-code").returncode == 13
    done = planned.run("rollout", "watch", *STAGING, "--json")
    assert (done.returncode, json.loads(done.stdout)["state"]) == (0, "paused")


def test_watching_a_rollout_that_the_server_halts(codepush_server, client, planned):
    """It follows the rollout to the halt, and ends with 14."""
    report(codepush_server, client, "v1", members(3), failed=True)
    done = planned.run("rollout", "watch", *STAGING, "--interval", "1s", "--exit-code")
    assert done.returncode == 14, done.stderr
    last = done.stdout.strip().split("\n")[-1]
    assert last.startswith("v1  halted  5%")
    decided = planned.json("rollout", "decisions", *STAGING)[0]
    assert (decided["kind"], decided["reason"], decided["actor"]) == ("halt", "failures", "system:rollout")


def test_stopping_a_deployment(cli, bundles):
    """No question is asked, whatever stdin is, and both may be repeated."""
    cli.text("release", "App", next(bundles), "1.0.0")
    for _ in range(2):
        done = cli.run("deployment", "stop", *STAGING, "--note", "outage")
        assert done.stdout == (
            'Stopped the updates of the "Staging" deployment of the "App" app. Devices keep what they run.\n'
        )
        assert done.stderr == "To start them again: codepush deployment start App Staging\n"
    assert not cli.json("simulate", "App", "--app-version", "1.0.0")["offered"]["isAvailable"]
    assert cli.json("deployment", "start", *STAGING) == {"app": "App", "deployment": "Staging", "stopped": False}
    assert (
        cli.text("deployment", "start", *STAGING) == 'Started the updates of the "Staging" deployment of the "App" app.'
    )
    assert cli.fails("deployment", "stop", "App", "Nightly")[0] == 6


def test_a_held_release_in_a_simulation(planned):
    """A device that does not run it learns that it is held."""
    planned.text("rollout", "halt", *STAGING)
    simulated = planned.json("simulate", "App", "--app-version", "1.0.0")
    assert [(one["label"], one["verdict"]) for one in simulated["considered"]] == [("v1", "held")]
    runs = planned.json("simulate", "App", "--app-version", "1.0.0", "-l", "v1")
    assert [one["verdict"] for one in runs["considered"]] == ["runs_already"]


# Servers without plans.


class _WithoutPlans(BaseHTTPRequestHandler):
    """Forwards requests to a server as if it did not know plans: it has no such routes, and ignores the plan."""

    origin = ""

    def do_GET(self):
        self._forward()

    def do_POST(self):
        self._forward()

    def log_message(self, *_):
        """Print nothing."""

    def _forward(self):
        if {"rollouts", "plan", "insight", "stop"} & set(self.path.partition("?")[0].split("/")):
            self._answer(404, b"Not Found", "text/plain")
            return
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {
            name: self.headers[name] for name in ("Accept", "Authorization", "Content-Type") if self.headers[name]
        }
        answer = httpx2.request(self.command, self.origin + self.path, content=content, headers=headers, timeout=60)
        body = answer.content
        if "json" in answer.headers.get("Content-Type", ""):
            fields = answer.json()
            if isinstance(fields, dict):
                (fields.get("package") or {}).pop("rolloutPlan", None)
            body = json.dumps(fields).encode()
        self._answer(answer.status_code, body, answer.headers.get("Content-Type", "text/plain"))

    def _answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def without_plans(origin):
    """Run a server without plans in front of another one, and yield its URL."""
    handler = type("Handler", (_WithoutPlans,), {"origin": origin})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_server_without_plans(codepush_server, cli, bundles):
    """The release stands at the first percentage, and the message says so; nothing else fails."""
    with without_plans(codepush_server.url) as url:
        code, said = cli.fails("release", "App", next(bundles), "1.0.0", "--plan", TEXT, CODEPUSH_SERVER_URL=url)
        assert code == 1
        assert "5" in said
        assert "plan" in said
        for command in ("list", "show", "insight"):
            assert cli.fails("rollout", command, *STAGING, CODEPUSH_SERVER_URL=url)[0] == 6
        assert cli.fails("deployment", "stop", *STAGING, CODEPUSH_SERVER_URL=url)[0] == 6
        assert cli.json("simulate", "App", "--app-version", "1.0.0", CODEPUSH_SERVER_URL=url)["question"]

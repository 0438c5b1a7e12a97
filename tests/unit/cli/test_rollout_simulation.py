"""``codepush rollout simulate``: what it prints, and files that are no insight."""

import json

import pytest
from click.testing import CliRunner

from codepush.cli.main import main

PLAN = ("--plan", "5% 4h, 25% 1d, 100%")
HOUR = 3_600_000
INSIGHT = {
    "label": "v41",
    "since": 0,
    "until": 30 * HOUR,
    "span": "hour",
    "points": [
        {"startsAt": hour * HOUR, "began": 400, "ok": 385, "bad": 1, "gaps": {"1h": 40, "24h": 4}} for hour in range(24)
    ],
}


@pytest.fixture
def simulate(tmp_path, monkeypatch):
    """Run the command in an empty folder, without a server."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CODEPUSH_CONFIG_DIR", str(tmp_path / "config"))

    def run(*words):
        return CliRunner().invoke(main, ["rollout", "simulate", *words])

    return run


def simulated(simulate, *words):
    done = simulate(*PLAN, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_model(simulate):
    """A release without faults reaches all devices; a crash stops after the third report."""
    healthy = simulated(simulate)
    assert (healthy["label"], healthy["state"], healthy["percent"]) == (None, "completed", 100)
    assert [one["percent"] for one in healthy["decisions"]] == [5, 25, 100, 100]
    crashing = simulated(simulate, "--crash")
    assert (crashing["state"], crashing["percent"]) == ("halted", 5)
    assert crashing["decisions"][-1]["numbers"]["failures"] == 3
    assert crashing["hurt"] == crashing["reached"] < 100
    silent = simulated(simulate, "--silent", "50%")
    assert (silent["state"], silent["decisions"][-1]["reason"]) == ("halted", "silence")


def test_the_seed_decides(simulate):
    """The same seed gives the same replay."""
    assert simulated(simulate, "--add", "3%", "--seed", "7") == simulated(simulate, "--add", "3%", "--seed", "7")
    assert simulated(simulate, "--add", "3%", "--seed", "7") != simulated(simulate, "--add", "3%", "--seed", "8")


@pytest.mark.parametrize("answer", [INSIGHT, {"insight": INSIGHT}])
def test_a_file(simulate, tmp_path, answer):
    """The JSON of the command line and that of the API do."""
    (tmp_path / "insight.json").write_text(json.dumps(answer))
    found = simulated(simulate, "--file", "insight.json")
    assert (found["label"], found["state"], found["reached"]) == ("v41", "completed", 9600)
    assert "v41" in found["decisions"][0]["text"]


def test_a_table(simulate):
    """People see the time, the devices and the sentence of each decision, within 80 columns."""
    done = simulate(*PLAN, "--crash")
    lines = done.stdout.split("\n")
    assert lines[0] == "Replay of a modelled release: 20,000 devices, limit 1.0%."
    assert lines[1].split() == ["After", "Percent", "Devices", "Hurt", "Decision"]
    assert lines[2].startswith("00:00  5%       0        0     Started at 5 %.")
    assert lines[-2].startswith("The rollout is halted at 5% after 00:13: 26 devices downloaded the release, 26 of")
    assert max(map(len, lines[:-2])) <= 80


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ([], 2, "Missing option '--plan'"),
        (["--plan", "5"], 2, 'stage 1, "5" has no percent sign; write 5%. Example:'),
        ([*PLAN, "--add", "0%"], 2, "'0%' is not a percentage between 0 and 100"),
        ([*PLAN, "--silent", "much"], 2, "'much' is not a percentage"),
        ([*PLAN, "--add", "3%", "--crash"], 2, "Give either --add or --crash."),
        ([*PLAN, "--seed", "-1"], 2, "-1 is not in the range x>=0"),
        ([*PLAN, "--file", "none.json"], 2, "'none.json' does not exist"),
        ([*PLAN, "MyApp", "Staging"], 2, "APP and DEPLOYMENT need --from"),
        ([*PLAN, "--from", "v1"], 2, "Which app?"),
        ([*PLAN, "--window", "at night"], 2, "Mon-Thu 09:00-17:00 Europe/Berlin"),
    ],
)
def test_wrong_options(simulate, words, code, sentence):
    done = simulate(*words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "This is not the JSON of an insight"),
        (b"\xff\xfe", "This is not the JSON of an insight"),
        (b"[1]", "This is not the JSON of an insight"),
        (b"[" * 100_000, "This is not the JSON of an insight"),
        (b'{"insight": {}}', "missing required field"),
        (json.dumps(INSIGHT | {"points": [{"startsAt": 1e300}]}).encode(), "is not a time"),
        (json.dumps(INSIGHT | {"points": [{"startsAt": 0, "ok": -1}]}).encode(), "below zero"),
        (json.dumps(INSIGHT | {"points": [{"startsAt": 0, "ok": 1e300}]}).encode(), "up to 1,000,000 devices"),
        (json.dumps(INSIGHT | {"span": "year"}).encode(), '"year" is not the span'),
        (json.dumps(INSIGHT | {"points": []}).encode(), "no device has reported it"),
        (b" " * (4 * 1024 * 1024 + 1), "too large"),
    ],
)
def test_a_file_that_is_no_insight(simulate, tmp_path, content, sentence):
    """The message names the file or the fault; nothing is printed on stdout."""
    (tmp_path / "insight.json").write_bytes(content)
    done = simulate(*PLAN, "--file", "insight.json")
    assert (done.exit_code in {1, 2}, done.stdout) == (True, "")
    assert sentence in done.stderr
    assert "Unexpected" not in done.stderr

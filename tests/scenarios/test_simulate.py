"""``codepush simulate`` and ``--verify``: releases are tried by a simulated phone before people's phones get them."""

import anyio
import pytest

from codepush import CodePush, PackageInfo
from codepush.device import SimulatedDevice
from codepush.server import operations
from support.commands import CommandLine
from support.keys import make_key_pair
from support.packages import make_bundle

ASSETS = [f"drawable/{number}.png" for number in range(20)]


@pytest.fixture
def code_push(codepush_server):
    with codepush_server.client() as client:
        client.add_app("App", os="Android", platform="React-Native")
        yield client


@pytest.fixture
def cli(codepush_server, tmp_path):
    return CommandLine(
        tmp_path, CODEPUSH_SERVER_URL=codepush_server.url, CODEPUSH_ACCESS_KEY=codepush_server.access_key
    )


@pytest.fixture
def release(code_push, tmp_path):
    """Release a script for versions of the app; everything else in it is as before."""

    def make(script, target="^1.0.0", **info):
        bundle = make_bundle(tmp_path / script, script, assets=ASSETS)
        return code_push.release("App", "Staging", bundle, target, PackageInfo(**info))

    return make


def verdicts(simulated):
    return [(one["label"], one["verdict"]) for one in simulated["considered"]]


def counters(code_push):
    return code_push.get_deployment_metrics("App", "Staging")


def test_what_a_phone_is_told_and_why(cli, code_push, release):
    """Each release is named with the reason it was chosen or not, and nothing is counted."""
    release("one")
    release("two")
    release("three", is_disabled=True)
    release("four", target="^2.0.0")
    simulated = cli.json("simulate", "App", "--app-version", "1.0.0")
    assert verdicts(simulated) == [
        ("v4", "other_version"), ("v3", "disabled"), ("v2", "chosen"), ("v1", "older"),
    ]  # fmt: skip
    assert simulated["offered"]["label"] == "v2"
    assert simulated["runs"]["label"] == "v2"
    assert simulated["failure"] is None
    text = cli.text("simulate", "App", "-d", "Staging", "--app-version", "1.0.0")
    assert 'version 1.0.0 that runs the store build checks the "Staging" deployment of "App"' in text
    assert "The device now runs v2." in text
    assert "for ^2.0.0 only" in text
    assert counters(code_push) == {}


def test_from_a_release(cli, release):
    """A phone that runs a release is told that it is up to date, or takes the next one from there."""
    release("one")
    assert verdicts(cli.json("simulate", "App", "--app-version", "1.0.0", "-l", "v1")) == [("v1", "runs_already")]
    release("two")
    simulated = cli.json("simulate", "App", "--app-version", "1.0.0", "-l", "v1")
    assert (simulated["startedFrom"], simulated["question"]["label"], simulated["runs"]["label"]) == ("v1", "v1", "v2")


def test_an_update_that_crashes(cli, release):
    """The phone goes back to what it ran."""
    release("one")
    release("two")
    simulated = cli.json("simulate", "App", "--app-version", "1.0.0", "-l", "v1", "--crash")
    assert (simulated["isRolledBack"], simulated["runs"]["label"]) == (True, "v1")


def test_a_rollout(cli, release):
    """It is told where a device stands in a rollout: in or out."""
    release("one")
    release("two", rollout=50)
    outcomes = {
        (one["considered"][0]["verdict"], one["runs"]["label"])
        for one in (
            cli.json("simulate", "App", "--app-version", "1.0.0", "--client-unique-id", f"device {number}")
            for number in range(8)
        )
    }
    assert outcomes == {("chosen", "v2"), ("held_back", "v1")}


def test_stopped_updates(cli, codepush_server, release):
    """The server offers nothing although a release would be chosen; the text names the possible causes."""
    release("one")
    anyio.run(operations.stop_updates, codepush_server.settings, None)
    for _ in range(100):
        simulated = cli.json("simulate", "App", "--app-version", "1.0.0")
        if not simulated["offered"]["isAvailable"]:
            break
    assert (verdicts(simulated), simulated["runs"].get("label")) == ([("v1", "chosen")], None)
    text = cli.text("simulate", "App", "--app-version", "1.0.0")
    assert "would be offered v1: the updates of the deployment may be stopped." in text


def test_a_key_is_enough(cli, code_push, release):
    """Whoever has only the deployment key learns what phones are told, without an access key."""
    release("one")
    key = code_push.get_deployment("App", "Staging").key
    simulated = cli.json("simulate", "--deployment-key", key, "--app-version", "1.0.0", CODEPUSH_ACCESS_KEY="")
    assert (simulated["runs"]["label"], simulated["considered"]) == ("v1", [])
    code, said = cli.fails("simulate", "--deployment-key", "no-such-key-anywhere", "--app-version", "1.0.0")
    assert code == 6
    assert "Not Found" in said


def test_a_download_that_no_device_reaches(cli, codepush_server, release):
    """A download from the server's own machine works there only, so there is a warning with the remedy."""
    release("one")
    version = ("simulate", "App", "--app-version", "1.0.0")
    assert "Devices are sent to" not in cli.run(*version).stderr
    everywhere = codepush_server.url.replace("127.0.0.1", "0.0.0.0")
    done = cli.run(*version, CODEPUSH_SERVER_URL=everywhere)
    assert f"Devices are sent to {codepush_server.url}: this address leads each device to itself." in done.stderr
    assert "--public-url" in done.stderr
    assert "The device now runs v1." in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["App"], 2, "--app-version is required"),
        (["App", "--app-version", "one"], 2, "'one' is not a valid app version"),
        (["App", "--app-version", "1.0.0", "-l", "v9"], 6, "There is no release v9"),
        (["App", "-d", "Canary", "--app-version", "1.0.0"], 6, "Canary"),
        (["--deployment-key", "some-key-12", "--app-version", "1.0.0", "-l", "v1"], 2, "not its key"),
    ],
)
@pytest.mark.usefixtures("code_push")
def test_what_cannot_be_simulated(cli, words, code, sentence):
    """What is wrong is told in a sentence."""
    exit_code, said = cli.fails("simulate", *words)
    assert sentence in said
    assert exit_code == code


def test_a_phone_that_wants_signatures(cli, release, tmp_path):
    """A phone with a public key does not take what is unsigned, and the command fails."""
    _, public = make_key_pair(tmp_path)
    release("one")
    done = cli.run("simulate", "App", "--app-version", "1.0.0", "--public-key-path", public, "--json")
    assert done.returncode == 11
    assert "only signed updates" in done.stderr


def run_on_a_phone(code_push, server, folder):
    """Let a phone take the newest release, and report it."""
    key = code_push.get_deployment("App", "Staging").key
    phone = SimulatedDevice(folder, server_url=server.url, deployment_key=key, app_version="1.0.0")
    phone.sync()
    phone.restart()


def test_a_release_is_verified(cli, code_push, codepush_server, release, tmp_path):
    """It is enabled once phones could take it from the store's app and from each release that phones run."""
    release("one")
    run_on_a_phone(code_push, codepush_server, tmp_path / "phone")
    bundle = make_bundle(tmp_path / "next", "two", assets=ASSETS)
    done = cli.run("release", "App", bundle, "^1.0.0", "--verify", "-r", "25")
    assert done.returncode == 0, done.stderr
    assert "v2 was tested on 2 simulated devices" in done.stderr
    assert "version 1.0.0, running v1: installed" in done.stderr
    [_, newest] = code_push.get_deployment_history("App", "Staging")
    assert (newest.is_disabled, newest.rollout) == (False, 25)
    assert counters(code_push)["v1"].active == 1
    assert "v2" not in counters(code_push)


def test_a_release_that_phones_cannot_take(cli, code_push, tmp_path):
    """It stays disabled, and the command fails saying why and what to do."""
    bundle = make_bundle(tmp_path, "one")
    (bundle / "index.android.bundle").rename(bundle / "main.jsbundle")
    code, said = cli.fails("release", "App", bundle, "^1.0.0", "--verify")
    assert code == 11
    assert "v1 stays disabled" in said
    assert 'no JavaScript bundle named "index.android.bundle"' in said
    assert "codepush patch App Staging --label v1 --no-disabled" in said
    [only] = code_push.get_deployment_history("App", "Staging")
    assert only.is_disabled is True


def test_an_unsigned_release_for_apps_that_want_signatures(cli, code_push, tmp_path):
    """With the apps' public key, an unsigned release stays disabled and a signed one is enabled."""
    private, public = make_key_pair(tmp_path)
    verify = ("--verify", "--public-key-path", public)
    code, said = cli.fails("release", "App", make_bundle(tmp_path / "1", "one"), "*", *verify)
    assert code == 11, said
    cli.text("release", "App", make_bundle(tmp_path / "2", "two"), "*", *verify, "-k", private)
    assert [one.is_disabled for one in code_push.get_deployment_history("App", "Staging")] == [True, False]


def test_a_promotion_is_verified(cli, code_push, release):
    """A promotion is enabled once phones could take it, and stays disabled where that was said."""
    release("one")
    done = cli.run("promote", "App", "Staging", "Production", "--verify")
    assert done.returncode == 0, done.stderr
    assert "installed (whole package" in done.stderr
    release("two")
    assert cli.json("promote", "App", "Staging", "Production", "--verify", "--disabled")["isDisabled"] is True
    assert [one.is_disabled for one in code_push.get_deployment_history("App", "Production")] == [False, True]


def test_a_cordova_app(cli, codepush_server, tmp_path):
    """The package of a Cordova app has a start page in place of a bundle."""
    with CodePush(codepush_server.access_key, codepush_server.url) as code_push:
        code_push.add_app("Pages", os="iOS", platform="Cordova")
        www = tmp_path / "www"
        www.mkdir()
        (www / "index.html").write_text("<p>Hello</p>")
        assert cli.json("release", "Pages", www, "1.0.0", "--verify")["isDisabled"] is False
        assert cli.json("simulate", "Pages", "--app-version", "1.0.0")["runs"]["label"] == "v1"

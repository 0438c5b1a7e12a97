"""The action for GitHub and the component for GitLab, run as the runners of these services run them."""

import json
import re
import shutil
import subprocess

import pytest

from codepush.device import SimulatedDevice
from support.ci_runners import INTEGRATIONS, GitHubRunner, GitLabRunner
from support.keys import make_key_pair
from support.processes import OFFLINE, run
from support.projects import install_tool, make_react_native

ROOT = INTEGRATIONS.parent
HOSTILE = (
    "$(touch pwned)",
    "`touch pwned`",
    '"; touch pwned; "',
    "'; touch pwned; '",
    "x; touch pwned",
    "| touch pwned",
)


@pytest.fixture
def code_push(codepush_server):
    with codepush_server.client() as client:
        client.add_app("App", os="Android", platform="React-Native")
        yield client


@pytest.fixture
def app(tmp_path):
    """Return the folder of a React Native app whose tools are stand-ins."""
    folder = tmp_path / "app"
    make_react_native(folder)
    return folder


@pytest.fixture
def github(app):
    return GitHubRunner(app)


@pytest.fixture
def inputs(codepush_server):
    return {"server-url": codepush_server.url, "access-key": codepush_server.access_key, "app": "App"}


def releases(code_push, deployment="Staging"):
    return code_push.get_deployment_history("App", deployment)


def is_pwned(tmp_path):
    return any(tmp_path.rglob("pwned"))


def test_a_release_from_github(github, inputs, code_push, codepush_server):
    """Every input reaches the release, and the outputs describe it; the run's page shows one line about it."""
    job = github.run(
        inputs
        | {
            "platform": "android",
            "deployment": "Production",
            "target-binary-version": "^1.2.0",
            "description": "First line\nand a second",
            "mandatory": "true",
            "rollout": "25",
            "disabled": "true",
            "entry-file": "index.js",
            "bundle-name": "main.bundle",
            "use-hermes": "off",
            "extra-bundler-options": "--reset-cache\n--verbose",
        }
    )
    assert job.exit_code == 0, job.log
    [release] = releases(code_push, "Production")
    assert (release.app_version, release.rollout, release.is_mandatory, release.is_disabled) == (
        "^1.2.0", 25, True, True,
    )  # fmt: skip
    assert release.description == "First line\nand a second"
    assert job.outputs == {
        "label": "v1",
        "package-hash": release.package_hash,
        "size": str(release.size),
        "deployment": "Production",
    }
    assert "--reset-cache --verbose" in job.log
    assert "::notice title=codepush::v1 is released to Production." in job.log
    assert codepush_server.access_key not in job.log


def test_defaults(github, inputs, code_push):
    """Without further inputs the app's own version is released to Staging, for all devices and not mandatory."""
    job = github.run({}, CODEPUSH_SERVER_URL=inputs["server-url"], CODEPUSH_ACCESS_KEY=inputs["access-key"])
    assert job.exit_code == 2, job.log
    assert "Which app?" in job.log
    (github.folder / ".codepush.toml").write_text('app = "App"\n')
    job = github.run({}, CODEPUSH_SERVER_URL=inputs["server-url"], CODEPUSH_ACCESS_KEY=inputs["access-key"])
    assert job.exit_code == 0, job.log
    [release] = releases(code_push)
    assert (release.app_version, release.is_mandatory, release.is_disabled) == ("1.2.3", False, False)
    assert (job.outputs["label"], job.outputs["deployment"]) == ("v1", "Staging")


def test_a_dry_run_and_a_flavour(github, inputs, code_push):
    """A dry run has the outputs of the release that there would be, of the flavour that is named."""
    job = github.run(inputs | {"dry-run": "true", "gradle-flavor": "paid"})
    assert job.exit_code == 0, job.log
    assert (job.outputs["label"], releases(code_push)) == ("v1", [])
    assert '"2.0.0"' in job.log
    assert "::notice title=codepush::v1 would be released to Staging." in job.log


def test_the_same_release_again(github, inputs, code_push):
    """It fails with the exit code of a conflict, unless only a warning is asked for."""
    assert github.run(inputs).exit_code == 0
    job = github.run(inputs)
    assert (job.exit_code, job.outputs["label"]) == (7, "")
    assert "(exit code 7)" in job.log.splitlines()[-1]
    job = github.run(inputs | {"no-duplicate-release-error": "true"})
    assert (job.exit_code, job.outputs["label"]) == (0, "v1"), job.log
    assert len(releases(code_push)) == 1


def test_a_release_is_verified(github, inputs, code_push):
    """A release that simulated devices can install is enabled."""
    job = github.run(inputs | {"verify": "true"})
    assert job.exit_code == 0, job.log
    assert [one.is_disabled for one in releases(code_push)] == [False]


@pytest.mark.parametrize("is_text", [True, False])
def test_a_signed_release(github, inputs, code_push, tmp_path, is_text):
    """The private key is given as its text or as a file; what is written of it is gone after the release."""
    private, public = make_key_pair(tmp_path)
    (tmp_path / "tmp").mkdir()
    job = github.run(
        inputs | {"private-key": private.read_text() if is_text else str(private)}, TMPDIR=str(tmp_path / "tmp")
    )
    assert job.exit_code == 0, job.log
    assert list((tmp_path / "tmp").iterdir()) == []
    key = code_push.get_deployment("App", "Staging").key
    device = SimulatedDevice(
        tmp_path / "device", server_url=inputs["server-url"], deployment_key=key, app_version="1.2.3", public_key=public
    )
    device.sync()
    assert device.restart().label == "v1"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"access-key": ""}, (5, "The access key is empty. Is the secret set?")),
        ({"access-key": "cpk_wrong-key-that-nobody-has"}, (5, "it is unknown or has expired")),
        ({"deployment": "Canary"}, (6, "Canary")),
        ({"app": "Other"}, (6, "Other")),
        ({"platform": "--help"}, (2, "--help")),
        ({"mandatory": "yes"}, (2, "The input mandatory is 'yes'. It can be true, false.")),
        ({"use-hermes": "maybe"}, (2, "The input use-hermes is 'maybe'. It can be on, off, auto.")),
        ({"rollout": "120"}, (2, "120")),
        ({"private-key": "missing.pem"}, (2, "missing.pem")),
        ({"entry-file": "missing.js"}, (12, "missing.js")),
        ({"server-url": "http://127.0.0.1:9"}, (9, "127.0.0.1:9")),
    ],
)
def test_failures(github, inputs, code_push, changed, expected):
    """A wrong input ends with the exit code of the command line, an error on the run's page, and no release."""
    exit_code, message = expected
    job = github.run(inputs | changed)
    assert (job.exit_code, job.outputs["label"]) == (exit_code, ""), job.log
    last = job.log.splitlines()[-1]
    assert last.startswith("::error title=codepush::")
    assert message in last
    assert last.endswith(f"(exit code {exit_code})")
    assert releases(code_push) == []


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values(github, inputs, code_push, tmp_path, value):
    """Text of a commit or a branch stays text: no shell reads it."""
    job = github.run(inputs | {"description": value})
    assert job.exit_code == 0, job.log
    assert [one.description for one in releases(code_push)] == [value]
    for name in ("app", "deployment", "platform", "private-key", "target-binary-version", "bundle-name", "rollout"):
        assert github.run(inputs | {name: value}).exit_code != 0, name
    assert not is_pwned(tmp_path)


@pytest.mark.usefixtures("code_push")
def test_text_that_looks_like_commands_of_the_runner(github, inputs):
    """The runner obeys no line that another one than the action wrote, and no output holds another one."""
    job = github.run(inputs | {"deployment": "Staging\nlabel=v666", "extra-bundler-options": "::warning::obeyed"})
    assert (job.exit_code, job.outputs["label"]) == (6, "")
    job = github.run(inputs | {"extra-bundler-options": "--option=1\n::warning::obeyed"})
    lines = job.log.splitlines()
    [start] = [number for number, line in enumerate(lines) if line.startswith("::stop-commands::")]
    end = lines.index(f"::{lines[start].removeprefix('::stop-commands::')}::")
    repeated = [number for number, line in enumerate(lines) if "obeyed" in line]
    assert repeated
    assert all(start < number < end for number in repeated)
    job = github.run(inputs | {"mandatory": "no\n::warning::obeyed"})
    assert [line for line in job.log.splitlines() if line.startswith("::warning")] == []


def test_an_old_python(tmp_path):
    """A runner with Python 3.10 gets a sentence with the remedy, before anything is installed."""
    script = "import sys\nif sys.argv[1] == '--version': print('Python 3.10.12')\nelse: sys.exit(1)\n"
    tools = install_tool(tmp_path, "python3", script).parent
    done = subprocess.run(
        ["sh", str(INTEGRATIONS / "install.sh"), str(tmp_path / "venv")],
        env={"PATH": f"{tools}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and this job has Python 3.10.12" in done.stderr
    assert not (tmp_path / "venv").exists()


@pytest.fixture
def repository(tmp_path):
    """Return a Git repository with this checkout and a tag, as a GitLab server would have it."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ("LICENSE", "README.md", "integrations", "pyproject.toml", "src"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    run("git", "init", "--quiet", folder=folder)
    run("git", "add", "--all", folder=folder)
    author = ("-c", "user.name=Test", "-c", "user.email=test@example.test")
    run("git", *author, "commit", "--quiet", "--message", "Release", folder=folder)
    run("git", "tag", "v0.1.0", folder=folder)
    return folder


@pytest.fixture
def locked_app(app):
    """Let npm install the app's packages from the repository, with a lock file."""
    (app / "node_modules/react-native").rename(app / "react-native")
    shutil.rmtree(app / "node_modules")
    package = json.loads((app / "package.json").read_text()) | {"dependencies": {"react-native": "file:./react-native"}}
    (app / "package.json").write_text(json.dumps(package))
    run("npm", "install", "--offline", "--no-audit", "--no-fund", folder=app)
    shutil.rmtree(app / "node_modules")
    return app


@pytest.mark.skipif(OFFLINE, reason="pip fetches packages")
def test_installation_and_release_from_gitlab(locked_app, repository, inputs, code_push, tmp_path):
    """The job installs codepush from a repository and releases; later jobs get variables. Hostile text stays text."""
    given = {
        "server-url": inputs["server-url"],
        "app": "App",
        "cli-repository": str(repository),
        "cli-version": "v0.1.0",
    }
    job = GitLabRunner(locked_app).run(
        given | {"description": '$TITLE; $(touch pwned) "#', "rollout": 50, "mandatory": True, "platform": "android"},
        CODEPUSH_ACCESS_KEY=inputs["access-key"],
        TITLE="`touch pwned` 'as it is'",
    )
    assert job.exit_code == 0, job.log
    [release] = releases(code_push)
    assert release.description == "`touch pwned` 'as it is'; $(touch pwned) \"#"
    assert (release.rollout, release.is_mandatory, release.app_version) == (50, True, "1.2.3")
    assert job.outputs == {
        "CODEPUSH_LABEL": "v1",
        "CODEPUSH_PACKAGE_HASH": release.package_hash,
        "CODEPUSH_SIZE": str(release.size),
        "CODEPUSH_DEPLOYMENT": "Staging",
    }
    assert not is_pwned(tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"cli-version": "--upload-pack=touch pwned"},
        {"cli-version": "$(touch pwned)"},
        {"cli-repository": "--upload-pack=touch pwned"},
        {"cli-repository": "ext::sh -c touch% pwned"},
        {"working-directory": "$(touch pwned)"},
    ],
)
def test_hostile_sources_in_gitlab(locked_app, inputs, repository, tmp_path, changed):
    """Neither Git nor a shell takes the source of the installation for a command."""
    given = {"server-url": inputs["server-url"], "cli-repository": str(repository), "cli-version": "v0.1.0"}
    job = GitLabRunner(locked_app).run(given | changed, CODEPUSH_ACCESS_KEY=inputs["access-key"])
    assert job.exit_code != 0, job.log
    assert not is_pwned(tmp_path)


@pytest.mark.skipif(OFFLINE, reason="pip fetches packages")
def test_installation_on_github(app, inputs, code_push):
    """The action installs codepush from its own checkout."""
    job = GitHubRunner(app, is_installing=True).run(inputs)
    assert job.exit_code == 0, job.log
    assert job.outputs["label"] == "v1"
    assert len(releases(code_push)) == 1


def test_commands_of_the_recipes(app, code_push, inputs, tmp_path):
    """The command lines in the recipes release and promote, and leave one JSON object."""
    code_push.add_app("MyApp", os="Android", platform="React-Native")
    guide = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    lines = re.findall(r"[' ](codepush (?:release-react|promote) [^'`\n]*--json)(?: >|\n)", guide)
    assert len(lines) >= 5
    environment = {
        "CODEPUSH_SERVER_URL": inputs["server-url"],
        "CODEPUSH_ACCESS_KEY": inputs["access-key"],
        "HOME": str(tmp_path),
        "ROLLOUT": "10",
    }
    for line in sorted(set(lines), reverse=True):  # a release first
        made = json.loads(run("sh", "-c", line, folder=app, environment=environment))
        assert (made["label"], made.get("rollout", 100)) == ("v1", 10 if "promote" in line else 100)
        code_push.clear_deployment_history("MyApp", "Production")


def test_both_have_the_same_inputs(app, github):
    """A pipeline can be carried from one service to the other; what the services themselves do is not an input."""
    only_gitlab = {"cli-repository", "cli-version", "image", "job-name", "stage"}
    assert GitLabRunner(app).inputs.keys() - only_gitlab == github.action["inputs"].keys() - {"access-key"}

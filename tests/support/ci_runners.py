"""The runners of two CI services, as far as integrations/ needs them: they fill in inputs and run scripts."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from support.processes import full

INTEGRATIONS = Path(__file__).parent.parent.parent / "integrations"


@dataclass
class Job:
    """How a job ended.

    Attributes:
        exit_code: that of the script that failed, or 0.
        log: what its scripts wrote to stdout and stderr.
        outputs: what it hands on.

    """

    exit_code: int
    log: str
    outputs: dict[str, str] = field(default_factory=dict)


class GitHubRunner:
    """Runs the action in a folder; the step that installs only if ``is_installing``."""

    def __init__(self, folder, *, is_installing=False):
        self.folder = folder
        self.is_installing = is_installing
        self.temp = folder.parent / "runner-temp"
        self.temp.mkdir()
        self.action = yaml.safe_load((INTEGRATIONS / "github/action.yml").read_text())
        if not is_installing:
            (self.temp / "codepush-cli").symlink_to(sys.prefix)

    def run(self, inputs, **environment):
        """Run the steps of the action until one fails."""
        assert inputs.keys() <= self.action["inputs"].keys()
        values = {name: one["default"] for name, one in self.action["inputs"].items()} | inputs
        log, outputs, exit_code = "", {}, 0
        for step in self.action["runs"]["steps"][0 if self.is_installing else 1 :]:
            done, written = self._step(step, values, environment)
            log, exit_code = log + done.stdout, done.returncode
            outputs |= {f"${{{{ steps.{step.get('id')}.outputs.{name} }}}}": value for name, value in written.items()}
            if exit_code:
                break
        named = {name: outputs.get(one["value"], "") for name, one in self.action["outputs"].items()}
        return Job(exit_code, log, named)

    def _step(self, step, values, environment):
        assert "${{" not in step["run"]  # its values would be part of the script
        output = self.temp / "output"
        output.write_text("")
        runner = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(INTEGRATIONS / "github"),
            "GITHUB_OUTPUT": str(output),
            "RUNNER_TEMP": str(self.temp),
        }
        inputs = {name: _filled(text, values) for name, text in step.get("env", {}).items()}
        done = _run_script(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
            step["run"],
            self.folder / _filled(step.get("working-directory", "."), values),
            runner | environment | inputs,
        )
        return done, dict(line.split("=", 1) for line in output.read_text().splitlines())


class GitLabRunner:
    """Runs the job of the component in a folder."""

    def __init__(self, folder):
        self.folder = folder
        head, self.jobs = re.split(r"^---$", (INTEGRATIONS / "gitlab/template.yml").read_text(), flags=re.MULTILINE)
        self.inputs = yaml.safe_load(head)["spec"]["inputs"]

    def run(self, inputs, **environment):
        """Run the scripts of the job in one shell."""
        assert inputs.keys() <= self.inputs.keys()
        values = {name: one.get("default") for name, one in self.inputs.items()} | inputs
        text = re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: _as_text(values[found[1]]), self.jobs)
        [job] = yaml.safe_load(text).values()
        known = environment | {"CI_PROJECT_DIR": str(self.folder)}
        variables = {name: _expanded(value, known) for name, value in job["variables"].items()}
        script = "\n".join([*job["before_script"], *job["script"]])
        done = _run_script(["bash", "-eo", "pipefail"], script, self.folder, variables | known)
        report = self.folder / job["artifacts"]["reports"]["dotenv"]
        lines = report.read_text().splitlines() if report.is_file() else []
        return Job(done.returncode, done.stdout, dict(line.split("=", 1) for line in lines))


def _run_script(shell, script, folder, environment):
    """Run a script with an environment, and nothing of the caller's but what a shell needs."""
    path = folder.parent / "script.sh"
    path.write_text(script)
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [*shell, str(path)],
        cwd=folder,
        env=kept | {"HOME": str(home), "PATH": full(None)["PATH"], "CODEPUSH_KEYRING": "off"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        check=False,
    )


def _filled(text, values):
    return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: values[found[1]], text)


def _as_text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def _expanded(value, known):
    """Put in the variables that a value names, as GitLab does before the job."""
    return re.sub(r"\$(\w+)", lambda found: known.get(found[1], ""), value)

"""Release a React Native app from a CI job.

The inputs are environment variables named ``INPUT_...``, so that no shell reads their values. They become options of
``codepush release-react``, and the release that it prints becomes the job's outputs. The exit code is that of the
command. ``install.sh`` makes the environment whose Python runs this.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TYPE_CHECKING, Any, Final

from codepush.cli.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMMAND: Final = str(Path(sys.executable).with_name("codepush"))
_OPTIONS: Final = (
    "app",
    "deployment-name",
    "target-binary-version",
    "description",
    "rollout",
    "entry-file",
    "bundle-name",
)
"""Options with a value, which are left out if the input is empty."""

_LISTS: Final = ("gradle-flavor", "extra-bundler-option")
"""Options that may be repeated: each line of the input is one."""

_FLAGS: Final = ("mandatory", "disabled", "no-duplicate-release-error", "verify", "dry-run")
_FLAG_VALUES: Final = {"true": True, "false": False, "": False}
_INPUTS: Final = {"deployment-name": "deployment", "extra-bundler-option": "extra-bundler-options"}
"""Inputs with another name than their option."""

_HERMES: Final = {"on": ["--use-hermes"], "off": ["--no-use-hermes"], "auto": [], "": []}
_KEY_HEAD: Final = "-----BEGIN "
_OUTPUTS: Final = {"label": "label", "package-hash": "packageHash", "size": "size"}
"""Outputs, and the fields of the release that they have."""


class InputError(Exception):
    """An input is missing, or has a value that it cannot have."""

    def __init__(self, message: str, exit_code: int = Exit.USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def main() -> int:
    """Release the app in the working directory, and return the exit code."""
    try:
        with signing_key(os.environ) as private_key, stopped_commands(os.environ):
            exit_code, error, result = run(command(os.environ, private_key), settings(os.environ))
    except InputError as invalid:
        exit_code, error, result = invalid.exit_code, str(invalid), None
        sys.stderr.write(f"Error: {invalid}\n")
    if result is None:
        annotate(os.environ, "error", f"{error} (exit code {exit_code})")
        return exit_code
    found = outputs(result, given(os.environ, "deployment-name"))
    write_outputs(os.environ, found)
    verb = "would be released" if "dryRun" in result else "is released"
    annotate(os.environ, "notice", f"{found['label']} {verb} to {found['deployment']}.")
    return exit_code


def given(environment: Mapping[str, str], option: str) -> str:
    """Return the input that belongs to an option; empty if it is not given."""
    name = _INPUTS.get(option, option)
    return environment.get(f"INPUT_{name.replace('-', '_').upper()}", "").strip()


def command(environment: Mapping[str, str], private_key: str | None) -> list[str]:
    """Return the command that the inputs ask for.

    Raises:
        InputError: An input has a wrong value.

    """
    words = [_COMMAND, "release-react", "--json", "--yes"]
    words += [f"--{option}={value}" for option in _OPTIONS if (value := given(environment, option))]
    words += [f"--{option}={line}" for option in _LISTS for line in given(environment, option).splitlines() if line]
    words += [f"--{option}" for option in _FLAGS if choice(environment, option, _FLAG_VALUES)]
    words += choice(environment, "use-hermes", _HERMES)
    words += [f"--private-key-path={private_key}"] if private_key else []
    platform = given(environment, "platform")
    return [*words, "--", platform] if platform else words


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the command: the server and the access key, and none of the inputs.

    The bundler is the project's own code, and one of the inputs may be the signing key.

    Raises:
        InputError: There is no access key.

    """
    kept = {name: value for name, value in environment.items() if not name.startswith("INPUT_")}
    for name in ("server-url", "access-key"):
        variable = f"CODEPUSH_{name.replace('-', '_').upper()}"
        kept[variable] = given(environment, name) or kept.get(variable, "")
    if not kept["CODEPUSH_ACCESS_KEY"].strip():
        raise InputError(
            "The access key is empty. Is the secret set? Jobs for pull requests from forks get no secrets.",
            Exit.NOT_LOGGED_IN,
        )
    return kept


def choice(environment: Mapping[str, str], option: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of them
    """Return what the value of an input means.

    Raises:
        InputError: It is none of the values.

    """
    value = given(environment, option).lower()
    if value not in values:
        raise InputError(f"The input {option} is {value!r}. It can be {', '.join(filter(None, values))}.")
    return values[value]


@contextmanager
def signing_key(environment: Mapping[str, str]) -> Iterator[str | None]:
    """Yield the file of the private key, which is written for the time of the release if the input is its text."""
    value = given(environment, "private-key")
    if not value.startswith(_KEY_HEAD):
        yield value or None
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "private.pem"
        path.touch(mode=0o600)
        path.write_text(f"{value}\n", encoding="utf-8")
        yield str(path)


@contextmanager
def stopped_commands(environment: Mapping[str, str]) -> Iterator[None]:
    """Keep GitHub's runner from obeying lines of the log: they may repeat what a server or a bundler says."""
    if environment.get("GITHUB_ACTIONS") != "true":
        yield
        return
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", flush=True)
    try:
        yield
    finally:
        print(f"::{token}::", flush=True)


def run(words: list[str], environment: Mapping[str, str]) -> tuple[int, str, dict[str, Any] | None]:
    """Run a command, and return its exit code, its error, and its result if it has one."""
    error = ""
    with TemporaryFile("w+", encoding="utf-8") as output:
        # stderr is read and passed on, so that the last error can be shown beside the job.
        with subprocess.Popen(
            words, stdout=output, stderr=subprocess.PIPE, env=environment, text=True, errors="replace"
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                sys.stderr.write(line)
                sys.stderr.flush()
                error = line.removeprefix("Error: ").strip() if line.startswith("Error: ") else error
        output.seek(0)
        text = output.read()
    sys.stdout.write(text)
    return process.returncode, error, json.loads(text) if process.returncode == 0 else None


def outputs(result: Mapping[str, Any], deployment: str) -> dict[str, str]:
    """Return the outputs that a release has; of a dry run, those of the release that there would be."""
    release = result.get("release") if "dryRun" in result else result
    found = {name: (release or {}).get(field, "") for name, field in _OUTPUTS.items()} | {"deployment": deployment}
    return {name: " ".join(str(value).split()) for name, value in found.items()}  # a line break would begin another one


def write_outputs(environment: Mapping[str, str], found: Mapping[str, str]) -> None:
    """Write outputs for the later steps of a job (GitHub), or as variables for later jobs (a dotenv report)."""
    for variable, shown in (("GITHUB_OUTPUT", _step_output), ("CODEPUSH_DOTENV", _job_variable)):
        if path := environment.get(variable):
            with Path(path).open("a", encoding="utf-8") as file:
                file.writelines(f"{shown(name)}={value}\n" for name, value in found.items())


def _step_output(name: str) -> str:
    return name


def _job_variable(name: str) -> str:
    return f"CODEPUSH_{name.replace('-', '_').upper()}"


def annotate(environment: Mapping[str, str], kind: str, message: str) -> None:
    """Show a message on the page of the run, where the runner is GitHub's."""
    if environment.get("GITHUB_ACTIONS") == "true":
        escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        print(f"::{kind} title=codepush::{escaped}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

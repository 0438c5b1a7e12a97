"""How older tools spell options and arguments is understood."""

import ast

import click
import pytest
from click.testing import CliRunner

from codepush.cli.legacy_syntax import AliasOption
from codepush.cli.options import Command, app_argument, argument, deployment_argument


@click.command(cls=Command)
@app_argument()
@click.option("-c", "--update-contents-path", cls=AliasOption, argument="path")
@argument("path")
@argument("version")
@click.option("-d", "--deployment-name")
@click.option("-des", "--description")
@click.option("-m", "--mandatory/--no-mandatory", default=None)
@click.option("-x", "--disabled/--no-disabled", default=None)
@click.option("--no-duplicate-release-error", is_flag=True, default=None)
def release(**given):
    click.echo(repr({name: value for name, value in given.items() if value is not None}))


@click.command(cls=Command)
@app_argument()
@deployment_argument
def history(**given):
    click.echo(repr(given))


@click.command(cls=Command)
@argument("app")
@argument("os", required=False)
@argument("platform", required=False)
def add(**given):
    click.echo(repr(given))


def run(command, *words):
    return CliRunner().invoke(command, words)


def given(command, *words):
    result = run(command, *words)
    assert result.exit_code == 0, result.output
    return ast.literal_eval(result.output)


@pytest.mark.parametrize(
    "words",
    [
        ["--deploymentName", "Beta"],
        ["--deployment-name", "Beta"],
        ["--deploymentName=Beta"],
        ["-d", "Beta"],
        ["-d=Beta"],
        ["-dBeta"],
        ["--d", "Beta"],
    ],
)
def test_spellings_of_an_option(words):
    """An option is understood in camelCase, with hyphens, short, and with its value behind an equals sign."""
    expected = {"app": "App", "path": "www", "version": "1.0.0", "deployment_name": "Beta"}
    assert given(release, "App", "www", "1.0.0", *words) == expected
    assert given(release, *words, "App", "www", "1.0.0") == expected


@pytest.mark.parametrize("words", [["-des", "A=b"], ["--des", "A=b"], ["-des=A=b"], ["--description", "A=b"]])
def test_short_forms_of_several_letters(words):
    """A short form may have several letters, and one hyphen or two."""
    assert given(release, "App", "www", "1.0.0", *words)["description"] == "A=b"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-m"], {"mandatory": True}),
        (["-m", "true"], {"mandatory": True}),
        (["--mandatory=true", "-x", "true"], {"mandatory": True, "disabled": True}),
        (["-mx"], {"mandatory": True, "disabled": True}),
        (["-xdBeta"], {"disabled": True, "deployment_name": "Beta"}),
        (["--noDuplicateReleaseError"], {"no_duplicate_release_error": True}),
        (["--noDuplicateReleaseError", "false"], {}),
    ],
)
def test_flags(words, expected):
    """A flag stands alone, beside others, or before a truth."""
    arguments = {"app": "App", "path": "www", "version": "1.0.0"}
    assert given(release, *words, "App", "www", "1.0.0") == arguments | expected


@pytest.mark.parametrize("words", [["-m", "false"], ["--mandatory=false"], ["--no-mandatory"], ["-m=false"]])
def test_flags_that_are_off(words):
    """A flag can be said to be off, which is more than not to mention it."""
    assert given(release, *words, "App", "www", "1.0.0")["mandatory"] is False


def test_value_that_looks_like_an_option():
    """What stands behind an option is its value, whatever it looks like."""
    assert given(release, "App", "www", "1.0.0", "--description", "-m")["description"] == "-m"


def test_arguments_that_look_like_options():
    """Behind two hyphens everything is an argument."""
    assert given(release, "--", "-a", "-c", "-t") == {"app": "-a", "path": "-c", "version": "-t"}


@pytest.mark.parametrize(
    ("command", "words", "expected"),
    [
        (release, ["www", "1.0.0"], {"path": "www", "version": "1.0.0"}),
        (release, ["-a", "o/App", "www", "1.0.0"], {"app": "o/App", "path": "www", "version": "1.0.0"}),
        (release, ["-a", "o/App", "-c", "www", "1.0.0"], {"app": "o/App", "path": "www", "version": "1.0.0"}),
        (release, ["-c", "www", "1.0.0"], {"path": "www", "version": "1.0.0"}),
        (release, ["-c", "www", "App", "1.0.0"], {"app": "App", "path": "www", "version": "1.0.0"}),
        (history, ["App", "Staging"], {"app": "App", "deployment": "Staging"}),
        (history, ["Staging"], {"app": None, "deployment": "Staging"}),
        (history, [], {"app": None, "deployment": None}),
        (history, ["--app", "App"], {"app": "App", "deployment": None}),
        (add, ["App"], {"app": "App", "os": None, "platform": None}),
        (add, ["App", "ios"], {"app": "App", "os": "ios", "platform": None}),
        (add, ["App", "ios", "cordova"], {"app": "App", "os": "ios", "platform": "cordova"}),
    ],
)
def test_arguments_left_out(command, words, expected):
    """Arguments are left out from the left, or given as options; what stays keeps its meaning."""
    assert given(command, *words) == expected


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["1.0.0"], "Missing argument 'VERSION'"),
        (["-c", "www"], "Missing argument 'VERSION'"),
        ([], "Missing argument 'PATH'"),
        (["-a", "o/App", "App", "www", "1.0.0"], "unexpected extra argument (1.0.0)"),
        (["www", "1.0.0", "--deplomentName", "x"], "No such option '--deplomentName'"),
        (["www", "1.0.0", "--description"], "requires an argument"),
        (["www", "1.0.0", "--mandatory=perhaps"], "does not take a value"),
    ],
)
def test_mistakes(words, sentence):
    """A mistake is named, and ends with exit code 2."""
    result = run(release, *words)
    assert result.exit_code == 2
    assert sentence in result.output


def test_help_needs_no_arguments():
    """Help is given whatever else is there or missing."""
    for words in (["-h"], ["--help"], ["-c", "www", "--help"], ["App", "--help"]):
        command = Command(
            "release",
            params=release.params,
            callback=release.callback,
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        assert "Usage: release [OPTIONS] [APP] PATH VERSION" in run(command, *words).output

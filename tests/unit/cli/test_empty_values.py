"""No option and no argument of any command takes an empty value for a value, or for one that was not given."""

import click
import pytest
from click.testing import CliRunner

from codepush.cli.main import main


def commands(group=main, names=()):
    """Yield the names that lead to each command, and the command."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, (*names, name))
        else:
            yield (*names, name), command


def options():
    """Yield the names of a command and one option of it that takes a value."""
    for names, command in [((), main), *commands()]:
        for param in command.params:
            if isinstance(param, click.Option) and not param.is_flag:
                yield names, param


def arguments():
    """Yield the names of a command, one argument of it, and words for all its arguments: the one is empty."""
    for names, command in commands():
        declared = [param for param in command.params if isinstance(param, click.Argument)]
        for place, param in enumerate(declared):
            yield names, param, ["x"] * place + [""] + ["x"] * (len(declared) - place - 1)


def case(names, param):
    return " ".join([*names, param.opts[-1]])


OPTIONS = [(names, option) for names, option in options() if not getattr(option.type, "may_be_empty", False)]


def refused(words):
    """Return what a command says about an empty value, having ended as wrong usage."""
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2, done.output
    return done.stderr


@pytest.mark.parametrize(("names", "option"), OPTIONS, ids=[case(*one) for one in OPTIONS])
def test_an_empty_option_is_wrong_usage(names, option):
    """The option is named, however it is spelled; nothing is looked up, built or sent."""
    for words in ([option.opts[0], ""], [f"{option.opts[-1]}= \t"]):
        said = refused([*names, *words])
        assert f"'{option.opts[-1]}'" in said
        assert "The value is empty" in said or "is not" in said


@pytest.mark.parametrize(("names", "argument", "words"), list(arguments()), ids=[case(*one[:2]) for one in arguments()])
def test_an_empty_argument_is_wrong_usage(names, argument, words):
    """The argument is named; nothing is looked up, built or sent."""
    said = refused([*names, *words])
    assert "The value is empty" in said
    assert (argument.metavar or argument.name.upper()).strip("[]") in said


def test_a_description_may_be_empty():
    """An empty description says nothing about a release; it is the only empty value with a meaning of its own."""
    allowed = {case(names, option) for names, option in options() if getattr(option.type, "may_be_empty", False)}
    assert allowed == {
        f"{command} --description"
        for command in ("release", "release-react", "release-cordova", "release-electron", "patch", "promote")
    }


@pytest.mark.parametrize(
    "words",
    [
        ["release", "App", ".", ""],
        ["release", "App", ".", "-t", ""],
        ["release", "App", ".", "--target-binary-version="],
        ["release-react", "App", "android", "-t", " "],
        ["release-cordova", "App", "ios", "--targetBinaryVersion", ""],
        ["release-electron", "App", "-t="],
        ["patch", "App", "Staging", "-t", ""],
        ["promote", "App", "Staging", "Production", "-t", ""],
    ],
)
def test_an_empty_version_names_the_range_of_all_versions(words):
    """A release for every version of the app has to be asked for by its range."""
    assert "Write '*' for all versions" in refused(words)

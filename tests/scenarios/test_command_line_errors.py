"""What goes wrong on the command line: a sentence, the next step, and an exit code for each class."""

import subprocess

import pytest

from codepush.testing import live_server
from support.commands import COMMAND, CommandLine
from support.packages import make_bundle


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Give one server for all of these, as they change nothing in it; it has an app without releases."""
    with live_server(tmp_path_factory.mktemp("server")) as server:
        with server.client() as code_push:
            code_push.add_app("App")
        yield server


@pytest.fixture
def cli(server, tmp_path):
    return CommandLine(tmp_path, CODEPUSH_SERVER_URL=server.url, CODEPUSH_ACCESS_KEY=server.access_key)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["deployment", "list", "Nowhere"], 6, "codepush app list"),
        (["deployment", "history", "App", "Nowhere"], 6, "codepush deployment list APP"),
        (["collaborator", "add", "App", "nobody@example.test"], 6, "needs an account on this server"),
        (["release", "Nowhere", ".", "1.0.0"], 6, 'App "Nowhere" does not exist'),
        (["release", "App", "missing", "1.0.0"], 10, '"missing" cannot be released'),
        (["release", "App", "update.zip", "1.0.0"], 2, "It is unnecessary to package releases in a .zip"),
        (["release", "App", ".", "one"], 2, "Please use a semver-compliant target binary version range"),
        (["release", "App", ".", "1.0.0", "-r", "0"], 2, "'0' is not a whole percentage from 1 to 100"),
        (["release", "App", ".", "1.0.0", "-k", "missing.pem"], 2, "missing.pem"),
        (["release", ".", "1.0.0"], 2, "Which app?"),
        (["release", "", ".", "1.0.0"], 2, "Invalid value for 'APP': The value is empty."),
        (["release", "App", "1.0.0", "--app", "App", "x"], 2, "unexpected extra argument"),
        (["app", "add", "App"], 7, "already exists"),
        (["app", "add", "a/b"], 4, "name"),
        (["app", "add", "New", "symbian"], 2, 'Available options are "ios", "android", "windows"'),
        (["app", "list", "--server", "http://127.0.0.1:9"], 9, "Unable to connect"),
        (["app", "list", "--server", "ftp://example.com"], 2, "The server URL must be a full address"),
        (["app", "list", "--access-key", "k" * 43], 5, "codepush login"),
        (["app", "remove", "App"], 2, "Add --yes to proceed."),
        (["app", "transfer", "App", "nobody"], 2, '"nobody" is an invalid e-mail address.'),
        (["app", "list", "--format", "xml"], 2, "xml"),
        (["app", "frob"], 2, "No such command 'frob'"),
        (["relese"], 2, "Did you mean"),
        (["patch", "App", "Staging"], 2, "At least one property must be specified"),
        (["patch", "App", "Staging", "-des", ""], 2, "only be replaced"),
        (["patch", "App", "Staging", "-m"], 6, "no releases"),
        (["promote", "App", "Staging", "Production"], 6, "no enabled releases"),
        (["rollback", "App", "Staging", "-y"], 6, "no releases"),
        (["access-key", "patch", "x"], 2, "A new name and/or TTL must be provided."),
        (["access-key", "add", "x", "--ttl", "soon"], 2, "is not a duration such as"),
        (["access-key", "rm", "x", "-y"], 6, "does not exist"),
        (["tokens", "create", "-d", "x", "-t", "app"], 2, "for a single app are not supported"),
        (["deployment", "add", "App", "-d", "-k", "0123456789"], 2, "--default"),
        (["session", "rm", "other", "-y"], 6, "other"),
    ],
)
def test_errors(cli, words, code, sentence):
    """An error is a sentence on stderr with what to do, and an exit code that tells its class."""
    found, said = cli.fails(*words)
    assert (found, sentence in said) == (code, True), said


def test_forbidden(cli, server):
    """What only owners may do is refused to others."""
    with server.client(server.add_account("other@example.test")) as code_push:
        code_push.add_app("Theirs")
        code_push.add_collaborator("Theirs", "owner@example.test")
    code, said = cli.fails("app", "remove", "Theirs", "-y")
    assert (code, "requires Owner permissions" in said) == (8, True)


def test_unfinished_rollout(cli, tmp_path):
    """Who cannot release because of a rollout is told how to finish it."""
    cli.text("app", "add", "Rolling")
    cli.text("release", "Rolling", make_bundle(tmp_path / "1", "one"), "1.0.0", "-r", "50")
    code, said = cli.fails("release", "Rolling", make_bundle(tmp_path / "2", "two"), "1.0.0")
    assert (code, "codepush patch APP DEPLOYMENT --rollout 100" in said) == (7, True)


def test_mistake_in_the_project_file(cli):
    """A project file with a mistake in it is named with the mistake; help is still given."""
    (cli.folder / ".codepush.toml").write_text('aap = "App"\n')
    code, said = cli.fails("deployment", "list")
    assert (code, "unknown key 'aap'. Did you mean 'app'?" in said) == (2, True)
    assert "Usage:" in cli.text("deployment", "list", "-h")


def test_server_that_is_none(cli):
    """What answers but is no CodePush server is told so."""
    code, said = cli.fails("app", "list", "--server", f"{cli.environment['CODEPUSH_SERVER_URL']}/auth/login")
    assert (code, said.startswith("Error: ")) == (6, True)


@pytest.mark.parametrize("words", [["-v"], ["--version"]])
def test_version(cli, words):
    """The version is a line of its own."""
    from importlib.metadata import version

    assert cli.text(*words) == version("codepush")


def test_closed_pipe(cli):
    """A reader that has seen enough is no error with a traceback."""
    command = f"'{COMMAND}' app list --json | true"
    done = subprocess.run(
        ["bash", "-c", command], env=cli.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(cli, shell):
    """Each shell gets its lines, and completes commands and options by them."""
    assert "_CODEPUSH_COMPLETE" in cli.text("completion", shell)


def test_completed_words(cli):
    """Commands, commands of groups, and options are completed."""

    def completed(words, place):
        return cli.text(_CODEPUSH_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(place)).split("\n")

    assert completed("codepush rel", 1)[0] == "plain,release"
    assert completed("codepush deployment h", 2) == ["plain,history"]
    assert completed("codepush promote App --no-dup", 3) == ["plain,--no-duplicate-release-error"]


@pytest.mark.parametrize(
    "words",
    [
        ["{key}"],
        ["app", "list", "{key}"],
        ["app", "list", "--{key}"],
        ["app", "list", "--format", "{key}"],
        ["app", "list", "--server", "{key}"],
        ["--format", "{key}", "app", "list"],
        ["login", "{key}"],
        ["logout", "{key}"],
        ["access-key", "rm", "{key}"],
        ["access-key", "rm", "{key}", "-y"],
        ["access-key", "rm", "{key}", "-y", "--debug"],
        ["access-key", "patch", "{key}", "--ttl", "1d"],
        ["access-key", "patch", "{key}", "--ttl", "1d", "--debug"],
        ["release", "App", "{key}", "1.0.0"],
        ["release", "App", ".", "{key}"],
        ["deployment", "list", "{key}"],
        ["app", "list", "--access-key", "{key}", "--server", "http://127.0.0.1:9", "--timeout", "5"],
        ["app", "list", "--access-key", "{key} {key}"],
        ["login", "--access-key", "{key}x"],
    ],
)
def test_an_access_key_in_the_wrong_place(cli, server, words):
    """Whatever is wrong with a command, its output does not repeat an access key: it ends up in a build job's log."""
    done = cli.run(*[word.format(key=server.access_key) for word in words])
    assert done.returncode != 0
    assert server.access_key not in done.stdout + done.stderr


def test_a_key_of_another_server_in_the_wrong_place(cli):
    """A key without our prefix is known by what it was given as, or by its form where it stands for its name."""
    key = "x3Kq9-0fPzL_oldKeyOfAnotherServer4kQz8"
    for words in (["access-key", "rm", key, "-y"], ["access-key", "rm", key], ["app", "list", key]):
        done = cli.run(*words, **({"CODEPUSH_ACCESS_KEY": key} if words[0] == "app" else {}))
        assert done.returncode != 0
        assert key not in done.stdout + done.stderr


def test_the_name_of_a_key_is_shown(cli):
    """A name that does not look like a key is repeated, so that the user sees which one it was."""
    code, said = cli.fails("access-key", "rm", "build server", "-y")
    assert (code, '"build server"' in said) == (6, True)

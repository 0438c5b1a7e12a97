"""Folders that no device could run are refused by the command line, before anything is sent."""

import pytest

from support.commands import CommandLine
from support.keys import make_key_pair
from support.projects import write_files


@pytest.fixture
def cli(codepush_server, tmp_path):
    with codepush_server.client() as client:
        client.add_app("App")
    return CommandLine(
        tmp_path, CODEPUSH_SERVER_URL=codepush_server.url, CODEPUSH_ACCESS_KEY=codepush_server.access_key
    )


@pytest.fixture
def private_key(tmp_path):
    return make_key_pair(tmp_path)[0]


def released(cli):
    return cli.json("deployment", "history", "App", "Staging")


@pytest.mark.parametrize("file", ["assets/logo.png", "main.jsbundle.map", "README"])
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_folder_without_a_bundle(cli, file, more):
    """Exit code 10, a sentence with the folder and what a bundle is called, and no release; a dry run agrees."""
    write_files(cli.folder / "CodePush", {file: "x"})
    code, said = cli.fails("release", "App", "CodePush", "1.0.0", *more)
    assert (code, '"CodePush" contains no bundle' in said, "--force" in said) == (10, True, True)
    assert released(cli) == []


def test_a_folder_without_a_bundle_that_is_meant(cli):
    """With --force it is released, with a warning."""
    write_files(cli.folder / "CodePush", {"logo.png": "x"})
    done = cli.run("release", "App", "CodePush", "1.0.0", "--force")
    assert done.returncode == 0
    assert "[Warning]" in done.stderr
    assert len(released(cli)) == 1


@pytest.mark.parametrize(
    "files",
    [
        ["index.android.bundle"],
        ["main.jsbundle", "assets/logo.png"],
        ["bundle.harmony.js"],
        ["nested/index.windows.bundle"],
        ["index.html", "js/index.js"],
        ["start.html"],
        ["index.android.hbc"],
    ],
)
def test_forms_of_bundles(cli, files):
    """What React Native, Cordova, Capacitor and Electron apps start with is a bundle, wherever it is in the folder."""
    write_files(cli.folder / "build", dict.fromkeys(files, "x"))
    cli.text("release", "App", "build", "1.0.0")


@pytest.mark.parametrize(
    ("name", "files", "expected"),
    [
        ("build", ["index.android.bundle"], '"CodePush"'),
        ("codepush", ["main.jsbundle"], '"CodePush"'),
        ("www", ["main.jsbundle"], '"CodePush"'),
        ("build", ["index.html", "js/index.js"], '"www" or "public"'),
        ("CodePush", ["index.html"], '"www" or "public"'),
        ("dist", ["app.js"], '"CodePush" or "www" or "public"'),
    ],
)
def test_a_signed_folder_of_another_name(cli, private_key, name, files, expected):
    """Devices with a public key would not find the signature: exit code 10 and no release, in a dry run too."""
    write_files(cli.folder / name, dict.fromkeys(files, "x"))
    for more in ([], ["--dry-run"]):
        code, said = cli.fails("release", "App", name, "1.0.0", "-k", private_key, *more)
        assert (code, f'in the folder {expected}, but the folder is named "{name}"' in said) == (10, True), said
    assert released(cli) == []
    cli.text("release", "App", name, "1.0.0")  # unsigned, any name will do


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("CodePush", ["index.android.bundle"]),
        ("www", ["index.html", "js/index.js"]),
        ("public", ["index.html"]),
        ("CodePush", ["app.js"]),
    ],
)
def test_a_signed_folder_that_devices_take(cli, private_key, name, files):
    """The names that devices look for are taken, also with a slash behind them; so is a single file."""
    write_files(cli.folder / "build" / name, dict.fromkeys(files, "x"))
    cli.text("release", "App", f"build/{name}/", "1.0.0", "-k", private_key)
    cli.text("release", "App", f"build/{name}/{files[0]}", "2.0.0", "-k", private_key)


def test_a_signed_folder_of_another_name_that_is_meant(cli, private_key):
    """With --force it is signed and released, with a warning; the key of the project file counts as well."""
    write_files(cli.folder / "build", {"main.jsbundle": "x"})
    write_files(cli.folder, {".codepush.toml": f'private-key-path = "{private_key}"\n'})
    assert cli.fails("release", "App", "build", "1.0.0")[0] == 10
    done = cli.run("release", "App", "build", "1.0.0", "--force")
    assert (done.returncode, "[Warning]" in done.stderr) == (0, True)

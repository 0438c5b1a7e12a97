"""``codepush release-react``, from a project to a phone. The app's tools are stand-ins; tests/e2e has the real ones."""

import json
import subprocess

import pytest

from codepush.packaging.signing import read_public_key
from support.commands import COMMAND, CommandLine
from support.keys import make_key_pair
from support.projects import make_react_native, write_files

SCRIPT = "android/app/build.gradle"
VERSION = 'android.defaultConfig.versionName = "1.2.3"'


@pytest.fixture
def cli(codepush_server, tmp_path):
    """Give the command line of somebody in the folder of a React Native app, which the server knows as ``App``."""
    cli = CommandLine(tmp_path, CODEPUSH_SERVER_URL=codepush_server.url, CODEPUSH_ACCESS_KEY=codepush_server.access_key)
    make_react_native(cli.folder)
    cli.text("app", "add", "App")
    return cli


@pytest.fixture
def phone(cli, codepush_server, codepush_device):  # noqa: ARG001 - the app must be there
    """Give a function that makes a phone of the app's Staging deployment."""

    def make(app_version="1.2.3", **settings):
        with codepush_server.client() as code_push:
            key = code_push.get_deployment("App", "Staging").key
        return codepush_device(deployment_key=key, app_version=app_version, **settings)

    return make


def run(phone):
    """Let a phone take what there is, and return its bundle's content and all its files."""
    phone.sync()
    running = phone.restart()
    folder = running.bundle.parent
    return running.bundle.read_text(), sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )


def test_android(cli, phone):
    """An Android app goes from its folder to a phone, compiled, for the version in its build script."""
    told = cli.run("release-react", "App", "android")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(
        'Successfully released an update containing the "CodePush" directory to the "Staging"'
    )
    for said in (
        'Using the target binary version value "1.2.3" from "android/app/build.gradle" (defaultConfig.versionName).',
        "Flavours with versions of their own: paid",
        "Hermes: on (the default of React Native 0.80).",
        "bundling bundle --platform android --dev false --entry-file index.js",
    ):
        assert said in told.stderr
    assert run(phone()) == ("bytecode of android dev=false: hello", ["assets/logo.png", "index.android.bundle"])


def test_ios(cli, phone):
    """An iOS app, as plain JavaScript, for the version in its property list."""
    released = cli.json("release-react", "App", "ios", "--no-use-hermes", "-m", "-des", "Two\\nlines", "-r", "50%")
    assert (released["appVersion"], released["isMandatory"], released["rollout"]) == ("3.4.5", True, 50)
    assert released["description"] == "Two\nlines"
    cli.text("patch", "App", "Staging", "-r", "100")
    assert run(phone("3.4.5", bundle_name="main.jsbundle")) == (
        "ios dev=false: hello",
        ["assets/logo.png", "main.jsbundle"],
    )


def test_older_spellings(cli):
    """Every option of the older tools is understood, in their spellings."""
    write_files(
        cli.folder, {"src/main.js": "main", "other/build.gradle": 'android.defaultConfig.versionName = "9.0.0"'}
    )
    words = "--bundleName b.js --development --entryFile src/main.js --gradleFile other --outputDir out"
    words += (
        " --sourcemapOutput maps --useHermes --extraHermesFlags=-O -hf -g --podFile x --plistFile x -pre y -xp z -xt t"
    )
    words += " --deploymentName Production --disabled true -m false --noDuplicateReleaseError -r 25"
    released = cli.json("release-react", "App", "android", *words.split())
    assert (released["appVersion"], released["isDisabled"], released["rollout"]) == ("9.0.0", True, 25)
    assert (cli.folder / "out/CodePush/b.js").read_text() == "bytecode of android dev=true: main"
    assert json.loads((cli.folder / "maps/b.js.map").read_text())["compiler"]
    app_center = "-a App --target-binary-version 1.x --extra-bundler-option --reset-cache --sourcemap-output-dir maps2"
    app_center += " --extra-hermes-flag -O -d Staging --disable-duplicate-release-error -c Release"
    told = cli.run("release-react", "android", *app_center.split())
    assert told.returncode == 0, told.stderr
    assert "--reset-cache" in told.stderr
    assert (cli.folder / "maps2/index.android.bundle.map").is_file()


def test_platform_of_app(cli):
    """An app that was added for one platform need not be told it again, and a project file may name the app."""
    cli.text("app", "add", "Phone", "ios", "react-native")
    assert cli.json("release-react", "-a", "Phone")["appVersion"] == "3.4.5"
    write_files(cli.folder, {".codepush.toml": 'app = "App"\ndeployment = "Production"\n'})
    assert cli.json("release-react", "android", "--gradle-flavor", "paid")["appVersion"] == "2.0.0"
    assert cli.json("deployment", "history", "App", "Production")[0]["label"] == "v1"
    code, said = cli.fails("release-react")
    assert code == 2
    assert "Add the platform: android, ios or windows" in said


def test_signed(cli, phone, tmp_path):
    """A signed update runs on a phone that takes nothing else."""
    private, public = make_key_pair(tmp_path)
    cli.text("release-react", "App", "android", "-k", private)
    content, files = run(phone(public_key=read_public_key(public)))
    assert content.startswith("bytecode")
    assert ".codepushrelease" in files


def test_unusable_key(cli, tmp_path):
    """What is wrong with the key is told before anything is built."""
    code, said = cli.fails("release-react", "App", "android", "-k", tmp_path / "nothing.pem")
    assert code == 2
    assert "nothing.pem" in said
    assert "bundling" not in said


def test_source_map(cli):
    """The source map leads from bytecode to sources, lies where it was asked for, and is not released."""
    cli.text("release-react", "App", "android", "-s", "maps/app.map")
    assert json.loads((cli.folder / "maps/app.map").read_text()) == {
        "version": 3, "sources": ["index.js"], "packager": True, "compiler": True,
    }  # fmt: skip
    told = cli.run("release-react", "App", "ios", "-o", "out", "-s", "out/CodePush/app.map")
    assert "it contains the app's sources" in told.stderr


def test_verified(cli):
    """A release is tried on phones that look for the very bundle that was made, whatever the app's record says."""
    assert not cli.json("release-react", "App", "ios", "--verify").get("isDisabled")
    assert not cli.json("release-react", "App", "android", "--verify", "-b", "my.bundle").get("isDisabled")


def test_dry_run(cli):
    """A dry run builds and tells what would happen; nothing is released."""
    told = cli.json("release-react", "App", "android", "--dry-run", "-o", "out")
    assert (told["dryRun"], told["release"]["label"], told["release"]["appVersion"]) == (True, "v1", "1.2.3")
    assert cli.json("deployment", "history", "App", "Staging") == []
    released = cli.json("release-react", "App", "android")
    assert released["packageHash"] == told["release"]["packageHash"]
    assert (cli.folder / "out/CodePush/index.android.bundle").is_file()


def test_output_folder(cli):
    """What a person keeps in the output folder is not removed unless they agree."""
    write_files(cli.folder, {"out/CodePush/diary.txt": "dear"})
    code, said = cli.fails("release-react", "App", "android", "-o", "out")
    assert code == 2
    assert "not empty" in said
    assert (cli.folder / "out/CodePush/diary.txt").exists()
    cli.text("release-react", "App", "android", "-o", "out", "--yes")
    assert not (cli.folder / "out/CodePush/diary.txt").exists()
    cli.text("release-react", "App", "ios", "-o", "out/CodePush", "-b", "index.android.bundle")


def test_unattended(cli):
    """The bundler is told that nobody watches, unless the person says otherwise."""
    assert "(CI=1)" in cli.run("release-react", "App", "android").stderr
    assert "(CI=false)" in cli.run("release-react", "App", "ios", CI="false").stderr


def test_failing_bundler(cli):
    """When the bundler fails, its command and exit code are told, and nothing is released."""
    code, said = cli.fails("release-react", "App", "android", "--extra-bundler-option", "--fail")
    assert code == 12
    assert "ended with exit code 7: " in said
    assert "cli.js bundle --platform android" in said
    assert cli.json("deployment", "history", "App", "Staging") == []


@pytest.mark.parametrize(
    ("words", "files", "code", "told"),
    [
        (["App", "tv"], {}, 2, '"tv" is an unsupported platform. Available options are "android", "ios", "windows"'),
        (["App", "windows"], {}, 12, "Package.appxmanifest"),
        (["Nothing", "android"], {}, 6, "does not exist"),
        (["App", "android", "-d", "Nothing"], {}, 6, "does not exist"),
        (["App", "android", "-e", "nothing.js"], {}, 12, "--entry-file"),
        (["App", "android", "-t", "one"], {}, 2, "semver-compliant"),
        (["App", "ios", "-c", "metro.js"], {}, 2, "--config for Metro's configuration"),
        (["App", "android"], {"android/app/build.gradle": "android { }"}, 12, "--target-binary-version"),
        (["App", "android"], {SCRIPT: 'android.defaultConfig.versionName = "2.01"'}, 12, "leading zeros"),
        (["App", "android"], {SCRIPT: 'android.defaultConfig.versionName = f() ?: "1.0"'}, 12, 'build.gradle", line 1'),
        (["App", "android"], {SCRIPT: f"{VERSION}\nproject.ext.react = [enableHermes: f()]"}, 12, "--no-use-hermes"),
        (["App", "android"], {SCRIPT: f'{VERSION}\nreact {{ hermesCommand = "a/b" }}'}, 12, "hermesCommand"),
        (["App", "android"], {SCRIPT: f'{VERSION}\nreact {{ bundleCommand = "x" }}'}, 12, "--bundler react-native"),
        (["App", "android"], {"package.json": {"name": "a"}}, 12, "does not depend on react-native"),
        (["App", "android"], {"node_modules/react-native/cli.js": "throw new Error('no')"}, 12, "exit code 1"),
        (["App", "android"], {"node_modules/react-native/cli.js": ""}, 12, "wrote no"),
    ],
)
def test_mistakes(cli, words, files, code, told):
    """What goes wrong is a sentence and an exit code, the same in a dry run, and releases nothing."""
    write_files(cli.folder, files)
    for more in ([], ["--dry-run"]):
        ended, said = cli.fails("release-react", *words, *more)
        assert (ended, told in said) == (code, True), said
    assert cli.json("deployment", "history", "App", "Staging") == []


def test_duplicate(cli):
    """The same app again is refused, or only a warning where that is wanted."""
    cli.text("release-react", "App", "android")
    assert cli.fails("release-react", "App", "android")[0] == 7
    assert cli.run("release-react", "App", "android", "--no-duplicate-release-error").returncode == 0


def test_at_the_same_time(cli):
    """Releases made at the same time do not get into each other's way."""
    started = [
        subprocess.Popen(
            [COMMAND, "release-react", "App", platform, "-d", deployment],
            cwd=cli.folder, env=cli.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for platform, deployment in (("android", "Staging"), ("ios", "Production"))
    ]  # fmt: skip
    ended = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], ended
    assert cli.json("deployment", "history", "App", "Staging")[0]["appVersion"] == "1.2.3"
    assert cli.json("deployment", "history", "App", "Production")[0]["appVersion"] == "3.4.5"

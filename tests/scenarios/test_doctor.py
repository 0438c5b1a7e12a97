"""``codepush init`` and ``codepush doctor``: a repository is set up, and what does not fit together is found."""

import json
import plistlib
import shutil

import pytest

from codepush.testing import live_server
from support.commands import CommandLine
from support.keys import make_key_pair
from support.packages import make_bundle
from support.projects import install_package, write_files

GRADLE = """
android {
    defaultConfig { versionName "1.2.0" }
    buildTypes { release { resValue "string", "CodePushDeploymentKey", '"RELEASE_KEY"' } }
}
"""
MAIN_APPLICATION = "override fun getJSBundleFile(): String = CodePush.getJSBundleFile()"


@pytest.fixture
def cli(codepush_server, tmp_path):
    return CommandLine(
        tmp_path, CODEPUSH_SERVER_URL=codepush_server.url, CODEPUSH_ACCESS_KEY=codepush_server.access_key
    )


@pytest.fixture
def keys(codepush_server):
    """Add an app and give the keys of its deployments."""
    with codepush_server.client() as client:
        client.add_app("App", os="Android", platform="React-Native")
        return {one.name: one.key for one in client.get_deployments("App")}


@pytest.fixture
def app(cli, keys, codepush_server):
    """Write the project of a React Native app that is wired as it should be."""
    strings = (
        f'<resources><string moduleConfig="true" name="CodePushDeploymentKey">{keys["Staging"]}</string>'
        f'<string moduleConfig="true" name="CodePushServerUrl">{codepush_server.url}/</string></resources>'
    )
    plist = {
        "CFBundleShortVersionString": "1.2.0",
        "CodePushDeploymentKey": keys["Production"],
        "CodePushServerURL": codepush_server.url,
    }
    files = {
        "package.json": {"name": "App", "dependencies": {"react-native": "0.69.0", "react-native-code-push": "^9.0.0"}},
        "index.js": "",
        "android/app/build.gradle": GRADLE.replace("RELEASE_KEY", keys["Production"]),
        "android/app/src/main/res/values/strings.xml": strings,
        "android/app/src/main/java/app/MainApplication.kt": MAIN_APPLICATION,
        "ios/App/Info.plist": plistlib.dumps(plist).decode(),
        "ios/App/AppDelegate.swift": "override func bundleURL() -> URL? { CodePush.bundleURL() }",
    }
    write_files(cli.folder, files)
    install_package(cli.folder, "react-native", "0.69.0")
    install_package(cli.folder, "react-native-code-push", "9.0.1")
    return cli.folder


def examined(cli, **environment):
    """Return the exit code and what was found, by subject."""
    done = cli.run("doctor", "--json", **environment)
    assert "Traceback" not in done.stderr, done.stderr
    findings = {}
    for one in json.loads(done.stdout):
        findings.setdefault(one["subject"], []).append(one)
    return done.returncode, findings


def verdicts(findings, subject):
    return [one["verdict"] for one in findings[subject]]


@pytest.mark.usefixtures("keys")
def test_init_writes_the_project_file(cli, codepush_server):
    """With one app nobody is asked; commands then need no names."""
    made = cli.json("init")
    assert made["project"] == {"server": codepush_server.url, "app": "App", "deployment": "Staging"}
    text = (cli.folder / ".codepush.toml").read_text()
    assert f'server = "{codepush_server.url}"' in text
    bundle = make_bundle(cli.folder)
    assert cli.json("release", bundle, "1.0.0")["label"] == "v1"


@pytest.mark.usefixtures("keys")
def test_init_refuses_what_is_not_there(cli, codepush_server):
    """An app or deployment that does not exist is told, and nothing is written; so is a choice nobody can make."""
    assert cli.fails("init", "-a", "Nothing")[0] == 6
    code, said = cli.fails("init", "-a", "App", "-d", "Canary")
    assert (code, "It has: Production, Staging." in said) == (6, True)
    with codepush_server.client() as client:
        client.add_app("Other")
    code, said = cli.fails("init")
    assert (code, "Add --app with one of: App, Other." in said) == (2, True)
    assert not (cli.folder / ".codepush.toml").exists()


@pytest.mark.usefixtures("keys")
def test_init_overwrites_only_when_told(cli):
    """A project file that is there stays, unless --yes is given."""
    cli.text("init")
    (cli.folder / ".codepush.toml").write_text('app = "Mine"\n')
    assert cli.fails("init", "-a", "App")[0] == 2
    assert (cli.folder / ".codepush.toml").read_text() == 'app = "Mine"\n'
    cli.text("init", "-a", "App", "--yes")
    assert 'app = "App"' in (cli.folder / ".codepush.toml").read_text()


@pytest.mark.usefixtures("app")
def test_an_app_that_is_wired_well(cli):
    """Everything is found and fits; each flavour's key is told apart."""
    cli.text("init", "-a", "App")
    code, findings = examined(cli)
    assert code == 0, [one for some in findings.values() for one in some if one["verdict"] == "error"]
    wrong = [one for some in findings.values() for one in some if one["verdict"] not in {"ok", "warning"}]
    assert {one["subject"] for one in wrong} <= {"downloads", "android Hermes", "ios Hermes"}  # nothing is released yet
    assert verdicts(findings, "android deployment key") == ["ok", "ok"]
    assert [one["found"].rsplit(": ")[-1] for one in findings["android deployment key"]] == [
        "the key of Staging.", "the key of Production.",
    ]  # fmt: skip
    assert findings["client"][0]["found"] == "react-native-code-push 9.0.1 (node_modules)."
    for subject in ("client", "server", "login", "app", "ios code", "android code", "android version"):
        assert verdicts(findings, subject) == ["ok"], subject
    for platform in ("android", "ios"):
        [server] = findings[f"{platform} server"]
        assert (server["verdict"], "leads each device to itself" in server["found"]) == ("warning", True)
    assert "Errors: 0. Warnings: 2." in cli.run("doctor").stderr


def test_an_app_that_asks_another_server(cli, app, codepush_server):
    """An app and commands with different addresses may mean the same server, so it is a warning."""
    cli.text("init", "-a", "App")
    public = codepush_server.url.replace("http://127.0.0.1", "https://codepush.invalid")
    for path in ("android/app/src/main/res/values/strings.xml", "ios/App/Info.plist"):
        file = app / path
        file.write_text(file.read_text().replace(codepush_server.url, public))
    _, findings = examined(cli)
    assert verdicts(findings, "ios server") == ["warning"]
    assert f"but commands here use {codepush_server.url}" in findings["android server"][0]["found"]


def test_an_app_of_its_own_for_each_platform(cli, app, codepush_server, keys):
    """A key of another app on the server may be meant, so it is a warning; one that the server has not is an error."""
    cli.text("init", "-a", "App")
    with codepush_server.client() as client:
        client.add_app("App-iOS", os="iOS", platform="React-Native")
        other = client.get_deployment("App-iOS", "Staging").key
    plist = app / "ios/App/Info.plist"
    plist.write_text(plist.read_text().replace(keys["Production"], other))
    code, findings = examined(cli)
    assert (code, verdicts(findings, "ios deployment key")) == (0, ["warning"])
    assert "belongs to another app on this server" in findings["ios deployment key"][0]["found"]
    plist.write_text(plist.read_text().replace(other, "of-no-deployment"))
    code, findings = examined(cli)
    assert (code, verdicts(findings, "ios deployment key")) == (1, ["error"])


def test_an_app_that_still_asks_app_center(cli, app):
    """What is missing or foreign is named with what to do: server, key, code, and a release that phones cannot take."""
    cli.text("init", "-a", "App")
    (app / "android/app/src/main/res/values/strings.xml").write_text(
        '<resources><string name="CodePushDeploymentKey">a-key-of-app-center</string></resources>'
    )
    (app / "android/app/src/main/java/app/MainApplication.kt").write_text("class MainApplication")
    cli.text("release", make_bundle(cli.folder), "^2.0.0")
    code, findings = examined(cli)
    assert code == 1
    assert verdicts(findings, "android server") == ["error"]
    assert "closed on 2025-03-31" in findings["android server"][0]["found"]
    assert "CodePushServerUrl" in findings["android server"][0]["advice"]
    assert "error" in verdicts(findings, "android deployment key")
    assert verdicts(findings, "android code") == ["warning"]
    assert verdicts(findings, "android version") == ["warning"]
    assert "v1 is for ^2.0.0" in findings["android version"][0]["found"]


def test_keys_of_signed_releases(cli, app, tmp_path):
    """A public key that fits the signing key is told from one that does not, line breaks lost or not."""
    private, public = make_key_pair(tmp_path)
    other, _ = make_key_pair(tmp_path, "other")
    strings = app / "android/app/src/main/res/values/strings.xml"
    told = public.read_text().replace("\n", " ")
    strings.write_text(
        strings.read_text().replace("</resources>", f'<string name="CodePushPublicKey">{told}</string></resources>')
    )
    for key, verdict in ((private, "ok"), (other, "error")):
        cli.text("init", "-a", "App", "-k", key, "--yes")
        assert verdicts(examined(cli)[1], "android public key") == [verdict]
    assert verdicts(examined(cli)[1], "ios public key") == ["warning"]


def test_a_cordova_app(cli, codepush_server, keys):
    """A Cordova app's preferences are looked at for each platform."""
    write_files(
        cli.folder,
        {
            "config.xml": f"""<widget xmlns="http://www.w3.org/ns/widgets" version="1.0.0">
                <platform name="android">
                  <preference name="CodePushDeploymentKey" value="{keys["Staging"]}"/>
                  <preference name="CodePushServerUrl" value="{codepush_server.url}"/>
                </platform>
                <platform name="ios"><preference name="CodePushDeploymentKey" value="wrong"/></platform></widget>"""
        },
    )
    cli.text("init", "-a", "App")
    _, findings = examined(cli)
    assert verdicts(findings, "android deployment key") == ["ok"]
    assert verdicts(findings, "ios deployment key") == ["error"]
    assert verdicts(findings, "ios server") == ["error"]


def test_nothing_to_look_at(cli):
    """Without project, app and server each is told in a sentence."""
    code, findings = examined(cli, CODEPUSH_SERVER_URL="http://127.0.0.1:9")
    assert code == 1
    assert verdicts(findings, "server") == ["error"]
    assert "does not respond" in findings["server"][0]["found"]
    assert verdicts(findings, "project file") == ["warning"]
    assert verdicts(findings, "app project") == ["skipped"]


def test_a_client_with_names_of_its_own(cli, app, keys, codepush_server):
    """AppZung's settings are read under its own names, advice has them, and Microsoft's names are a fault."""
    cli.text("init", "-a", "App")
    package = json.loads((app / "package.json").read_text())
    package["dependencies"] = {"react-native": "0.69.0", "@appzung/react-native-code-push": "^11.0.0"}
    write_files(app, {"package.json": package})
    install_package(app, "@appzung/react-native-code-push", "11.0.4")
    code, findings = examined(cli)
    assert code == 1
    assert findings["client"][0]["found"] == "@appzung/react-native-code-push 11.0.4 (node_modules)."
    assert "does not read CodePushDeploymentKey" in findings["android settings"][0]["found"]
    assert findings["android settings"][0]["advice"] == "Rename it to CodePushReleaseChannelPublicId."
    assert "CodePushReleaseChannelPublicId in Info.plist" in findings["ios deployment key"][0]["advice"]
    plist = {"CodePushReleaseChannelPublicId": keys["Production"], "CodePushServerUrl": codepush_server.url}
    strings = (
        f'<resources><string name="CodePushReleaseChannelPublicId">{keys["Staging"]}</string>'
        f'<string name="CodePushServerURL">{codepush_server.url}</string></resources>'
    )
    write_files(
        app,
        {
            "android/app/build.gradle": 'android { defaultConfig { versionName "1.2.0" } }',
            "android/app/src/main/res/values/strings.xml": strings,
            "android/app/src/main/java/app/MainApplication.kt": "class MainApplication",
            "ios/App/Info.plist": plistlib.dumps({"CFBundleShortVersionString": "1.2.0"} | plist).decode(),
        },
    )
    code, findings = examined(cli)
    assert "android settings" not in findings
    for platform in ("android", "ios"):
        assert verdicts(findings, f"{platform} deployment key") == ["ok"]
        assert "leads each device to itself" in findings[f"{platform} server"][0]["found"]  # and it was read
    assert "import com.appzung.codepush.react.CodePush" in findings["android code"][0]["advice"]


def test_a_setting_that_is_misspelt(cli, app):
    """A name in the wrong letter case is ignored by the client without a message, so it is a fault here."""
    cli.text("init", "-a", "App")
    strings = app / "android/app/src/main/res/values/strings.xml"
    strings.write_text(strings.read_text().replace("CodePushServerUrl", "CodePushServerURL"))
    code, findings = examined(cli)
    assert code == 1
    assert "does not read CodePushServerURL" in findings["android settings"][0]["found"]
    assert findings["android settings"][0]["advice"] == "Rename it to CodePushServerUrl."
    assert verdicts(findings, "android server") == ["error"]


def test_a_capacitor_app(cli, codepush_server, keys):
    """A Capacitor app's configuration is looked at for each platform, under the names of its client."""
    plugin = {"SERVER_URL": codepush_server.url, "ANDROID_DEPLOY_KEY": keys["Staging"], "IOS_PUBLIC_KEY": "x"}
    write_files(
        cli.folder,
        {
            "package.json": {"name": "app", "dependencies": {"cap-codepush": "^3.0.0", "@capacitor/core": "6.0.0"}},
            "capacitor.config.json": {"appId": "test.app", "plugins": {"CodePush": plugin}},
        },
    )
    cli.text("init", "-a", "App")
    _, findings = examined(cli)
    assert findings["client"][0]["found"] == "cap-codepush ^3.0.0 (package.json)."
    assert verdicts(findings, "android deployment key") == ["ok"]
    assert "leads each device to itself" in findings["ios server"][0]["found"]  # and it was read
    assert verdicts(findings, "ios deployment key") == ["warning"]
    assert "IOS_DEPLOY_KEY in plugins.CodePush" in findings["ios deployment key"][0]["advice"]
    assert verdicts(findings, "ios public key") == ["warning"]


def test_an_app_of_another_owner(cli, codepush_server):
    """An app that is shared by its owner is best named in full, so that no second one of its name gets in the way."""
    with codepush_server.client(codepush_server.add_account("ci@example.test")) as ci:
        ci.add_app("Shared")
        ci.add_collaborator("Shared", "owner@example.test")
    cli.text("init", "-a", "Shared")
    _, findings = examined(cli)
    assert verdicts(findings, "app name") == ["warning"]
    assert findings["app name"][0]["advice"].endswith('CI jobs: "ci@example.test:Shared".')
    (cli.folder / ".codepush.toml").unlink()
    cli.text("init", "-a", "ci@example.test:Shared")
    _, findings = examined(cli)
    assert "app name" not in findings


def test_an_app_without_a_client(cli, app):
    """An app that depends on no client, or on one of another protocol, is told so."""
    cli.text("init", "-a", "App")
    package = {"name": "App", "dependencies": {"react-native": "0.69.0"}}
    write_files(app, {"package.json": package})
    assert verdicts(examined(cli)[1], "client") == ["warning"]
    package["dependencies"]["@hot-updater/react-native"] = "1.0.0"
    write_files(app, {"package.json": package})
    assert verdicts(examined(cli)[1], "client") == ["error"]


def test_an_app_without_native_projects(cli, app):
    """Nothing in an Expo app shows the settings before they are generated, so silence would be no good sign."""
    cli.text("init", "-a", "App")
    for platform in ("android", "ios"):
        shutil.rmtree(app / platform)
    code, findings = examined(cli)
    assert (code, verdicts(findings, "app project")) == (0, ["warning"])
    assert "npx expo prebuild" in findings["app project"][0]["advice"]


@pytest.mark.parametrize(
    ("public_url", "verdict", "reason"),
    [
        ("http://0.0.0.0:3000", "ok", "Devices download from"),  # the server names the host of the request instead
        ("http://127.0.0.1:9", "error", "does not respond"),
        (None, "ok", "Devices download from"),
    ],
)
def test_the_address_of_downloads(tmp_path, public_url, verdict, reason):
    """The address in an update check is looked at, and the download begun; what devices cannot reach is a fault."""
    settings = {} if public_url is None else {"public_url": public_url}
    with live_server(tmp_path / "server", **settings) as server:
        cli = CommandLine(tmp_path, CODEPUSH_SERVER_URL=server.url, CODEPUSH_ACCESS_KEY=server.access_key)
        cli.text("app", "add", "App")
        cli.text("init", "-a", "App")
        assert verdicts(examined(cli)[1], "downloads") == ["skipped"]
        cli.text("release", make_bundle(cli.folder), "^1.2.0")
        _, findings = examined(cli)
        assert verdicts(findings, "downloads") == [verdict]
        assert reason in findings["downloads"][0]["found"]
        if verdict == "error":
            assert "--public-url" in findings["downloads"][0]["advice"]
        assert cli.json("deployment", "history", "App", "Staging")[0].get("metrics") is None  # no device was counted

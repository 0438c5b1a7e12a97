"""Which client package an app uses, in which version, and under which names that client reads its settings."""

import pytest

from codepush.projects.clients import default_client, foreign_client, installed_client
from codepush.projects.wiring import capacitor_configuration, capacitor_wiring
from support.projects import install_package, write_files

APPZUNG = "@appzung/react-native-code-push"
CAPACITOR = default_client("cap-codepush")


def depend(root, **packages):
    write_files(root, {"package.json": {"name": "hello", "dependencies": packages}})


@pytest.mark.parametrize(
    ("package", "version", "android", "ios"),
    [
        ("react-native-code-push", "9.0.1", "CodePushServerUrl", "CodePushServerURL"),
        ("@code-push-next/react-native-code-push", "10.4.2", "CodePushServerUrl", "CodePushServerURL"),
        ("@revopush/react-native-code-push", "1.6.0", "CodePushServerUrl", "CodePushServerURL"),
        ("@bitrise/code-push-sdk", "1.0.0", "CodePushServerUrl", "CodePushServerURL"),
        ("@srcpush/react-native-code-push", "1.2.0", "CodePushServerUrl", "CodePushServerURL"),
        ("cordova-plugin-code-push", "2.0.0", "CodePushServerUrl", "CodePushServerUrl"),
        ("cap-codepush", "3.0.0", "SERVER_URL", "SERVER_URL"),
    ],
)
def test_clients(tmp_path, package, version, android, ios):
    """Each client is known by its package, with the version that is installed."""
    depend(tmp_path, **{package: "*"})
    install_package(tmp_path, package, version)
    found = installed_client(tmp_path)
    assert (found.client.package, found.version, found.source) == (package, version, "node_modules")
    names = found.client.names
    assert (names["android"].server_url[0], names["ios"].server_url[0]) == (android, ios)


@pytest.mark.parametrize(
    ("version", "key"),
    [
        ("8.3.2", "CodePushDeploymentKey"),
        ("10.0.0", "CodePushReleaseChannelPublicId"),
        ("11.0.4", "CodePushReleaseChannelPublicId"),
        ("^11.0.0", "CodePushReleaseChannelPublicId"),
        ("latest", "CodePushReleaseChannelPublicId"),
    ],
)
def test_a_client_that_renamed_its_settings(tmp_path, version, key):
    """AppZung's client has names of its own since version 10; a version that is not known counts as new."""
    depend(tmp_path, **{APPZUNG: version})
    found = installed_client(tmp_path)
    assert (found.version, found.source) == (version, "package.json")
    assert found.client.names["android"].deployment_key == (key,)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("package-lock.json", '{"packages": {"node_modules/%s": {\n"version": "8.3.2", "resolved": ""}}}'),
        ("yarn.lock", '"%s@^8.0.0":\n  version "8.3.2"\n  resolved ""\n'),
        ("yarn.lock", '"%s@npm:^8.0.0":\n  version: 8.3.2\n'),
        ("pnpm-lock.yaml", "packages:\n\n  '%s@8.3.2':\n    resolution: {}\n"),
        ("pnpm-lock.yaml", "packages:\n\n  /%s@8.3.2(react@18):\n    resolution: {}\n"),
    ],
)
def test_versions_of_lock_files(tmp_path, file, content):
    """Where packages are not installed, the lock file has the version."""
    depend(tmp_path, **{APPZUNG: ">=8"})
    write_files(tmp_path, {file: content % APPZUNG})
    found = installed_client(tmp_path)
    assert found.version == "8.3.2"
    assert found.source.endswith(file)


def test_apps_without_a_client(tmp_path):
    """An app that depends on none has none, and one with another protocol's client is known by it."""
    assert installed_client(tmp_path) is None
    depend(tmp_path, **{"react-native": "0.80.0"})
    assert installed_client(tmp_path) is None
    assert foreign_client(tmp_path) is None
    depend(tmp_path, **{"@hot-updater/react-native": "1.0.0"})
    assert foreign_client(tmp_path) == "@hot-updater/react-native"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("capacitor.config.json", '{"plugins": {"CodePush": {"IOS_DEPLOY_KEY": "i", "SERVER_URL": "https://x.test"}}}'),
        (
            "capacitor.config.ts",
            (
                "const config = {\n  plugins: { CodePush: {\n    IOS_DEPLOY_KEY: 'i', // IOS_DEPLOY_KEY: 'old'\n"
                "    SERVER_URL: `https://x.test`,\n  } },\n};\nexport default config;"
            ),
        ),
        ("capacitor.config.js", 'module.exports = {"SERVER_URL": "https://x.test", "IOS_DEPLOY_KEY": "i"}'),
    ],
)
def test_forms_of_a_capacitor_configuration(tmp_path, file, content):
    """JSON, TypeScript and JavaScript are read; each platform has a key of its own."""
    write_files(tmp_path, {file: content})
    path = capacitor_configuration(tmp_path)
    ios = capacitor_wiring(path, CAPACITOR, "ios")
    assert [one.value for one in ios.values("deployment_key")] == ["i"]
    assert [one.value for one in ios.values("server_url")] == ["https://x.test"]
    assert capacitor_wiring(path, CAPACITOR, "android").values("deployment_key") == []


def test_values_that_a_script_computes(tmp_path):
    """An expression is no value: it is filled in when the app is built."""
    write_files(tmp_path, {"capacitor.config.ts": "export default { ANDROID_DEPLOY_KEY: process.env.KEY, x: 1 }"})
    wiring = capacitor_wiring(capacitor_configuration(tmp_path), CAPACITOR, "android")
    (found,) = wiring.values("deployment_key")
    assert not found.is_literal

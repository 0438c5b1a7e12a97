"""A React Native project to look at."""

import pytest

from codepush.projects.react_native import ReactNativeProject
from support.projects import install_package, write_files


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Give an empty folder, which is the working directory too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADLE_USER_HOME", str(tmp_path / "home"))
    names = ("USE_HERMES", "USE_THIRD_PARTY_JSC", "REACT_NATIVE_OVERRIDE_HERMES_DIR", "HERMES_CLI_PATH")
    for name in (*names, "CODE_PUSH_NODE_ARGS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def project(root):
    """Give a function that makes a React Native project: React Native's version, more dependencies, files by path."""

    def make(version="0.80.3", files=None, **dependencies):
        package = {"name": "hello", "version": "1.2.3", "dependencies": {"react-native": version, **dependencies}}
        write_files(root, {"package.json": package, "index.js": "", **(files or {})})
        install_package(root, "react-native", version, {"cli.js": "", "scripts/compose-source-maps.js": ""})
        return ReactNativeProject.open(root)

    return make

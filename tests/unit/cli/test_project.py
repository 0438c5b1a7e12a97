"""The project file: where it is found, and what is wrong with it."""

import pytest

from codepush import ConfigurationError
from codepush.cli.project import Project, find_project


def test_found_upwards(tmp_path):
    """The nearest file counts, from any folder below it; paths in it are relative to it."""
    file = tmp_path / ".codepush.toml"
    file.write_text('server = "https://push.example.com"\napp = "App"\nprivate-key-path = "keys/private.pem"\n')
    folder = tmp_path / "android" / "app"
    folder.mkdir(parents=True)
    assert find_project(folder) == Project(
        path=file,
        server="https://push.example.com",
        app="App",
        private_key_path=tmp_path / "keys" / "private.pem",
    )


def test_table_in_pyproject(tmp_path):
    """The table of a ``pyproject.toml`` does as well; one without it is passed over."""
    (tmp_path / "pyproject.toml").write_text('[tool.codepush]\napp = "App"\n')
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text('[project]\nname = "other"\n')
    assert find_project(inner).app == "App"
    (inner / ".codepush.toml").write_text('app = "Nearer"\n')
    assert find_project(inner).app == "Nearer"


def test_not_above_the_repository(tmp_path):
    """A file above the repository is somebody else's."""
    (tmp_path / ".codepush.toml").write_text('app = "App"\n')
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    assert find_project(repository) == Project()


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        (".codepush.toml", "ap = 'App'", "unknown key 'ap'. Did you mean 'app'?"),
        (".codepush.toml", "privateKeyPath = 'x'", "unknown key 'privateKeyPath'"),
        (".codepush.toml", "colour = 'red'", "unknown key 'colour'. Known keys: server, app"),
        (".codepush.toml", "app = 1", "'app' must be a"),
        (".codepush.toml", "app = ''", "'app' must be a non-empty string"),
        (".codepush.toml", "app = ", "is not valid TOML"),
        (".codepush.toml", b"app = '\xff'", "cannot be read"),
        ("pyproject.toml", "[tool]\ncodepush = 1", "tool.codepush must be a table"),
    ],
)
def test_mistakes(tmp_path, name, text, sentence):
    """A mistake in the file is told with the file's name."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as raised:
        find_project(tmp_path)
    assert sentence in raised.value.message
    assert str(path) in raised.value.message

"""Settings, from the environment to the page that documents them."""

from pathlib import Path

import pytest

from codepush.errors import ConfigurationError
from codepush.server.settings import SETTINGS, Settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "server.md"


@pytest.mark.parametrize("name", ["upload_limit_mb", "compression_level", "diff_count", "log_level", "log_format"])
def test_defaults_are_documented(name):
    """The page for operators gives the variable with the default that the server has."""
    row = f"| `{SETTINGS[name].variable}` | `{getattr(Settings.load({}, {}), name)}` |"
    assert row in DOCUMENT.read_text()


def test_every_variable_is_documented():
    """The generated table has a row for each setting, with the summary that the field carries."""
    lines = DOCUMENT.read_text().splitlines()
    for setting in SETTINGS.values():
        assert any(line.startswith(f"| `{setting.variable}` |") and setting.summary in line for line in lines)


def test_settings_survive_the_environment(tmp_path):
    """Worker processes read from the environment what the first process was started with."""
    flags = {"data": tmp_path, "metrics": "off", "operations_port": 9, "trusted_proxies": "2", "log_level": "DEBUG"}
    settings = Settings.load(flags, {"CODEPUSH_OIDC_ISSUER": ""})
    assert Settings.load({}, settings.environment) == settings


def test_flags_take_precedence():
    """A flag that is not given leaves the variable in effect; one that is given replaces it."""
    environment = {"CODEPUSH_DATA": "/srv/a", "CODEPUSH_PUBLIC_URL": "https://a.example.com/"}
    settings = Settings.load({"data": None, "public_url": "https://b.example.com"}, environment)
    assert (settings.data, settings.public_url) == (Path("/srv/a"), "https://b.example.com")
    assert settings.download_url == settings.public_url


def test_an_unknown_setting_is_rejected():
    """A misspelt name would otherwise leave the default in effect."""
    with pytest.raises(TypeError, match="upload_limit"):
        Settings.load({"upload_limit": 5}, {})


@pytest.mark.parametrize("name", [name for name, setting in SETTINGS.items() if setting.formerly])
def test_former_names_are_rejected(name):
    """A variable under its former name would otherwise have no effect."""
    setting = SETTINGS[name]
    with pytest.raises(ConfigurationError, match=f"{setting.formerly} has been renamed. Set {setting.variable}"):
        Settings.load({}, {setting.formerly: "5"})


def test_packing_and_diffs_are_set_in_the_environment():
    """The variables count, down to no diffs at all."""
    settings = Settings.load({}, {"CODEPUSH_COMPRESSION_LEVEL": "12", "CODEPUSH_DIFF_COUNT": "0"})
    assert (settings.compression_level, settings.diff_count) == (12, 0)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("CODEPUSH_COMPRESSION_LEVEL", "0", "from 1 to 12"),
        ("CODEPUSH_COMPRESSION_LEVEL", "13", "from 1 to 12"),
        ("CODEPUSH_COMPRESSION_LEVEL", "best", "from 1 to 12"),
        ("CODEPUSH_DIFF_COUNT", "-1", "of at least 0"),
    ],
)
def test_values_that_cannot_be(variable, value, sentence):
    """The error names the variable and says what it takes."""
    with pytest.raises(ConfigurationError, match=f"{variable}: '{value}' is not a whole number {sentence}"):
        Settings.load({}, {variable: value})


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("CODEPUSH_STORAGE_URL", "s3://KEY:hush@bucket", "not contain a user or password"),
        ("CODEPUSH_STORAGE_URL", "ftp://somewhere/else", "not a storage URL"),
        ("CODEPUSH_REDIRECT_DOWNLOADS", "perhaps", "neither on nor off"),
        ("CODEPUSH_ACCEL_REDIRECT", "archives", "not a location of nginx"),
        ("CODEPUSH_ACCEL_REDIRECT", "/a b", "not a location of nginx"),
        ("CODEPUSH_TRUSTED_PROXIES", "*", "neither a list of networks"),
        ("CODEPUSH_TRUSTED_PROXIES", "10.0.0.1/8", "neither a list of networks"),
        ("CODEPUSH_TRUSTED_PROXIES", "99", "nor a number of proxies"),
    ],
)
def test_places_that_cannot_be(variable, value, sentence):
    """The error names the variable and shows no password."""
    with pytest.raises(ConfigurationError, match=f"{variable}: .*{sentence}") as caught:
        Settings.load({}, {variable: value})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CODEPUSH_LOG_FORMAT", "xml"), ("CODEPUSH_METRICS", "maybe"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector")],
)
def test_words_that_cannot_be(variable, value):
    """The error names the variable and what it was given."""
    with pytest.raises(ConfigurationError, match=f"{variable}: '{value}'"):
        Settings.load({}, {variable: value})

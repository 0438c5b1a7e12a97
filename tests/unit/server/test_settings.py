"""Settings, from the environment to the page that documents them."""

from pathlib import Path

import pytest

from codepush.errors import ConfigurationError
from codepush.server.settings import ENVIRONMENT, Settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "server.md"


@pytest.mark.parametrize("name", ["upload_limit_mb", "pack_level", "diff_count", "log_level", "log_format"])
def test_defaults_are_documented(name):
    """The page for operators gives the variable with the default that the server has."""
    row = f"| `{ENVIRONMENT[name]}` | `{getattr(Settings.load({}, {}), name)}` |"
    assert row in DOCUMENT.read_text()


def test_packing_and_diffs_are_set_in_the_environment():
    """The variables count, down to no diffs at all."""
    settings = Settings.load({}, {"CODEPUSH_PACK_LEVEL": "12", "CODEPUSH_DIFF_COUNT": "0"})
    assert (settings.pack_level, settings.diff_count) == (12, 0)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("CODEPUSH_PACK_LEVEL", "0", "from 1 to 12"),
        ("CODEPUSH_PACK_LEVEL", "13", "from 1 to 12"),
        ("CODEPUSH_PACK_LEVEL", "best", "from 1 to 12"),
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
        ("CODEPUSH_STORAGE_URL", "s3://KEY:hush@bucket", "holds no user and no password"),
        ("CODEPUSH_STORAGE_URL", "ftp://somewhere/else", "not a place to store archives in"),
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

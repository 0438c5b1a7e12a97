"""The settings for logins: invalid ones are reported before the server starts."""

import pytest

from codepush.errors import ConfigurationError
from codepush.server.settings import Settings

OIDC = {
    "CODEPUSH_OIDC_ISSUER": "https://id.example.com/tenant/",
    "CODEPUSH_OIDC_CLIENT_ID": "an id",
    "CODEPUSH_OIDC_CLIENT_SECRET": "a secret",
}
GITHUB = {"CODEPUSH_GITHUB_CLIENT_ID": "an id", "CODEPUSH_GITHUB_CLIENT_SECRET": "a secret"}


def test_providers_are_read_from_the_environment():
    """The issuer stays as it is, letter for letter; GitHub is the public one unless told."""
    settings = Settings.load({}, OIDC | GITHUB | {"CODEPUSH_ENABLE_REGISTRATION": "on"})
    assert settings.oidc_issuer == "https://id.example.com/tenant/"
    assert settings.github_url == "https://github.com"
    assert settings.enable_registration


def test_without_settings_there_is_no_provider():
    """Nothing is set up, and nobody may register."""
    settings = Settings.load({}, {})
    assert (settings.oidc_issuer, settings.github_client_id, settings.enable_registration) == ("", "", False)


@pytest.mark.parametrize("environment", [OIDC, GITHUB])
def test_half_of_a_provider(environment):
    """Whatever is left out, the sentence names all that belongs together, and no secret."""
    for missing in environment:
        with pytest.raises(ConfigurationError, match="belong together") as caught:
            Settings.load({}, {name: value for name, value in environment.items() if name != missing})
        assert all(name in str(caught.value) for name in environment)
        assert "a secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://id.example.com", "id.example.com", "https://", "https://id.example.com?a=b"])
@pytest.mark.parametrize("variable", ["CODEPUSH_OIDC_ISSUER", "CODEPUSH_GITHUB_URL"])
def test_providers_that_others_could_speak_for(url, variable):
    """A provider is asked over HTTPS, unless it is on this machine."""
    with pytest.raises(ConfigurationError, match=variable):
        Settings.load({}, OIDC | GITHUB | {variable: url})
    assert Settings.load({}, OIDC | GITHUB | {variable: "http://127.0.0.1:8080"})


def test_registration_is_on_or_off():
    """Another word is not guessed at."""
    with pytest.raises(ConfigurationError, match=r"CODEPUSH_ENABLE_REGISTRATION.*on nor off"):
        Settings.load({}, {"CODEPUSH_ENABLE_REGISTRATION": "yes"})

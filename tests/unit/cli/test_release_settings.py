"""The options about the settings of a release, and what commands get of them."""

import click
import pytest
from click.testing import CliRunner

from codepush.cli.release_settings import Verification, patch_options, promotion_options, release_options
from codepush.models import PackageInfo


def received(options, *arguments):
    """Return what a command with these options receives."""

    @click.command()
    @options
    def command(**values):
        return values

    return CliRunner().invoke(command, arguments, standalone_mode=False).return_value


@pytest.mark.parametrize("options", [patch_options, promotion_options])
def test_what_is_not_given_is_not_set(options):
    assert received(options)["info"] == PackageInfo()


def test_a_release_sets_everything_but_label_and_target():
    request = received(release_options)["request"]
    assert request.info == PackageInfo(description="", is_disabled=False, is_mandatory=False, rollout=100)
    assert (request.verification, request.dry_run) == (None, False)


@pytest.mark.parametrize("options", [patch_options, promotion_options])
def test_every_setting_has_an_option(options):
    info = received(options, "-l", "v3", "-des", "Fixes", "-x", "--no-mandatory", "-r", "25%", "-t", "^1.2")["info"]
    assert info == PackageInfo(
        app_version="^1.2", description="Fixes", is_disabled=True, is_mandatory=False, label="v3", rollout=25
    )
    assert all(getattr(info, name) is not None for name in PackageInfo.__struct_fields__)


def test_a_key_alone_verifies_nothing(tmp_path):
    key = tmp_path / "public.pem"
    key.touch()
    assert received(promotion_options, "--public-key-path", str(key))["verification"] is None
    verified = received(release_options, "--verify", "--public-key-path", str(key))["request"]
    assert verified.verification == Verification(str(key))

"""The public names."""

import subprocess
import sys
from importlib.metadata import version

import pytest

import codepush
from codepush import client, errors, insight_models, models, rollout_models
from codepush.packaging import local

NOT_PUBLIC = {
    "GATEWAY",  # one of the codes of errors, which callers compare as text
    "Permission",  # types of fields, spelled out where they are used
    "ReleaseMethod",
    "Role",
    "TrialAge",  # the vocabulary of counting
    "TrialCell",
    "TrialKind",
    "TrialOutcome",
    "TrialStanding",
    "TrialTotals",
    "StatusReport",  # the vocabulary of phones, which the SDK does not speak
    "UpdateCheck",
    "UpdateInfo",
    "api_error",  # makes errors; callers catch them
    "is_duplicate",  # what the command line asks of an error
    "prepare",  # what a release does with a path of any kind
}


def test_public_names_are_those_of_the_sdk():
    """Whatever the SDK returns, takes or raises can be imported from the top."""
    available = {*client.__all__, *errors.__all__, *local.__all__, *models.__all__, *rollout_models.__all__}
    available |= {*insight_models.__all__}
    assert set(codepush.__all__) - {"__version__"} == available - NOT_PUBLIC


def test_public_names_are_there():
    """Every listed name leads to the thing itself, also with a star."""
    for module in (client, errors, local, models, rollout_models):
        for name in set(module.__all__) - NOT_PUBLIC:
            assert getattr(codepush, name) is getattr(module, name)
    assert set(codepush.__all__) <= set(dir(codepush))


def test_the_version_is_that_of_the_distribution():
    """One place says it."""
    assert codepush.__version__ == version("codepush")


def test_unknown_names_are_missing():
    """A misspelled name is an error where it is imported."""
    with pytest.raises(AttributeError, match="'codepush' has no attribute 'Codepush'"):
        getattr(codepush, "Codepush")  # noqa: B009 - the type checker would reject the attribute
    with pytest.raises(ImportError):
        exec("from codepush import Codepush")


def test_importing_the_package_loads_no_client():
    """The command line and the server live below it, and are to start quickly."""
    program = "import codepush, sys; print([name for name in ('httpx2', 'msgspec') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_can_be_imported_one_by_one():
    """Errors and values do not load the HTTP library."""
    program = "from codepush import NotFound, PackageInfo; import sys; print('httpx2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

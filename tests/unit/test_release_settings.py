"""Settings of a release: each is read, stored, described and offered everywhere."""

from typing import get_type_hints

import pytest

from codepush.models import RELEASE_SETTINGS, Package, PackageInfo, PackageInfoDict
from codepush.rules import validation
from codepush.server.ports.releases import NewRelease, ReleaseRecord
from codepush.server.storage.sql.schema import releases
from codepush.wire.appcenter.shapes import ReleaseShape
from codepush.wire.standalone.shapes import InfoShape, PackageShape


@pytest.mark.parametrize("name", RELEASE_SETTINGS)
def test_a_setting_is_known_everywhere(name):
    """A setting that is added to the model must be read from requests, and have a column."""
    field, _ = validation._PACKAGE_INFO[name]
    assert field in validation._ALLOWED
    assert {name, field} <= get_type_hints(PackageInfoDict).keys()
    assert name in releases.columns
    for shape in (Package, PackageInfo, NewRelease, ReleaseRecord, PackageShape, InfoShape):
        assert name in shape.__struct_fields__
    assert {name, "target_binary_range"} & set(ReleaseShape.__struct_fields__)

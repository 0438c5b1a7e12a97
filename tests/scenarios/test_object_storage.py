"""Releases whose archives are in an object store, and archives that were lost."""

import os

import httpx2
import pytest

from codepush import Conflict, PackageInfo
from codepush.device import SimulatedDevice
from codepush.server.storage.urls import Place
from codepush.testing import live_server
from support.object_stores import s3_client
from support.packages import make_bundle
from support.stores import wait_for_jobs

PICTURE = os.urandom(200_000)


@pytest.fixture(params=["s3", "azure", "google"])
def storage_url(request):
    """Return the URL of an object store of each kind in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(params=["on", "off"])
def redirects(request):
    """Tell whether phones are sent to the object store."""
    return request.param


def test_phones_update_from_an_object_store(storage_url, redirects, tmp_path):
    """A phone gets a release, and then the difference to the next one, whether it is sent to the store or not."""
    with (
        live_server(tmp_path / "data", storage_url=storage_url, redirect_downloads=redirects) as server,
        server.client() as client,
    ):
        client.add_app("App")
        phone = SimulatedDevice(
            tmp_path / "phone", server_url=server.url, deployment_key=key(client), app_version="1.0.0"
        )
        for number, script in enumerate(("console.log(1)", "console.log(2)"), 1):
            bundle = make_bundle(tmp_path / f"{number}", script)
            (bundle / "picture.jpg").write_bytes(PICTURE)
            client.release("App", "Production", bundle, "1.0.0")
            wait_for_jobs(server.settings)
            phone.sync()
            assert phone.restart().label == f"v{number}"
        latest = client.get_deployment_history("App", "Production")[-1]
        assert len(latest.diff_package_map or {}) == 1
        answer = httpx2.get(latest.blob_url)
        assert (answer.status_code == 302) == (redirects == "on")
        assert not (tmp_path / "data" / "blobs").exists()
        assert list(server.settings.workspace.iterdir()) == []


def test_a_release_while_the_object_store_is_refusing(s3_url, tmp_path):
    """Without its bucket it takes nothing: 503, and no trace of a release. With it the same release goes through."""
    place = Place.parse(s3_url)
    store = s3_client(place.options["endpoint"])
    with live_server(tmp_path / "data", storage_url=s3_url) as server, server.client(max_retries=0) as client:
        client.add_app("App")
        store.delete_bucket(Bucket=place.name)
        bundle = make_bundle(tmp_path / "bundle")
        with pytest.raises(Exception, match="cannot reach its storage"):
            client.release("App", "Production", bundle, "1.0.0")
        assert client.get_deployment_history("App", "Production") == []
        store.create_bucket(Bucket=place.name)
        assert client.release("App", "Production", bundle, "1.0.0").label == "v1"


def test_uploading_a_lost_archive_again_mends_every_release_of_it(codepush_server, codepush_device, tmp_path):
    """Phones can update again, although the upload itself is refused as identical to what is released."""
    with codepush_server.client() as client:
        client.add_app("App")
        bundle = make_bundle(tmp_path)
        for name in ("Staging", "Production"):
            client.release("App", name, bundle, "1.0.0", PackageInfo())
        wait_for_jobs(codepush_server.settings)
        lost = client.get_deployment_history("App", "Production")[0]
        stored(codepush_server, lost).unlink()
        with pytest.raises(Conflict, match="identical"):
            client.release("App", "Staging", bundle, "1.0.0")
        mended = client.get_deployment_history("App", "Production")[0]
        assert mended.package_hash == lost.package_hash
        assert mended.blob_url != lost.blob_url
        assert stored(codepush_server, mended).is_file()
        phone = codepush_device(deployment_key=key(client), app_version="1.0.0")
        phone.sync()
        assert phone.restart().label == "v1"


def test_uploading_a_lost_single_file_again_mends_it(codepush_server, tmp_path):
    """So it is for a release of one file, which has no manifest."""
    with codepush_server.client() as client:
        client.add_app("App")
        script = tmp_path / "main.jsbundle"
        script.write_text("console.log(1)")
        lost = client.release("App", "Production", script, "1.0.0")
        stored(codepush_server, lost).unlink()
        mended = client.release("App", "Staging", script, "1.0.0")
        assert client.get_deployment_history("App", "Production")[0].blob_url == mended.blob_url
        assert httpx2.get(mended.blob_url).status_code == 200


def key(client):
    return client.get_deployment("App", "Production").key


def stored(server, release):
    blob_id = release.blob_url.rpartition("/")[2]
    return server.settings.storage / blob_id[:2] / blob_id

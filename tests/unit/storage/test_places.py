"""Storage URLs."""

import pytest

from codepush.server.storage.urls import Place


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("file:///var/lib/code%20push", Place("file", "", "/var/lib/code push", {})),
        ("file://localhost/blobs", Place("file", "", "/blobs", {})),
        ("s3://bucket", Place("s3", "bucket", "", {})),
        ("s3://bucket/a/b/?region=eu-west-1", Place("s3", "bucket", "a/b", {"region": "eu-west-1"})),
        (
            "s3://bucket?endpoint=https://s3.example.com&path_style=false",
            Place("s3", "bucket", "", {"endpoint": "https://s3.example.com", "path_style": "false"}),
        ),
        ("az://container/a?account=mine", Place("az", "container", "a", {"account": "mine"})),
        ("gs://bucket/a", Place("gs", "bucket", "a", {})),
    ],
)
def test_what_a_storage_url_names(url, place):
    """The bucket or folder, what stands before each blob, and options."""
    assert Place.parse(url) == place


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("/var/lib/codepush", "not a storage URL"),
        ("ftp://host/folder", "not a storage URL"),
        ("s3:///prefix", "not a storage URL"),
        ("file://host/folder", "not a folder"),
        ("file:///folder?x=1", "not a folder"),
        ("s3://bucket?secret_access_key=hush", "no option secret_access_key.*in the environment"),
        ("s3://AKIA:hush@bucket", "not contain a user or password"),
        ("gs://bucket?region=eu", "no option region"),
        ("s3://bucket?path_style=yes", "true or false"),
        ("s3://bucket?endpoint=s3.example.com", "endpoint is an address"),
        ("s3://bucket?endpoint=https://AKIA:hush@s3.example.com", "endpoint is an address"),
    ],
)
def test_what_is_no_storage_url(url, sentence):
    """The sentence says what to give instead, and repeats nothing that could be a secret."""
    with pytest.raises(ValueError, match=sentence) as caught:
        Place.parse(url)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("url", ["s3://bucket/a/b", "s3://bucket", "file:///var/lib/blobs"])
def test_how_a_place_is_shown(url):
    """As it was given, without options."""
    assert Place.parse(url).shown == url
    if url.startswith("s3"):
        assert Place.parse(f"{url}?region=eu").shown == url

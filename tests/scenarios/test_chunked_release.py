"""A release in App Center's dialect: begun, uploaded in chunks, released once, whatever happens on the way."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from codepush.packaging.local import prepare
from support.packages import make_bundle
from support.stores import contents, wait_for_jobs


class Releaser:
    """Somebody who releases as the original clients do."""

    def __init__(self, http, key, app="owner-example.test/App"):
        self.http = http
        self.key = key
        self.app = f"/v0.1/apps/{app}"

    def ask(self, method, path, **options):
        return self.http.request(method, self.app + path, headers={"X-API-Token": self.key}, **options)

    def begin(self, deployment="Staging"):
        answer = self.ask("POST", f"/deployments/{deployment}/uploads")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upload(self, content):
        """Upload a file and return what it is released by."""
        upload = self.begin()
        described = self.send(upload, "set_metadata", file_name="a.zip", file_Size=len(content))
        size = described["chunk_size"]
        for number in reversed(described["chunk_list"]):
            self.send(upload, "upload_chunk", content[(number - 1) * size : number * size], block_number=number)
        assert self.send(upload, "finished")["state"] == "Done"
        return upload

    def send(self, upload, action, content=b"", **query):
        url = f"{upload['upload_domain']}/upload/{action}/{upload['id']}"
        said = self.http.post(url, params={"token": upload["token"]} | query, content=content).json()
        assert said["error"] is False
        return said

    def release(self, upload, deployment="Staging", **info):
        body = {"release_upload": upload, "target_binary_version": "1.0.0"} | info
        return self.ask("POST", f"/deployments/{deployment}/releases", json=body)


@pytest.fixture
def app(codepush_server):
    with codepush_server.client() as owner:
        owner.add_app("App")
        yield owner


@pytest.fixture
def http(codepush_server):
    with httpx2.Client(base_url=codepush_server.url) as http:
        yield http


@pytest.fixture
def releaser(http, codepush_server, app):  # noqa: ARG001 - the app is what is released to
    return Releaser(http, codepush_server.access_key)


@pytest.fixture
def zipped(tmp_path):
    """Return a function that makes the bytes of a zipped bundle."""

    def make(script):
        with prepare(make_bundle(tmp_path / script, script)) as package:
            return package.path.read_bytes()

    return make


def test_a_release_reaches_a_phone(releaser, app, zipped, codepush_device):
    """It is the release that any other API would have created."""
    answer = releaser.release(releaser.upload(zipped("one")), description="First", mandatory=True, rollout=100)
    assert answer.status_code == 201
    [package] = app.get_deployment_history("App", "Staging")
    told = answer.json()
    assert (told["label"], told["package_hash"], told["blob_url"]) == ("v1", package.package_hash, package.blob_url)
    assert (package.description, package.is_mandatory, package.release_method) == ("First", True, "Upload")
    key = app.get_deployment("App", "Staging").key
    phone = codepush_device(deployment_key=key, app_version="1.0.0")
    phone.sync()
    assert phone.restart().label == "v1"


def test_a_single_file_is_kept_as_it_is(releaser, app):
    """As in the standalone dialect, what is no archive is released as one file."""
    answer = releaser.release(releaser.upload(b"console.log(1)"))
    assert answer.status_code == 201
    [package] = app.get_deployment_history("App", "Staging")
    assert httpx2.get(package.blob_url).content == b"console.log(1)"


def test_nothing_of_an_upload_is_left(releaser, codepush_server, zipped):
    """What is kept afterwards is the release alone."""
    releaser.release(releaser.upload(zipped("one")))
    wait_for_jobs(codepush_server.settings)
    tables, files = contents(codepush_server.settings)
    assert tables["upload_chunks"] == []
    assert len(files) == len(tables["blobs"])


def test_a_lost_answer_is_given_again(releaser, app, zipped):
    """Who repeats the request gets the release that it made, and there is no second one."""
    upload = releaser.upload(zipped("one"))
    answers = [releaser.release(upload) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.content for answer in answers}) == 1
    assert len(app.get_deployment_history("App", "Staging")) == 1


def test_a_released_upload_with_other_settings(releaser, app, zipped):
    """A request that names a released upload with other settings is a 422, and makes no release."""
    upload = releaser.upload(zipped("one"))
    assert releaser.release(upload).status_code == 201
    refused = releaser.release(upload, description="other")
    assert (refused.status_code, refused.json()["statusCode"]) == (422, 422)
    assert "Repeat it unchanged" in refused.json()["message"]
    assert len(app.get_deployment_history("App", "Staging")) == 1


def test_an_upload_is_released_once_by_many(releaser, app, zipped):
    """Of several requests at once one makes the release; the others get its response, or have to retry for it."""
    upload = releaser.upload(zipped("one"))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: releaser.release(upload), range(4)))
    assert {answer.status_code for answer in answers} <= {201, 429}
    answers = [answer if answer.status_code == 201 else releaser.release(upload) for answer in answers]
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.content for answer in answers}) == 1
    assert len(app.get_deployment_history("App", "Staging")) == 1


def test_an_upload_cannot_be_released_elsewhere_as_well(releaser, app, zipped):
    """To release the same to another deployment there are promotions."""
    upload = releaser.upload(zipped("one"))
    releaser.release(upload)
    answer = releaser.release(upload, "Production")
    assert (answer.status_code, answer.json()["message"]) == (
        409,
        "The upload has been released already. Begin a new one.",
    )
    assert app.get_deployment_history("App", "Production") == []


def test_a_refused_upload_can_still_be_released(releaser, zipped):
    """What is wrong with the request can be mended without uploading again."""
    first, second = releaser.upload(zipped("one")), releaser.upload(zipped("two"))
    releaser.release(first, rollout=50)
    assert releaser.release(second).status_code == 409
    assert releaser.release(second, target_binary_version="nonsense").status_code == 400
    assert releaser.ask("PATCH", "/deployments/Staging/releases/v1", json={"rollout": 100}).is_success
    assert releaser.release(second).json()["label"] == "v2"


def test_identical_content_is_a_conflict(releaser, zipped):
    """As everywhere, with the sentence that clients know."""
    content = zipped("one")
    releaser.release(releaser.upload(content))
    answer = releaser.release(releaser.upload(content))
    assert answer.status_code == 409
    assert "identical to the contents" in answer.json()["message"]


@pytest.mark.parametrize(
    "upload",
    [None, "id", {}, {"id": 7, "token": "x"}, {"id": "\0", "token": "x"}, {"id": "x" * 36, "token": "x"}, {"id": None}],
)
def test_odd_tickets_are_refused(releaser, app, upload):
    """A request that does not say what was uploaded is the client's fault, in JSON."""
    answer = releaser.release(upload)
    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequest")
    assert "release_upload" in answer.json()["message"]
    assert app.get_deployment_history("App", "Staging") == []


def test_what_is_not_ones_own_cannot_be_released(releaser, app, codepush_server, http, zipped):
    """Not with a guessed token, not for another app, not by a stranger or even a colleague; unfinished not at all."""
    upload = releaser.upload(zipped("one"))
    assert releaser.release(upload | {"token": "guess"}).status_code == 401
    assert releaser.release(releaser.begin()).status_code == 409
    app.add_app("Other")
    assert Releaser(http, releaser.key, "owner-example.test/Other").release(upload).status_code == 401
    stranger = Releaser(http, codepush_server.add_account("eve@example.test"))
    assert stranger.release(upload).status_code == 404
    assert stranger.ask("POST", "/deployments/Staging/uploads").status_code == 404
    app.add_collaborator("App", "eve@example.test")
    assert stranger.release(upload).status_code == 401
    assert app.get_deployment_history("App", "Staging") == []
    assert releaser.release(upload).status_code == 201


def test_a_broken_archive_is_refused(releaser, app, codepush_server):
    """It is noticed when it is released, the sentence says what is wrong, and nothing of it is stored as a package."""
    answer = releaser.release(releaser.upload(b"PK\3\4 but no archive"))
    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequest")
    assert contents(codepush_server.settings)[0]["packages"] == []
    assert app.get_deployment_history("App", "Staging") == []

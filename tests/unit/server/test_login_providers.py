"""Identity providers: what is believed of what they say."""

import itertools
import json
import time
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from codepush.server.identity import responses
from codepush.server.identity.github import GitHub
from codepush.server.identity.issuers import Document, Issuer
from codepush.server.identity.openid import OpenIdConnect
from codepush.server.ports.errors import ProviderError
from codepush.server.ports.identity import LoginAttempt
from support.providers import CLIENT_ID, CLIENT_SECRET, fake_provider, make_key, public_jwk

pytestmark = pytest.mark.anyio

ATTEMPT = LoginAttempt(state="the state", nonce="the nonce", verifier="v" * 43)
BACK = "https://codepush.example.com/auth/callback/it"


@pytest.fixture(scope="session")
def key():
    return make_key()


@pytest.fixture
def provider(key):
    with fake_provider(key) as provider:
        yield provider


@pytest.fixture
def openid(provider):
    return OpenIdConnect(issuer=provider.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)


@pytest.fixture
def github(provider):
    return GitHub(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, site=provider.url)


async def log_in(client, attempt=ATTEMPT, **options):
    """Go to the provider and come back, as a browser does."""
    there = urlsplit(await client.address(ATTEMPT, redirect_uri=BACK))
    connection = HTTPConnection(there.netloc)
    connection.request("GET", f"{there.path}?{there.query}")
    said = parse_qs(urlsplit(connection.getresponse().headers["Location"]).query)
    connection.close()
    assert said["state"] == [ATTEMPT.state]
    return await client.identify(said["code"][0], attempt, redirect_uri=BACK, **{"issuer": None} | options)


async def test_openid_connect_tells_who_somebody_is(openid, provider):
    """The token's subject, verified address and name are the identity, under the issuer's name."""
    who = await log_in(openid)
    assert (who.issuer, who.subject, who.email, who.name) == (provider.url, "ada-1", "ada@example.test", "Ada")


async def test_github_tells_who_somebody_is(github, provider):
    """The number of the account and its primary address are the identity; the login stands in for a name."""
    who = await log_in(github)
    assert (who.issuer, who.subject, who.email, who.name) == (provider.url, "7", "ada@example.test", "ada")


async def test_an_address_that_is_not_verified_is_none(openid, github, provider):
    """What a provider has not verified is not taken for somebody's address."""
    for verified in (False, None, "false", "yes"):
        provider.person["email_verified"] = verified
        assert (await log_in(openid)).email is None
    provider.person["email_verified"] = False
    assert (await log_in(github)).email is None


async def test_verified_may_be_a_word(openid, provider):
    """Some providers say it with a text."""
    provider.person["email_verified"] = "true"
    assert (await log_in(openid)).email == "ada@example.test"


async def test_short_tokens_are_completed(openid, provider):
    """Where the token has no address, the userinfo endpoint is asked, about the same person only."""
    provider.claims = {"email": None, "email_verified": None}
    assert (await log_in(openid)).email == "ada@example.test"
    provider.claims["sub"] = "somebody else"
    with pytest.raises(ProviderError, match="different subjects"):
        await log_in(openid)


async def test_names_are_made_presentable(openid, provider):
    """A name without end or with signs that cannot be shown is cut to what can."""
    provider.person["name"] = "Ada\0\u202e Lovelace" + "!" * 1000
    name = (await log_in(openid)).name
    assert name.startswith("Ada Lovelace!")
    assert len(name) == 100


async def test_elliptic_curves_and_keys_without_names_work(openid, provider):
    """ES256 is taken like RS256, and a key that is alone needs no name."""
    key = ec.generate_private_key(ec.SECP256R1())
    provider.keys = [jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)]
    provider.sign = lambda claims: jwt.encode(claims, key, algorithm="ES256")
    assert (await log_in(openid)).subject == "ada-1"


async def test_keys_are_remembered_and_renewed(openid, provider):
    """Document and keys are fetched once; a key that is not known yet is looked for once."""
    await log_in(openid)
    await log_in(openid)
    assert (provider.count("/.well-known/openid-configuration"), provider.count("/keys")) == (1, 1)
    key = make_key()
    provider.sign = lambda claims: jwt.encode(claims, key, algorithm="RS256", headers={"kid": "two"})
    with pytest.raises(ProviderError, match="does not publish"):
        await log_in(openid)
    assert provider.count("/keys") == 2
    provider.keys = [public_jwk(key, "two")]
    await log_in(openid)
    assert provider.count("/keys") == 3


async def test_an_issuer_that_only_signs_needs_no_login_page(provider):
    """A token is verified against issuer and audience, without the endpoints of a browser login."""
    provider.document = {"authorization_endpoint": None, "token_endpoint": None}
    issuer = Issuer(provider.url, Document, setting="ISSUERS")
    now = int(time.time())
    claims = {"iss": provider.url, "sub": "job", "aud": "server", "iat": now, "exp": now + 60}
    assert await issuer.verify(provider.sign(claims), audience="server") == claims
    for other in ({"aud": "other"}, {"iss": "https://other.example.com"}, {"exp": now - 3600}):
        with pytest.raises(ProviderError, match="is invalid"):
            await issuer.verify(provider.sign(claims | other), audience="server")
    with pytest.raises(ProviderError, match="is invalid"):
        await issuer.verify(provider.sign(claims), audience="server", required=["nonce"])


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
async def test_the_client_proves_itself_as_it_is_asked_to(openid, provider, method):
    """The secret goes into the header, or into the form where the provider only takes it there."""
    provider.document = {"token_endpoint_auth_methods_supported": [method]}
    seen = []
    provider._token = lambda form, headers: (seen.append((form, headers)), (400, {}, b""))[1]
    with pytest.raises(ProviderError, match="status 400"):
        await log_in(openid)
    [(form, headers)] = seen
    assert (form.get("client_secret") == CLIENT_SECRET) == (method == "client_secret_post")
    assert ("Authorization" in headers) == (method == "client_secret_basic")


LIES = {
    "another issuer": {"iss": "https://evil.example.com"},
    "no issuer": {"iss": None},
    "another application": {"aud": "somebody else"},
    "no audience": {"aud": None},
    "authorised for another": {"aud": [CLIENT_ID, "else"], "azp": "else"},
    "expired": {"exp": int(time.time()) - 3600},
    "no end": {"exp": None},
    "an end that is no time": {"exp": []},
    "an end beyond all times": {"exp": 1e400},
    "not yet": {"nbf": int(time.time()) + 3600},
    "no beginning": {"iat": None},
    "another login": {"nonce": "another nonce"},
    "no log-in": {"nonce": None},
    "a log-in that is no text": {"nonce": ["the nonce"]},
    "half a sign": {"nonce": "\ud800"},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "subject of another type": {"sub": 7},
    "subject in other letters": {"sub": "\u212a"},
    "address of another type": {"email": ["ada@example.test"]},
}


@pytest.mark.parametrize("claims", LIES.values(), ids=LIES.keys())
async def test_tokens_that_are_not_for_this_log_in_are_refused(openid, provider, claims):
    """A token must come from the issuer, be for this application and this log-in, be alive and make sense."""
    provider.claims = claims
    with pytest.raises(ProviderError):
        await log_in(openid)


def _with_public_key(provider):
    """Sign with the published key as if it were a secret, which careless readers accept."""
    secret = json.dumps(provider.keys[0]).encode()
    return lambda claims: jwt.encode(claims, secret, algorithm="HS256", headers={"kid": "one"})


FORGERIES = {
    "unsigned": lambda _: lambda claims: jwt.encode(claims, None, algorithm="none", headers={"kid": "one"}),
    "public key as a secret": _with_public_key,
    "foreign key": lambda _: lambda claims: jwt.encode(claims, make_key(), algorithm="RS256", headers={"kid": "one"}),
    "foreign algorithm": lambda provider: (
        lambda claims: jwt.encode(claims, provider.key, algorithm="PS256", headers={"kid": "one"})
    ),
    "unknown key": lambda provider: (
        lambda claims: jwt.encode(claims, provider.key, algorithm="RS256", headers={"kid": "other"})
    ),
    "foreign key without a name": lambda _: lambda claims: jwt.encode(claims, make_key(), algorithm="RS256"),
    "no token": lambda _: lambda _: "",
    "noise": lambda _: lambda _: "a.b.c",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
async def test_tokens_that_the_issuer_did_not_sign_are_refused(openid, provider, forge):
    """Only RS256 and ES256 by one of the issuer's published keys count."""
    provider.sign = forge(provider)
    with pytest.raises(ProviderError):
        await log_in(openid)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        ["key"],
        [{}],
        [{"kty": ["RSA"], "kid": "one"}],
        [{"kty": "RSA", "kid": "one", "n": 5, "e": []}],
        [{"kty": "RSA", "kid": "one", "alg": ["RS256"]}],
        [{"kty": "RSA", "kid": ["one"], "n": "AQAB", "e": "AQAB"}],
        [{"kty": "oct", "kid": "one", "k": "c2VjcmV0"}],
        [{"kty": "EC", "kid": "one", "crv": ["P-256"], "x": "AA", "y": "AA"}],
    ],
)
async def test_keys_that_are_none_are_refused(openid, provider, keys):
    """A malformed key set is treated as missing."""
    provider.keys = keys
    with pytest.raises(ProviderError):
        await log_in(openid)


async def test_short_keys_are_refused(openid, provider):
    """A key that can be found by trying proves nothing."""
    weak = make_key(1024)
    provider.keys = [public_jwk(weak, "one")]
    provider.sign = lambda claims: jwt.encode(claims, weak, algorithm="RS256", headers={"kid": "one"})
    with (
        pytest.warns(jwt.InsecureKeyLengthWarning),  # when it is signed
        pytest.raises(ProviderError, match="is invalid"),
    ):
        await log_in(openid)


async def test_an_issuer_that_calls_itself_otherwise_is_refused(openid, provider):
    """The document must be that of the configured issuer, letter for letter."""
    for issuer in (f"{provider.url}/", "https://evil.example.com", 7, None):
        provider.document = {"issuer": issuer}
        with pytest.raises(ProviderError):
            await openid.address(ATTEMPT, redirect_uri=BACK)


async def test_addresses_of_another_kind_are_refused(openid, provider):
    """A document cannot send this server to its own files or to another protocol."""
    for address in ("file:///etc/passwd", "ftp://example.com/keys", "keys"):
        provider.document = {"jwks_uri": address}
        with pytest.raises(ProviderError, match="https"):
            await openid.address(ATTEMPT, redirect_uri=BACK)


async def test_answers_that_another_issuer_sent_are_refused(openid, github, provider):
    """A browser that says it comes from somebody else is not believed, nor one that should say and does not."""
    for client in (openid, github):
        with pytest.raises(ProviderError, match="does not come from"):
            await log_in(client, issuer="https://evil.example.com")
        assert await log_in(client, issuer=provider.url)
    provider.document = {"authorization_response_iss_parameter_supported": True}
    strict = OpenIdConnect(issuer=provider.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    with pytest.raises(ProviderError, match="does not come from"):
        await log_in(strict)


async def test_the_verifier_is_needed(openid, github):
    """A code that was caught on its way is worth nothing without what only the browser's owner has."""
    for client, reason in ((openid, "invalid_grant"), (github, "bad_verification_code")):
        with pytest.raises(ProviderError, match=reason):
            await log_in(client, LoginAttempt(state="", nonce="the nonce", verifier="w" * 43))


PLACES = [
    "/.well-known/openid-configuration",
    "/token",
    "/keys",
    "/login/oauth/access_token",
    "/api/v3/user",
    "/api/v3/user/emails",
]

NONSENSE = {
    "a page": (200, {"Content-Type": "text/html"}, b"<h1>Welcome</h1>"),
    "nothing": (200, {}, b""),
    "null": (200, {}, b"null"),
    "a list": (200, {}, b"[7]"),
    "noise": (200, {}, b"\xff\xfe\0"),
    "half an answer": (200, {"Content-Length": "100"}, b"{"),
    "an error": (500, {}, b'{"error": "<script>"}'),
    "a redirect": (302, {"Location": "http://127.0.0.1:1/"}, b""),
    "no end": (200, {}, itertools.repeat(b" " * 65536)),
    "packed": (200, {"Content-Encoding": "gzip"}, b"{}"),
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE.keys())
async def test_nonsense_is_refused(github, provider, nonsense):
    """Wherever a provider answers something else than it should, there is one kind of error, and no secret in it."""
    for place in PLACES:
        provider.answers = {place: nonsense}
        openid = OpenIdConnect(issuer=provider.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        with pytest.raises(ProviderError) as caught:
            await log_in(github if "/api/" in place or "oauth" in place else openid)
        assert CLIENT_SECRET not in str(caught.value)
        assert "script" not in str(caught.value)


async def test_a_provider_that_is_away():
    """Nobody there is an error too."""
    for client in (
        OpenIdConnect(issuer="http://127.0.0.1:1", client_id=CLIENT_ID, client_secret=CLIENT_SECRET),
        GitHub(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, site="http://127.0.0.1:1"),
    ):
        with pytest.raises(ProviderError, match="cannot be reached"):
            await client.identify("code", ATTEMPT, redirect_uri=BACK, issuer=None)


async def test_a_provider_that_takes_too_long(openid, provider, monkeypatch):
    """An answer that comes drop by drop is given up after some seconds in all."""
    monkeypatch.setattr(responses, "_SECONDS", 0.3)

    def drops():
        for _ in range(20):
            time.sleep(0.05)
            yield b" "

    provider.answers = {"/.well-known/openid-configuration": (200, {}, drops())}
    with pytest.raises(ProviderError, match="in time"):
        await openid.address(ATTEMPT, redirect_uri=BACK)

"""A small identity provider on the loopback: OpenID Connect and GitHub's API, honest unless told to lie."""

import base64
import hashlib
import json
import secrets
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "codepush-client"
CLIENT_SECRET = "a client secret, with: signs & blanks"


def make_key(bits=2048):
    """Return a new private key."""
    return rsa.generate_private_key(65537, bits)


def public_jwk(key, kid, **more):
    """Return the public half of an RSA key as a JSON Web Key."""
    return jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig"} | more


class FakeProvider:
    """What the provider knows and how it answers; a test changes it to make the provider misbehave.

    Attributes:
        person: the claims about whoever logs in.
        claims: further claims of the token; `None` leaves one out.
        sign: makes the token of the claims.
        keys: the published keys.
        document: further fields of the discovery document.
        answers: by path, what is answered instead: status, headers and body.
        asked: the paths that were asked for.

    """

    def __init__(self, url, key):
        self.url = url
        self.key = key
        self.person = {"sub": "ada-1", "email": "ada@example.test", "email_verified": True, "name": "Ada"}
        self.claims = {}
        self.sign = lambda claims: jwt.encode(claims, key, algorithm="RS256", headers={"kid": "one"})
        self.keys = [public_jwk(key, "one")]
        self.document = {}
        self.answers = {}
        self.asked = []
        self._grants = {}
        self._tokens = set()

    def count(self, path):
        """Return how often a path was asked for."""
        return self.asked.count(path)

    def answer(self, path, query, form, headers):
        """Return status, headers and body."""
        self.asked.append(path)
        if path in self.answers:
            return self.answers[path]
        routes = {
            "/.well-known/openid-configuration": lambda: _json(self._discovery()),
            "/authorize": lambda: self._authorize(query),
            "/token": lambda: self._token(form, headers),
            "/keys": lambda: _json({"keys": self.keys}),
            "/userinfo": lambda: self._with_token(headers, self.person),
            "/login/oauth/authorize": lambda: self._authorize(query),
            "/login/oauth/access_token": lambda: self._github_token(form),
            "/api/v3/user": lambda: self._with_token(headers, {"id": 7, "login": "ada", "name": None}),
            "/api/v3/user/emails": lambda: self._with_token(headers, self._emails()),
        }
        return routes[path]() if path in routes else (404, {}, b"")

    def _discovery(self):
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
        } | self.document

    def _authorize(self, query):
        """Let whoever comes in, as somebody who has agreed before."""
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._grants[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return 302, {"Location": f"{query['redirect_uri']}?{back}"}, b""

    def _granted(self, form):
        """Return what a code was given for, once, to whoever can prove to be who asked."""
        grant = self._grants.pop(form["code"], None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if grant and (grant["code_challenge"], grant["redirect_uri"]) == (proof, form["redirect_uri"]):
            return grant
        return None

    def _token(self, form, headers):
        user, _, password = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode().partition(":")
        grant = self._granted(form)
        if grant is None or (user, *parse_qs(f"p={password}")["p"]) != (CLIENT_ID, CLIENT_SECRET):
            return _json({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 60, "nonce": grant["nonce"]}
        claims |= self.person | self.claims
        token = self.sign({name: value for name, value in claims.items() if value is not None})
        return _json({"access_token": self._new_token(), "token_type": "Bearer", "id_token": token})

    def _github_token(self, form):
        """As GitHub does it, say no with status 200."""
        if self._granted(form) is None or (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return _json({"error": "bad_verification_code"})
        return _json({"access_token": self._new_token(), "token_type": "bearer"})

    def _emails(self):
        return [
            {"email": "else@example.test", "primary": False, "verified": True},
            {"email": self.person["email"], "primary": True, "verified": self.person["email_verified"]},
        ]

    def _new_token(self):
        token = secrets.token_urlsafe(16)
        self._tokens.add(f"Bearer {token}")
        return token

    def _with_token(self, headers, value):
        return _json(value) if headers["Authorization"] in self._tokens else (401, {}, b"")


def _json(value, status=200):
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def fake_provider(key):
    """Run a provider on a free port of the loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer({})

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(_single(body.decode()))

        def _answer(self, form):
            parts = urlsplit(self.path)
            status, headers, body = provider.answer(parts.path, _single(parts.query), form, self.headers)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            for chunk in [body] if isinstance(body, bytes) else body:
                try:
                    self.wfile.write(chunk)
                except OSError:  # whoever asked does not want more
                    return

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = FakeProvider(f"http://127.0.0.1:{server.server_port}", key)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


def _single(query):
    return {name: values[0] for name, values in parse_qs(query).items()}

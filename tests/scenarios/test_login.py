"""Logging in with a browser: with a one-time code, with OpenID Connect and with GitHub."""

import logging
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import pytest

from codepush.server.operations import make_login_code
from codepush.testing import live_server
from support.providers import CLIENT_ID, CLIENT_SECRET, fake_provider, make_key
from support.stores import rows

COMMAND = [str(Path(sys.executable).with_name("codepush")), "server"]
OWNER = "owner@example.test"


@pytest.fixture(scope="session")
def key():
    return make_key()


@pytest.fixture
def provider(key):
    with fake_provider(key) as provider:
        provider.person["email"] = OWNER
        yield provider


@pytest.fixture
def serve(tmp_path, provider):
    """Give a context with a server that knows the provider under both its addresses, each at its own host."""

    def start(**settings):
        known = {
            "oidc_issuer": provider.url,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "github_url": provider.url.replace("127.0.0.1", "localhost"),
            "github_client_id": CLIENT_ID,
            "github_client_secret": CLIENT_SECRET,
        }
        return live_server(tmp_path / "data", **known | settings)

    return start


@pytest.fixture
def server(serve):
    with serve(enable_registration="on") as server:
        yield server


@pytest.fixture
def browser(server):
    with open_browser(server) as browser:
        yield browser


def open_browser(server):
    """Return somebody's browser: it keeps cookies and follows where it is sent."""
    return httpx2.Client(base_url=server.url, follow_redirects=True)


def make_code(server):
    """Return a one-time code for the owner."""
    return anyio.run(make_login_code, server.settings, OWNER)


def run_login_code(server, email, *options):
    command = [*COMMAND, "login-code", email, "--data", str(server.settings.data), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def enter(browser, code, hostname="laptop"):
    """Fill in the form for a one-time code."""
    page = browser.get("/auth/login", params={"hostname": hostname})
    fields = dict(re.findall(r'<input type="hidden" name="(.*?)" value="(.*?)">', page.text))
    action = re.search(r'<form method="post" action="(.*?)">', page.text)[1]
    return browser.post(action, data={name: unescape(value) for name, value in fields.items()} | {"code": code})


def choose(browser, action, title):
    """Open a page and take its link to a provider."""
    page = browser.get(f"/auth/{action}", params={"hostname": "laptop"})
    return browser.get(unescape(re.search(rf'href="(.*?)">[\w ]+ with {re.escape(title)}<', page.text)[1]))


def shown_key(page):
    """Return the key that a page shows, in the way in which the original's page showed it."""
    assert (page.status_code, page.url.path) == (200, "/accesskey"), page.text
    return re.search(r'<input id="key" value="(cpk_[\w-]{43})" readonly', page.text)[1]


def said(page):
    """Return what a page says to people."""
    return unescape(re.search(r"<p>(.*?)</p>", page.text)[1])


def sessions(server):
    return rows(server.settings, "SELECT friendly_name, created_by FROM access_keys WHERE is_session")


def test_a_code_from_the_operator(server, browser):
    """A code from the command line becomes a key that works, and is a session of the machine that asked."""
    page = enter(browser, run_login_code(server, OWNER).stdout.lower(), "ada's <laptop>")
    with server.client(shown_key(page)) as code_push:
        assert code_push.get_account_info().email == OWNER
        [session] = code_push.get_sessions()
        assert session.machine_name == "ada's <laptop>"
        code_push.remove_session("ada's <laptop>")
        assert not code_push.is_authenticated()


def test_the_command_for_codes(server):
    """The code is alone on stdout; an address without an account is a sentence and exit status 1."""
    done = run_login_code(server, OWNER)
    assert re.fullmatch(r"([0-9A-Z]{4}-){6}[0-9A-Z]{4}\n", done.stdout)
    assert "/auth/login" in done.stderr
    assert done.stdout.strip() not in done.stderr
    wrong = run_login_code(server, "nobody@example.test")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "There is no account" in wrong.stderr


def test_where_to_enter_a_code(server, monkeypatch):
    """The command shows the whole address only if it is given: it cannot see the port of a server that runs."""
    assert "at the page /auth/login of the server." in run_login_code(server, OWNER).stderr
    given = run_login_code(server, OWNER, "--public-url", "https://updates.example.test/")
    assert "at https://updates.example.test/auth/login." in given.stderr
    monkeypatch.setenv("CODEPUSH_PUBLIC_URL", "https://codepush.example.test")
    assert "at https://codepush.example.test/auth/login." in run_login_code(server, OWNER).stderr


def test_a_key_is_shown_once(server, browser):
    """Loading the page again shows no key, nor does going there without having logged in."""
    shown_key(enter(browser, make_code(server)))
    for page in (browser.get("/accesskey"), httpx2.get(f"{server.url}/accesskey")):
        assert page.status_code == 403
        assert "shown once" in said(page)
    assert len(sessions(server)) == 1


def test_a_wrong_code(server, browser):
    """A code that was used or never made is refused on a page."""
    code = make_code(server)
    enter(browser, code)
    for wrong in (code, "guess", ""):
        page = enter(browser, wrong)
        assert (page.status_code, page.url.path) == (403, "/auth/login")
        assert "Ask the administrator for a new one" in said(page)
    assert len(sessions(server)) == 1


def test_forms_of_other_sites(server, browser):
    """A form that was not loaded from here, in this browser, is refused, and the code is not used up by it."""
    code = make_code(server)
    token = re.search(r'name="token" value="(.*?)"', browser.get("/auth/login").text)[1]
    for cookie, sent in ((None, token), (token, None), (token, "x"), (token, "\u00e9"), ("", "")):
        cookies = {} if cookie is None else {"codepush_form": cookie}
        data = {"code": code} | ({} if sent is None else {"token": sent})
        page = httpx2.post(f"{server.url}/auth/login", cookies=cookies, data=data)
        assert page.status_code == 403
        assert "form has expired" in said(page)
    assert shown_key(enter(browser, code))


@pytest.mark.parametrize(("body", "status"), [("a=1&" * 50, 400), ("token=" + "x" * 20_000, 413), (b"\xff\0&&=", 403)])
def test_forms_that_make_no_sense(server, body, status):
    """Whatever is posted, a page is the answer."""
    page = httpx2.post(f"{server.url}/auth/login", content=body)
    assert page.status_code == status
    assert said(page)


@pytest.fixture(params=["oidc", "github"])
def title(request):
    """Return what each provider is called on the pages."""
    return {"oidc": "127.0.0.1", "github": "GitHub"}[request.param]


def test_a_provider(server, browser, title):
    """Whoever has an account and logs in at a provider gets a key, the second time too."""
    for _ in range(2):
        access_key = shown_key(choose(browser, "login", title))
    with server.client(access_key) as code_push:
        account = code_push.get_account_info()
        assert (account.email, account.linked_providers) == (OWNER, (title,))
        assert [session.machine_name for session in code_push.get_sessions()] == ["laptop"]
    assert all(re.fullmatch(r"Login-\d{13}", name) for name, _ in sessions(server))


def test_somebody_without_an_account(server, browser, provider, title):
    """The page says it in the original's words, and no account is made."""
    provider.person["email"] = "nobody@example.test"
    page = choose(browser, "login", title)
    assert page.status_code == 403
    assert said(page) == (
        "Account not found.<br/>Have you registered with the CLI?<br/>"
        "If you are registered but your email address has changed, please contact us."
    )
    assert sessions(server) == []


def test_an_address_that_is_not_verified(server, browser, provider, title):
    """A provider that has not verified an address cannot let its owner in."""
    provider.person["email_verified"] = False
    for action in ("login", "register"):
        page = choose(browser, action, title)
        assert page.status_code == 403
        assert "verified" in said(page)
    assert sessions(server) == []


def test_another_provider_than_before(server, browser):
    """Once an account is linked, another provider is refused until it is linked too."""
    shown_key(choose(browser, "login", "GitHub"))
    page = choose(browser, "login", "127.0.0.1")
    assert page.status_code == 403
    assert said(page) == "You are not registered with the service using this provider account."
    linked = choose(browser, "link", "127.0.0.1")
    assert (linked.status_code, "Linked with 127.0.0.1" in linked.text) == (200, True)
    shown_key(choose(browser, "login", "127.0.0.1"))
    assert choose(browser, "link", "127.0.0.1").status_code == 409
    with server.client() as code_push:
        assert code_push.get_account_info().linked_providers == ("GitHub", "127.0.0.1")


def test_linking_without_a_log_in(server, browser, title):
    """A verified email address is not enough to link a provider: the browser must have just logged in here."""
    with open_browser(server) as elsewhere:
        shown_key(choose(elsewhere, "login", "GitHub"))
    for path in ("/auth/link", "/auth/link/oidc", "/auth/link/github"):
        page = browser.get(path)
        assert page.status_code == 403
        assert "Log in here first" in said(page)
    browser.cookies.set("codepush_link", "made-up")
    page = choose(browser, "link", title)
    assert page.status_code == 403
    assert "Log in here first" in said(page)
    with server.client() as code_push:
        assert code_push.get_account_info().linked_providers == ("GitHub",)


def test_linking_another_address(server, browser, provider):
    """The account that gets linked is the one that was logged in to, whatever the provider's email address."""
    shown_key(enter(browser, make_code(server)))
    provider.person["email"] = "private@example.test"
    assert choose(browser, "link", "127.0.0.1").status_code == 200
    assert browser.get("/auth/link").status_code == 403  # a log-in counts for one link
    shown_key(choose(browser, "login", "127.0.0.1"))


def test_registering(server, browser, provider, title):
    """Somebody new gets an account and a key; the second time there is one already."""
    provider.person["email"] = "new@example.test"
    with server.client(shown_key(choose(browser, "register", title))) as code_push:
        assert code_push.get_account_info().email == "new@example.test"
    page = choose(browser, "register", title)
    assert page.status_code == 409
    assert "already" in said(page)


def test_registering_where_it_is_not_allowed(serve):
    """Unless the operator allows it, neither the page nor the way to the provider nor the way back makes an account."""
    with serve() as server, open_browser(server) as browser:
        for path in ("/auth/register", "/auth/register/oidc"):
            page = browser.get(path)
            assert (page.status_code, "Forbidden" in page.text) == (403, True)


def test_pages_without_a_provider(codepush_server):
    """Where none is set up, codes work, and the other pages say what to do."""
    assert 'name="code"' in httpx2.get(f"{codepush_server.url}/auth/login").text
    assert "No identity provider is configured" in said(httpx2.get(f"{codepush_server.url}/auth/link"))
    assert httpx2.get(f"{codepush_server.url}/auth/login/github").status_code == 404


def test_the_link_of_old_tools(server, browser):
    """A key in the address of the page is no log-in, is not used and is not repeated."""
    page = browser.get("/auth/link", params={"access_token": server.access_key})
    assert page.status_code == 403
    assert server.access_key not in page.text
    shown_key(enter(browser, make_code(server)))
    page = browser.get("/auth/link", params={"access_token": server.access_key})
    assert page.status_code == 200
    assert server.access_key not in page.text


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/.well-known/openid-configuration", (200, {}, b"<h1>Welcome</h1>")),
        ("/.well-known/openid-configuration", (503, {}, b"")),
        ("/.well-known/openid-configuration", (200, {}, b'{"issuer": "https://evil.example.com"}')),
        ("/token", (200, {}, b'{"access_token": "a", "id_token": "b"}')),
        ("/token", (500, {}, b"Traceback")),
        ("/keys", (200, {}, b'{"keys": []}')),
    ],
)
def test_a_provider_that_fails(server, browser, provider, path, answer):
    """An unavailable or malformed provider leads to an error page and no login; other logins still work."""
    provider.answers = {path: answer}
    page = choose(browser, "login", "127.0.0.1")
    assert page.status_code == 502
    assert "127.0.0.1" in said(page)
    assert "Traceback" not in page.text
    assert sessions(server) == []
    provider.answers = {}
    assert shown_key(choose(browser, "login", "127.0.0.1"))


def test_a_provider_that_lies(server, browser, provider):
    """A token in somebody else's name, for somebody else, or of yesterday logs nobody in."""
    for lie in ({"iss": "https://evil.example.com"}, {"aud": "else"}, {"exp": 1}, {"nonce": "x"}, {"sub": ""}):
        provider.claims = lie
        page = choose(browser, "login", "127.0.0.1")
        assert page.status_code == 502
        assert "The token of 127.0.0.1" in said(page)
    assert sessions(server) == []


def test_a_provider_that_is_away(serve):
    """Nobody there is a page too."""
    away = "http://127.0.0.1:1"
    with serve(oidc_issuer=away, github_url=away) as server, open_browser(server) as browser:
        page = browser.get("/auth/login/oidc")
        assert (page.status_code, "cannot be reached" in said(page)) == (502, True)


def test_returns_that_this_browser_did_not_begin(browser):
    """Without the cookie, with another state, at another provider's address or for the second time: refused."""
    browser.follow_redirects = False
    leaving = browser.get("/auth/login/oidc")
    back = browser.get(leaving.headers["location"]).headers["location"]
    state = parse_qs(urlsplit(back).query)["state"][0]
    cookie = browser.cookies["codepush_flow"]
    for wrong, cookies in (
        (back, {}),
        (back, {"codepush_flow": "noise"}),
        (back, {"codepush_flow": "e30"}),
        (back.replace(state, "x"), {"codepush_flow": cookie}),
        (back.replace(state, "%C3%A9"), {"codepush_flow": cookie}),
        (back.replace("/oidc", "/github"), {"codepush_flow": cookie}),
    ):
        page = httpx2.get(wrong, cookies=cookies)
        assert page.status_code == 403
        assert "started in another browser" in said(page)
    assert browser.get(back).headers["location"] == "/accesskey"
    assert browser.get(back).status_code == 403
    assert httpx2.get(back, cookies={"codepush_flow": cookie}).status_code == 502


def test_somebody_who_says_no(browser):
    """Who cancels at the provider is told that they are not logged in, and nothing the address says is repeated."""
    browser.follow_redirects = False
    state = parse_qs(urlsplit(browser.get("/auth/login/oidc").headers["location"]).query)["state"][0]
    page = browser.get("/auth/callback/oidc", params={"state": state, "error": "<script>alert(1)</script>"})
    assert page.status_code == 403
    assert said(page) == "127.0.0.1 did not log you in."
    assert "<script" not in page.text


def test_what_browsers_are_told_about_pages(server, browser):
    """No page is kept, framed, or able to run a script; cookies are out of reach of scripts and other sites."""
    pages = [
        browser.get("/auth/login", params={"hostname": "\"><script>alert('x')</script>"}),
        browser.get("/auth/link"),
        browser.get("/auth/callback/oidc"),
        browser.get("/accesskey"),
        enter(browser, make_code(server)),
    ]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert "<script" not in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-credentials" not in page.headers
    cookies = [line for page in pages for line in page.headers.get_list("set-cookie")]
    assert cookies
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert 0 <= int(re.search(r"Max-Age=(\d+)", cookie)[1]) <= 600


def test_behind_a_proxy(serve):
    """With a public HTTPS address, cookies are for HTTPS and this host only, and the way back is the public one."""
    with serve(public_url="https://codepush.example.com/push") as server:
        hosts = {"Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com"}
        page = httpx2.get(f"{server.url}/auth/login", headers=hosts)
        leaving = httpx2.get(f"{server.url}/auth/login/oidc", headers=hosts)
    query = parse_qs(urlsplit(leaving.headers["location"]).query)
    assert query["redirect_uri"] == ["https://codepush.example.com/push/auth/callback/oidc"]
    assert 'action="/push/auth/login"' in page.text
    for answer in (page, leaving):
        assert answer.headers["set-cookie"].startswith("__Host-codepush_")
        assert "Secure" in answer.headers["set-cookie"]


def test_machines_with_impossible_names(server, browser):
    """A name that is too long or holds signs that cannot be shown is refused; without one the address stands in."""
    for name in ("x" * 256, "a\nb", "a\0b", "a\u202eb"):
        page = browser.get("/auth/login", params={"hostname": name})
        assert page.status_code == 400
        assert "name of the machine" in said(page)
    shown_key(enter(browser, make_code(server), ""))
    assert [machine for _, machine in sessions(server)] == ["127.0.0.1"]


def test_nothing_secret_is_logged(server, browser, provider, caplog):
    """Neither codes nor tickets nor keys nor the provider's secrets get into the server's log."""
    caplog.set_level(logging.INFO)
    code = make_code(server)
    pages = [enter(browser, code), choose(browser, "login", "GitHub")]
    keys = [shown_key(page) for page in pages]
    steps = [step for page in pages for step in page.history]
    cookies = [value for step in steps for value in step.cookies.values() if value]
    queries = [values[0] for step in steps for values in parse_qs(step.url.query.decode()).values()]
    enter(browser, code)
    provider.claims = {"nonce": "x"}
    choose(browser, "link", "127.0.0.1")
    logged = "".join(record.getMessage() for record in caplog.records if record.threadName == "codepush-server")
    tokens = [token.removeprefix("Bearer ") for token in provider._tokens]
    secrets = [one for one in (code, *keys, *cookies, *queries, *tokens, CLIENT_SECRET) if len(one) > 20]
    assert len(secrets) >= 12
    assert "login rejected" in logged
    assert not [secret for secret in secrets if secret in logged]


def test_too_many_requests(serve):
    """Somebody who asks too often is told when to come back, on a page."""
    with serve(rate_limit_per_ip=2) as server:
        answers = [httpx2.get(f"{server.url}/auth/login") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "Too many requests" in said(answers[-1])

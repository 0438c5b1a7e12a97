"""Logging in with a browser, as the original's command line has people do it (standalone management API, section 8).

The command line opens ``/auth/login?hostname=MACHINE`` and waits for the access key that ``/accesskey``
shows at the end. What has to be remembered in between is in short-lived cookies: the server keeps
nothing in memory, so each step may reach another process.
"""

from __future__ import annotations

import base64
import http
import logging
import secrets
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct
from starlette.responses import RedirectResponse

from codepush.server.ports.errors import ProviderError
from codepush.server.ports.identity import LoginAttempt
from codepush.server.services.access.logins import CODE_LIFE_MS, LINK_LIFE_MS, NOT_LOGGED_IN, TICKET_LIFE_MS
from codepush.server.services.caller import visitor
from codepush.server.services.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    ServiceError,
    TooLargeError,
    UnavailableError,
)
from codepush.server.web.auth import address, limited_address
from codepush.server.web.bodies import form_body
from codepush.server.web.pages import page
from codepush.server.web.paths import route
from codepush.server.web.problems import request_id
from codepush.server.web.ratelimits import RateLimitedError
from codepush.server.web.timelimits import TookTooLongError, at_most

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from codepush.server.ports.identity import IdentityProvider
    from codepush.server.services.access.logins import Logins
    from codepush.server.web.auth import FailedLogins
    from codepush.server.web.ratelimits import RateLimit

__all__ = ["LoginRoutes"]

Action: TypeAlias = Literal["login", "register", "link"]

_TITLES: Final[Mapping[Action, str]] = {"login": "Log in", "register": "Register", "link": "Link"}

_FLOW_SECONDS: Final = 10 * 60
"""How long somebody may take at the provider's."""

_HOSTNAME_LENGTH: Final = 255

_STATUSES: Final[Mapping[type[Exception], int]] = {
    InvalidError: 400,
    ForbiddenError: 403,
    NotFoundError: 404,
    TookTooLongError: 408,
    ConflictError: 409,
    TooLargeError: 413,
    RateLimitedError: 429,
    ProviderError: 502,
    UnavailableError: 503,
}

_STALE_FORM: Final = "This page does not come from here, or is too old, or cookies are off. Load it again."
_NOT_BEGUN: Final = "This log-in was not begun in this browser, or took longer than ten minutes. Begin again."
_AWAY: Final = "The server cannot reach its storage right now. Nothing was changed; please try again later."
_AGAIN: Final = "To try again, run the command in the command line again."
_DONE: Final = "From now on you can log in with it. You can close this page."

_log = logging.getLogger(__name__)


class _Flow(Struct, frozen=True):
    """What the browser remembers while somebody is at a provider's."""

    provider: str
    action: Action
    hostname: str
    attempt: LoginAttempt


class LoginRoutes:
    """Shows people the pages of a log-in.

    Args:
        logins: the service behind them.
        providers: where else people can prove who they are.
        public_url: how browsers reach this server, without a slash at the end.
        rate_limit: of requests from one address; ``None`` for no limit.
        failures: counts refused log-ins by address; ``None`` for no limit.
        request_seconds: how long a request may take.

    """

    def __init__(
        self,
        logins: Logins,
        providers: Sequence[IdentityProvider],
        *,
        public_url: str,
        rate_limit: RateLimit | None = None,
        failures: FailedLogins | None = None,
        request_seconds: float = 120,
    ) -> None:
        self._logins = logins
        self._request_seconds = request_seconds
        self._providers = {provider.name: provider for provider in providers}
        self._public_url = public_url
        self._rate_limit = rate_limit
        self._failures = failures
        self._form_cookie = _Cookie("codepush_form", public_url, seconds=CODE_LIFE_MS // 1000)
        self._flow_cookie = _Cookie("codepush_flow", public_url, seconds=_FLOW_SECONDS)
        self._ticket_cookie = _Cookie("codepush_ticket", public_url, seconds=TICKET_LIFE_MS // 1000)
        self._link_cookie = _Cookie("codepush_link", public_url, seconds=LINK_LIFE_MS // 1000)

    def routes(self) -> list[Route]:
        """Return the routes; nobody needs an access key for them."""
        return [
            *(route(f"/auth/{action}", self._page(self._choose(action))) for action in _TITLES),
            *(route(f"/auth/{action}/{{provider}}", self._page(self._leave(action))) for action in _TITLES),
            route("/auth/login", self._page(self._enter_code), method="POST"),
            route("/auth/callback/{provider}", self._callback),
            route("/accesskey", self._page(self._show_key)),
        ]

    def _page(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Let people see a refusal as a page."""

        async def shown(request: Request) -> Response:
            try:
                if self._rate_limit is not None:
                    self._rate_limit.check(limited_address(request))
                if self._failures is not None:
                    self._failures.refuse_exhausted(request)
                async with at_most(self._request_seconds):
                    return await endpoint(request)
            except (ServiceError, ProviderError, UnavailableError) as error:
                if self._failures is not None and isinstance(error, ForbiddenError):
                    self._failures.count(request)
                return _refusal(request, error)

        return shown

    def _check_action(self, request: Request, action: Action) -> None:
        """Reject what cannot succeed before anyone is sent to a provider."""
        if action == "register":
            self._logins.check_registration()
        if action == "link" and self._providers and not self._link_cookie.get(request):
            raise ForbiddenError(NOT_LOGGED_IN, code="not_logged_in")

    def _choose(self, action: Action) -> Callable[[Request], Awaitable[Response]]:
        async def choose(request: Request) -> Response:
            self._check_action(request, action)
            hostname = _hostname(request.query_params.get("hostname", ""))
            token = (self._form_cookie.get(request) or secrets.token_urlsafe(32)) if action == "login" else ""
            answer = page(
                "choose",
                _TITLES[action],
                form_token=token,
                action=self._path("/auth/login"),
                hostname=hostname,
                providers=[
                    {"title": provider.title, "address": self._path(f"/auth/{action}/{provider.name}", hostname)}
                    for provider in self._providers.values()
                ],
            )
            if token:
                self._form_cookie.set(answer, token)
            return answer

        return choose

    async def _enter_code(self, request: Request) -> Response:
        form = await form_body(request)
        if not _equal(self._form_cookie.get(request) or "", form.get("token", "")):
            raise ForbiddenError(_STALE_FORM, code="stale_form")
        hostname = _hostname(form.get("hostname", "")) or address(request)
        return self._to_key(await self._logins.use_code(visitor(request_id(request)), form.get("code", ""), hostname))

    def _leave(self, action: Action) -> Callable[[Request], Awaitable[Response]]:
        async def leave(request: Request) -> Response:
            self._check_action(request, action)
            provider = self._provider(request)
            attempt = LoginAttempt(
                state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48)
            )
            hostname = _hostname(request.query_params.get("hostname", "")) or address(request)
            flow = _Flow(provider.name, action, hostname, attempt)
            answer = _redirect(await provider.address(attempt, redirect_uri=self._redirect_uri(provider)), 302)
            self._flow_cookie.set(answer, _pack(flow))
            return answer

        return leave

    async def _callback(self, request: Request) -> Response:
        answer = await self._page(self._return)(request)
        self._flow_cookie.drop(answer)
        return answer

    async def _return(self, request: Request) -> Response:
        provider = self._provider(request)
        flow, said = _unpack(self._flow_cookie.get(request) or ""), request.query_params
        if flow is None or flow.provider != provider.name or not _equal(flow.attempt.state, said.get("state", "")):
            raise ForbiddenError(_NOT_BEGUN, code="login_not_begun")
        if "code" not in said:
            raise ForbiddenError(f"{provider.title} did not log you in.", code="login_refused")
        identity = await provider.identify(
            said["code"], flow.attempt, redirect_uri=self._redirect_uri(provider), issuer=said.get("iss")
        )
        if flow.action == "link":
            await self._logins.link(visitor(request_id(request)), identity, self._link_cookie.get(request) or "")
            linked = page("message", f"Linked with {provider.title}", lines=[_DONE], hint="")
            self._link_cookie.drop(linked)
            return linked
        enter = self._logins.register if flow.action == "register" else self._logins.log_in
        return self._to_key(await enter(visitor(request_id(request)), identity, flow.hostname))

    def _to_key(self, ticket: str) -> Response:
        answer = _redirect(self._path("/accesskey"), 303)
        self._ticket_cookie.set(answer, ticket)
        return answer

    async def _show_key(self, request: Request) -> Response:
        entry = await self._logins.issue_key(visitor(request_id(request)), self._ticket_cookie.get(request) or "")
        answer = page("key", "You are logged in", access_key=entry.access_key)
        self._ticket_cookie.drop(answer)
        if self._providers:
            self._link_cookie.set(answer, entry.link_ticket)
        return answer

    def _provider(self, request: Request) -> IdentityProvider:
        name = request.path_params["provider"].lower()
        if name not in self._providers:
            raise NotFoundError("This server does not know that identity provider.", code="provider_not_found")
        return self._providers[name]

    def _redirect_uri(self, provider: IdentityProvider) -> str:
        """Return where a provider sends people back to, as it must be told beforehand."""
        return f"{self._public_url}/auth/callback/{provider.name}"

    def _path(self, path: str, hostname: str = "") -> str:
        """Return a path of this server as browsers see it."""
        query = f"?{urlencode({'hostname': hostname})}" if hostname else ""
        return f"{urlsplit(self._public_url).path}{path}{query}"


class _Cookie:
    """A cookie that scripts do not see and other sites can neither send nor, over HTTPS, set."""

    def __init__(self, name: str, public_url: str, *, seconds: int) -> None:
        self._is_secure = public_url.startswith("https:")
        # Browsers take this prefix only from the host itself, so that no neighbour can slip one in.
        self._name = f"__Host-{name}" if self._is_secure else name
        self._seconds = seconds

    def get(self, request: Request) -> str | None:
        return request.cookies.get(self._name)

    def set(self, answer: Response, value: str) -> None:
        answer.set_cookie(
            self._name, value, max_age=self._seconds, secure=self._is_secure, httponly=True, samesite="lax"
        )

    def drop(self, answer: Response) -> None:
        answer.delete_cookie(self._name, secure=self._is_secure, httponly=True, samesite="lax")


def _hostname(text: str) -> str:
    """Return the name of a machine; empty when none was said."""
    if len(text) > _HOSTNAME_LENGTH or not text.isprintable():
        raise InvalidError(
            f"The name of the machine has more than {_HOSTNAME_LENGTH} characters, or some that cannot be shown.",
            code="invalid_hostname",
            field="hostname",
        )
    return text.strip()


def _equal(ours: str, theirs: str) -> bool:
    """Compare secrets, in a time that does not tell how much of them is right; nothing equals nothing."""
    return bool(ours) and secrets.compare_digest(ours.encode(), theirs.encode(errors="replace"))


def _redirect(url: str, status: int) -> Response:
    return RedirectResponse(url, status, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _pack(flow: _Flow) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(flow)).rstrip(b"=").decode()


def _unpack(text: str) -> _Flow | None:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text.encode() + b"=="), type=_Flow)
    except (ValueError, msgspec.DecodeError):
        return None


def _refusal(request: Request, error: ServiceError | ProviderError | UnavailableError) -> Response:
    """Show why somebody was not logged in; the log has it too, under the request's id."""
    status = _STATUSES[type(error)]
    _log.warning("request %s: log-in refused with %d: %s", request_id(request), status, error)
    message = _AWAY if isinstance(error, UnavailableError) else str(error)
    return page("message", http.HTTPStatus(status).phrase, status, lines=message.split("\n"), hint=_AGAIN)

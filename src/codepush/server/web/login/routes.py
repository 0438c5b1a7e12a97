"""The routes of a browser login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from codepush.server.ports.errors import ProviderError
from codepush.server.services.access.logins import CODE_LIFE_MS, LINK_LIFE_MS, NOT_LOGGED_IN, TICKET_LIFE_MS
from codepush.server.services.caller import visitor
from codepush.server.services.errors import ForbiddenError, ServiceError, UnavailableError
from codepush.server.web.auth import address, limited_address
from codepush.server.web.bodies import form_body
from codepush.server.web.login.cookies import Cookie
from codepush.server.web.login.flow import ProviderFlow
from codepush.server.web.login.forms import FormToken, hostname_of
from codepush.server.web.login.pages import key_page, linked_page, redirect, rejection_page
from codepush.server.web.pages import page
from codepush.server.web.paths import route
from codepush.server.web.problems import request_id
from codepush.server.web.timelimits import at_most

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from codepush.server.ports.identity import IdentityProvider
    from codepush.server.services.access.logins import Logins
    from codepush.server.web.auth import FailedLogins
    from codepush.server.web.login.flow import Action
    from codepush.server.web.ratelimits import RateLimit

__all__ = ["LoginRoutes"]

_TITLES: Final[Mapping[Action, str]] = {"login": "Log in", "register": "Register", "link": "Link"}


class LoginRoutes:
    """Serves the pages of a login; they need no access key.

    Args:
        logins: The service behind the pages.
        providers: The identity providers that users can log in with.
        public_url: How browsers reach this server, without a trailing slash.
        rate_limit: Limit of requests from one address; ``None`` for no limit.
        failures: Counts failed logins by address; ``None`` for no limit.
        request_seconds: How long a request may take.

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
        self._public_path = urlsplit(public_url).path
        self._rate_limit = rate_limit
        self._failures = failures
        self._flow = ProviderFlow(providers, public_url=public_url)
        self._form_token = FormToken(public_url, seconds=CODE_LIFE_MS // 1000)
        self._ticket_cookie = Cookie("codepush_ticket", public_url, seconds=TICKET_LIFE_MS // 1000)
        self._link_cookie = Cookie("codepush_link", public_url, seconds=LINK_LIFE_MS // 1000)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            *(route(f"/auth/{action}", self._page(self._choose(action))) for action in _TITLES),
            *(route(f"/auth/{action}/{{provider}}", self._page(self._leave(action))) for action in _TITLES),
            route("/auth/login", self._page(self._enter_code), method="POST"),
            route("/auth/callback/{provider}", self._callback),
            route("/accesskey", self._page(self._show_key)),
        ]

    def _page(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Apply the limits to an endpoint and show its errors as pages."""

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
                return rejection_page(request, error)

        return shown

    def _check_action(self, request: Request, action: Action) -> None:
        """Reject an action that cannot succeed before the browser goes to a provider."""
        if action == "register":
            self._logins.check_registration()
        if action == "link" and self._flow.providers and not self._link_cookie.get(request):
            raise ForbiddenError(NOT_LOGGED_IN, code="not_logged_in")

    def _choose(self, action: Action) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint of the page that offers the providers and, for a login, the form for a code."""

        async def choose(request: Request) -> Response:
            self._check_action(request, action)
            hostname = hostname_of(request.query_params.get("hostname"))
            token = self._form_token.of(request) if action == "login" else ""
            response = page(
                "choose",
                _TITLES[action],
                form_token=token,
                action=self._path("/auth/login"),
                hostname=hostname,
                providers=[
                    {"title": provider.title, "address": self._path(f"/auth/{action}/{provider.name}", hostname)}
                    for provider in self._flow.providers
                ],
            )
            if token:
                self._form_token.set(response, token)
            return response

        return choose

    async def _enter_code(self, request: Request) -> Response:
        form = await form_body(request)
        self._form_token.check(request, form.get("token", ""))
        hostname = hostname_of(form.get("hostname")) or address(request)
        return self._to_key(await self._logins.use_code(visitor(request_id(request)), form.get("code", ""), hostname))

    def _leave(self, action: Action) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint that sends a browser to a provider."""

        async def leave(request: Request) -> Response:
            self._check_action(request, action)
            hostname = hostname_of(request.query_params.get("hostname")) or address(request)
            return await self._flow.begin(request, action, hostname)

        return leave

    async def _callback(self, request: Request) -> Response:
        response = await self._page(self._return)(request)
        self._flow.drop(response)
        return response

    async def _return(self, request: Request) -> Response:
        action, hostname, provider, identity = await self._flow.finish(request)
        caller = visitor(request_id(request))
        if action == "link":
            await self._logins.link(caller, identity, self._link_cookie.get(request) or "")
            response = linked_page(provider.title)
            self._link_cookie.drop(response)
            return response
        enter = self._logins.register if action == "register" else self._logins.log_in
        return self._to_key(await enter(caller, identity, hostname))

    def _to_key(self, ticket: str) -> Response:
        response = redirect(self._path("/accesskey"), 303)
        self._ticket_cookie.set(response, ticket)
        return response

    async def _show_key(self, request: Request) -> Response:
        entry = await self._logins.issue_key(visitor(request_id(request)), self._ticket_cookie.get(request) or "")
        response = key_page(entry.access_key)
        self._ticket_cookie.drop(response)
        if self._flow.providers:
            self._link_cookie.set(response, entry.link_ticket)
        return response

    def _path(self, path: str, hostname: str = "") -> str:
        """Return a path of this server as browsers see it."""
        query = f"?{urlencode({'hostname': hostname})}" if hostname else ""
        return f"{self._public_path}{path}{query}"

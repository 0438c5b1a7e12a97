"""The flow of a login at an identity provider: to its login page and back."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Struct

from codepush.server.ports.identity import LoginAttempt
from codepush.server.services.errors import ForbiddenError, NotFoundError
from codepush.server.web.login.cookies import Cookie, are_equal
from codepush.server.web.login.pages import redirect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from codepush.server.ports.identity import Identity, IdentityProvider

__all__ = ["Action", "ProviderFlow", "Return"]

Action: TypeAlias = Literal["login", "register", "link"]

_SECONDS: Final = 10 * 60
"""How long a user may take at the provider."""

_NOT_BEGUN: Final = "This login was started in another browser or has expired. Start again."


class _Flow(Struct, frozen=True):
    """The state that the browser keeps while its user is at a provider."""

    provider: str
    action: Action
    hostname: str
    attempt: LoginAttempt


class Return(NamedTuple):
    """The result of a flow: the identity, and what the user wanted to do with it."""

    action: Action
    hostname: str
    provider: IdentityProvider
    identity: Identity


class ProviderFlow:
    """Sends browsers to identity providers and identifies the users who return.

    Args:
        providers: The identity providers of this server.
        public_url: How browsers reach this server, without a trailing slash.

    """

    def __init__(self, providers: Sequence[IdentityProvider], *, public_url: str) -> None:
        self.providers = tuple(providers)
        self._public_url = public_url
        self._cookie = Cookie("codepush_flow", public_url, seconds=_SECONDS)

    async def begin(self, request: Request, action: Action, hostname: str) -> Response:
        """Redirect a browser to the login page of the provider in its path.

        Raises:
            NotFoundError: This server has no such provider.
            ProviderError: The provider cannot be reached.

        """
        provider = self._provider(request)
        attempt = LoginAttempt(
            state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48)
        )
        response = redirect(await provider.address(attempt, redirect_uri=self._redirect_uri(provider)), 302)
        self._cookie.set(response, _pack(_Flow(provider.name, action, hostname, attempt)))
        return response

    async def finish(self, request: Request) -> Return:
        """Identify the user of a browser that returns from a provider.

        Raises:
            NotFoundError: This server has no such provider.
            ForbiddenError: The flow did not begin in this browser, or the provider did not log the user in.
            ProviderError: The provider cannot be reached or does not accept the code.

        """
        provider = self._provider(request)
        flow, query = _unpack(self._cookie.get(request) or ""), request.query_params
        if flow is None or flow.provider != provider.name or not are_equal(flow.attempt.state, query.get("state", "")):
            raise ForbiddenError(_NOT_BEGUN, code="login_not_begun")
        if "code" not in query:
            raise ForbiddenError(f"{provider.title} did not log you in.", code="login_refused")
        identity = await provider.identify(
            query["code"], flow.attempt, redirect_uri=self._redirect_uri(provider), issuer=query.get("iss")
        )
        return Return(flow.action, flow.hostname, provider, identity)

    def drop(self, response: Response) -> None:
        """Remove the state of the flow from the browser."""
        self._cookie.drop(response)

    def _provider(self, request: Request) -> IdentityProvider:
        name = request.path_params["provider"].lower()
        for provider in self.providers:
            if provider.name == name:
                return provider
        raise NotFoundError("This server has no such identity provider.", code="provider_not_found")

    def _redirect_uri(self, provider: IdentityProvider) -> str:
        """Return the callback URL, which the administrator registers with the provider."""
        return f"{self._public_url}/auth/callback/{provider.name}"


def _pack(flow: _Flow) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(flow)).rstrip(b"=").decode()


def _unpack(text: str) -> _Flow | None:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text.encode() + b"=="), type=_Flow)
    except (ValueError, msgspec.DecodeError):
        return None

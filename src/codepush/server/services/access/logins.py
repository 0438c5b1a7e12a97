"""Login with a browser: a user proves their identity, and fetches an access key for a machine.

The proof is a one-time code from the administrator, or a login at an identity provider. The browser exchanges the
proof for a ticket, and the ticket, once, for the access key; so the key itself is in no cookie and no URL. Codes and
tickets are stored as their SHA-256, and the first process that receives one uses it up.

With the key comes a second ticket, which links an identity provider to the account: only the browser that has just
logged in to an account can link one, and an email address proves nothing.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

from codepush.rules import validation
from codepush.rules.validation import AccessKeyInfo
from codepush.server.ports.errors import AlreadyExistsError
from codepush.server.services.access.access_keys import facts
from codepush.server.services.errors import ConflictError, ForbiddenError, NotFoundError

if TYPE_CHECKING:
    from codepush.server.ports.accounts import AccountRecord
    from codepush.server.ports.identity import Identity
    from codepush.server.ports.login_codes import LoginCodeKind
    from codepush.server.ports.store import Records
    from codepush.server.services.access.access_keys import AccessKeys
    from codepush.server.services.caller import Caller
    from codepush.server.services.change import Change, Changes

__all__ = ["CODE_LIFE_MS", "LINK_LIFE_MS", "TICKET_LIFE_MS", "Entry", "Logins"]

CODE_LIFE_MS: Final = 10 * 60 * 1000
"""Long enough to pass a code to a colleague."""

TICKET_LIFE_MS: Final = 2 * 60 * 1000
"""Long enough for a browser to follow a redirect."""

LINK_LIFE_MS: Final = 10 * 60 * 1000
"""Long enough to log in to an identity provider after logging in here."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U, which are easily mistaken for others; 5 bits each."""

_MEANT: Final = str.maketrans("ILO", "110")
_GROUPS: Final = 7
_GROUP_LENGTH: Final = 4
"""28 letters are 140 random bits, too many to guess, so attempts need no counter."""

# The original's messages (standalone management API, section 8).
_UNKNOWN: Final = (
    "Account not found.\nHave you registered with the CLI?\n"
    "If you are registered but your email address has changed, please contact us."
)
_OTHER_PROVIDER: Final = "You are not registered with the service using this provider account."

_UNVERIFIED: Final = (
    "{} has not verified your email address. Verify it there, then log in again, or ask for a one-time code."
)
_WRONG_CODE: Final = "This code is invalid, used or expired. Ask the administrator for a new one."
_NO_TICKET: Final = "There is no access key to show. A key is shown once, right after logging in; please log in again."
NOT_LOGGED_IN: Final = (
    "Linking an identity provider requires a login to your account in this browser within the last ten minutes.\n"
    "Log in here first, then open this page again."
)
_CLOSED: Final = "Registration is disabled. Ask the administrator for an account."
_REGISTERED: Final = "There is an account for you already.\nStop registering in the command line (Ctrl-C), and log in."
_LINKED: Final = (
    "This cannot be linked: your {0} account belongs to an account of this server already, or your account here to "
    "another {0} account."
)


class Entry(NamedTuple):
    """The result of a login: the access key, and the ticket to link an identity provider."""

    access_key: str
    link_ticket: str


class Logins:
    """Login, registration and linking, up to the access key."""

    def __init__(self, changes: Changes, access_keys: AccessKeys, *, is_registration_open: bool = False) -> None:
        self._changes = changes
        self._access_keys = access_keys
        self._is_registration_open = is_registration_open

    async def make_code(self, caller: Caller, email: str) -> str:
        """Return a new one-time code for an account. It cannot be shown again.

        Raises:
            NotFoundError: There is no account with this address.

        """
        code = _new_code()
        async with self._changes.by(caller) as change:
            account = await change.records.accounts.by_email(email)
            if account is None:
                raise NotFoundError(f"There is no account with the e-mail {email}.", code="account_not_found")
            await _add(change, account, "code", code, life=CODE_LIFE_MS)
            await change.note("account.code", after={"email": account.email})
        return code

    async def use_code(self, caller: Caller, code: str, hostname: str) -> str:
        """Return a ticket for the account of a one-time code, and use up the code.

        Args:
            caller: The browser; it becomes the account of the code.
            code: The code as entered, in any letter case, with spaces or without its hyphens.
            hostname: The machine to log in from.

        Raises:
            ForbiddenError: The code is unknown, used or expired.

        """
        async with self._changes.by(caller) as change:
            found = await change.records.login_codes.redeem("code", _digest(_canonical(code)), now=change.at)
            if found is None:
                raise ForbiddenError(_WRONG_CODE, code="invalid_login_code")
            change.identify(found.account)
            return await _admit(change, "login", "one-time code", hostname)

    async def log_in(self, caller: Caller, identity: Identity, hostname: str) -> str:
        """Return a ticket for the account of an identity.

        An account without a link to any provider is linked by its verified email address.

        Raises:
            ForbiddenError: The account does not exist, or it is linked to another user.

        """
        async with self._changes.by(caller) as change:
            change.identify(await change.records.identities.account_of(identity) or await _claim(change, identity))
            return await _admit(change, "login", identity.provider, hostname)

    async def register(self, caller: Caller, identity: Identity, hostname: str) -> str:
        """Create an account for an identity and return a ticket for it.

        Raises:
            ForbiddenError: Registration is disabled, or the email address is not verified.
            ConflictError: The user has an account, or the identity is linked to one.

        """
        self.check_registration()
        email = _verified(identity)
        async with self._changes.by(caller) as change:
            account = await _create(change, email, identity.name)
            await _link(change, account, identity)
            change.identify(account)
            return await _admit(change, "register", identity.provider, hostname)

    def check_registration(self) -> None:
        """Raise `ForbiddenError` unless registration is enabled."""
        if not self._is_registration_open:
            raise ForbiddenError(_CLOSED, code="registration_closed")

    async def link(self, caller: Caller, identity: Identity, link_ticket: str) -> None:
        """Link an identity to the account that the same browser has just logged in to.

        Args:
            caller: The browser; it becomes the account of the ticket.
            identity: The identity at a provider.
            link_ticket: The ticket issued with the access key; this uses it up.

        Raises:
            ForbiddenError: The ticket is unknown, used or expired.
            ConflictError: The identity, or the account at this provider, is linked already.

        """
        async with self._changes.by(caller) as change:
            found = await change.records.login_codes.redeem("link", _digest(link_ticket), now=change.at)
            if found is None:
                raise ForbiddenError(NOT_LOGGED_IN, code="not_logged_in")
            change.identify(found.account)
            await _link(change, found.account, identity)
            await change.note("account.link", after={"by": identity.provider})

    async def issue_key(self, caller: Caller, ticket: str) -> Entry:
        """Return a new access key for a ticket, and use up the ticket. The key cannot be shown again.

        The ticket for `link` comes with it, valid for ten minutes.

        Raises:
            ForbiddenError: The ticket is unknown, used or expired.

        """
        async with self._changes.by(caller) as change:
            found = await change.records.login_codes.redeem("ticket", _digest(ticket), now=change.at)
            if found is None:
                raise ForbiddenError(_NO_TICKET, code="no_ticket")
            change.identify(found.account)
            info = AccessKeyInfo(friendly_name=f"Login-{change.at}")
            key, access_key = await self._access_keys.issue(change, info, created_by=found.hostname, is_session=True)
            link_ticket = secrets.token_urlsafe(32)
            await _add(change, found.account, "link", link_ticket, life=LINK_LIFE_MS)
            await change.note("session.add", after=facts(key))
        return Entry(access_key, link_ticket)


async def _claim(change: Change, identity: Identity) -> AccountRecord:
    account = await _same_email(change.records, identity)
    if await change.records.identities.providers_of(account.id):
        raise ForbiddenError(_OTHER_PROVIDER, code="not_linked")
    await _link(change, account, identity)
    return account


async def _create(change: Change, email: str, name: str) -> AccountRecord:
    try:
        return await change.records.accounts.add(
            email=email, name=name or email.partition("@")[0], created_at=change.at
        )
    except AlreadyExistsError as error:
        raise ConflictError(_REGISTERED, code="account_exists") from error


async def _link(change: Change, account: AccountRecord, identity: Identity) -> None:
    try:
        await change.records.identities.add(account.id, identity, created_at=change.at)
    except AlreadyExistsError as error:
        raise ConflictError(_LINKED.format(identity.provider), code="already_linked") from error


async def _admit(change: Change, kind: str, by: str, hostname: str) -> str:
    ticket = secrets.token_urlsafe(32)
    await _add(change, change.caller.account, "ticket", ticket, life=TICKET_LIFE_MS, hostname=hostname)
    await change.note(f"account.{kind}", after={"by": by, "hostname": hostname})
    return ticket


async def _add(
    change: Change, account: AccountRecord, kind: LoginCodeKind, code: str, *, life: int, hostname: str = ""
) -> None:
    codes = change.records.login_codes
    await codes.remove_expired(change.at)
    await codes.add(
        account_id=account.id, kind=kind, digest=_digest(code), hostname=hostname, expires_at=change.at + life
    )


def _new_code() -> str:
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def _canonical(typed: str) -> str:
    """Return the normalised form of an entered code."""
    letters = re.sub(r"[\s-]", "", typed).upper().translate(_MEANT)
    groups = (letters[start : start + _GROUP_LENGTH] for start in range(0, len(letters), _GROUP_LENGTH))
    return "-".join(groups)


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _verified(identity: Identity) -> str:
    """Return the email address that a provider has verified.

    An address that accounts here cannot have counts as unverified: it could resemble another account's.
    """
    try:
        email = validation.account_info({"email": identity.email}, is_name_required=False).email
    except validation.InvalidFields:
        email = None
    if email is None:
        raise ForbiddenError(_UNVERIFIED.format(identity.provider), code="email_not_verified")
    return email


async def _same_email(records: Records, identity: Identity) -> AccountRecord:
    account = await records.accounts.by_email(_verified(identity))
    if account is None:
        raise ForbiddenError(_UNKNOWN, code="account_not_found")
    return account

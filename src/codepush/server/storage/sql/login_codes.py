"""Records of one-time codes."""

# ruff: noqa: D102 - the ports describe each method once, for every adapter

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, insert

from codepush.server.ports.accounts import AccountRecord
from codepush.server.ports.login_codes import LoginCodeRecord
from codepush.server.storage.sql.accounts import RECORD
from codepush.server.storage.sql.queries import Queries
from codepush.server.storage.sql.schema import accounts, login_codes

if TYPE_CHECKING:
    from codepush.server.ports.login_codes import LoginCodeKind

ADD: Final = insert(login_codes)

# Finding and deleting are one statement, so that no two transactions can find the same code.
REDEEM: Final = (
    delete(login_codes)
    .where(
        login_codes.c.digest == bindparam("digest"),
        login_codes.c.kind == bindparam("kind"),
        login_codes.c.expires_at > bindparam("now"),
    )
    .returning(login_codes.c.account_id, login_codes.c.hostname)
)

ACCOUNT: Final = RECORD.where(accounts.c.id == bindparam("account_id"))

REMOVE_EXPIRED: Final = delete(login_codes).where(login_codes.c.expires_at <= bindparam("now"))


class SqlLoginCodes(Queries):
    """One-time codes, as :class:`codepush.server.ports.login_codes.LoginCodes` describes them."""

    async def add(
        self, *, account_id: int, kind: LoginCodeKind, digest: str, hostname: str = "", expires_at: int
    ) -> None:
        await self._run(ADD, account_id=account_id, kind=kind, digest=digest, hostname=hostname, expires_at=expires_at)

    async def redeem(self, kind: LoginCodeKind, digest: str, *, now: int) -> LoginCodeRecord | None:
        code = await self._first(REDEEM, kind=kind, digest=digest, now=now)
        if code is None:
            return None
        account = await self._first(ACCOUNT, account_id=code["account_id"])
        assert account is not None  # a code is removed together with its account
        return LoginCodeRecord(account=AccountRecord(**account), hostname=code["hostname"])

    async def remove_expired(self, now: int) -> None:
        await self._run(REMOVE_EXPIRED, now=now)

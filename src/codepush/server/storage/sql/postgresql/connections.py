"""Connections to a PostgreSQL server: time limits, and clear errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from codepush.server.ports.errors import UnavailableError

try:
    import psycopg
    from psycopg import conninfo
except ImportError as error:
    raise UnavailableError(
        f"PostgreSQL needs one more package ({error}). Install it with: pip install 'codepush[postgres]'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Place = Mapping[str, Any]

_NOT_UNDERSTOOD: Final = (
    "The database URL is malformed. Use postgresql://USER:PASSWORD@HOST:PORT/NAME, with characters like @ and / in "
    "the password written as %40 and %2F."
)

OLDEST: Final = 130000
"""The oldest supported server, as PostgreSQL numbers its versions: 13.0."""

# A lost server is detected within seconds, also by a connection that only listens. Parameters of the URL override
# these values.
_NETWORK: Final[Mapping[str, Any]] = {
    "application_name": "codepush",
    "connect_timeout": 3,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 4000,
}

# The server drops the connection as fast: a node that is cut off within a transaction must not keep its locks. Only the
# deletion of what millions of devices have reported takes longer.
_SESSION: Final[Mapping[str, str]] = {
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "5s",
    "client_encoding": "UTF8",
    "synchronous_commit": "on",
}


def place(url: str) -> Place:
    """Return the parameters for the driver, from a URL such as ``postgresql://ada:secret@db.example.com/codepush``.

    Everything in libpq's URLs is supported: several hosts, ``sslmode``, and so on. Raises `UnavailableError` for a URL
    that libpq rejects; libpq's own message would show the password.
    """
    scheme, _, rest = url.partition(":")
    if rest.count("@") > 1:  # otherwise a part of the password could be taken for the host
        raise UnavailableError(_NOT_UNDERSTOOD)
    try:
        given = conninfo.conninfo_to_dict(f"{scheme.partition('+')[0]}:{rest}")
    except psycopg.ProgrammingError:
        raise UnavailableError(_NOT_UNDERSTOOD) from None
    return {**_NETWORK, **given}


async def connect(place: Place, *, patience: float) -> psycopg.AsyncConnection[Any]:
    """Open a connection with time limits, or raise `UnavailableError`."""
    with _port_errors(place):
        connection = await psycopg.AsyncConnection.connect(**place, autocommit=True)
        try:
            _check_version(connection.info)
            await connection.execute(_settings(patience))
            await connection.set_autocommit(False)
        except BaseException:
            await connection.close()
            raise
    return connection


def connect_to_migrate(place: Place) -> psycopg.Connection[Any]:
    """Open a connection without a time limit on statements, for migrations, or raise `UnavailableError`."""
    with _port_errors(place):
        connection = psycopg.connect(**place)
        try:
            _check_version(connection.info)
        except BaseException:
            connection.close()
            raise
    return connection


def _settings(patience: float) -> str:
    settings = {**_SESSION, "lock_timeout": f"{round(patience * 1000)}ms"}
    return ";".join(f"SET {name} = '{value}'" for name, value in settings.items())


@contextmanager
def _port_errors(place: Place) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise UnavailableError(f"The database {_shown(place)} cannot be reached: {_first_line(error)}") from error


def _check_version(info: psycopg.ConnectionInfo) -> None:
    if info.server_version < OLDEST:
        raise UnavailableError(
            f"The database server is PostgreSQL {info.server_version // 10000}, and this codepush needs "
            f"PostgreSQL {OLDEST // 10000} or newer."
        )


def _shown(place: Place) -> str:
    """Return the location without its secrets."""
    host = place.get("host") or "on this machine"
    port = f":{place['port']}" if place.get("port") else ""
    return f"{place.get('dbname') or ''} at {host}{port}".strip()


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__

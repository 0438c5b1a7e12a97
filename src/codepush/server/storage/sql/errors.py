"""Conversion of database errors into errors of the ports."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    TimeoutError as PoolTimeoutError,
)

from codepush.server.ports.errors import AlreadyExistsError, MissingError, UnavailableError, UnstorableError

if TYPE_CHECKING:
    from collections.abc import Iterator

# SQLite names the violated constraint; PostgreSQL uses the codes of the SQL standard.
_TAKEN: Final = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"})
_MISSING: Final = frozenset({"SQLITE_CONSTRAINT_FOREIGNKEY", "23503", "23001"})

# SQLite treats a missing table, a missing column or a missing permission as an error of the file, PostgreSQL as one of
# the statement. As our statements are correct, it is an error of the database.
_NOT_OURS: Final = frozenset({"42P01", "42703", "42501"})


@contextmanager
def port_errors() -> Iterator[None]:
    """Convert errors in the block into errors of the ports.

    A taken name is `AlreadyExistsError`; a missing parent record is `MissingError`; a value that is too large for its
    column is `UnstorableError`; a database that is locked, full, broken or unreachable is `UnavailableError`. An
    incorrect statement is none of these, and its error is not converted.
    """
    try:
        yield
    except IntegrityError as error:
        rule = _code(error)
        if rule in _TAKEN:
            raise AlreadyExistsError(f"The record exists already: {error.orig}") from error
        if rule in _MISSING:
            raise MissingError(f"It refers to a record that does not exist: {error.orig}") from error
        raise
    except DataError as error:
        raise UnstorableError(f"A value cannot be stored: {error.orig}") from error
    except (NotSupportedError, ProgrammingError) as error:
        if _code(error) in _NOT_OURS:
            raise UnavailableError(f"The database failed: {error.orig}") from error
        raise
    except DBAPIError as error:
        raise UnavailableError(f"The database failed: {error.orig}") from error
    except PoolTimeoutError as error:
        raise UnavailableError("The database is too busy: no connection became free in time.") from error


def _code(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)

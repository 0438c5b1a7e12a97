"""What a database driver says, in the words of the ports."""

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

# SQLite names the rule that was broken; PostgreSQL has the codes of the SQL standard.
_TAKEN: Final = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"})
_MISSING: Final = frozenset({"SQLITE_CONSTRAINT_FOREIGNKEY", "23503", "23001"})

# What SQLite counts among the troubles of a file, PostgreSQL calls a mistake in the statement: no such table, no such
# column, not allowed. With our statements it is the database that is not what it should be.
_NOT_OURS: Final = frozenset({"42P01", "42703", "42501"})


@contextmanager
def port_errors() -> Iterator[None]:
    """Raise what goes wrong inside as an error of the ports.

    A name that is taken is `AlreadyExistsError`; a record that belongs to one that is gone is
    `MissingError`; a value that is too large for its place is `UnstorableError`; a database that is
    locked, full, broken or away is `UnavailableError`. A mistake in a statement is none of these and
    stays what it is.
    """
    try:
        yield
    except IntegrityError as error:
        rule = _code(error)
        if rule in _TAKEN:
            raise AlreadyExistsError(f"It is there already: {error.orig}") from error
        if rule in _MISSING:
            raise MissingError(f"It belongs to a record that is not there: {error.orig}") from error
        raise
    except DataError as error:
        raise UnstorableError(f"A value cannot be stored: {error.orig}") from error
    except (NotSupportedError, ProgrammingError) as error:
        if _code(error) in _NOT_OURS:
            raise UnavailableError(f"The database cannot do its work: {error.orig}") from error
        raise
    except DBAPIError as error:
        raise UnavailableError(f"The database cannot do its work: {error.orig}") from error
    except PoolTimeoutError as error:
        raise UnavailableError("The database is too busy: no connection became free in time.") from error


def _code(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)

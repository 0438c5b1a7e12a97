"""Logging: JSON for machines or lines of text for humans, all on standard error.

All modules log with the standard library. A line carries the ID of its request. Tracebacks are shown
without the values of variables, which may be secrets.
"""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codepush.server.settings import LogFormat

__all__ = ["REQUEST_ID", "set_up"]

REQUEST_ID: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)
"""The ID of the current request, for its log lines."""

_LOGGERS: Final = ("codepush", "uvicorn")
"""The loggers to which the level applies; others log warnings and errors only."""

_FIELDS: Final = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "color_message"})
"""The attributes of a log record that are not extra fields; uvicorn repeats its message in the last one."""


def set_up(level: str, log_format: LogFormat) -> None:
    """Log the whole process to standard error.

    Args:
        level: The lowest level of the server's own loggers, such as ``info``.
        log_format: The format of lines; ``auto`` is text on a terminal, and JSON elsewhere.

    """
    handler = logging.StreamHandler()
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    handler.setFormatter(_JsonFormatter() if as_json else _TextFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(level.upper())


class _JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON."""
        line = {
            **dict(_facts(record)),
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": _time(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=repr)


class _TextFormatter(logging.Formatter):
    """Time, level, message, logger and extra fields on one line, then the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as text."""
        facts = "".join(f" {name}={_word(value)}" for name, value in _facts(record))
        level = record.levelname.lower()
        line = f"{_time(record)} [{level:9}] {_printable(record.getMessage()):30} [{record.name}]{facts}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _facts(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    """Yield the request ID and the extra attributes of a record."""
    request_id = REQUEST_ID.get()
    if request_id is not None:
        yield "request_id", request_id
    yield from ((name, value) for name, value in vars(record).items() if name not in _FIELDS)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")


def _printable(message: str) -> str:
    """Escape control characters, so that a message cannot forge a second line."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in message)


def _word(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)

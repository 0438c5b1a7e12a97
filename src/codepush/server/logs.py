"""What is logged, and how it looks: JSON for machines, or lines for people, all on standard error.

Every part logs with the standard library; here it is rendered. A line carries the id of the request that it
belongs to. Tracebacks are shown without the values of variables, which may be secrets.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Final

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from structlog.typing import Processor

    from codepush.server.settings import LogFormat

__all__ = ["set_up"]

_LOGGERS: Final = ("codepush", "uvicorn")
"""Ours, and that of what carries us. Others are heard from warnings on."""


def set_up(level: str, log_format: LogFormat) -> None:
    """Let the whole process log to standard error.

    Args:
        level: from where on our own parts are heard, such as ``info``.
        log_format: how lines look; ``auto`` is text on a terminal, and JSON elsewhere.

    """
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(as_json=log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(level.upper())


def _formatter(*, as_json: bool) -> ProcessorFormatter:
    ending: list[Processor] = (
        [format_exc_info, JSONRenderer()]
        if as_json
        else [ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain_traceback)]
    )
    return ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            add_log_level,
            add_logger_name,
            TimeStamper(fmt="iso", utc=True),
            ExtraAdder(),
            _without_colours,
        ],
        processors=[ProcessorFormatter.remove_processors_meta, *ending],
    )


def _without_colours(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out what uvicorn logs once more for terminals."""
    event.pop("color_message", None)
    return event

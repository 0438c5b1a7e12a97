"""How log lines look, to machines and to people."""

import json
import logging
from typing import Any

import pytest

from codepush.server import logs


@pytest.fixture
def written(capsys, monkeypatch):
    """Return a function that returns what was written to standard error; afterwards logging is as it was before.

    Servers that other tests have run in this process may have set up uvicorn's loggers.
    """
    for name in ("root", "codepush", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(None if name == "root" else name)
        for attribute, value in {"handlers": [], "level": logging.NOTSET, "propagate": True, "disabled": False}.items():
            monkeypatch.setattr(logger, attribute, value)
    manager: Any = logging.Logger.manager  # its cache of enabled levels is not public
    manager._clear_cache()
    yield lambda: capsys.readouterr().err
    manager._clear_cache()


def _fail(secret):
    raise ZeroDivisionError(f"{len(secret)} divided by nothing")


def log_something():
    """Log what servers log: a line of ours with facts, one of uvicorn's, and a failure with its traceback."""
    ours = logging.getLogger("codepush.server.web")
    token = logs.REQUEST_ID.set("abc")
    ours.info("GET %s", "/apps", extra={"status": 200})
    logs.REQUEST_ID.reset(token)
    logging.getLogger("uvicorn.error").info("Started", extra={"color_message": "\x1b[36mStarted"})
    try:
        _fail(f"cpk_{'x' * 6}")
    except ZeroDivisionError as error:
        ours.error("request failed", exc_info=error)


def test_machines_get_one_json_object_a_line(written):
    """It has the time, the level, who said it, what, the request, and the facts; a traceback is one of them."""
    logs.set_up("info", "json")
    log_something()
    ours, uvicorns, failure = map(json.loads, written().splitlines())
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "GET /apps",
        "level": "info",
        "logger": "codepush.server.web",
        "request_id": "abc",
        "status": 200,
    }
    assert (uvicorns["event"], "color_message" in uvicorns) == ("Started", False)
    assert failure["exception"].startswith("Traceback")
    assert "ZeroDivisionError: 10 divided by nothing" in failure["exception"]


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_value_of_a_variable_is_in_a_traceback(written, log_format):
    """Variables may hold secrets, so a traceback shows lines of code and no more."""
    logs.set_up("info", log_format)
    log_something()
    assert "ZeroDivisionError" in written()
    assert "cpk_secret" not in written().replace('_fail("cpk_secret")', "").replace(r"_fail(\"cpk_secret\")", "")


def test_people_get_lines_of_text(written):
    """Without colours, where there is no terminal."""
    logs.set_up("info", "text")
    log_something()
    said = written()
    assert "[info     ] GET /apps" in said
    assert "status=200" in said
    assert "\x1b" not in said


def test_text_cannot_forge_lines(written):
    """Control characters are escaped in messages and facts; what has a space is quoted."""
    logs.set_up("info", "text")
    logging.getLogger("codepush").info("one\ntwo\x1b[31m", extra={"path": "/a\nb", "reason": "no room"})
    (line,) = written().splitlines()
    assert "one\\ntwo\\x1b[31m" in line
    assert "path='/a\\nb' reason='no room'" in line


def test_what_is_not_a_terminal_gets_json_unless_told(written):
    """That is the default: under a supervisor and in a container, machines read it."""
    logs.set_up("info", "auto")
    log_something()
    assert written().startswith("{")


def test_the_level_counts_for_our_own_parts(written):
    """Others are heard when they warn."""
    logs.set_up("error", "json")
    log_something()
    logging.getLogger("somebody.else").info("chatter")
    logging.getLogger("somebody.else").warning("trouble")
    assert [json.loads(line)["event"] for line in written().splitlines()] == ["request failed", "trouble"]

"""JSON with our errors."""

import pytest

from codepush.errors import DecodeError, Invalid
from codepush.wire.messages import (
    Problem,
    cut,
    decode_answer,
    decode_json,
    decode_problem,
    encode_json,
    encode_problem,
    text,
)

NOT_JSON = [b"", b"{", b"nonsense", b'"\xff"', b"NaN", b'"\\ud800"', b"[" * 100_000, b'{"a": 1e999}']


def test_request_bodies_are_decoded():
    """Any JSON value comes back as it was sent."""
    assert decode_json(b'{"a": [1, null, "\xc3\xa9"]}') == {"a": [1, None, "é"]}


@pytest.mark.parametrize("body", NOT_JSON)
def test_a_request_body_that_is_not_json_is_a_400(body):
    """Whatever is wrong with the bytes, the sender is told that it is the body."""
    with pytest.raises(Invalid, match="not valid JSON") as caught:
        decode_json(body)
    assert caught.value.status_code == 400
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize("body", NOT_JSON)
def test_an_answer_that_is_not_json_is_a_decode_error(body):
    """A server's answer that cannot be read is reported as the original SDK does: status 500, with the text."""
    with pytest.raises(DecodeError, match=r"^Could not parse response: ") as caught:
        decode_answer(body, dict)
    assert caught.value.status_code == 500
    assert len(caught.value.message) < 250


def test_text_that_utf8_cannot_carry_is_refused():
    """Half a surrogate pair is an error of whoever gave it, not a crash."""
    with pytest.raises(Invalid, match="surrogate"):
        encode_json({"description": "\ud83d"})


def test_problem_documents_survive_the_wire():
    """What a server says in a problem document is what a client reads."""
    problem = Problem(status=409, code="app_exists", message="There is one.", field="name", request_id="r1")
    assert decode_problem(encode_problem(problem)) == problem


def test_problem_documents_leave_out_what_is_not_known():
    """Absent is absent, not null."""
    body = encode_problem(Problem(status=404, code="no_app", message="There is none."))
    assert decode_json(body) == {"status": 404, "code": "no_app", "message": "There is none."}


def test_text_is_readable_whatever_the_bytes():
    """Bytes that are not UTF-8 do not hide the rest, and blanks around are dropped."""
    assert text(b" caf\xe9\n") == "caf\ufffd"


def test_long_text_is_cut():
    """Only what is too long is cut, and one sees that it was."""
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcdef…"

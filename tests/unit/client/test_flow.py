"""What to do about each outcome, by feeding outcomes: no network, no clock, no waiting."""

from datetime import UTC, datetime, timedelta

import pytest

from codepush.client.flow import Failure, Pause, Policy, Send, perform
from codepush.errors import CodePushError, DecodeError, RateLimited, ServerError, TransportError
from codepush.wire import standalone
from codepush.wire.messages import Response

NOW = datetime(2026, 3, 1, tzinfo=UTC)
READ = standalone.authenticated()
CHANGE = standalone.remove_app("x")
KEYED = standalone.keyed(standalone.rollback("a", "d", None), "k")
QUESTION = Send(standalone.server_honours_keys().request)
OURS = Response(status=200, body=b"{}", headers={"x-codepush-server": "codepush/1.0"})
DONE = Response(status=200, body=b"{}")
UNSENT = Failure(error=TransportError("refused"), sent=False)
BROKEN = Failure(error=TransportError("broke"))
SLOW = Failure(error=TransportError("slow"))
UNTRUSTED = Failure(error=TransportError("certificate"), sent=False, lasting=True)


def busy(status=503, **headers):
    return Response(
        status=status, body=b"Busy.", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def feed(call, *outcomes, max_retries=3, dice=lambda: 1.0):
    """Drive a call with outcomes; return its steps, and its result or error."""
    flow = perform(call, Policy(max_retries=max_retries, dice=dice, now=lambda: NOW))
    left = list(outcomes)
    steps, outcome = [], None
    while True:
        try:
            step = flow.send(outcome)
        except StopIteration as end:
            result = end.value
        except CodePushError as error:
            result = error
        else:
            steps.append(step)
            outcome = left.pop(0) if isinstance(step, Send) else None
            continue
        assert not left, "outcomes that nobody asked for"
        return steps, result


def pauses(steps):
    return [step.seconds for step in steps if isinstance(step, Pause)]


def test_an_answer_ends_the_flow():
    """One request, one answer, and what reading it gives."""
    steps, result = feed(standalone.account(), Response(status=200, body=b'{"account": {"email": "a@example.com"}}'))
    assert steps == [Send(standalone.account().request)]
    assert result.email == "a@example.com"


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_is_success(status):
    """Servers differ in which success they answer."""
    steps, result = feed(CHANGE, Response(status=status))
    assert (len(steps), result) == (1, None)


@pytest.mark.parametrize("call", [READ, CHANGE, KEYED])
def test_a_page_is_no_success(call):
    """A login page that something between answers with is not taken for the server's success."""
    steps, result = feed(call, Response(status=200, body=b"<!doctype html><title>Log in</title>"))
    assert (len(steps), type(result)) == (1, DecodeError)
    assert "web page" in result.message
    assert "<" not in result.message


@pytest.mark.parametrize("call", [READ, CHANGE, KEYED])
def test_a_connection_that_was_not_made_is_tried_again_for_every_call(call):
    """Nothing was sent, so nothing can happen twice."""
    steps, result = feed(call, UNSENT, UNSENT, DONE)
    assert (len(steps), result) == (5, None)


@pytest.mark.parametrize("outcome", [BROKEN, SLOW, busy(429), busy(502), busy(503), busy(504)])
def test_what_may_have_been_carried_out_is_repeated_only_when_that_does_no_harm(outcome):
    """Reading is repeated; a change is not, as it might happen twice."""
    steps, result = feed(READ, outcome, DONE)
    assert (len(steps), result) == (3, None)
    steps, result = feed(CHANGE, outcome)
    assert len(steps) == 1
    assert isinstance(result, (TransportError, ServerError, RateLimited))


@pytest.mark.parametrize("outcome", [busy(404), busy(500), busy(501), UNTRUSTED, busy(301)])
def test_what_would_end_the_same_way_is_not_repeated(outcome):
    """A refusal, a fault or a bad certificate does not go away in a second."""
    steps, result = feed(READ, outcome)
    assert len(steps) == 1
    assert isinstance(result, CodePushError)


@pytest.mark.parametrize("outcome", [BROKEN, SLOW, busy(429), busy(502), busy(503), busy(504)])
def test_a_call_with_a_key_is_repeated_when_the_server_turns_out_to_honour_it(outcome):
    """After a pause the server is asked who it is, and the very same request is sent again."""
    steps, result = feed(KEYED, outcome, OURS, DONE)
    assert steps == [Send(KEYED.request), Pause(0.5), QUESTION, Send(KEYED.request)]
    assert result is None


@pytest.mark.parametrize("answer", [DONE, Response(status=401, body=b"Who?"), Response(status=404), UNTRUSTED])
def test_a_call_with_a_key_is_not_repeated_to_other_servers(answer):
    """The caller sees what happened to the call, not to the question."""
    steps, result = feed(KEYED, BROKEN, answer)
    assert [step for step in steps if isinstance(step, Send)] == [Send(KEYED.request), QUESTION]
    assert result is BROKEN.error


def test_a_server_that_says_who_it_is_with_its_refusal_is_not_asked():
    """Its answer came with the header already."""
    steps, result = feed(KEYED, busy(503, x_codepush_server="codepush/1.0"), DONE)
    assert steps == [Send(KEYED.request), Pause(0.5), Send(KEYED.request)]
    assert result is None


def test_the_question_is_as_patient_as_what_is_left_of_the_call():
    """It is repeated like any reading, with the retries that the call has left."""
    steps, result = feed(KEYED, BROKEN, UNSENT, BROKEN, OURS, DONE)
    assert pauses(steps) == [0.5, 0.5, 1]
    assert result is None
    steps, result = feed(KEYED, BROKEN, UNSENT, UNSENT, UNSENT)
    assert len(pauses(steps)) == 3
    assert result is BROKEN.error


@pytest.mark.parametrize("outcome", [busy(404), busy(409), busy(500), UNTRUSTED])
def test_a_refusal_of_a_call_with_a_key_is_final(outcome):
    """The server has decided; nothing is asked."""
    steps, result = feed(KEYED, outcome)
    assert len(steps) == 1
    assert isinstance(result, CodePushError)


def test_the_last_failure_is_what_the_caller_sees():
    """After as many repetitions as allowed, the error is raised as it is."""
    steps, result = feed(READ, UNSENT, BROKEN, UNSENT, BROKEN)
    assert len(steps) == 7
    assert result is BROKEN.error


def test_no_repetition_when_none_is_wanted():
    """With max_retries=0 the first failure is final."""
    steps, result = feed(READ, UNSENT, max_retries=0)
    assert (len(steps), result) == (1, UNSENT.error)


def test_pauses_grow_and_are_bounded():
    """Half a second at most, then twice as much each time, up to eight seconds."""
    steps, _ = feed(READ, *[UNSENT] * 8, max_retries=7)
    assert pauses(steps) == [0.5, 1, 2, 4, 8, 8, 8]
    steps, _ = feed(READ, *[UNSENT] * 2001, max_retries=2000)
    assert pauses(steps)[-1] == 8


def test_pauses_are_random_down_to_nothing():
    """Clients that failed together do not come back together."""
    steps, _ = feed(READ, UNSENT, UNSENT, DONE, dice=iter([0.0, 0.5]).__next__)
    assert pauses(steps) == [0, 0.5]


def test_what_the_server_asks_to_wait_is_waited_at_least():
    """The random pause comes on top, for seconds and dates alike."""
    date = (NOW + timedelta(seconds=20)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    steps, _ = feed(READ, busy(429, retry_after="7"), busy(503, retry_after=date), DONE)
    assert pauses(steps) == [7.5, 21]


def test_a_server_that_asks_for_too_much_patience_is_not_waited_for():
    """The caller is told how long the server asked to wait, and decides."""
    steps, result = feed(READ, busy(429, retry_after="61"))
    assert len(steps) == 1
    assert result.retry_after == 61


def test_an_unreadable_answer_is_not_asked_for_again():
    """Reading raises what it found."""
    steps, result = feed(standalone.account(), Response(status=200, body=b"OK"))
    assert len(steps) == 1
    assert isinstance(result, DecodeError)

"""Calls over the router, and the end of a process when its session ends for good."""

import subprocess
import sys

import pytest
from autobahn.wamp import message
from autobahn.wamp.exception import ProtocolError
from autobahn.wamp.request import CallRequest
from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from livemon.sisock import wamp

ENDED = """
from livemon.sisock import wamp
from twisted.internet.defer import succeed

class Component:
    def start(self, _reactor):
        return succeed(None)

wamp.run(Component())
"""


def test_a_router_s_farewell_ends_the_process_so_that_it_is_started_again():
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ENDED], capture_output=True, text=True, timeout=20, check=False
    )
    assert process.returncode == 1
    assert "giving up on the router" in process.stdout


def test_a_call_that_takes_too_long_is_not_cancelled_and_its_late_answer_is_ignored():
    clock, call, outcome = Clock(), Deferred(lambda _: pytest.fail("ended")), []
    wamp.answered_within(call, 5.0, clock).addErrback(outcome.append)
    clock.advance(5)
    assert outcome[0].check(defer.TimeoutError)
    call.callback("late")


@pytest.mark.parametrize("answer", ["early", Failure(ValueError("no"))], ids=["result", "failure"])
def test_an_answer_in_time_is_passed_on(answer):
    clock, call, outcome = Clock(), Deferred(), []
    wamp.answered_within(call, 5.0, clock).addBoth(outcome.append)
    call.callback(answer)
    assert outcome == [answer]
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(("waiting", "outcome"), [(True, ["org.example.gone"]), (False, [])])
def test_a_call_that_is_answered_twice_does_not_end_the_session(waiting, outcome):
    """A node that hung and ended was answered for twice, and the bridge lost its session with the router."""
    session, errors, answer = wamp.OutlivingSession(), [], Deferred()
    session._session_id = 1
    if waiting:
        session._call_reqs[11] = CallRequest(11, "org.example.slow", answer, None)
    answer.addErrback(lambda failure: errors.append(failure.value.error))
    session.onMessage(message.Error(message.Call.MESSAGE_TYPE, 11, "org.example.gone"))
    assert errors == outcome


def test_any_other_unrequested_error_is_a_protocol_violation():
    session = wamp.OutlivingSession()
    session._session_id = 1
    with pytest.raises(ProtocolError, match="non-pending"):
        session.onMessage(message.Error(message.Register.MESSAGE_TYPE, 11, "org.example.gone"))

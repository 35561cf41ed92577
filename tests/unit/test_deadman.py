"""The dead-man's switch: when it pings, what it says, and that it never says the address."""

from __future__ import annotations

import ssl

import pytest
from receiver import receiver

from livemon.client.problems import switch_problems
from livemon.errors import RouterError
from livemon.health import external_http
from livemon.health.deadman import FAIL_AFTER, Switch, persistently, reasons_for_silence
from livemon.installation import certificates


def how_it_is(*problems, age=20.0):
    return {"well": not problems, "problems": list(problems), "alarm_path": {"heard": None, "age": age}}


@pytest.mark.parametrize(
    ("health", "reasons"),
    [
        (how_it_is(), []),
        (how_it_is(age=179.0), []),
        (how_it_is(age=190.0), ["the bridge has not heard Grafana's Watchdog alarm for 3 min"]),
        (how_it_is(age=None), ["the bridge has not heard Grafana's Watchdog alarm since it was started"]),
        (how_it_is("node A: has left", age=20.0), ["node A: has left"]),
    ],
)
def test_silence_has_its_reasons(health, reasons):
    assert reasons_for_silence(health) == reasons


class Outside:
    """Takes pings, or fails them by the faults given, one after the other."""

    def __init__(self, *faults):
        self.faults, self.pings = list(faults), 0

    def __call__(self):
        self.pings += 1
        return self.faults.pop(0) if self.faults else None


def run(*answers, ping=None, fail=None):
    """Turn a switch once for each answer of the bridge; return it with what it said."""
    said, waiting = [], list(answers)

    def ask():
        answer = waiting.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    switch = Switch(ask, ping or Outside(), said.append, fail, clock=lambda: 1000.0 + len(waiting))
    for _ in answers:
        switch.turn()
    return switch, said


def test_it_pings_while_all_is_well_and_says_so_once():
    ping = Outside()
    switch, said = run(*[how_it_is()] * 3, ping=ping)
    assert (ping.pings, said) == (3, ["all is well: pinging"])
    assert (switch.pinged, switch.fault) == (1000.0, None)


def test_it_is_silent_while_something_is_wrong_and_comes_back():
    ping = Outside()
    away = RouterError("no bridge at http://bridge:5000")
    switch, said = run(how_it_is(), how_it_is("node A: has left"), away, how_it_is(), ping=ping)
    assert ping.pings == 2
    assert said == [
        "all is well: pinging",
        "not pinging: node A: has left",
        "not pinging: no bridge at http://bridge:5000",
        "all is well: pinging",
    ]
    assert switch.fault is None


def test_a_reason_is_told_once_though_its_numbers_change():
    silences = [how_it_is(f"node A has been silent for {minutes} min") for minutes in (2, 3, 4)]
    switch, said = run(*silences)
    assert said == ["not pinging: node A has been silent for 2 min"]
    assert switch.fault == "node A has been silent for 4 min"


def test_a_ping_that_does_not_arrive_is_told_once():
    switch, said = run(*[how_it_is()] * 3, ping=Outside("connection refused", "connection refused"))
    assert said == [
        "all is well here, but the ping does not arrive: connection refused",
        "all is well: pinging",
    ]
    assert switch.pinged == 1000.0


def test_a_ping_that_does_not_arrive_keeps_the_time_of_the_last_that_did():
    ping = Outside()
    switch, _ = run(how_it_is(), ping=ping)
    ping.faults = ["no answer"]
    switch.ask = how_it_is
    switch.turn()
    assert (switch.pinged, switch.fault) == (1000.0, "no answer")


def test_the_outside_is_told_of_a_fault_that_lasts_once_it_can_be():
    fail = Outside("connection refused")
    run(*[how_it_is("node A: has left")] * (FAIL_AFTER - 1), how_it_is(), fail=fail)
    assert fail.pings == 0
    run(*[how_it_is("node A: has left")] * (FAIL_AFTER + 3), fail=fail)
    assert fail.pings == 2


def test_attempts_have_growing_pauses_and_an_end():
    now, pauses = [0.0], []

    def sleep(seconds):
        pauses.append(seconds)
        now[0] += seconds

    def steady():
        return now[0]

    assert persistently(Outside(*["lost"] * 20), 50, steady, sleep) == "lost"
    assert pauses == [1, 2, 4, 8, 16]
    now[0], pauses[:] = 0.0, []
    assert persistently(Outside("lost", "lost"), 50, steady, sleep) is None
    assert pauses == [1, 2]
    assert persistently(Outside("lost"), 0, steady, sleep) == "lost"


SWITCH = {"heard": 1000.0, "age": 5.0, "pinged": 990.0, "every": 60.0, "fault": None}


@pytest.mark.parametrize(
    ("told", "problems"),
    [
        ({}, []),
        ({"heard": None, "age": None}, []),
        (SWITCH, []),
        (SWITCH | {"fault": "no answer"}, ["the dead-man's switch does not ping: no answer"]),
        (
            SWITCH | {"age": 300.0, "fault": "no answer"},
            ["the dead-man's switch has said nothing for 5 min: see docker logs livemon_deadman"],
        ),
    ],
)
def test_status_tells_of_the_switch(told, problems):
    assert list(switch_problems(told)) == problems


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_ping_arrives(method):
    with receiver() as somebody:
        assert external_http.ping(f"{somebody.url}/ping/token?status=up", method) is None
    assert [(each.method, each.path) for each in somebody.received] == [(method, "/ping/token?status=up")]


@pytest.mark.parametrize(
    ("status", "headers"), [(404, {}), (500, {}), (302, {"Location": "/login"}), (301, {"Location": "/elsewhere"})]
)
def test_only_a_good_answer_counts(status, headers):
    with receiver(status, **headers) as somebody:
        assert external_http.ping(f"{somebody.url}/token", "GET") == f"the answer is HTTP status {status}"
    assert len(somebody.received) == 1


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/token", "connection refused"),
        ("http://token.invalid/token", "the name of the host is not known here"),
        ("token", "this is not a valid address; write one that begins with https://"),
        ("ftp://token/token", "this is not a valid address; write one that begins with https://"),
        ("http://[token/token", "this is not a valid address; write one that begins with https://"),
    ],
)
def test_no_message_has_any_part_of_the_address(url, reason, monkeypatch, caplog):
    monkeypatch.setenv("no_proxy", "*")
    assert external_http.ping(url, "GET") == reason
    assert "token" not in caplog.text


def test_a_certificate_that_does_not_verify_is_refused(tmp_path, monkeypatch):
    list(certificates.ensure(tmp_path, [certificates.Server(names=("localhost",), addresses=("127.0.0.1",))]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server/server.crt", tmp_path / "server/server.key")
    monkeypatch.setenv("no_proxy", "*")
    with receiver(tls=context) as somebody:
        assert external_http.ping(somebody.url, "GET") == (
            "the certificate does not verify; a lab's own authority goes into extra_ca_certificates"
        )
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.crt"))
        assert external_http.ping(somebody.url, "GET") is None

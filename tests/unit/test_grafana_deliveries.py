"""Which messages did not arrive, as a real Grafana 9.4 told of them."""

from __future__ import annotations

import datetime as dt

import pytest

from livemon.errors import GrafanaError
from livemon.grafana import deliveries
from livemon.grafana.deliveries import Delivery

NEVER, ATTEMPTED = "0001-01-01T00:00:00.000Z", "2026-11-30T09:09:20.401Z"
MOMENT = dt.datetime(2026, 11, 30, 9, 9, 20, 401000, tzinfo=dt.UTC).timestamp()
MAIL = "failed to send notification to email addresses: a@b.example: dial tcp 127.0.0.1:26: connect: connection refused"
WEBHOOK = 'Post "http://127.0.0.1:9/secretpath?x=1": dial tcp 127.0.0.1:9: connect: connection refused'
TELEGRAM = (
    'failed to send telegram message: Post "https://api.telegram.org/botsekrit/sendMessage": dial tcp: '
    "lookup api.telegram.org on 10.255.255.53:53: no such host"
)


class Answering:
    """A Grafana with one answer."""

    def __init__(self, answer):
        self._answer = answer

    def get_json(self, path):
        assert path == deliveries.PATH
        return self._answer


def receiver(*integrations, name="on-call"):
    return {"name": name, "active": True, "integrations": [*integrations]}


def integration(name="email", attempted=ATTEMPTED, **told):
    return {
        "name": name,
        "sendResolved": True,
        "lastNotifyAttempt": attempted,
        "lastNotifyAttemptDuration": "1ms",
    } | told


def failed(error, name="email"):
    return integration(name, lastNotifyAttemptError=error)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (integration(attempted=NEVER), Delivery("on-call", "email", None)),
        (integration(), Delivery("on-call", "email", MOMENT)),
        (failed(""), Delivery("on-call", "email", MOMENT)),
        (failed(MAIL), Delivery("on-call", "email", MOMENT, MOMENT, "connection refused")),
        (failed("something else"), Delivery("on-call", "email", MOMENT, MOMENT, None)),
    ],
)
def test_each_way_tells_of_its_last_attempt(told, expected):
    assert deliveries.asked(Answering([receiver(told)])) == [expected]


@pytest.mark.parametrize("answer", [[], [receiver()], [{"name": "empty", "active": False, "integrations": None}]])
def test_a_grafana_that_tells_nobody_has_no_ways(answer):
    assert deliveries.asked(Answering(answer)) == []


@pytest.mark.parametrize(
    "answer", [{"message": "moved"}, None, [3], [receiver({})], [receiver(integration(attempted="never"))]]
)
def test_another_answer_is_refused(answer):
    with pytest.raises(GrafanaError, match="not a list of contact points"):
        deliveries.asked(Answering(answer))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MAIL, "(connection refused)"),
        (WEBHOOK, "(connection refused)"),
        (TELEGRAM, "(its name is unknown)"),
        ('Post "https://hooks.example/T0/B0/sekrit": context deadline exceeded', "(no answer in time)"),
        (
            'Post "https://a.example/sekrit": x509: certificate signed by unknown authority',
            "(its certificate is not trusted)",
        ),
        ("webhook response status 500 Internal Server Error", "(it has a fault of its own)"),
        ("webhook response status 404 Not Found", "(nothing is at its address)"),
        ("webhook response status 401 Unauthorized", "(it refuses the password or the token)"),
        ("535 5.7.8 Error: authentication failed", "(it refuses the password or the token)"),
        ("request failed with status code 429", "(too many messages)"),
        ("sekrit", "UTC: see docker logs"),
    ],
)
def test_a_failure_is_told_without_the_secrets_in_it(error, words):
    (problem,) = deliveries.problems(deliveries.asked(Answering([receiver(failed(error))])), MOMENT)
    assert problem.startswith("Grafana cannot deliver alarms to on-call by email since 09:09 UTC")
    assert words in problem
    assert "sekrit" not in problem
    assert "secretpath" not in problem


@pytest.mark.parametrize(
    ("name", "seconds", "told"),
    [
        ("on-call", 0, True),
        ("on-call", 600, True),
        ("on-call", 601, False),
        ("livemon-watchdog", 0, False),
        ("livemon-nobody", 0, False),
        ("grafana-default-email", 0, False),
    ],
)
def test_only_what_should_have_reached_somebody_lately_is_told(name, seconds, told):
    asked = deliveries.asked(Answering([receiver(failed(MAIL), name=name)]))
    assert bool(list(deliveries.problems(asked, MOMENT + seconds))) is told


def test_what_goes_on_failing_fails_since_its_first_failure():
    def way(attempted, failing=None, kind="email"):
        return Delivery("on-call", kind, attempted, failing, failing and "connection refused")

    first = [way(10.0, 10.0), way(10.0), way(10.0, 10.0, "slack")]
    again = deliveries.followed(first, [way(40.0, 40.0), way(40.0, 40.0), way(40.0, None, "slack")])
    assert [each.failing for each in again] == [10.0, 40.0, None]
    assert [each.attempted for each in again] == [40.0] * 3
    assert deliveries.followed([], again) == again
    assert deliveries.followed(again, []) == []


def test_what_tells_nobody_bears_the_names_that_the_inventory_gives_it():
    from plugins.plugin_utils.inventory.grafana import identity

    assert {identity.PULSE, identity.NOBODY} < set(deliveries.LEFT_OUT)

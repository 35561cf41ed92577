"""Silences outlive a Grafana that keeps them in memory, and none comes back that somebody ended."""

from __future__ import annotations

import datetime as dt

import pytest
from grafana_stand_in import PASSWORD, stand_in

from livemon.errors import GrafanaError
from livemon.grafana import silences
from livemon.grafana.client import Grafana

NOW = dt.datetime(2026, 11, 30, 9, 0, tzinfo=dt.UTC)
LATER, EARLIER = "2026-11-30T10:00:00.000Z", "2026-11-30T08:00:00.000Z"


def silence(name="a", state="active", ends=LATER, comment="cooldown", value="control"):
    return {
        "id": name,
        "status": {"state": state},
        "matchers": [
            {"name": "instrument", "value": value, "isRegex": False, "isEqual": True},
            {"name": "kind", "value": "above|below", "isRegex": True, "isEqual": False},
        ],
        "startsAt": EARLIER,
        "endsAt": ends,
        "createdBy": "postdoc",
        "comment": comment,
        "updatedAt": EARLIER,
    }


LOST = [
    ("in memory only", [silence()], [], ["a"]),
    ("to begin later", [silence(state="pending")], [], ["a"]),
    ("known", [silence()], [silence()], []),
    ("ended by somebody", [silence()], [silence(state="expired")], []),
    ("over", [silence(ends=EARLIER)], [], []),
    ("had been ended", [silence(state="expired")], [], []),
    ("made again already", [silence()], [silence("b")], []),
    ("with its matchers in another order", [silence()], [silence("b") | {"matchers": silence()["matchers"][::-1]}], []),
    ("another one", [silence()], [silence("b", value="warm")], ["a"]),
    ("of another end", [silence()], [silence("b", ends="2026-11-30T11:00:00.000Z")], ["a"]),
]


@pytest.mark.parametrize(("kept", "present", "expected"), [row[1:] for row in LOST], ids=[row[0] for row in LOST])
def test_what_is_lost_is_what_holds_and_is_unknown(kept, present, expected):
    assert [each["id"] for each in silences.lost(kept, present, NOW)] == expected


def test_a_silence_that_had_been_ended_does_not_rise_again():
    kept = [silence("ended", "expired"), silence("active"), silence("over", "expired")]
    present = [silence("ended"), silence("active"), silence("over", "expired"), silence("new")]
    assert [each["id"] for each in silences.risen(kept, present)] == ["ended"]


def test_a_silence_is_told_in_words():
    assert silences.shown(silence()) == f"the silence of instrument=control, kind!~above|below until {LATER}"


def test_a_grafana_that_was_killed_knows_its_silences_again(tmp_path):
    said = []
    with stand_in(tmp_path) as running:
        for comment in ("kept", "ended"):
            running.make_silence(comment=comment)
        running.make_silence(comment="over", endsAt="2026-11-30T08:00:00Z")
        grafana = Grafana(running.url, PASSWORD)
        grafana.delete(silences.PATH_OF_ONE + silences.listed(grafana)[1]["id"])
        kept = silences.bring_back(grafana, [], dt.datetime.now(dt.UTC), said.append)
        running.kill()
    with stand_in(tmp_path) as restarted:
        grafana = Grafana(restarted.url, PASSWORD)
        restarted.make_silence(comment="ended")
        (present,) = silences.listed(grafana)
        ended = [
            each | {"id": present["id"]} for each in kept if each["comment"] == "ended"
        ]  # as if it had been flushed
        kept = [each for each in kept if each["comment"] != "ended"] + ended
        for _ in range(2):
            kept = silences.bring_back(grafana, kept, dt.datetime.now(dt.UTC), said.append)
    states = {each["comment"]: each["status"]["state"] for each in kept}
    assert states == {"kept": "active", "ended": "expired"}
    assert [sentence.rpartition(" was ")[2] for sentence in said] == ["brought back", "ended again"]


def test_a_silence_that_grafana_refuses_holds_up_no_other(tmp_path):
    said = []
    refused = {key: value for key, value in silence("b").items() if key != "matchers"} | {"matchers": []}
    with stand_in(tmp_path) as running:
        grafana = Grafana(running.url, PASSWORD)
        kept = [silence(ends="2126-11-30T10:00:00.000Z"), refused | {"endsAt": "2126-11-30T10:00:00.000Z"}]
        present = silences.bring_back(grafana, kept, NOW, said.append)
    assert len(present) == 1
    assert [("cannot be brought back" in sentence) for sentence in said] == [False, True]


def test_silences_are_kept_when_grafana_does_not_answer():
    with pytest.raises(GrafanaError):
        silences.bring_back(Grafana("http://127.0.0.1:9", PASSWORD), [silence()], NOW, print)

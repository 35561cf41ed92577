"""What looks after a running Grafana, and what the bridge tells on of it."""

from __future__ import annotations

import json
import sqlite3
import stat
import time
from contextlib import closing

import grafana_files
import pytest
from grafana_stand_in import PASSWORD, stand_in
from memory_source import MemorySource

from livemon.bridge import grafana_state
from livemon.bridge.app import create_app
from livemon.errors import ConfigError, GrafanaError
from livemon.grafana import deliveries, given, provisioned, silences
from livemon.grafana.client import Grafana
from livemon.grafana.deliveries import LEFT_OUT
from livemon.grafana.watch import COMPARED_EVERY, REST, Watch


class Clock:
    """Both clocks of a watch; it begins at the present."""

    def __init__(self):
        self.now = time.time()

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def state(tmp_path, monkeypatch):
    """The watch's directory, into which the bridge looks."""
    directory = tmp_path / "state"
    directory.mkdir()
    monkeypatch.setenv("LIVEMON_GRAFANA_WATCHED", str(directory / "grafana.json"))
    return directory


def watch(url, state, said, clock, password=PASSWORD):
    return Watch(lambda: Grafana(url, password), state, said.append, clock, clock)


@pytest.mark.slow
def test_what_somebody_deletes_is_told_from_the_second_look_on(tmp_path, state, clock):
    """A look between the files of a run of the playbook and the start of Grafana finds what is about to be there."""
    files = tmp_path / "etc"
    with grafana_files.bridge() as bridge:
        grafana_files.write(files, {"instruments": []}, bridge=bridge)
        with stand_in(tmp_path, {"GF_PATHS_PROVISIONING": str(files / "config")}) as running:
            grafana = Grafana(running.url, PASSWORD)
            provisioned.protect(grafana, given.read(files))
            watching = Watch(lambda: grafana, state, lambda _: None, clock, clock, given=files)
            watching.turn()
            with closing(sqlite3.connect(tmp_path / "grafana.db", timeout=30)) as database, database:
                database.execute("DELETE FROM rule")
            told = []
            for _ in range(3):
                clock.now += COMPARED_EVERY
                watching.turn()
                told.append(json.loads((state / "grafana.json").read_text())["problems"])
    assert told[0] == []
    assert told[1] == told[2]
    assert told[1][0].startswith("Grafana is not as it should be: missing: the alarm")
    (problem,) = create_app(MemorySource({})).test_client().get("/api/health").get_json()["grafana"]
    assert problem == told[1][0]


def test_silences_outlive_a_kill_and_nobody_else_reads_them(tmp_path, state, clock):
    said = []
    with stand_in(tmp_path) as running:
        running.make_silence()
        watch(running.url, state, said, clock).turn()
        running.kill()
    watch(running.url, state, said, clock).turn()
    assert "does not answer" in said.pop()
    with stand_in(tmp_path) as restarted:
        watching = watch(restarted.url, state, said, clock)
        for _ in range(2):
            watching.turn()
        (present,) = silences.listed(Grafana(restarted.url, PASSWORD))
    assert present["comment"] == "warming up"
    assert [sentence.rpartition(" ")[2] for sentence in said] == ["back"]
    assert stat.S_IMODE((state / "silences.json").stat().st_mode) == 0o400
    assert stat.S_IMODE((state / "grafana.json").stat().st_mode) == 0o644


def test_a_failed_delivery_is_told_by_the_bridge(tmp_path, state):
    said = []
    with stand_in(tmp_path, {"STAND_IN_DELIVERY_FAULT": "dial tcp: connect: connection refused"}) as running:
        Watch(lambda: Grafana(running.url, PASSWORD), state, said.append).turn()
    answer = create_app(MemorySource([])).test_client().get("/api/health")
    assert answer.status_code == 503
    (problem,) = answer.json["grafana"]
    assert problem.startswith("Grafana cannot deliver alarms to on-call by email since")
    assert problem in answer.json["problems"]


FIRING = [{"name": name, "instrument": name.split(":")[0]} for name in ("control:2:above:critical", "ls240:3:silent")]


def test_the_bridge_knows_whom_grafana_tells_and_what_is_silenced(tmp_path, state, clock):
    assert not grafana_state.notifies_people(clock.now)
    with stand_in(tmp_path, {"STAND_IN_FIRING": json.dumps([*FIRING, {"alertname": "of somebody else"}])}) as running:
        watching = watch(running.url, state, [], clock)
        watching.turn()
        assert grafana_state.silenced(clock.now) == {"control:2:above:critical": False, "ls240:3:silent": False}
        running.make_silence()  # of the instrument control
        watching.turn()
    assert grafana_state.silenced(clock.now) == {"control:2:above:critical": True, "ls240:3:silent": False}
    assert grafana_state.notifies_people(clock.now)
    # Of what was seen so long ago nobody knows whether it is so still.
    assert grafana_state.silenced(clock.now + 301.0) == {}
    assert not grafana_state.notifies_people(clock.now + 301.0)


@pytest.mark.parametrize(
    ("receivers", "tells"),
    [
        ([("on-call", True)], True),
        ([("on-call", None)], True),  # a release that does not say whether a policy leads there
        ([("on-call", False)], False),
        ([(name, True) for name in LEFT_OUT], False),
        ([], False),
    ],
)
def test_a_grafana_without_contact_points_of_a_person_tells_nobody(receivers, tells):
    class Answering:
        def get_json(self, _path):
            way = {"name": "email", "lastNotifyAttempt": "0001-01-01T00:00:00.000Z"}
            return [
                {"name": name, "integrations": [way]} | ({} if active is None else {"active": active})
                for name, active in receivers
            ]

    assert deliveries.tell_somebody(deliveries.asked(Answering())) is tells


@pytest.mark.parametrize("answer", [None, {"message": "not found"}, [{"labels": {"name": "a"}}], [7]])
def test_what_is_not_a_list_of_alarms_is_not_taken_for_one(answer):
    class Answering:
        def get_json(self, _path):
            return answer

    with pytest.raises(GrafanaError, match="not a list of alarms"):
        silences.firing(Answering())


def test_a_refused_password_is_not_tried_again_at_once(tmp_path, state, clock):
    said, attempts = [], []

    def connect():
        attempts.append(clock.now)
        return Grafana(running.url, "the former one" if len(attempts) == 1 else PASSWORD)

    with stand_in(tmp_path) as running:
        watching = Watch(connect, state, said.append, clock, clock)
        begun = clock.now
        for _ in range(20):
            watching.turn()
            clock.now += 15.0
    assert attempts[:2] == [begun, begun + REST]
    assert "does not know the administrator's password" in said[0]
    assert said[1:] == ["Grafana answers"]


@pytest.mark.parametrize(
    ("url", "away", "problem"),
    [
        ("http://127.0.0.1:9", 300.0, None),
        (
            "http://127.0.0.1:9",
            301.0,
            "whether Grafana sends alarms has been unknown for 5 min: Grafana does not answer at",
        ),
    ],
)
def test_a_grafana_that_is_away_for_long_is_told(state, clock, url, away, problem):
    watching = watch(url, state, [], clock)
    clock.now += away
    watching.turn()
    told = list(grafana_state.problems(clock.now))
    assert told == [] if problem is None else told[0].startswith(problem)


def test_a_watch_that_is_away_itself_is_told(tmp_path, state, clock):
    with stand_in(tmp_path) as running:
        watch(running.url, state, [], clock).turn()
    assert list(grafana_state.problems(clock.now + 299.0)) == []
    (problem,) = grafana_state.problems(clock.now + 301.0)
    assert problem.endswith("see docker logs livemon_grafana_watch")


def test_a_fault_is_logged_once_and_its_end_too(tmp_path, state, clock):
    said, replaced = [], clock.now + 40.0

    def connect():
        if clock.now < replaced:
            raise ConfigError("the secret is being replaced")
        return Grafana(running.url, PASSWORD)

    with stand_in(tmp_path) as running:
        watching = Watch(connect, state, said.append, clock, clock)
        for _ in range(5):
            watching.turn()
            clock.now += 15.0
    assert said == ["the secret is being replaced", "Grafana answers"]


def test_a_damaged_copy_of_the_silences_holds_nothing_up(tmp_path, state, clock):
    (state / "silences.json").write_text("[{")
    with stand_in(tmp_path) as running:
        watch(running.url, state, [], clock).turn()
    assert json.loads((state / "grafana.json").read_text())["fault"] is None


def test_without_grafana_nobody_is_missed(state, monkeypatch):
    assert list(grafana_state.problems(0.0)) == []
    monkeypatch.delenv("LIVEMON_GRAFANA_WATCHED")
    assert list(grafana_state.problems(0.0)) == []


def test_a_file_that_cannot_be_read_is_told(state):
    (state / "grafana.json").write_text("{")
    (problem,) = grafana_state.problems(0.0)
    assert "grafana.json cannot be read" in problem

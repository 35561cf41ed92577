"""A 425's field is published in gauss and with its status: socs's own acquisition over a simulated instrument."""

import math
import time
from types import SimpleNamespace

import pytest
import txaio

txaio.use_twisted()

from socs.agents.lakeshore425 import agent  # noqa: E402

from livemon.instruments.common.cryostat import Cryostat  # noqa: E402
from livemon.instruments.common.faults import parse  # noqa: E402
from livemon.instruments.lakeshore425 import agent as lakeshore425  # noqa: E402
from livemon.instruments.lakeshore425.simulator import Model425  # noqa: E402


class Asked:
    """A simulated 425; `between` is called before an answer to the query of its key, once."""

    def __init__(self):
        self.meter = Model425("4250022", Cryostat(0), seed=1)
        self.queries, self.between, self.answers = [], {}, {}

    def query(self, message):
        self.queries.append(message)
        self.between.pop(message, lambda: None)()
        answer = self.answers.get(message)
        return answer if answer is not None else self.meter.handle(message, 1.0)


@pytest.fixture
def asked(monkeypatch):
    """What the driver talks to, with socs's driver and agent as our launcher has them."""
    monkeypatch.setattr(agent.ls, "LakeShore425", agent.ls.LakeShore425)
    monkeypatch.setattr(agent, "LS425Agent", agent.LS425Agent)
    lakeshore425.adapt()
    found = Asked()
    monkeypatch.setattr(agent.ls.LakeShore425, "query", lambda _self, message: found.query(message), raising=False)
    monkeypatch.setattr(agent.ls.serial, "Serial", lambda *_, **__: SimpleNamespace(close=lambda: None))
    return found


@pytest.fixture
def gauss(asked):
    return float(asked.meter.handle("RDGFIELD?", 1.0))


def published(monkeypatch, samples=1):
    """Let socs's acquisition publish; return the data of its messages."""
    found = []

    def publish(feed, message, _from_reactor=None):
        found.append((feed, message["block_name"], message["data"]))
        acquisition.take_data = len(found) < samples

    app = SimpleNamespace(
        log=txaio.make_logger(),
        register_feed=lambda *_arguments, **_options: None,
        publish_to_feed=publish,
        feeds={"mag_field": SimpleNamespace(flush_buffer=lambda: None)},
    )
    acquisition = agent.LS425Agent(app, "port")
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    assert acquisition.acq(SimpleNamespace(data={}), {"sampling_frequency": 1.0})[0]
    assert {each[:2] for each in found} == {("mag_field", "mag_field")}
    return [data for *_, data in found]


@pytest.mark.parametrize("unit", lakeshore425.GAUSS)
def test_the_field_is_in_gauss_whatever_the_front_panel_shows(asked, gauss, monkeypatch, unit):
    asked.meter.handle(f"UNIT {unit}", 1.0)
    (data,) = published(monkeypatch)
    assert data == {"Bfield": pytest.approx(gauss, rel=1e-5), "Bfield_status": 0}


@pytest.mark.parametrize("at", ["RDGFIELD?", "OPST?", "UNIT?"])
def test_a_unit_that_is_changed_while_it_is_read_scales_no_sample(asked, gauss, monkeypatch, at):
    published_before = published(monkeypatch)
    asked.between[at] = lambda: asked.meter.handle("UNIT 2", 1.0)
    after = published(monkeypatch, samples=3)
    assert asked.meter.handle("UNIT?", 1.0) == "2"
    assert [data["Bfield"] for data in (*published_before, *after)] == [pytest.approx(gauss, rel=1e-5)] * 4


@pytest.mark.parametrize("status", [1, 2, 16, 1 | 64])
def test_without_a_reading_the_field_is_nan(asked, monkeypatch, status):
    asked.answers["OPST?"] = f"{status | 4}"
    (data,) = published(monkeypatch)
    assert math.isnan(data["Bfield"])
    assert data["Bfield_status"] == status
    assert "RDGFIELD?" not in asked.queries  # what it would answer is not known


def test_an_overload_that_begins_during_a_reading_makes_it_invalid_and_its_end_brings_readings_back(
    asked, gauss, monkeypatch
):
    def overload():
        asked.meter.faults.add(parse("over-range", 0.0, asked.meter.INPUTS))

    asked.between["RDGFIELD?"] = overload
    (data,) = published(monkeypatch)
    assert math.isnan(data["Bfield"])
    assert data["Bfield_status"] == lakeshore425.OVERLOAD
    asked.meter.faults.clear()
    assert published(monkeypatch) == [{"Bfield": gauss, "Bfield_status": 0}]


@pytest.mark.parametrize(("status", "shown"), [(8, 0), (4 | 128, 0), (64, 64)])
def test_other_bits_leave_a_reading_valid(asked, gauss, monkeypatch, status, shown):
    asked.answers["OPST?"] = f"{status}"
    assert published(monkeypatch) == [{"Bfield": gauss, "Bfield_status": shown}]


def test_a_reading_takes_three_queries_after_the_first(asked, monkeypatch):
    published(monkeypatch, samples=3)
    assert asked.queries == ["OPST?", "UNIT?", *(["RDGFIELD?", "OPST?", "UNIT?"] * 3)]


def test_an_answer_that_is_not_a_unit_is_not_taken_for_one(asked, gauss, monkeypatch):
    asked.answers["UNIT?"] = "5"
    asked.between["RDGFIELD?"] = lambda: None

    def mend():
        if asked.queries.count("UNIT?") == 2:
            del asked.answers["UNIT?"]
        else:
            asked.between["UNIT?"] = mend

    asked.between["UNIT?"] = mend
    assert published(monkeypatch) == [{"Bfield": gauss, "Bfield_status": 0}]

"""A 372's readings are published with their status: socs's own acquisition over answers that a test has written."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from types import SimpleNamespace

import numpy as np
import pytest
import txaio

txaio.use_twisted()

from socs.agents.lakeshore372 import agent  # noqa: E402
from socs.Lakeshore import Lakeshore372  # noqa: E402

from livemon.bridge.catalogue import Catalogue, Field, Node  # noqa: E402
from livemon.bridge.derived import DerivedChannels  # noqa: E402
from livemon.bridge.inventory import Inventory  # noqa: E402
from livemon.instruments.common.cryostat import Cryostat  # noqa: E402
from livemon.instruments.lakeshore372 import agent as lakeshore372  # noqa: E402
from livemon.instruments.lakeshore372 import reading_status  # noqa: E402
from livemon.instruments.lakeshore372.simulator import Model372  # noqa: E402
from plugins.plugin_utils.inventory.models import MODELS  # noqa: E402

VALID, CS_OVL, VMIX_OVL, R_OVER, T_OVER, T_UNDER = 0, 1, 4, 16, 64, 128


class Wire:
    """What a 372 answers: the scanner stays on channel 2; the answers to ``RDGST?`` as they follow each other, `None` for none."""

    def __init__(
        self, statuses: Iterable[str | None], kelvin: str = "+3.91230E+00", ohms: str = "+1.02244E+03"
    ) -> None:
        self.asked: list[str] = []
        self._statuses = iter(statuses)
        self._answers = {"SCAN?": "02,1", "KRDG?": kelvin, "SRDG?": ohms}
        self._others = Model372("LSA22YG", Cryostat(0))

    def __call__(self, message: str) -> str:
        self.asked.append(message)
        mnemonic = message.split(" ", maxsplit=1)[0]
        if mnemonic == "RDGST?":
            status = next(self._statuses)
            if status is None:
                raise ConnectionError
            return status
        return self._answers.get(mnemonic) or self._others.handle(message, 0.0) or ""

    def acquisition(self) -> list[str]:
        return [message for message in self.asked if message.split(" ")[0] in {"KRDG?", "SRDG?", "RDGST?"}]


class Acquisition:
    """socs's agent over a wire, and what it publishes turn by turn."""

    def __init__(self, wire: Wire, *, control: bool = False) -> None:
        self.published: list[dict] = []
        self.app = SimpleNamespace(
            log=txaio.make_logger(),
            agent_address="observatory.control",
            register_feed=lambda *_arguments, **_options: None,
            publish_to_feed=lambda _feed, message, _from_reactor=None: self.published.append(message),
        )
        self.session = SimpleNamespace(app=self.app, degraded=False, data={})
        self.agent = agent.LS372_Agent(self.app, "control", "192.0.2.1", enable_control_chan=control)
        self.agent.module = agent.LS372("192.0.2.1")

    def turn(self) -> dict:
        """Read once; return what came by block."""
        self.published.clear()
        self.agent.acq(self.session, {"run_once": True})
        return {message["block_name"]: message["data"] for message in self.published}


@pytest.fixture
def acquire(monkeypatch):
    """Return what begins an acquisition as our launcher has it, over a wire in place of a connection."""
    for module, name in ((agent, "LS372"), (agent, "LS372_Agent"), (Lakeshore372, "Channel")):
        monkeypatch.setattr(module, name, getattr(module, name))
    lakeshore372.adapt()

    def begin(wire: Wire, **options: bool) -> Acquisition:
        agent.LS372._connect = lambda *_: None
        agent.LS372.msg = lambda _self, message: wire(message)
        return Acquisition(wire, **options)

    return begin


def test_a_valid_reading_has_the_status_0_beside_it(acquire):
    assert acquire(Wire(itertools.repeat("000"))).turn() == {
        "Channel_02": {"Channel_02_T": 3.9123, "Channel_02_R": 1022.44, "Channel_02_status": VALID}
    }


@pytest.mark.parametrize("status", [CS_OVL, VMIX_OVL, R_OVER, R_OVER | T_OVER])
def test_what_an_overloaded_input_reads_is_never_a_temperature_nor_a_resistance(acquire, status):
    found = acquire(Wire(itertools.repeat(f"{status:03d}"))).turn()
    assert math.isnan(found["Channel_02"]["Channel_02_T"])
    assert math.isnan(found["Channel_02"]["Channel_02_R"])
    assert found["Channel_02"]["Channel_02_status"] == status
    assert found["Channel_02_flagged"] == {"Channel_02_T_flagged": 3.9123, "Channel_02_R_flagged": 1022.44}


@pytest.mark.parametrize("status", [T_OVER, T_UNDER])
def test_a_resistance_that_is_not_on_the_curve_is_a_resistance_all_the_same(acquire, status):
    found = acquire(Wire(itertools.repeat(f"{status:03d}"), kelvin="+00.0000E-03")).turn()
    assert math.isnan(found["Channel_02"]["Channel_02_T"])
    assert found["Channel_02"]["Channel_02_R"] == 1022.44
    assert found["Channel_02_flagged"]["Channel_02_T_flagged"] == 0.0


@pytest.mark.parametrize("answers", [["001", "000"], ["000", "001"]], ids=["just over", "just beginning"])
def test_a_reading_is_valid_only_if_it_was_before_and_after(acquire, answers):
    found = acquire(Wire(answers)).turn()
    assert math.isnan(found["Channel_02"]["Channel_02_T"])
    assert found["Channel_02"]["Channel_02_status"] == CS_OVL


def test_the_status_after_a_reading_is_the_one_before_the_next(acquire):
    """Which costs one question a reading, and one more a visit."""
    wire = Wire(["000", "000", "004", "000", "000"])
    acquisition = acquire(wire)
    assert [acquisition.turn()["Channel_02"]["Channel_02_status"] for _ in range(4)] == [0, 4, 4, 0]
    one = ["KRDG? 2", "SRDG? 2", "RDGST? 2"]
    assert wire.acquisition() == ["RDGST? 2", *one * 4]


def test_after_a_pause_in_which_the_scanner_may_have_gone_round_a_reading_waits_until_it_has_settled(
    acquire, monkeypatch
):
    """After an outage the channel of before was read in its own pause: its last reading of the round before, as a new one."""
    clock = [1000.0]
    monkeypatch.setattr(reading_status.time, "monotonic", lambda: clock[0])
    acquisition = acquire(Wire(itertools.repeat("000")))
    assert "Channel_02" in acquisition.turn()
    turns = []
    for seconds in (3.9, 4.1, 1.0, 1.9, 0.2):
        clock[0] += seconds
        turns.append("Channel_02" in acquisition.turn())
    assert turns == [True, False, False, False, True]


@pytest.mark.parametrize("delay", [0, 5, 9])
def test_a_reading_of_a_channel_that_the_scanner_has_left_is_not_published(acquire, monkeypatch, delay):
    """socs reads the channel that was active before it waited."""
    clock = [1000.0]
    wire = Wire(itertools.repeat("000"))
    acquisition = acquire(wire)
    acquisition.agent.dwell_time_delay = delay

    def sleep(seconds):
        clock[0] += seconds
        if clock[0] > 1002:
            wire._answers["SCAN?"] = "03,1"

    monkeypatch.setattr(reading_status.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(reading_status.time, "sleep", sleep)
    driver = acquisition.agent.module
    left = driver.get_active_channel()
    acquisition.agent._wait_for_channel_change(left, None)
    assert clock[0] - 1000 == 3 + min(delay, 4)
    for unit in ("kelvin", "ohms"):
        driver.get_temp(unit, left.channel_num)
    assert left.channel_num in driver.repeated


def test_a_status_of_the_visit_before_says_nothing(acquire, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(reading_status.time, "monotonic", lambda: clock[0])
    wire = Wire(["000", "000", "001", "000"])
    acquisition = acquire(wire)
    acquisition.turn()
    for _ in range(16):
        clock[0] += 2
        acquisition.agent.module.get_active_channel()
    assert acquisition.turn()["Channel_02"]["Channel_02_status"] == CS_OVL


def test_the_control_input_has_a_status_of_its_own(acquire):
    wire = Wire(["000", "000", "064", "064"])
    found = acquire(wire, control=True).turn()
    assert found["Channel_02"]["Channel_02_status"] == VALID
    assert math.isnan(found["control_chan"]["control_T"])
    assert found["control_chan"]["control_status"] == T_OVER
    assert found["control_chan_flagged"] == {"control_T_flagged": 3.9123, "control_R_flagged": 1022.44}
    assert wire.acquisition()[-4:] == ["RDGST? A", "KRDG? A", "SRDG? A", "RDGST? A"]


@pytest.mark.parametrize("answer", ["", "+3.91230E+00", "256", "-1", "x"])
def test_without_a_status_there_is_no_reading(acquire, answer):
    acquisition = acquire(Wire(["000", answer]))
    with pytest.raises(ValueError, match="is not a reading status"):
        acquisition.turn()
    assert acquisition.published == []


def test_after_a_status_that_did_not_come_the_next_reading_has_two_of_its_own(acquire, monkeypatch):
    monkeypatch.setattr(agent.time, "sleep", lambda _seconds: None)
    wire = Wire(["000", None, "000", "000"])
    acquisition = acquire(wire)
    acquisition.turn()
    assert len(acquisition.published) == 1
    one = ["RDGST? 2", "KRDG? 2", "SRDG? 2", "RDGST? 2"]
    assert wire.acquisition() == one * 2


def test_socs_reads_the_numbers_that_it_always_did(acquire):
    """Its servo compares them, and NaN is never beyond."""
    acquisition = acquire(Wire(itertools.repeat("001")))
    acquisition.turn()
    assert acquisition.session.data["fields"]["Channel_02"]["T"] == 3.9123
    assert acquisition.agent.module.get_temp() == 3.9123


def test_what_has_no_readings_is_published_as_it_is(acquire):
    acquisition = acquire(Wire([]))
    for feed, message in (
        ("temperatures", {"timestamp": 1.0, "block_name": "heaters", "data": {"sample_heater_output": 5.0}}),
        ("heartbeat", {"acq": 3}),
    ):
        acquisition.app.publish_to_feed(feed, message)
        assert acquisition.published.pop() is message


def test_the_inventory_knows_all_that_is_published(acquire):
    found = acquire(Wire(itertools.repeat("001")), control=True).turn()
    model = MODELS["372"]
    extra = model.extras["control_input"]
    known = {field.name for field in (*model.fields("2"), *model.flags("2"), *extra.fields, *extra.flags)}
    assert {name for data in found.values() for name in data} == known


@pytest.mark.parametrize(("status", "invalid"), [(VALID, 0), (VMIX_OVL, 1), (T_OVER, 1)])
def test_the_bridge_calls_invalid_what_the_instrument_does(acquire, status, invalid):
    """As of an archive without a status, by the value alone."""
    data = acquire(Wire(itertools.repeat(f"{status:03d}"))).turn()["Channel_02"]
    path = "observatory.control.feeds.temperatures.Channel_02_T"
    field = Field("fridge", "channel_02_t", path, "t", units="K")
    derived = DerivedChannels()
    derived.look([Node("fridge", "", {"channel_02_t": field})], Inventory())
    channel = Catalogue([], derived.fields).find(f"invalid.{path}")
    samples = ([1.0], [data["Channel_02_T"]])
    times, values = derived.values(
        channel, np.array([2.0]), (np.empty(0), np.empty(0)), tuple(map(np.array, samples)), 1.0
    )
    assert (times.tolist(), values.tolist()) == ([2.0], [invalid])

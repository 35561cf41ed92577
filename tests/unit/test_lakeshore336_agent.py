"""What a 336's agent publishes: socs's own acquisition over a simulated instrument, with permanent names, status and kelvins."""

from __future__ import annotations

import math
import time
from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
import txaio

txaio.use_twisted()

from ocs import ocs_agent  # noqa: E402
from socs.agents.lakeshore336 import agent  # noqa: E402
from socs.Lakeshore import Lakeshore336  # noqa: E402

from livemon.instruments.common.cryostat import Cryostat  # noqa: E402
from livemon.instruments.common.faults import parse  # noqa: E402
from livemon.instruments.lakeshore336 import agent as lakeshore336  # noqa: E402
from livemon.instruments.lakeshore336.facts import MODEL  # noqa: E402
from livemon.instruments.lakeshore336.settings import INPUTS  # noqa: E402
from livemon.instruments.lakeshore336.simulator import Model336  # noqa: E402

FOUR = INPUTS[:4]


@pytest.fixture(scope="module")
def cold_cryostat():
    return Cryostat(0, drift=0)


class Acquisition:
    """socs's agent as our launcher has it, over a simulated instrument; it publishes `rounds` times and stops."""

    def __init__(self, simulated):
        self.simulated, self.published, self.asked = simulated, [], []
        self.breaks, self.rounds, self.elapsed = [], 1, 1.0
        app = SimpleNamespace(
            log=txaio.make_logger(), register_feed=lambda *_, **__: None, publish_to_feed=self._publish
        )
        self.agent = agent.LS336_Agent(app, "LSA3", "192.0.2.3", f_sample=4.0)
        self.agent.module = agent.LS336("192.0.2.3")

    def message(self, text):
        self.asked.append(text)
        if self.breaks and text.startswith(self.breaks[0]):
            self.breaks.pop(0)
            raise ConnectionError(text)
        return (self.simulated.handle(text, self.elapsed) or "").strip()

    def _publish(self, feed, message, _from_reactor=None):
        assert feed == MODEL.feed
        self.published.append(message)
        if message["block_name"] == "heaters":
            self.elapsed += 1.0
            self.rounds -= 1
            self.agent.take_data = self.rounds > 0

    def run(self, **params):
        return self.agent.acq(SimpleNamespace(data={}), params)

    def blocks(self):
        return {message["block_name"]: message["data"] for message in self.published}


@pytest.fixture
def start(monkeypatch, cold_cryostat):
    """Return an acquisition from an instrument with or without the option card."""
    monkeypatch.setattr(Lakeshore336, "Channel", Lakeshore336.Channel)
    monkeypatch.setattr(agent, "LS336", agent.LS336)
    monkeypatch.setattr(agent, "LS336_Agent", agent.LS336_Agent)
    monkeypatch.setattr(
        Lakeshore336,
        "socket",
        SimpleNamespace(socket=lambda *_: Line(), AF_INET=0, SOCK_STREAM=0, timeout=TimeoutError),
    )
    lakeshore336.adapt()
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)

    class Line:
        connect = settimeout = lambda *_: None

    def make(card=False, **labels):
        simulated = Model336("LSA3", deepcopy(cold_cryostat), seed=1, labels=labels, card=card)
        made: list[Acquisition] = []
        monkeypatch.setattr(
            Lakeshore336.LS336,
            "msg",
            lambda _self, text: made[0].message(text) if made else (simulated.handle(text, 0.0) or "").strip(),
        )
        made.append(Acquisition(simulated))
        made[0].slept = slept
        return made[0]

    return make


@pytest.mark.parametrize(("card", "names"), [(False, FOUR), (True, INPUTS)])
def test_what_is_published_is_what_the_inputs_read_under_their_letters(start, card, names):
    acquisition = start(card, A="Same", B="Same")
    assert acquisition.run()[0] is True
    readings = acquisition.blocks()["temperatures"]
    assert set(readings) == {f"Channel_{name}_{kind}" for name in names for kind in ("T", "V", "status")}
    for name in FOUR:
        kelvin, units = acquisition.simulated.handle(f"KRDG? {name};SRDG? {name}", 1.0).split(";")
        assert (readings[f"Channel_{name}_T"], readings[f"Channel_{name}_V"]) == (float(kelvin), float(units))
        assert readings[f"Channel_{name}_status"] == 0


def test_everything_published_is_in_the_facts(start):
    acquisition = start(card=True)
    acquisition.simulated.handle("INTYPE A,1,0,0,0,3;OUTMODE 1,1,1,0", 0.0)
    acquisition.simulated.faults.add(parse("over-range", 0.0, INPUTS))
    acquisition.run()
    published = {name for message in acquisition.published for name in message["data"]}
    channels = {field.name for name in INPUTS for field in (*MODEL.fields(name), *MODEL.flags(name))}
    outputs = {field.name for output in MODEL.outputs for field in (*output.fields, *output.flags)}
    assert published <= channels | outputs
    assert {field.name for name in INPUTS for field in MODEL.fields(name)} <= published
    assert {field.name for output in MODEL.outputs for field in output.fields} <= published


def test_a_broken_wire_is_nan_and_its_number_is_kept(start):
    acquisition = start()
    acquisition.simulated.faults.add(parse("over-range,channel=C", 0.0, INPUTS))
    acquisition.run()
    readings, flagged = acquisition.blocks()["temperatures"], acquisition.blocks()["Channel_C_flagged"]
    assert math.isnan(readings["Channel_C_T"])
    assert math.isnan(readings["Channel_C_V"])
    assert readings["Channel_C_status"] == 128
    assert flagged == {"Channel_C_T_flagged": 0.0, "Channel_C_V_flagged": 0.0}
    assert readings["Channel_A_T"] > 0
    assert [name for name in acquisition.blocks() if name.endswith("_flagged")] == ["Channel_C_flagged"]


def test_a_reading_off_its_curve_stays_in_sensor_units(start):
    acquisition = start()
    acquisition.simulated.handle("INCRV A,23", 0.0)
    acquisition.run()
    readings = acquisition.blocks()["temperatures"]
    assert math.isnan(readings["Channel_A_T"])
    assert readings["Channel_A_V"] > 1


@pytest.mark.parametrize(
    ("kelvin", "status", "shown"), [(0.0, 0, math.nan), (4.2, 0, 4.2), (4.2, 1, math.nan), (4.2, 32, math.nan)]
)
def test_0_k_and_what_the_status_calls_invalid_is_not_a_temperature(kelvin, status, shown):
    message = {
        "timestamp": 1.0,
        "block_name": "temperatures",
        "data": {"Channel_A_T": np.float64(kelvin), "Channel_A_V": 1.6},
    }
    first, *flagged = lakeshore336.with_status(message, {"A": status})
    assert first["data"]["Channel_A_T"] == pytest.approx(shown, nan_ok=True)
    assert [each["data"]["Channel_A_T_flagged"] for each in flagged] == ([] if shown == 4.2 else [kelvin])


def test_an_input_that_is_switched_off_is_no_temperature(start):
    acquisition = start()
    acquisition.simulated.handle("INTYPE B,0,0,0,0,1", 0.0)
    acquisition.run()
    assert math.isnan(acquisition.blocks()["temperatures"]["Channel_B_T"])
    assert acquisition.blocks()["temperatures"]["Channel_B_status"] == 1


def test_an_answer_that_is_not_a_status_ends_the_acquisition(start):
    acquisition = start()
    acquisition.message = lambda text: "+4.2" if text.startswith("RDGST?") else acquisition.simulated.handle(text, 1.0)
    with pytest.raises(ValueError, match=r"'\+4.2' is not a reading status"):
        acquisition.run()


@pytest.mark.parametrize(("units", "setpoint", "kelvin"), [(1, "4.5", 4.5), (2, "-268.65", 4.5), (3, "1.05", math.nan)])
def test_a_setpoint_is_published_in_kelvins(start, units, setpoint, kelvin):
    acquisition = start()
    acquisition.simulated.handle(f"OUTMODE 1,1,1,0;INTYPE A,1,0,0,0,{units};SETP 1,{setpoint}", 0.0)
    acquisition.run()
    assert acquisition.blocks()["heaters"]["Heater_1_Setpoint"] == pytest.approx(kelvin, nan_ok=True)
    flagged = acquisition.blocks().get("Heater_1_flagged", {})
    assert flagged == ({} if units != 3 else {"Heater_1_Setpoint_flagged": pytest.approx(1.05, abs=1e-3)})


def test_heaters_are_published_as_they_are(start):
    acquisition = start()
    acquisition.simulated.handle("OUTMODE 2,3,0,0;HTRSET 2,1,0,0.5,1;MOUT 2,25;RANGE 2,2;SETP 2,6", 0.0)
    acquisition.run()
    heaters = acquisition.blocks()["heaters"]
    found = {name: heaters[f"Heater_2_{name}"] for name in ("Percent", "Range", "Max_Current", "Setpoint")}
    assert found == {"Percent": 25.0, "Range": "medium", "Max_Current": 0.5, "Setpoint": 6.0}
    assert heaters["Heater_1_Range"] == "off"


def test_a_lost_connection_does_not_end_the_acquisition(start):
    acquisition = start()
    acquisition.rounds = 2
    acquisition.breaks = ["KRDG? 0", "RDGST? C", "HTR? 1", "OUTMODE? 2"]
    assert acquisition.run() == (True, "Acquisition exited cleanly")
    assert acquisition.breaks == []
    assert len([each for each in acquisition.published if each["block_name"] == "heaters"]) == 2


def test_a_stop_while_the_connection_is_lost_ends_it(start):
    acquisition = start()

    def stopped(_text):
        acquisition.agent.take_data = False
        raise ConnectionError

    acquisition.message = stopped
    assert acquisition.run() == (True, "Acquisition exited cleanly")
    assert acquisition.published == []


@pytest.mark.parametrize(("given", "period"), [({}, 0.24), ({"f_sample": 2.0}, 0.49)])
def test_it_samples_as_fast_as_its_option_says_unless_a_client_asks_for_another_rate(start, given, period):
    acquisition = start()
    params = ocs_agent.ParamHandler(given).batch(acquisition.agent.acq._ocs_prescreen)
    acquisition.run(**params)
    assert pytest.approx(period) in acquisition.slept


def test_names_of_the_front_panel_can_be_asked_for(start):
    acquisition = start(A="4K plate")
    channel = acquisition.agent.module.channels["A"]
    assert (channel.input_name, channel.get_input_name(), channel.front_panel_name) == (
        "Channel_A",
        "4K plate",
        "4K plate",
    )

"""What our 372 agent does beside upstream's, on a simulated instrument."""

import logging
from types import SimpleNamespace

import pytest
from socs.Lakeshore.Lakeshore372 import LS372

from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.lakeshore372 import agent as lakeshore372
from livemon.instruments.lakeshore372.simulator import Model372


class Direct372(LS372):
    """A driver that talks to a simulated instrument without a connection, which may be broken for some messages."""

    def __init__(self, instrument):
        self.instrument, self.breaks, self.sent = instrument, [], []
        super().__init__("instrument")

    def _connect(self, address):
        return None

    def msg(self, message):
        if self.breaks and message.startswith(self.breaks[0]):
            self.breaks.pop(0)
            raise ConnectionError(message)
        self.sent.append(message)
        return self.instrument.handle(message, 0.0) or ""


@pytest.fixture
def instrument():
    return Model372("SIM372", Cryostat())


@pytest.fixture
def agent(instrument, monkeypatch):
    monkeypatch.setattr(lakeshore372.time, "sleep", lambda _: None)
    ocs_agent = SimpleNamespace(log=logging.getLogger("agent"), register_feed=lambda *_, **__: None)
    agent = lakeshore372.UndoingAgent(ocs_agent, "control", "instrument")
    agent.module = Direct372(instrument)
    return agent


@pytest.fixture
def session():
    messages = []
    return SimpleNamespace(messages=messages, add_message=messages.append)


def state(instrument):
    return instrument.handle("SCAN?", 0.0), instrument.handle("OUTMODE? 0", 0.0)


def test_a_servo_command_that_fails_leaves_the_scan_on(agent, instrument, session):
    """Upstream cannot read the control input's letter, after it has stopped the scan."""
    instrument.handle("OUTMODE 0,2,A,1,0,0,1", 0.0)
    instrument.handle("SCAN 4,1", 0.0)
    agent.module.sample_heater.get_output_mode()
    before = state(instrument)
    with pytest.raises(ValueError, match="'A'"):
        agent.servo_to_temperature(session, {"temperature": 0.1})
    assert "SCAN 4,0" in agent.module.sent
    assert state(instrument) == before
    assert agent.module.autoscan is True
    assert agent.module.sample_heater.mode == "Open Loop"
    assert session.messages[-1].startswith("Restored scan and output mode: ValueError: ")


def test_a_servo_command_that_is_refused_leaves_the_scan_as_it_was(agent, instrument, session):
    instrument.handle("SCAN 2,0", 0.0)
    before = state(instrument)
    done, _ = agent.servo_to_temperature(session, {"temperature": 1.5})
    assert not done
    assert state(instrument) == before


def test_a_lost_connection_does_not_keep_the_scan_off(agent, instrument, session):
    instrument.handle("SCAN 4,1", 0.0)
    before = state(instrument)
    agent.module.breaks = ["SETP", "OUTMODE?", "OUTMODE?", "SCAN?"]
    with pytest.raises(ConnectionError):
        agent.servo_to_temperature(session, {"temperature": 0.1})
    assert state(instrument) == before


def test_an_instrument_that_stays_away_is_told_of(agent, instrument, session, monkeypatch):
    monkeypatch.setattr(lakeshore372, "RESTORE_SECONDS", 0.0)
    agent.module.breaks = ["SETP", "OUTMODE?"]
    with pytest.raises(ConnectionError):
        agent.servo_to_temperature(session, {"temperature": 0.1})
    assert session.messages[-1].startswith("Scan and output mode are not as they were before: ")


def test_a_servo_command_that_succeeds_is_upstreams(agent, instrument, session):
    instrument.handle("SCAN 2,1", 0.0)
    done, message = agent.servo_to_temperature(session, {"temperature": 0.1})
    assert (done, message) == (True, "Setpoint now set to 0.1 K")
    assert state(instrument)[0] == "04,0"
    assert float(instrument.handle("SETP? 0", 0.0)) == 0.1


def test_the_servo_command_checks_its_parameters_as_upstreams():
    assert lakeshore372.UndoingAgent.servo_to_temperature._ocs_prescreen[0][0] == "temperature"

"""A 370 is read with the status of each reading, and on after the connection was lost: socs's agent over a simulated instrument."""

import math
import time
from types import SimpleNamespace

import pytest
import txaio

txaio.use_twisted()

from socs.agents.lakeshore370 import agent  # noqa: E402
from socs.Lakeshore import Lakeshore370  # noqa: E402

from livemon.instruments.common.cryostat import Cryostat  # noqa: E402
from livemon.instruments.common.faults import parse  # noqa: E402
from livemon.instruments.lakeshore370 import agent as lakeshore370  # noqa: E402
from livemon.instruments.lakeshore370.facts import MODEL  # noqa: E402
from livemon.instruments.lakeshore370.simulator import Model370  # noqa: E402

R_OVER, T_OVER = 16, 64


class Laboratory:
    """socs's agent and driver as our launcher has them, on a simulated 370, with a clock that only sleep advances.

    `published` are messages with the second at which they came; `break_at` are the seconds in which no query is answered.
    """

    def __init__(self, monkeypatch, dwell_time_delay=0):
        self.now, self.published, self.asked, self.degraded, self.break_at = 0.0, [], [], [], range(0)
        self.bridge = Model370("LSA14A2", Cryostat(0), seed=1)
        self.until = math.inf
        monkeypatch.setattr(time, "sleep", self._sleep)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(Lakeshore370.serial, "Serial", lambda *_: None)
        monkeypatch.setattr(Lakeshore370.LS370, "msg", lambda _self, message: self._message(message))
        app = SimpleNamespace(
            log=txaio.make_logger(),
            agent_address="observatory.bridge",
            register_feed=lambda *_arguments, **_options: None,
            publish_to_feed=self._publish,
        )
        self.agent = agent.LS370_Agent(app, "LSA14A2", "port", dwell_time_delay=dwell_time_delay)
        self.agent.module = agent.LS370("port")
        self.asked.clear()

    def _sleep(self, seconds):
        self.now += seconds
        self.agent.take_data = self.now < self.until

    def _message(self, message):
        self.now += 0.1
        self.asked.append(message)
        if int(self.now) in self.break_at:
            raise ConnectionError("no reply")
        return self.bridge.handle(message, self.now) or ""

    def _publish(self, feed, message, *_):
        assert feed == MODEL.feed
        self.published.append((self.now, message["block_name"], message["data"]))

    def acquire(self, seconds):
        """Let it acquire for so long; return the data by block, the newest last."""
        self.published.clear()
        self.until = self.now + seconds
        session = _Session(self.degraded)
        assert self.agent.acq(session, None) == (True, "Acquisition exited cleanly.")
        self.session = session
        blocks = {}
        for _, block, data in self.published:
            blocks.setdefault(block, []).append(data)
        return blocks


class _Session:
    """A session that remembers when it was degraded."""

    def __init__(self, courses):
        self.__dict__["courses"] = courses
        self.data = {}

    def __setattr__(self, name, value):
        if name == "degraded":
            self.courses.append(value)
        self.__dict__[name] = value


@pytest.fixture
def laboratory(monkeypatch):
    for module, name in ((agent, "LS370"), (agent, "LS370_Agent"), (Lakeshore370, "Heater")):
        monkeypatch.setattr(module, name, getattr(module, name))
    lakeshore370.adapt()
    return lambda **options: Laboratory(monkeypatch, **options)


def test_every_channel_that_is_on_is_read_under_its_number_with_a_status(laboratory):
    found = laboratory().acquire(40)
    assert set(found) == {f"Channel_{n}" for n in range(1, 5)}
    known = {field.name for n in MODEL.channels for field in (*MODEL.fields(n), *MODEL.flags(n))}
    for block, samples in found.items():
        assert set(samples[0]) == {f"{block}_T", f"{block}_R", f"{block}_status"} <= known
        assert all(data[f"{block}_T"] > 0 and data[f"{block}_status"] == 0 for data in samples)


def test_the_newest_readings_are_in_the_sessions_data(laboratory):
    lab = laboratory()
    found = lab.acquire(10)
    assert lab.session.data["fields"] == {block: samples[-1] for block, samples in found.items()}
    assert lab.session.data["timestamp"] == pytest.approx(time.time(), abs=60)


def test_nothing_is_published_in_the_pause_after_a_change_of_the_channel(laboratory):
    """socs published a reading of the channel before it, and after an outage those of the round before."""
    lab = laboratory()
    lab.bridge.handle("SCAN 1,0", 0.0)
    lab.acquire(5)
    lab.bridge.handle("SCAN 3,0", lab.now)
    changed = lab.now
    lab.acquire(10)
    assert {block for _, block, _ in lab.published} == {"Channel_3"}
    assert lab.published[0][0] - changed >= 3


def test_the_delay_is_waited_for_too_but_a_second_of_the_dwell_remains(laboratory):
    lab = laboratory(dwell_time_delay=60)  # the dwell is 5 s
    lab.bridge.handle("SCAN 1,0", 0.0)
    lab.acquire(5)
    lab.bridge.handle("SCAN 3,0", lab.now)
    changed = lab.now
    lab.acquire(10)
    assert 3 + 4 <= lab.published[0][0] - changed < 3 + 4 + 1


def test_what_is_over_range_is_nan_and_its_numbers_are_kept(laboratory):
    lab = laboratory()
    lab.bridge.handle("SCAN 4,0", 0.0)
    lab.bridge.faults.add(parse("over-range,channel=4", 0.0, lab.bridge.INPUTS))
    found = lab.acquire(10)
    data = found["Channel_4"][-1]
    assert math.isnan(data["Channel_4_T"])
    assert math.isnan(data["Channel_4_R"])
    assert data["Channel_4_status"] == R_OVER
    assert found["Channel_4_flagged"][-1] == {"Channel_4_T_flagged": 0.0, "Channel_4_R_flagged": 0.0}


def test_a_resistance_that_is_not_on_the_curve_is_kept_without_a_temperature(laboratory):
    lab = laboratory()
    lab.bridge.handle("SCAN 1,0;INSET 1,1,5,3,2,1", 0.0)
    data = lab.acquire(10)["Channel_1"][-1]
    assert math.isnan(data["Channel_1_T"])
    assert data["Channel_1_R"] > 0
    assert data["Channel_1_status"] == T_OVER


def test_a_channel_that_is_switched_off_is_not_read(laboratory):
    lab = laboratory()
    lab.bridge.handle("SCAN 5,0", 0.0)
    assert lab.acquire(10) == {}
    assert not any(message.startswith("RDG") for message in lab.asked)


def test_an_acquisition_outlives_a_connection(laboratory):
    lab = laboratory()
    lab.break_at = range(10, 20)
    lab.acquire(30)
    assert not [when for when, *_ in lab.published if 11 <= when < 20]
    assert max(when for when, *_ in lab.published) > 25
    changes = [value for value, before in zip(lab.degraded, [None, *lab.degraded], strict=False) if value != before]
    assert changes == [False, True, False]


def test_an_acquisition_gives_way_to_a_command_that_keeps_the_instrument(laboratory, monkeypatch):
    monkeypatch.setattr(lakeshore370, "LOCK_SECONDS", 0.01)
    lab = laboratory()
    assert lab.agent._lock.acquire(job="a command")
    assert lab.acquire(1) == {}
    lab.agent._lock.release()
    assert lab.acquire(10)


def test_a_second_acquisition_is_refused(laboratory):
    lab = laboratory()
    with lab.agent._acq_proc_lock.acquire_timeout(0, job="init"):
        assert lab.agent.acq(_Session([]), None) == (False, "init is running")


@pytest.mark.parametrize(
    ("change", "query", "answer"),
    [
        (lambda heater: heater.set_mode("Closed Loop"), "CMODE?;CSET?", "1;04,0,1,005,1,8,100.000"),
        (lambda heater: heater.set_input_channel(3.0), "CMODE?;CSET?", "4;03,0,1,005,1,8,100.000"),
        (lambda heater: heater.set_units("ohms"), "CMODE?;CSET?", "4;04,0,2,005,1,8,100.000"),
        (lambda heater: heater.set_heater_display("power"), "CMODE?;CSET?", "4;04,0,1,005,2,8,100.000"),
        (lambda heater: heater.set_heater_range(1e-3), "HTRRNG?", "4"),
    ],
)
def test_a_heaters_setting_is_what_the_instrument_has_then(laboratory, change, query, answer):
    lab = laboratory()
    change(lab.agent.module.sample_heater)
    assert lab.bridge.handle(query, lab.now) == answer


def test_a_servo_command_sets_all_that_it_says(laboratory):
    lab = laboratory()
    session = SimpleNamespace(add_message=lambda _text: None)
    done, said = lab.agent.servo_to_temperature(session, {"temperature": 0.1, "channel": 4.0})
    assert (done, said) == (True, "Setpoint now set to 0.1 K")
    assert lab.bridge.handle("SCAN?;CMODE?;SETP?", lab.now) == "04,0;1;+100.000E-03"
    assert lab.bridge.handle("CSET?", lab.now).startswith("04,0,1,")


def test_temperatures_without_a_unit_are_in_kelvins_as_socs_has_it(laboratory):
    lab = laboratory()
    lab.bridge.handle("SCAN 4,0", 0.0)
    lab.acquire(10)
    assert lab.agent.module.get_temp() == pytest.approx(0.010, rel=0.2)

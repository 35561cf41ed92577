"""socs's own drivers on instruments whose replies come in pieces, late, twice, wrong or not at all."""

import importlib
import random
import sys
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest
import serial
import socs.Lakeshore
from scripted_instrument import on_serial_line, on_tcp, once, script, whole
from waiting import patience

from livemon.agents import drivers, supervision
from livemon.instruments import folders
from livemon.instruments.common import connection
from livemon.instruments.lakeshore240 import driver as driver240

pytestmark = pytest.mark.slow

WRAPPERS = tuple(folders.parts("driver").values())
READINGS = {"KRDG?": "+0{n}.0000E+00", "SRDG?": "+10{n}.000E+00", "RDGK?": "+0{n}.0000E+00", "RDGR?": "+10{n}.000E+00"}
TWENTY = {"*IDN?": "LSCI,MODEL240-8P,LSA1,1.0", "MODNAME?": "ls", "INTYPE?": "1,0,0,0,1,1", "INNAME?": "Input {n}"}
SCANNER = {"SCAN?": "03,1", "INSET?": "1,010,003,21,1", "HTRSET?": "25.000,0,+0.0000E+00,2", "PID?": "1,2,3"}
REPLIES = {
    "240": TWENTY | READINGS,
    "336": READINGS
    | {
        "*IDN?": "LSCI,MODEL336,LSA2/0,1.0",
        "KRDG? 0": "+1.0,+2.0,+3.0,+4.0",
        "SRDG? 0": "+11.0,+12.0,+13.0,+14.0",
        "INTYPE?": "1,0,0,0,1",
        "INNAME?": "Input",
        "INCRV?": "21",
        "TLIMIT?": "+0.0",
        "OUTMODE?": "0,1,0",
        "HTRSET?": "1,2,+1.000,1",
        "RANGE?": "0",
        "SETP?": "+4.0",
    },
    "370": SCANNER
    | READINGS
    | {
        "*IDN?": "LSCI,MODEL370,LSA3,1.0",
        "RDGRNG?": "0,04,15,1,0",
        "CMODE?": "4",
        "CPOL?": "0",
        "CSET?": "1,0,1,5,1,8,50.0",
        "HTRRNG?": "0",
    },
    "372": SCANNER
    | READINGS
    | {
        "*IDN?": "LSCI,MODEL372,LSA4,1.0",
        "INTYPE?": "0,04,1,15,0,1",
        "INTYPE? A": "1,04,1,15,0,1",
        "INNAME?": "Input {n}",
        "TLIMIT?": "+0.0000E+00",
        "OUTMODE?": "0,4,0,0,0,001",
    },
    "425": {"*IDN?": "LSCI,MODEL425,LSA5,1.0", "RDGFIELD?": "+1.2345E-01", "OPST?": "4"},
}


@pytest.fixture
def fresh(monkeypatch):
    """Import a driver again, so that changes to it are gone after the test."""

    def load(model):
        name = f"socs.Lakeshore.Lakeshore{model}"
        monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setattr(socs.Lakeshore, f"Lakeshore{model}", None, raising=False)
        module = importlib.import_module(name)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return load


@pytest.fixture
def driver(fresh, monkeypatch):
    """Import a driver again, framed; time limits are short, and there are no faults at first."""
    contacts = connection.Contacts()
    monkeypatch.setattr(connection, "contacts", contacts)
    monkeypatch.setattr(drivers, "contacts", contacts)
    monkeypatch.setattr(connection, "REPLY_SECONDS", 0.5)
    monkeypatch.setattr(connection, "RETRY_SECONDS", 0.05)
    for wrapper in WRAPPERS:
        if hasattr(wrapper, "PAUSE_SECONDS"):
            monkeypatch.setattr(wrapper, "PAUSE_SECONDS", 0.01)

    def load(model):
        module = fresh(model)
        drivers.frame_all()
        return module

    return load


@pytest.fixture
def module240(driver):
    """A framed 240, and the instrument behind it: inputs 1 to 8 are at 1 to 8 K and 101 to 108 V."""
    with on_tcp(script(REPLIES["240"])) as instrument:
        module = driver("240").Module(f"tcp://{instrument.address}")
        yield module, instrument
        module.com.close()


def readings(module):
    return [(channel.get_reading("K"), channel.get_reading("S")) for channel in module.channels]


TRUE = [(float(n), 100.0 + n) for n in range(1, 9)]


def in_two(message, reply):
    return [reply[: len(reply) // 2], 0.005, reply[len(reply) // 2 :]]


def test_a_240s_reply_in_two_segments_is_one_reply(module240):
    module, instrument = module240
    instrument.fault = once(in_two, "KRDG? 2")
    assert [readings(module) for _ in range(3)] == [TRUE] * 3
    assert instrument.connections == 1


def test_replies_that_all_come_byte_by_byte_are_whole(module240):
    module, instrument = module240
    instrument.fault = lambda _message, reply: [bytes([byte]) for byte in reply]
    assert readings(module) == TRUE


def test_a_372s_reply_in_two_segments_is_one_reply(module372):
    module, instrument = module372
    instrument.fault = once(in_two, "KRDG? 2")
    for _ in range(3):
        assert [module.get_temp("kelvin", n) for n in (1, 2, 3)] == [1.0, 2.0, 3.0]
        assert [module.get_temp("ohms", n) for n in (1, 2, 3)] == [101.0, 102.0, 103.0]
        assert module.get_active_channel().channel_num == 3


@pytest.fixture
def module372(driver):
    """A framed 372 whose scanner is on input 3, and the instrument behind it; temperatures and resistances as above."""
    with on_tcp(script(REPLIES["372"])) as instrument:
        module = driver("372").LS372(*instrument.host_and_port)
        yield module, instrument
        module.comm.close()


def test_a_372_that_replies_wrong_raises_what_its_agent_survives(module372):
    module, instrument = module372
    for wrong in (b"\xffgarbage\r\n", b"99,1\r\n", b"\r\n"):
        instrument.fault = once(lambda _message, _reply, wrong=wrong: [wrong], "SCAN?")
        with pytest.raises(ConnectionError):
            module.get_active_channel()
        assert module.get_active_channel().channel_num == 3


FAULTS = {
    "late": lambda _message, reply: [0.8, reply],
    "never": lambda _message, _reply: [],
    "twice": lambda _message, reply: [reply + reply],
    "garbage": lambda _message, _reply: [b"\xff\x00%7\r\n"],
    "another query's": lambda _message, _reply: [b"04,1\r\n"],
    "cut off": lambda _message, reply: [reply[:5]],
    "endless": lambda _message, _reply: [b"7" * 5000],
    "a blank line": lambda _message, reply: [b"\r\n", reply],
    "dripping": lambda _message, reply: [part for byte in reply for part in (bytes([byte]), 0.08)],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_wrong_reply_the_connection_starts_clean(module240, fault):
    module, instrument = module240
    instrument.fault = once(FAULTS[fault], "KRDG? 2")
    with pytest.raises(ConnectionError, match=instrument.address):
        readings(module)
    assert connection.contacts.complete is False
    for _ in range(3):
        assert readings(module) == TRUE
    assert connection.contacts.complete is True
    assert instrument.connections == 2


def test_what_nobody_asked_for_makes_the_reply_before_it_doubtful(module240):
    module, instrument = module240
    instrument.fault = once(lambda _message, reply: [reply, 0.05, reply], "KRDG? 2")
    assert module.channels[1].get_reading("K") == 2.0
    wait_until(lambda: instrument.idle, "the second reply to have been sent")
    time.sleep(0.05)
    with pytest.raises(ConnectionError, match="came without a query"):
        module.channels[2].get_reading("K")
    assert readings(module) == TRUE


def test_a_reply_that_a_converter_kept_for_the_next_connection_is_thrown_away(module240):
    """The converter's buffer belongs to the serial line: a late reply outlives the TCP connection on which it was asked for."""
    module, instrument = module240
    instrument.fault = once(FAULTS["never"], "KRDG? 2")
    with pytest.raises(ConnectionError):
        readings(module)
    instrument.fault = once(lambda _message, reply: [b"+02.0000E+00\r\n", reply], "*IDN?")
    assert [readings(module) for _ in range(2)] == [TRUE] * 2


def test_a_connection_that_was_closed_in_a_pause_costs_no_reading(module240):
    module, instrument = module240
    assert readings(module) == TRUE
    instrument.reset()
    time.sleep(0.05)
    assert readings(module) == TRUE
    assert instrument.connections == 2


def test_an_instrument_that_is_silent_for_ever_is_noticed_in_time(module240):
    module, instrument = module240
    instrument.fault = FAULTS["never"]
    started = time.monotonic()
    with pytest.raises(ConnectionError, match=r"no reply to KRDG\? 1 came within 0.5 s"):
        module.channels[0].get_reading("K")
    with pytest.raises(ConnectionError, match=r"no reply to \*IDN\? came within 0.5 s"):
        module.channels[0].get_reading("K")
    assert time.monotonic() - started < 2


def test_an_outage_is_told_once_with_its_reason_and_its_end(module240, capsys):
    module, instrument = module240
    instrument.leave()
    for _ in range(3):
        with pytest.raises(ConnectionError):
            module.channels[0].get_reading("K")
    instrument.listen()
    assert readings(module) == TRUE
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"Instrument {instrument.address}: Connection refused.",
        f"Instrument {instrument.address} replies again, after 0 s.",
    ]


def test_endless_noise_before_the_identity_is_given_up(module240):
    module, instrument = module240
    noise = [part for _ in range(80) for part in (b"%7\r\n" * 50, 0.02)]
    instrument.reset()
    time.sleep(0.05)
    instrument.fault = lambda *_: noise
    started = time.monotonic()
    with pytest.raises(ConnectionError, match=r"no reply to \*IDN\? came"):
        module.channels[0].get_reading("K")
    assert time.monotonic() - started < 1.5


def test_a_broken_connection_is_not_tried_in_a_tight_loop(module240, monkeypatch):
    module, instrument = module240
    monkeypatch.setattr(connection, "RETRY_SECONDS", 0.2)
    instrument.leave()
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(ConnectionError, match="Connection refused"):
            module.channels[0].get_reading("K")
    assert time.monotonic() - started >= 0.4


def test_an_instrument_is_left_alone_after_each_message(driver, monkeypatch):
    monkeypatch.setattr(driver240, "PAUSE_SECONDS", 0.1)
    with on_tcp(script(REPLIES["240"])) as instrument:
        module = driver("240").Module(f"tcp://{instrument.address}")
        started = time.monotonic()
        module.channels[0].set_values(name="x")  # two messages
        assert module.channels[0].get_reading("K") == 1.0
        assert time.monotonic() - started >= 0.3
        module.com.close()


def test_the_kernel_watches_the_connection(module240):
    module, _ = module240
    line = module.com._port._socket
    assert all(line.getsockopt(level, name) >= 1 for level, name, _ in connection._SOCKET_OPTIONS)


def test_a_message_of_two_lines_is_refused(module240):
    """The second would be a query of its own, whose reply is not awaited."""
    module, instrument = module240
    with pytest.raises(ValueError, match="is not one line"):
        module.channels[0].set_values(name="x\r\nKRDG? 5")
    assert readings(module) == TRUE
    assert not [message for message in instrument.asked if message.startswith("INNAME 1")]


def test_a_name_with_a_question_mark_is_a_command(module240):
    module, instrument = module240
    module.channels[0].set_values(name="why?")
    assert readings(module) == TRUE
    assert "INNAME 1,why?" in instrument.asked


def test_a_372_and_a_336_are_set_up_over_replies_in_two_segments(driver):
    with on_tcp(script(REPLIES["372"])) as instrument:
        instrument.fault = in_two
        module = driver("372").LS372(*instrument.host_and_port, num_channels=2)
        assert (module.id, module.sample_heater.get_pid()) == (REPLIES["372"]["*IDN?"], (1.0, 2.0, 3.0))
        module.comm.close()
    with on_tcp(script(REPLIES["336"])) as instrument:
        instrument.fault = in_two
        module = driver("336").LS336(instrument.address)
        assert list(module.get_kelvin("0")) == [1.0, 2.0, 3.0, 4.0]
        assert list(module.get_sensor("0")) == [11.0, 12.0, 13.0, 14.0]
        module.com.close()


@pytest.mark.parametrize("model", ["240", "370", "425"])
def test_all_drivers_over_a_serial_line_read_what_their_instrument_says(driver, model):
    """Also after a reply that came late: a serial line keeps it for the next query."""
    with on_serial_line(script(REPLIES[model])) as instrument:
        instrument.fault = in_two
        framed = OPEN[model](without_parity(driver(model)), instrument.address)
        assert READ[model](framed) == EXPECTED[model]
        instrument.fault = once(FAULTS["late"], READING[model])
        with pytest.raises(ConnectionError, match=f"{instrument.address}: no reply to "):
            READ[model](framed)
        assert [READ[model](framed) for _ in range(2)] == [EXPECTED[model]] * 2


def refusing(error):
    raise error


@pytest.fixture
def run(monkeypatch):
    """This process's end, which a test may bring about."""
    monkeypatch.setattr(supervision, "verdict", supervision.Verdict())
    monkeypatch.setattr(drivers, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(drivers, "contacts", connection.Contacts())
    return supervision.verdict


@pytest.mark.parametrize(
    "error", [ConnectionError("no reply"), ValueError("not a number"), KeyError("7"), IndexError("1")]
)
def test_a_constructor_waits_for_its_instrument_once(run, error):
    """At start-up the agent would give up; later it has ways of its own, and can be stopped."""
    fails = iter([True, True, False, True])
    open_driver = drivers.patient(lambda address: refusing(error) if next(fails) else f"driver of {address}")
    assert open_driver("a") == "driver of a"
    with pytest.raises(type(error)):
        open_driver("a")


def test_a_set_up_that_cannot_be_read_is_told_once(run, capsys):
    fails = iter([True, True, False])
    drivers.patient(lambda: drivers.contacts.complete if not next(fails) else refusing(KeyError("7")))()
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(" ")[2] for line in said] == [
        "test_agents_drivers: its set-up cannot be read: KeyError: '7'.",
        "test_agents_drivers replies again, after 0 s.",
    ]


@pytest.mark.parametrize(("module", "name"), [wrapper.CONSTRUCTOR for wrapper in WRAPPERS])
def test_agents_call_their_drivers_by_names_that_wait(run, monkeypatch, module, name):
    """As `wait_at_start` replaces them, also after an update of socs."""
    namespace = SimpleNamespace(**vars(importlib.import_module(module)))
    original = getattr(namespace, name)
    for wrapper in WRAPPERS:
        monkeypatch.delitem(sys.modules, wrapper.CONSTRUCTOR[0], raising=False)
    monkeypatch.setitem(sys.modules, module, namespace)
    drivers.wait_at_start()
    assert getattr(namespace, name).__wrapped__ is original


def test_a_fault_of_a_driver_is_not_waited_out(run):
    with pytest.raises(TypeError):
        drivers.patient(lambda: refusing(TypeError("wrong arguments")))()


def test_who_waits_for_an_instrument_can_be_ended(run):
    tries = []

    def away():
        tries.append(1)
        run.asked = len(tries) == 3
        raise ConnectionError("Connection refused")

    with pytest.raises(ConnectionError):
        drivers.patient(away)()
    assert len(tries) == 3


def test_a_driver_whose_constructor_asks_nothing_is_probed(run):
    replies = iter([ConnectionError("no reply"), "LSCI"])

    def probe(_driver):
        if isinstance(reply := next(replies), Exception):
            raise reply

    assert drivers.patient(object, probe)()
    assert list(replies) == []


@pytest.mark.parametrize("line", [on_tcp, on_serial_line])
@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_to_replies_no_reading_is_wrong(driver, monkeypatch, line, seed):
    """Some are missing; after the last fault none is. On a serial line a late reply arrives after it was opened again."""
    chance = random.Random(seed)
    # An instrument that is later than the time for a reply several times in a row is one that nobody can read.
    slow = patience()
    faults = [in_two, *FAULTS.values(), lambda _message, reply: [0.15 * slow, reply]]

    def now_and_then(message, reply):
        return chance.choice(faults)(message, reply) if chance.random() < 0.1 else [reply]

    with line(script(REPLIES["240"])) as instrument:
        prefix = "tcp://" if line is on_tcp else ""
        module = driver("240").Module(prefix + instrument.address)
        monkeypatch.setattr(connection, "REPLY_SECONDS", 0.1 * slow)
        monkeypatch.setattr(connection, "RETRY_SECONDS", 0.01)
        instrument.fault = now_and_then
        missing = 0
        for n in [chance.randint(1, 8) for _ in range(60)]:
            try:
                reading = module.channels[n - 1].get_reading("K")
            except ConnectionError:
                missing += 1
            else:
                assert reading == n
        assert 0 < missing < 60
        instrument.fault = whole
        wait_until(lambda: instrument.idle, "the last late reply to have been sent")
        monkeypatch.setattr(connection, "REPLY_SECONDS", 2.0)
        with suppress(ConnectionError):
            readings(module)
        assert readings(module) == TRUE
        module.com.close()


READING = {"240": "KRDG? 3", "370": "RDGK? 3", "425": "RDGFIELD?"}
OPEN = {
    "240": lambda framed, path: framed.Module(path),
    "370": lambda framed, path: framed.LS370(path, num_channels=3),
    "425": lambda framed, path: framed.LakeShore425(path),
}
READ = {
    "240": readings,
    "370": lambda framed: framed.get_temp("kelvin", 3),
    "425": lambda framed: framed.get_field(),
}
EXPECTED = {"240": TRUE, "370": 3.0, "425": 0.12345}


def without_parity(framed):
    """A driver for a pseudo-terminal, which has none."""
    if hasattr(framed, "serial"):
        framed.serial.SEVENBITS, framed.serial.PARITY_ODD = serial.EIGHTBITS, serial.PARITY_NONE
    if hasattr(framed, "LS370"):
        framed.LS370._bytesize, framed.LS370._parity = serial.EIGHTBITS, serial.PARITY_NONE
    return framed


def wait_until(condition, what, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        time.sleep(0.01)

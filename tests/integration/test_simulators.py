"""The simulators as processes, talked to by the real drivers of socs and of Lake Shore over TCP and a pseudo-terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import lakeshore.generic_instrument
import lakeshore.model_240
import lakeshore.model_372
import pytest
import serial
from socs.agents.lakeshore372.agent import LS372_Agent
from socs.Lakeshore.Lakeshore240 import Module
from socs.Lakeshore.Lakeshore336 import LS336
from socs.Lakeshore.Lakeshore372 import LS372, Curve
from waiting import wait_for

from livemon.instruments.common.control import request

LISTENS = re.compile(r"^Lake Shore (240|336|372) (\S+) listens on (\S+)$", re.MULTILINE)


class Simulator:
    """A running ``livemon simulate``."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self.log = log
        self.control = log.with_suffix(".control")
        with log.open("w") as output:
            self.child = subprocess.Popen(
                [Path(sys.executable).with_name("livemon"), "simulate", *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def addresses(self) -> list[str]:
        return [where for _, _, where in LISTENS.findall(self.log.read_text())]

    def wait(self, count: int = 1) -> None:
        wait_for(
            lambda: len(self.addresses) == count or self.child.poll() is not None, f"{count} line(s) in {self.log}"
        )
        assert self.child.poll() is None, self.log.read_text()

    @property
    def host_port(self) -> tuple[str, int]:
        host, port = self.addresses[0].rsplit(":", 1)
        return host, int(port)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.host_port, timeout=120)

    def fault(self, text: str) -> str:
        """Order a fault, or `clear`."""
        return request(self.control, text)

    def terminate(self) -> int:
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(timeout=120)


Start = Callable[..., Simulator]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start simulators that end with the module."""
    directory = tmp_path_factory.mktemp("simulators")
    running: list[Simulator] = []

    def run(*arguments: str, addresses: int = 1) -> Simulator:
        log = directory / f"{len(running)}.log"
        running.append(Simulator(log, *arguments, "--control", str(log.with_suffix(".control"))))
        running[-1].wait(addresses)
        return running[-1]

    yield run
    for simulator in running:
        if simulator.child.poll() is None:
            simulator.terminate()


@pytest.fixture(scope="module")
def bridge(start: Start) -> Simulator:
    return start("372", "--serial", "LSA22YG", "--port", "0", "--cooldown-minutes", "0", "--label", "4=MXC")


@pytest.fixture(scope="module")
def module(start: Start) -> Simulator:
    return start("240", "--serial", "LSA21OQ", "--port", "0", "--cooldown-minutes", "0", "--label", "1=4K plate")


@pytest.fixture(scope="module")
def usb(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Simulator:
    link = tmp_path_factory.mktemp("usb") / "LSA21OQ"
    return start("240", "--serial", "LSA21OQ", "--pty", str(link), "--cooldown-minutes", "0")


def ask(client: socket.socket, message: bytes) -> bytes:
    client.sendall(message)
    return client.recv(4096)


# The real drivers


def test_driver_of_the_336_reads_everything(start, monkeypatch):
    controller = start("336", "--serial", "LSA3ABC", "--port", "0", "--cooldown-minutes", "0", "--label", "D2=Sample")
    connect = socket.socket.connect
    # The driver knows no port but its own.
    monkeypatch.setattr(socket.socket, "connect", lambda self, _: connect(self, controller.host_port))
    driver = LS336("127.0.0.1")
    assert driver.id.split(",")[:2] == ["LSCI", "MODEL336"]
    assert list(driver.channels) == ["A", "B", "C", "D", "D2", "D3", "D4", "D5"]
    names = [channel.input_name for channel in driver.channels.values()]
    assert names[:5] == ["Plate 50K", "Plate 4K", "Still", "Vacuum can", "Sample"]
    assert driver.get_kelvin("B") == pytest.approx(2.84, rel=0.05)
    driver.heaters["1"].set_max_current(0.5)
    driver.heaters["1"].set_setpoint(3.5)
    assert (driver.heaters["1"].get_max_current(), driver.heaters["1"].get_setpoint()) == (0.5, 3.5)
    driver.com.close()


def test_driver_of_the_372_reads_everything(bridge):
    host, port = bridge.host_port
    driver = LS372(host, port)
    assert driver.id.split(",")[1:3] == ["MODEL372", "LSA22YG"]
    assert [channel.name for channel in driver.channels[1:6]] == [
        "Plate 50K", "Plate 4K", "Still", "MXC", "Cold plate"
    ]  # fmt: skip
    assert [channel.enabled for channel in driver.channels] == [True] * 5 + [False] * 12
    mixing_chamber = driver.channels[4]
    assert mixing_chamber.get_kelvin_reading() == pytest.approx(0.010, rel=0.1)
    # While the scanner is there, each may have a measurement of its own.
    wait_for(
        lambda: (
            driver.get_temp("ohms", 4) == mixing_chamber.get_resistance_reading() == mixing_chamber.get_sensor_reading()
        ),
        "one resistance in three ways",
    )
    assert driver.get_temp("kelvin", 0) == pytest.approx(0.010, rel=0.1)
    assert driver.get_temp("kelvin") > 0
    assert mixing_chamber.get_reading_status() is None
    assert mixing_chamber.get_excitation_power() > 0
    assert str(mixing_chamber)


def test_driver_of_the_372_sets_inputs(bridge):
    driver = LS372(*bridge.host_port)
    channel = driver.channels[6]
    channel.enable_channel()
    channel.set_dwell(7)
    channel.set_pause(4)
    channel.set_calibration_curve(22)
    channel.set_excitation_mode("current")
    channel.set_excitation(1e-9)
    channel.disable_autorange()
    channel.set_resistance_range(2e3)
    channel.set_units("ohms")
    channel.set_sensor_input_name("Six")
    channel.set_temperature_limit(5.5)
    assert channel.get_temperature_limit() == 5.5
    fresh = LS372(*bridge.host_port).channels[6]
    assert (fresh.enabled, fresh.dwell, fresh.pause, fresh.curve_num) == (True, 7, 4, 22)
    assert (fresh.mode, fresh.excitation, fresh.autorange, fresh.range) == ("current", 1e-9, "off", 2e3)
    assert (fresh.units, fresh.name, fresh.tlimit) == ("ohms", "Six", 5.5)
    channel.disable_channel()
    assert channel.get_input_channel_parameter()[0] == "0"


def test_driver_of_the_372_scans(bridge):
    driver = LS372(*bridge.host_port)
    dwell = driver.channels[3].dwell
    driver.channels[3].set_dwell(200)  # or the scanner might go on before the test ends
    driver.set_active_channel(3)
    driver.disable_autoscan()
    assert (driver.get_autoscan(), driver.get_active_channel().name) == (False, "Still")
    driver.enable_autoscan()
    assert (driver.get_autoscan(), driver.get_active_channel().name) == (True, "Still")
    driver.channels[3].set_dwell(dwell)


def test_driver_of_the_372_heats(start):
    simulator = start("372", "--serial", "HEATED", "--port", "0", "--cooldown-minutes", "0")
    driver = LS372(*simulator.host_port)
    heater = driver.sample_heater
    base = driver.channels[0].get_kelvin_reading()
    heater.set_mode("Open Loop")
    heater.set_heater_range(3.16e-3)
    assert heater.set_heater_output(1e-3, display_type="power") is True
    wait_for(lambda: driver.channels[0].get_kelvin_reading() > 1.5 * base, "the mixing chamber to warm up")
    assert heater.get_sample_heater_output() == pytest.approx(1e-3)
    heater.set_pid(40, 2, 0)
    assert heater.get_pid() == (40, 2, 0)
    heater.set_setpoint(0.1)
    assert float(heater.get_setpoint()) == 0.1
    driver.still_heater.set_still_output(12.5)
    assert float(driver.still_heater.get_still_output()) == 12.5
    heater.set_heater_range("Off")
    assert heater.get_heater_range() == "Off"


def test_driver_of_the_372_loads_a_curve(bridge, tmp_path):
    driver = LS372(*bridge.host_port)
    factory = Curve(driver, 22)
    assert len(factory.get_curve(tmp_path / "curve.txt")) == 200
    user = Curve(driver, 23)
    user.set_name("copy")
    for index, (ohms, kelvin) in enumerate(factory.breakpoints[:3], start=1):
        user._set_data_point(index, ohms, kelvin)
    assert user.get_name() == "COPY"
    assert [tuple(point) for point in user.get_curve()] == [tuple(point) for point in factory.breakpoints[:3]]


def check_driver_of_the_240(driver: Module) -> None:
    assert (driver.model[-2:], driver.inst_sn, len(driver.channels)) == ("8P", "LSA21OQ", 8)
    assert [channel.name for channel in driver.channels][1:3] == ["Shield 50K", "Plate 4K"]
    temperatures = [channel.get_reading("K") for channel in driver.channels]
    assert temperatures[:7] == pytest.approx([36, 40, 2.84, 2.84, 0.45, 0.05, 295], rel=0.1)
    assert temperatures[7] == 0
    assert driver.channels[2].get_reading("S") == pytest.approx(1.6, abs=0.05)
    assert driver.channels[2].get_reading("C") == pytest.approx(temperatures[2] - 273.15, abs=0.1)

    channel = driver.channels[7]
    channel.set_values(sensor=3, auto_range=0, range=4, current_reversal=1, unit=3, enabled=1, name="Eight")
    channel.load_curve_point(1, 10, 100)
    channel.load_curve_point(2, 20, 50)
    assert driver.msg("INNAME? 8").strip() == "Eight"
    assert driver.msg("INTYPE? 8").strip() == "3,0,4,1,3,1"
    channel.read_curve()
    assert channel.curve.breakpoints == [(10, 100), (20, 50)]
    channel.delete_curve()
    channel.set_values(enabled=0, name="Spare")
    assert driver.msg("INTYPE? 8").strip()[-1] == "0"


def test_driver_of_the_240_over_tcp_without_terminators(module):
    driver = Module(port=f"tcp://{module.addresses[0]}")
    assert driver.channels[0].name == "4K plate"
    check_driver_of_the_240(driver)
    driver.close()


def test_driver_of_the_240_uploads_a_curve_over_tcp(module, tmp_path):
    driver = Module(port=f"tcp://{module.addresses[0]}")
    driver.com.settimeout(120)
    factory, spare = driver.channels[2], driver.channels[7]
    factory.read_curve()
    factory.curve.write_to_file(tmp_path / "curve.txt")
    spare.load_curve(tmp_path / "curve.txt")
    spare.read_curve()
    assert len(spare.curve.breakpoints) == 200
    assert spare.curve.breakpoints[-1] == pytest.approx(factory.curve.breakpoints[-1], abs=1e-4)
    spare.delete_curve()
    driver.close()


def test_driver_of_the_240_over_a_pseudo_terminal(usb):
    for _ in range(2):  # closed and opened again, as a restarted agent does
        driver = Module(port=usb.addresses[0], timeout=120)
        check_driver_of_the_240(driver)
        driver.com.close()


def test_lake_shores_driver_of_the_240_over_a_pseudo_terminal(usb, monkeypatch):
    port = SimpleNamespace(vid=0x1FB9, pid=0x0205, device=usb.addresses[0], serial_number="LSA21OQ")
    monkeypatch.setattr(lakeshore.generic_instrument, "comports", lambda: [port])
    with lakeshore.model_240.Model240(serial_number="LSA21OQ", timeout=120) as driver:
        assert driver.get_identification()["serial number"] == "LSA21OQ"
        assert driver.get_kelvin_reading(3) == pytest.approx(2.84, rel=0.1)
        driver.set_sensor_name(8, "Eight")
        assert driver.get_sensor_name(8) == "Eight"


def test_lake_shores_driver_of_the_372(bridge):
    with lakeshore.model_372.Model372(
        57600, ip_address="127.0.0.1", tcp_port=bridge.host_port[1], timeout=120
    ) as driver:
        assert driver.serial_number == "LSA22YG"
        assert driver.get_all_input_readings("A")["kelvin"] == pytest.approx(0.010, rel=0.1)
        assert driver.get_warmup_heater_setup()["max_current"] == 0.45


def test_agent_of_the_372_has_no_port_of_its_own():
    """Why the simulator's default port is 7777: the agent passes an address only."""
    assert "port" not in LS372_Agent.__init__.__code__.co_varnames
    assert LS372.__init__.__defaults__[0] == 7777


# Faults on command


@pytest.fixture(params=["bridge", "module"])
def faulty(request) -> Iterator[Simulator]:
    """A 372, then a 240, each on TCP."""
    simulator = request.getfixturevalue(request.param)
    yield simulator
    simulator.fault("clear")


def reconnected(simulator: Simulator) -> socket.socket:
    """Connect as soon as it answers again."""
    answering: list[socket.socket] = []

    def tried() -> bool:
        client = simulator.connect()
        client.settimeout(0.5)
        with contextlib.suppress(OSError):
            if ask(client, b"*OPC?\r\n") == b"1\r\n":
                answering.append(client)
                return True
        client.close()
        return False

    wait_for(tried, "an answer on a new connection")
    return answering[0]


def test_an_answer_comes_in_two_pieces_and_the_next_is_whole(faulty):
    with faulty.connect() as client:
        faulty.fault("split,times=1,delay=2")  # longer than a busy computer lets a process wait
        first = ask(client, b"*IDN?\r\n")
        assert 0 < len(first) < len(b"LSCI,MODEL372,LSA22YG,1.3\r\n")
        assert (first + client.recv(100)).startswith(b"LSCI,MODEL")
        assert ask(client, b"*OPC?\r\n") == b"1\r\n"


def test_an_answer_is_noise_and_the_next_is_not(faulty):
    with faulty.connect() as client:
        faulty.fault("garbage,times=1")
        assert all(byte >= 0x80 for byte in ask(client, b"*IDN?\r\n").rstrip(b"\r\n"))
        assert ask(client, b"*OPC?\r\n") == b"1\r\n"


def test_a_connection_is_dropped_instead_of_an_answer(faulty):
    with faulty.connect() as client:
        faulty.fault("drop,times=1")
        assert ask(client, b"*IDN?\r\n") == b""
    with faulty.connect() as client:
        assert ask(client, b"*OPC?\r\n") == b"1\r\n"


def test_a_stalled_instrument_answers_late(faulty):
    with faulty.connect() as client:
        faulty.fault("stall")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            ask(client, b"*OPC?\r\n")
        faulty.fault("clear")
        client.settimeout(120)
        assert client.recv(100) == b"1\r\n"


def test_a_half_open_connection_gets_neither_answer_nor_refusal(faulty):
    with faulty.connect() as client:
        assert ask(client, b"*OPC?\r\n") == b"1\r\n"
        faulty.fault("half-open")
        wait_for(lambda: unacknowledged(client), "a request that not even the kernel acknowledges")
        with pytest.raises(TimeoutError):
            socket.create_connection(faulty.host_port, timeout=0.3)
        faulty.fault("clear")
        with reconnected(faulty):
            client.settimeout(0.3)
            with pytest.raises(TimeoutError):
                client.recv(100)


def unacknowledged(client: socket.socket) -> bool:
    """Whether what was sent is still on its way: the first number that the kernel keeps of a queue to be sent."""
    client.sendall(b"*OPC?\r\n")
    time.sleep(0.1)
    return struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)))[0] > 0


def test_power_goes_and_comes(faulty):
    with faulty.connect() as client:
        assert ask(client, b"*CLS;*ESR?\r\n") == b"000\r\n"
        faulty.fault("power-cycle,for=0.3")
        client.settimeout(120)
        with pytest.raises(ConnectionResetError):
            ask(client, b"*OPC?\r\n")
    with reconnected(faulty) as client:
        assert ask(client, b"*ESR?\r\n") == b"128\r\n"


def test_an_unplugged_usb_port_comes_back_under_its_name(usb):
    link = Path(usb.addresses[0])
    for fault in ("drop,times=1", "power-cycle,for=0.3"):
        port = serial.Serial(str(link), timeout=120)
        before = link.readlink(), port.fileno()
        usb.fault(fault)
        with contextlib.suppress(OSError):
            port.write(b"*IDN?\r\n")
            wait_for(lambda port=port: port.in_waiting < 0, "the port to be gone")
        port.close()
        wait_for(lambda before=before: link.is_symlink() and link.exists(), f"a port after {before}")
        with serial.Serial(str(link), timeout=120) as again:
            again.write(b"*OPC?\r\n")
            assert again.readline() == b"1\r\n"


def test_a_pseudo_terminal_has_the_faults_of_answers(usb):
    with serial.Serial(usb.addresses[0], timeout=120) as port:
        usb.fault("split,times=1,delay=0.3")
        port.write(b"*IDN?\r\n")
        assert port.readline().startswith(b"LSCI,MODEL240")
        usb.fault("half-open")
        port.timeout = 0.3
        port.write(b"*OPC?\r\n")
        assert port.readline() == b""
        usb.fault("clear")
        port.timeout = 20
        port.write(b"*TST?\r\n")
        assert port.readline() == b"0\r\n", "what was sent during the fault is lost"


def test_faults_at_the_start(start):
    simulator = start("240", "--serial", "X", "--port", "0", "--fault", "drop,times=1", "--fault", "stall,after=499")
    with simulator.connect() as client:
        assert ask(client, b"*OPC?\r\n") == b""
    (remaining,) = re.fullmatch(r"stall, in (\d+\.\d) s\n", simulator.fault("")).groups()
    assert 400 < float(remaining) <= 500, "a quick computer asks within the first tenth of a second"


def test_the_command_orders_faults(bridge):
    def livemon(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [Path(sys.executable).with_name("livemon"), "fault", *words], capture_output=True, text=True, check=False
        )

    done = livemon(str(bridge.control), "stall", "after=500")
    assert (done.stdout, done.returncode) == ("stall, in 500.0 s\n", 0)
    assert bridge.fault("clear") == "no faults\n"
    refused = livemon(str(bridge.control), "stal")
    assert (refused.stderr, refused.returncode) == ("livemon: there is no fault 'stal': did you mean stall?\n", 1)


def test_a_control_socket_that_is_in_use_is_named(bridge, tmp_path):
    simulator = Simulator(tmp_path / "log", "372", "--serial", "X", "--port", "0", "--control", str(bridge.control))
    assert simulator.child.wait(timeout=120) == 1
    assert f"cannot make the control socket {bridge.control}: another simulator" in simulator.log.read_text()
    assert bridge.fault("") == "no faults\n"


# The process


def test_several_clients_at_once(bridge):
    with bridge.connect() as one, bridge.connect() as other:
        one.sendall(b"*ID")
        assert ask(other, b"*OPC?\r\n") == b"1\r\n"
        assert ask(one, b"N?\r\n").startswith(b"LSCI,MODEL372,LSA22YG")


def test_a_half_open_connection_is_probed(bridge):
    """The kernel shows the keep-alive timer of the simulator's end as 02 in the column `tr`."""
    with bridge.connect() as client:
        ask(client, b"*OPC?\r\n")
        ends = [f"{ip_port[1]:04X}" for ip_port in (client.getpeername(), client.getsockname())]

        def timer():
            connections = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
            [found] = [c[5] for c in connections if [c[1][-4:], c[2][-4:]] == ends]
            return found

        # Until the answer is acknowledged it is that of the retransmission.
        wait_for(lambda: timer().startswith("02:"), "the keep-alive timer")


@pytest.mark.parametrize("send", [b"", b"*IDN?\r\n", b"KRDG? ", b"*IDN?\r\n" * 20000])
def test_survives_clients_that_vanish(bridge, send):
    client = bridge.connect()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
    client.settimeout(0.2)
    # It stops reading from a client that does not read its answers.
    with contextlib.suppress(TimeoutError):
        client.sendall(send)
    client.close()
    with bridge.connect() as other:
        assert ask(other, b"*OPC?\r\n") == b"1\r\n"


def test_unknown_requests_get_no_answer_and_do_no_harm(bridge):
    with bridge.connect() as client:
        assert ask(client, b"*CLS\r\nNOSUCH? 1\r\nPID? 7\r\n\xff\xfe\r\n*ESR?\r\n") == b"048\r\n"


def test_time_passes_while_nobody_asks(start):
    simulator = start("372", "--serial", "COOLING", "--port", "0", "--cooldown-minutes", "0.02")
    time.sleep(1.5)
    with simulator.connect() as client:
        assert float(ask(client, b"KRDG? A\r\n")) < 0.012


def test_labels_longer_than_the_display_are_cut(start):
    simulator = start("240", "--serial", "X", "--port", "0", "--label", "2=sixteen letters!")
    with simulator.connect() as client:
        assert ask(client, b"INNAME? 2\r\n") == b"sixteen letters\r\n"


def test_labels_beyond_ascii_do_not_stop_a_simulator(start):
    simulator = start("240", "--serial", "X", "--port", "0", "--label", "2=Kälte\u00a0\u03a9")
    with simulator.connect() as client:
        assert ask(client, b"INNAME? 2\r\n") == b"K?lte??\r\n"


def test_a_240_on_both_ways_in(start, tmp_path):
    link = tmp_path / "tty"
    link.symlink_to(tmp_path / "stale")
    simulator = start("240", "--serial", "BOTH", "--port", "0", "--pty", str(link), addresses=2)
    with simulator.connect() as client:
        assert b",BOTH," in ask(client, b"*IDN?\r\n")
    near = os.open(link, os.O_RDWR | os.O_NOCTTY)
    os.write(near, b"*IDN?\r\n")
    assert b",BOTH," in os.read(near, 100)
    os.close(near)


def test_termination_hangs_up_and_frees_what_it_used(start, tmp_path):
    link = tmp_path / "usb"
    simulator = start("240", "--serial", "FIRST", "--port", "0", "--pty", str(link), addresses=2)
    _, port = simulator.host_port
    with simulator.connect() as client:
        ask(client, b"*IDN?\r\n")
        assert simulator.terminate() == 0
        assert client.recv(1) == b""
    assert not link.is_symlink()
    assert not simulator.control.exists()
    start("372", "--serial", "SECOND", "--port", str(port))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["372"], "Missing option '--serial'"),
        (["371", "--serial", "X"], "No such command '371'"),
        (["372", "--serial", "X", "--label", "17=a"], "a 372 has channels 1 to 16"),
        (["240", "--serial", "X", "--label", "9=a"], "a 240 has channels 1 to 8"),
        (["336", "--serial", "X", "--label", "1=a"], "a 336 has channels A, B, C, D, D2, D3, D4, D5"),
        (["336", "--serial", "X", "--label", "A=a;b"], "a name is one line without"),
        (["336", "--serial", "X", "--fault", "frozen,channel=9"], "channel=9: the instrument has the inputs A, B"),
        (["336", "--serial", "X", "--pty", "link"], "a 336 has no serial port"),
        (["240", "--serial", "X", "--label", "plate"], "write CHANNEL=NAME"),
        (["240", "--serial", "X", "--label", "1=a;b"], "a name is one line without"),
        (["240", "--serial", "X", "--label", "1=a\nb"], "a name is one line without"),
        (["372", "--serial", "X", "--pty", "link"], "a 372 has no serial port"),
        (["372", "--serial", "X", "--cooldown-minutes", "-1"], "not in the range x>=0"),
        (["372", "--serial", "X", "--fault", "stal"], "--fault stal: there is no fault 'stal': did you mean stall?"),
        (["240", "--serial", "X", "--fault", "frozen,channel=9"], "channel=9: the instrument has the inputs 1, 2"),
        (["372", "--serial", "X", "--port", "0", "--control", "/nowhere/socket"], "cannot make the control socket"),
        (["372", "--serial", "X", "--host", "192.0.2.1", "--port", "0"], "cannot listen on 192.0.2.1:0"),
        (["240", "--serial", "X", "--pty", "/"], "the path exists and is not a symbolic link"),
        (["240", "--serial", "X", "--pty", "/nowhere/link"], "No such file or directory"),
    ],
)
def test_bad_arguments_get_one_message(tmp_path, arguments, complaint):
    simulator = Simulator(tmp_path / "log", *arguments)
    assert simulator.child.wait(timeout=120) in (1, 2)
    output = simulator.log.read_text()
    assert complaint in output
    assert "Traceback" not in output


def test_a_port_in_use_is_named(bridge, tmp_path):
    host, port = bridge.host_port
    simulator = Simulator(tmp_path / "log", "372", "--serial", "X", "--port", str(port))
    assert simulator.child.wait(timeout=120) == 1
    assert simulator.log.read_text() == f"livemon: cannot listen on {host}:{port}: Address already in use\n"

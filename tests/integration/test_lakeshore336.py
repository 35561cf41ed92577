"""A Lake Shore 336 as the product runs it: socs's agent by the launcher, a real router, our simulator, the archive."""

from __future__ import annotations

import math
import socket
import time

import pytest
from ocs_site import Site, simulator
from scripted_instrument import on_tcp, whole
from waiting import wait_for

from livemon import hkarchive
from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.lakeshore336.facts import MODEL
from livemon.instruments.lakeshore336.simulator import Model336

FEED = "observatory.cold.feeds.temperatures"


@pytest.fixture
def site(router, tmp_path):
    return Site(tmp_path, router)


def archived(directory):
    """The fields of the feed that have samples on the disk."""
    paths = hkarchive.scan(time.time() - 600, time.time() + 60, directory)
    return {path.removeprefix(f"{FEED}.") for path in paths if path.startswith(FEED)}


def newest(directory, *names):
    """The newest sample of each field."""
    found = hkarchive.load([f"{FEED}.{name}" for name in names], time.time() - 600, time.time() + 60, directory)
    return [found[f"{FEED}.{name}"][1][-1] for name in names]


def panel(address, message):
    """What the instrument itself answers, or nothing to a command."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(message.encode() + b"\r\n")
        return line.recv(200).decode().strip() if message.endswith("?") or "? " in message else ""


def test_values_in_the_archive_are_those_of_the_sensors_and_commands_change_the_instrument(site, tmp_path):
    with simulator(336, tmp_path) as (address, _):
        site.write(
            cold=("Lakeshore336Agent", ["--serial-number", "SIM"], ["--ip-address", address], ["--f-sample", "2"]),
            recorder=("AggregatorAgent", ["--data-dir", tmp_path], ["--frame-seconds", 1]),
        )
        wanted = {field.name for name in MODEL.usual_channels for field in MODEL.fields(name)}
        wanted |= {field.name for output in MODEL.outputs for field in output.fields if field.unit}
        wanted |= {"Channel_D5_status", "Channel_D5_T_flagged"}
        with site.agent("recorder"), site.agent("cold") as agent:
            site.running("recorder", "record")
            client = site.running("cold", "acq")
            wait_for(lambda: wanted <= archived(tmp_path), f"samples of {wanted} in the archive", 120)
            temperatures = newest(tmp_path, *(f"Channel_{name}_T" for name in MODEL.usual_channels))
            read = [float(each) for each in panel(address, "KRDG? 0").split(",")]
            assert temperatures == pytest.approx(read[:4], rel=0.02)
            volts = newest(tmp_path, *(f"Channel_{name}_V" for name in MODEL.usual_channels))
            assert volts == pytest.approx([float(each) for each in panel(address, "SRDG? 0").split(",")][:4], rel=0.02)
            temperature, status, flagged = newest(tmp_path, "Channel_D5_T", "Channel_D5_status", "Channel_D5_T_flagged")
            assert math.isnan(temperature)
            assert (status, flagged) == (1, 0.0)
            wait_for(lambda: client.set_setpoint(setpoint=3.5, heater="1").session["success"], "a command to succeed")
            assert float(panel(address, "SETP? 1")) == 3.5
            wait_for(lambda: newest(tmp_path, "Heater_1_Setpoint") == [3.5], "the setpoint in the archive", 60)
            assert agent.terminate() == 0
    known = {field.name for name in MODEL.channels for field in (*MODEL.fields(name), *MODEL.flags(name))}
    known |= {field.name for output in MODEL.outputs for field in (*output.fields, *output.flags)}
    assert archived(tmp_path) <= known


def simulated():
    """What a 336 answers, by the clock of this machine."""
    instrument, switched_on = Model336("SIM336", Cryostat()), time.monotonic()
    return lambda message: instrument.handle(message, time.monotonic() - switched_on)


def is_degraded(client, operation):
    session = getattr(client, operation).status().session
    return session.get("status") == "running" and session["degraded"]


def test_a_336_that_is_refused_or_silent_is_waited_for_in_one_process(site):
    with on_tcp(simulated()) as instrument:
        site.write(cold=("Lakeshore336Agent", ["--ip-address", instrument.address], ["--f-sample", "2"]))
        instrument.leave()
        with site.agent("cold") as agent:
            client = site.client("cold")
            wait_for(lambda: is_degraded(client, "init_lakeshore"), "the agent to wait for its instrument", 60)
            instrument.listen()
            read_again(client, instrument, "a 336 that was refused at start-up")
            instrument.fault = lambda *_: []
            wait_for(lambda: is_degraded(client, "acq"), "the agent to be degraded by a 336 that is silent", 30)
            instrument.fault = whole
            read_again(client, instrument, "a 336 that was silent")
            instrument.leave()
            wait_for(
                lambda: is_degraded(client, "acq"), "the agent to be degraded by a 336 that refuses connections", 30
            )
            instrument.listen()
            read_again(client, instrument, "a 336 that was refused while it was read")
            assert agent.child.poll() is None
            assert agent.terminate() == 0


def read_again(client, instrument, what):
    """Wait until the last query of a round was asked, and all is well."""
    asked = len(instrument.asked)
    wait_for(lambda: "SETP? 2" in instrument.asked[asked:], f"readings of {what}", 60)
    wait_for(lambda: client.acq.status().session.get("status") == "running", f"acq to run after {what}", 30)
    wait_for(lambda: not is_degraded(client, "acq"), f"the agent not to be degraded after {what}", 10)

"""A Lake Shore 425 with socs's own agent, a real router and our archive: what arrives is what the instrument reads, in gauss."""

import math
import os
import re
import socket
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from ocs_site import LIVEMON, Site
from processes import process
from waiting import wait_for

from livemon import hkarchive
from livemon.instruments.common.control import request
from livemon.instruments.lakeshore425.agent import OVERLOAD
from plugins.plugin_utils.inventory.models import MODELS
from plugins.plugin_utils.inventory.rendering import ocs

MODEL = MODELS["425"]
FEED = "observatory.magnet.feeds.mag_field"


@pytest.fixture
def site(router, tmp_path):
    return Site(tmp_path, router)


@contextmanager
def meter(directory, *arguments):
    """A simulated 425: over TCP, by which a test asks it too, and where `arguments` say so on a pseudo-terminal."""
    log, control = directory / "meter.log", directory / "control"
    command = [LIVEMON, "simulate", 425, "--serial", "4250022", "--port", 0, "--control", control, *arguments]
    with process(*command, log=log, env=os.environ | {"PYTHONUNBUFFERED": "1"}):
        wait_for(lambda: log.read_text().count("listens on") == 1 + ("--pty" in arguments), "the meter to listen", 60)
        address = re.search(r"listens on (\S+:\d+)", log.read_text())[1]
        host, port = address.rsplit(":", 1)

        def ask(message):
            with socket.create_connection((host, int(port)), 20) as panel:
                panel.sendall(f"{message};*OPC?\r\n".encode())
                return panel.recv(100).decode().split(";")[0]

        yield SimpleNamespace(address=address, ask=ask, fault=lambda text: request(control, text))


def arguments(**instrument):
    """The options that the site config gives its agent."""
    entry = {"model": 425, "id": "magnet", "serial": "4250022", **instrument}
    config = ocs.site_config([entry], [], "lab", 3600)
    agents = {each["instance-id"]: each for each in config["hosts"]["lab"]["agent-instances"]}
    return agents["magnet"]["arguments"]


@contextmanager
def recorded(site, directory, options):
    """Run the agent and an aggregator; yields a function that returns the samples of a field since a time, oldest first."""

    def samples(field, since):
        path = f"{FEED}.{field}"
        if path not in hkarchive.scan(since, time.time() + 60, directory):
            return []
        return hkarchive.load([path], since, time.time() + 60, directory)[path][1].tolist()

    site.write(
        magnet=(MODEL.agent_class, *options),
        recorder=("AggregatorAgent", ["--data-dir", directory], ["--frame-seconds", 1]),
    )
    with site.agent("recorder"), site.agent("magnet") as agent:
        yield SimpleNamespace(agent=agent, samples=samples)


def newest(run, count, since, what):
    """The newest samples of the field, once there are so many."""
    return wait_for(lambda: len(found := run.samples("Bfield", since)) >= count and found, what, 60)


def test_its_field_is_archived_in_gauss_with_its_status(site, tmp_path):
    with (
        meter(tmp_path) as simulated,
        recorded(site, tmp_path, arguments(address=simulated.address)) as run,
    ):
        simulated.fault("frozen")
        gauss = float(simulated.ask("RDGFIELD?"))
        assert newest(run, 2, time.time() - 60, "samples of the field") == [gauss] * 2
        simulated.ask("UNIT 2")
        assert float(simulated.ask("RDGFIELD?")) == pytest.approx(1e-4 * gauss)
        changed = time.time()
        found = newest(run, 3, changed, "samples after its unit was changed")
        assert found == [pytest.approx(gauss, rel=1e-5)] * len(found)
        simulated.fault("over-range")
        began = time.time() + 3
        assert all(map(math.isnan, newest(run, 2, began, "samples during the overload")))
        assert set(run.samples("Bfield_status", began)) == {OVERLOAD}
        simulated.fault("clear,over-range")
        ended = time.time() + 3
        found = newest(run, 2, ended, "samples after the overload")
        assert found == [pytest.approx(gauss, rel=1e-5)] * len(found)
        paths = hkarchive.scan(time.time() - 600, time.time() + 60, tmp_path)
        known = {field.name for field in (*MODEL.fields("1"), *MODEL.flags("1"))}
        assert {path.removeprefix(f"{FEED}.") for path in paths if path.startswith(FEED)} == known


def test_an_agent_reads_it_on_usb_loses_it_and_finds_it_again(site, tmp_path):
    link = tmp_path / "4250022"
    (option,) = [each for each in arguments() if each[0] == "--port"]
    assert option == ["--port", "/dev/4250022"]
    options = [["--port", link] if each == option else each for each in arguments()]
    with meter(tmp_path, "--pty", link) as simulated, recorded(site, tmp_path, options) as run:
        client = site.running("magnet", "acq")
        newest(run, 1, time.time() - 60, "a sample over the serial line")
        simulated.fault("power-cycle,for=4")
        wait_for(lambda: client.acq.status().session["degraded"], "the agent to be degraded", 30)
        wait_for(lambda: not client.acq.status().session["degraded"], "the agent to find it again", 30)
        newest(run, 1, time.time(), "a sample of the new line")
        assert run.agent.child.poll() is None


def test_an_agent_waits_for_a_meter_that_is_not_there_yet(site, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
    with recorded(site, tmp_path, arguments(address=address)) as run:
        client = site.client("magnet")
        wait_for(lambda: client.init_lakeshore.status().session["status"] == "running", "the agent to wait", 60)
        with meter(tmp_path, "--port", address.rpartition(":")[2]):
            newest(run, 1, time.time() - 60, "a sample")
        assert "Traceback" not in run.agent.output

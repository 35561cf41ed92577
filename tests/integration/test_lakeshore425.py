"""A Lake Shore 425 with socs's own agent, a real router and our archive: what arrives is what the instrument reads, in gauss."""

import math
import socket
import time

import pytest
from ocs_site import Site, arguments_of, controlled, recorded
from waiting import wait_for

from livemon.instruments.lakeshore425.agent import OVERLOAD
from plugins.plugin_utils.inventory.models import MODELS

MODEL = MODELS["425"]
MAGNET = {"model": 425, "id": "magnet", "serial": "4250022"}


@pytest.fixture
def site(router, tmp_path):
    return Site(tmp_path, router)


def test_its_field_is_archived_in_gauss_with_its_status(site, tmp_path):
    with (
        controlled(425, "4250022", tmp_path) as meter,
        recorded(site, MAGNET | {"address": meter.address}) as run,
    ):
        meter.fault("frozen")
        gauss = float(meter.ask("RDGFIELD?"))
        found = run.newest("Bfield", 2, time.time() - 60, "samples of the field")
        assert found == [gauss] * len(found)
        meter.ask("UNIT 2")
        assert float(meter.ask("RDGFIELD?")) == pytest.approx(1e-4 * gauss)
        found = run.newest("Bfield", 3, time.time(), "samples after its unit was changed")
        assert found == [pytest.approx(gauss, rel=1e-5)] * len(found)
        meter.fault("over-range")
        began = time.time() + 3
        assert all(map(math.isnan, run.newest("Bfield", 2, began, "samples during the overload")))
        assert set(run.samples("Bfield_status", began)) == {OVERLOAD}
        meter.fault("clear,over-range")
        found = run.newest("Bfield", 2, time.time() + 3, "samples after the overload")
        assert found == [pytest.approx(gauss, rel=1e-5)] * len(found)
        assert run.fields() == {field.name for field in (*MODEL.fields("1"), *MODEL.flags("1"))}


def test_an_agent_reads_it_on_usb_loses_it_and_finds_it_again(site, tmp_path):
    link = tmp_path / "4250022"
    assert arguments_of(MAGNET) == [["--port", "/dev/4250022"], ["--mode", "acq"]]
    options = [["--port", link], ["--mode", "acq"]]
    with (
        controlled(425, "4250022", tmp_path, "--pty", link) as meter,
        recorded(site, MAGNET, options) as run,
    ):
        client = site.running("magnet", "acq")
        run.newest("Bfield", 1, time.time() - 60, "a sample over the serial line")
        meter.fault("power-cycle,for=4")
        wait_for(lambda: client.acq.status().session["degraded"], "the agent to be degraded", 30)
        wait_for(lambda: not client.acq.status().session["degraded"], "the agent to find it again", 30)
        run.newest("Bfield", 1, time.time(), "a sample of the new line")
        assert run.agent.child.poll() is None


def test_an_agent_waits_for_a_meter_that_is_not_there_yet(site, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
    with recorded(site, MAGNET | {"address": address}) as run:
        client = site.client("magnet")
        wait_for(lambda: client.init_lakeshore.status().session["status"] == "running", "the agent to wait", 60)
        with controlled(425, "4250022", tmp_path, "--port", address.rpartition(":")[2]):
            run.newest("Bfield", 1, time.time() - 60, "a sample")
        assert "Traceback" not in run.agent.output

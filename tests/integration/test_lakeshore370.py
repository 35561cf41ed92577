"""A Lake Shore 370 with socs's own agent, a real router and our archive: what arrives is what the instrument reads."""

import math
import time

import pytest
from ocs_site import Site, arguments_of, controlled, recorded
from waiting import wait_for

from plugins.plugin_utils.inventory.models import MODELS

MODEL = MODELS["370"]
BRIDGE = {"model": 370, "id": "bridge", "serial": "LSA14A2"}
R_OVER = 16


@pytest.fixture
def site(router, tmp_path):
    return Site(tmp_path, router)


def is_degraded(client):
    return client.acq.status().session["degraded"]


def test_its_readings_are_archived_with_their_status_and_it_is_read_on_after_an_outage(site, tmp_path):
    """Behind a converter, and simulated: the same."""
    with (
        controlled(370, "LSA14A2", tmp_path, "--cooldown-minutes", "0") as bridge,
        recorded(site, BRIDGE | {"address": bridge.address}) as run,
    ):
        bridge.fault("frozen")
        bridge.ask("SCAN 4,0")
        kelvins, ohms = (float(each) for each in bridge.ask("RDGK? 4;RDGR? 4").split(";"))
        assert 0 < kelvins < 0.1
        found = run.newest("Channel_4_T", 2, time.time() - 60, "temperatures")
        assert found == [kelvins] * len(found)
        found = run.newest("Channel_4_R", 2, time.time() - 60, "resistances")
        assert found == [ohms] * len(found)
        bridge.fault("clear")
        bridge.fault("over-range,channel=4")
        began = time.time() + 4
        assert all(map(math.isnan, run.newest("Channel_4_T", 2, began, "samples of the open wire")))
        assert set(run.samples("Channel_4_status", began)) == {R_OVER}
        assert set(run.newest("Channel_4_R_flagged", 1, began, "what it sent")) == {0.0}
        bridge.fault("clear")
        client = site.running("bridge", "acq")
        bridge.fault("power-cycle,for=4")
        wait_for(lambda: is_degraded(client), "the agent to be degraded", 30)
        wait_for(lambda: not is_degraded(client), "the agent to read on", 30)
        assert all(value > 0 for value in run.newest("Channel_4_T", 2, time.time() + 1, "temperatures again"))
        assert run.agent.child.poll() is None
        known = {field.name for n in MODEL.channels for field in (*MODEL.fields(n), *MODEL.flags(n))}
        assert run.fields() <= known


def test_it_is_scanned_over_a_serial_line(site, tmp_path):
    link = tmp_path / "LSA14A2"
    options = arguments_of(BRIDGE | {"usb_adapter": "A50285BI"})
    assert options[1] == ["--port", "/dev/LSA14A2"]
    options[1] = ["--port", link]
    with (
        controlled(370, "LSA14A2", tmp_path, "--pty", link, "--cooldown-minutes", "0"),
        recorded(site, BRIDGE, options) as run,
    ):
        on = {f"Channel_{n}_{what}" for n in range(1, 5) for what in ("T", "R", "status")}
        wait_for(lambda: on <= run.fields(), "readings of the four channels that are on", 120)
        assert run.fields() == on
        data = site.running("bridge", "acq").acq.status().session["data"]
        assert set(data["fields"]) == {f"Channel_{n}" for n in range(1, 5)}

"""A 240's readings of 0 K are published as NaN: socs's own acquisition over a simulated instrument."""

import math
import time
from types import SimpleNamespace

import pytest
import txaio

txaio.use_twisted()

from socs.agents.lakeshore240 import agent  # noqa: E402
from socs.Lakeshore import Lakeshore240  # noqa: E402

from livemon.instruments.common.cryostat import Cryostat  # noqa: E402
from livemon.instruments.common.faults import parse  # noqa: E402
from livemon.instruments.lakeshore240 import agent as lakeshore240  # noqa: E402
from livemon.instruments.lakeshore240.simulator import CHANNELS, Model240  # noqa: E402


@pytest.fixture
def instrument(monkeypatch):
    """What the driver talks to, with socs's agent as our launcher has it."""
    monkeypatch.setattr(agent, "LS240_Agent", agent.LS240_Agent)
    lakeshore240.adapt()
    simulated = Model240("LSA2", Cryostat(0))
    monkeypatch.setattr(Lakeshore240, "Serial", lambda **_: None)
    monkeypatch.setattr(Lakeshore240.Module, "msg", lambda _self, message: simulated.handle(message, 1.0) or "")
    return simulated


def test_0_k_is_published_as_nan(instrument, monkeypatch):
    """An open wire pulled down each mean, and was a measured line at the bottom of the plot."""
    instrument.faults.add(parse("over-range,channel=3", 0.0, range(1, CHANNELS + 1)))
    published = []

    def publish(feed, message, _from_reactor=None):
        published.append((feed, message))
        acquisition.take_data = False

    app = SimpleNamespace(
        log=txaio.make_logger(),
        register_feed=lambda *_arguments, **_options: None,
        publish_to_feed=publish,
        feeds={"temperatures": SimpleNamespace(flush_buffer=lambda: None)},
    )
    acquisition = agent.LS240_Agent(app, "port")
    acquisition.module, acquisition.initialized = Lakeshore240.Module("port"), True
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    acquisition.acq(SimpleNamespace(data={}), {})
    ((feed, message),) = published
    assert (feed, len(message["data"])) == ("temperatures", 2 * CHANNELS)
    assert math.isnan(message["data"]["Channel_3_T"])
    assert message["data"]["Channel_3_V"] == 0
    assert message["data"]["Channel_1_T"] > 0

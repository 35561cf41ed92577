"""The channels of alarms, as Grafana's rules ask for them."""

from __future__ import annotations

import math
from types import SimpleNamespace

from livemon.alarms import definition
from livemon.alarms.judgement import State
from livemon.bridge.alarm_channels import AlarmChannels

SILENT = {
    "id": "control:2:silent",
    "rule": "control",
    "measure": {"kind": "age", "of": ["observatory.control.feeds.temperatures.Channel_02_T"]},
    "above": 300,
}


def test_an_alarm_that_fires_has_all_its_numbers_though_its_value_has_no_age():
    alarms = definition.read([SILENT], "alarms")
    states = {"control:2:silent": State(firing=True, value=400.0)}
    watch = SimpleNamespace(alarms=alarms, states=states, judged=1_700_000_000.0, unjudged=0.0)
    channels = AlarmChannels(watch)
    told = {}
    for channel in channels.fields:
        if channel.alarm is not None:
            times, values = channels.samples(channel, 1_699_999_900.0, 1_700_000_001.0)
            assert times.tolist() == [1_700_000_000.0]
            told[channel.name] = values.item()
    assert told == {"state": 1.0, "value": 400.0, "limit": 300.0, "age": 0.0}
    assert all(map(math.isfinite, told.values()))

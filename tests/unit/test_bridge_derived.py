"""Channels that are made of others: ages, and whether readings are valid."""

import numpy as np
import pytest
from synchronous_bridge import FixedInventory, SynchronousBridge

from livemon.bridge.catalogue import Field, Node
from livemon.bridge.derived import LOOK_BACK, DerivedChannels, grid
from livemon.bridge.inventory import Inventory, read
from livemon.errors import NodeError
from livemon.series.envelope import envelope
from livemon.sisock.packed import Timeline

NOW = 1_700_000_000.0
PATH = "observatory.ls240.feeds.temperatures.Channel_1_T"
SITE = """
agents:
- id: ls240
  node: LSA21OQ
  model: "240"
  description: Diodes
  feeds:
    temperatures:
      Channel_1_T: {channel: "1", label: 4K plate, unit: K, quantity: temperature, expected: true}
      Channel_2_T: {channel: "2", unit: K, quantity: temperature}
- {id: registry, model: RegistryAgent}
"""


class Lab:
    """The nodes of this machine by their socket: samples by node and field, which may be too many for one answer."""

    def __init__(self, **fields):
        self.fields = {name: {"type": "number", "timeline": "t", "path": path} for name, path in fields.items()}
        self.samples_of = dict.fromkeys(fields, ((), ()))
        self.gone = self.away = False

    def put(self, name, times, values):
        self.samples_of[name] = np.asarray(times, float), np.asarray(values, float)

    def state(self, _known):
        if self.away:
            raise NodeError("nobody")
        last = {}
        for name, (times, values) in self.samples_of.items():
            numbers = np.flatnonzero(np.isfinite(values)) if len(times) else []
            if len(numbers):
                last[name] = [times[numbers[-1]], values[numbers[-1]]]
        about = {"name": "lab", "description": "", "version": "1", "fields": self.fields, "last": last}
        return [] if self.gone else [about]

    def samples(self, wanted, start, end, stride):
        if self.away:
            raise NodeError("nobody")
        answers = {}
        for node, names in wanted.items():
            answers[node] = []
            for name in names:
                times, values = self.samples_of[name]
                times, values, _ = envelope(np.asarray(times), np.asarray(values)[np.newaxis], start, end, stride)
                answers[node].append(Timeline(name, times, [name], values))
        return answers


@pytest.fixture
def clock():
    """UNIX seconds, which a test moves."""

    class Clock:
        now = NOW

    return Clock


@pytest.fixture
def looked(clock):
    """Return a bridge that has looked at a lab."""

    def look(lab, inventory=None, session=None):
        bridge = SynchronousBridge(lab, session, inventory, unix_clock=lambda: clock.now)
        bridge.look()
        return bridge

    return look


def ask(source, path, start, end=NOW, points=1000):
    field = source.catalogue.find(path)
    return source.fetch([field], start, end, points).series[field]


def test_an_age_grows_while_nothing_comes(looked):
    lab = Lab(x=PATH)
    lab.put("x", [NOW - 100, NOW - 60], [4.0, 4.1])
    times, ages = ask(looked(lab), f"age.{PATH}", NOW - 110)
    assert np.all(np.abs(np.diff(times) - 2) < 1e-6)
    assert times[-1] == pytest.approx(NOW, abs=1e-3)
    assert times[0] >= NOW - 100  # before its first sample nothing is known
    assert ages[-1] == pytest.approx(60, abs=1e-3)
    assert ages.max() == pytest.approx(60, abs=1e-3)
    assert ages[times < NOW - 60].max() == pytest.approx(40, abs=0.1)


def test_the_newest_sample_counts_however_old(looked):
    lab = Lab(x=PATH)
    lab.put("x", [NOW - 5 * 86400], [4.0])
    _, ages = ask(looked(lab), f"age.{PATH}", NOW - 60)
    assert ages[[0, -1]] == pytest.approx([5 * 86400 - 58, 5 * 86400], abs=1e-3)


def test_samples_before_an_interval_count(looked):
    lab = Lab(x=PATH)
    lab.put("x", [NOW - 700, NOW - 5], [4.0, 4.0])
    times, ages = ask(looked(lab), f"age.{PATH}", NOW - 600)
    assert ages[0] == pytest.approx(100, abs=2)
    assert times.size == 301


def test_a_channel_of_a_node_that_has_gone_grows_older(looked, clock):
    lab = Lab(x=PATH)
    lab.put("x", [NOW - 1], [4.0])
    source = looked(lab)
    lab.gone = True
    clock.now = NOW + 100
    source.clock.advance(1000)
    source.look()
    assert not source.catalogue.nodes
    assert ask(source, f"age.{PATH}", NOW, NOW + 100)[1][-1] == pytest.approx(101, abs=1e-3)


def test_ages_go_on_when_the_nodes_do_not_answer(looked, clock):
    lab = Lab(x=PATH)
    lab.put("x", [NOW - 1], [4.0])
    source = looked(lab)
    lab.away = True
    clock.now = NOW + 30
    answer = source.fetch([source.catalogue.find(f"age.{PATH}")], NOW - 60, NOW + 30, 500)
    ((_, ages),) = answer.series.values()
    assert ages[-1] == pytest.approx(31, abs=1e-3)
    assert not answer.silent  # nothing is missing in the answer


@pytest.mark.parametrize(("days", "points"), [(1 / 24, 1000), (7, 500), (30, 1000), (7, 100)])
def test_a_long_plot_shows_outages_and_no_others(looked, days, points):
    span = days * 86400
    times = np.arange(NOW - span, NOW, 1.0)
    begin, outage = NOW - span / 2, span / 5
    lab = Lab(x=PATH)
    kept = (times < begin) | (times >= begin + outage)
    lab.put("x", times[kept] + 0.25, np.ones(np.count_nonzero(kept)))
    found, ages = ask(looked(lab), f"age.{PATH}", NOW - span, points=points)
    inside = (found > begin) & (found < begin + outage)
    resolution = max(2.5 * span / 2000, 2.0)
    assert ages[~inside].max() <= resolution
    assert ages[inside].max() == pytest.approx(outage, abs=resolution + 2 * span / points)


@pytest.mark.parametrize(
    ("value", "invalid"), [(4.0, 0), (0.0, 1), (-1.0, 1), (np.nan, 1), (1e-3, 0)], ids=["4", "0", "-1", "nan", "mK"]
)
def test_what_no_temperature_can_be_is_invalid(looked, value, invalid):
    lab = Lab(channel_1_t=PATH)
    lab.put("channel_1_t", [NOW - 20, NOW - 10], [4.0, value])
    source = looked(lab, FixedInventory(SITE))
    _, found = ask(source, f"invalid.{PATH}", NOW - 15)
    assert found[[0, -1]].tolist() == [0, invalid]
    assert ask(source, f"age.{PATH}", NOW - 15)[1][-1] == pytest.approx(10, abs=1e-3)  # it came all the same


def test_of_other_nodes_what_is_no_number_is_no_sample(looked):
    lab = Lab(clock_offset="livemon.sensors.clock_offset")
    lab.put("clock_offset", [NOW - 20, NOW - 10], [1e-3, np.nan])
    source = looked(lab)
    assert ask(source, "age.livemon.sensors.clock_offset", NOW - 15)[1][-1] == pytest.approx(20, abs=1e-3)
    assert "invalid.livemon.sensors.clock_offset" not in source.catalogue.by_path


def test_what_the_site_expects_has_an_age_from_the_start_on(clock):
    channels = DerivedChannels(lambda: NOW - 50)
    channels.look([], read(SITE, "site.yaml"))
    assert [each.path for each in channels.fields] == [f"age.{PATH}", f"invalid.{PATH}"]
    nothing = np.empty(0), np.empty(0)
    age, invalid = (
        channels.values(each, grid(NOW - 60, NOW, 100, NOW), nothing, nothing, 1.0) for each in channels.fields
    )
    assert age[1][-1] == pytest.approx(50, abs=1e-3)
    assert age[0][0] >= NOW - 50
    assert not invalid[0].size
    assert channels.fields[0].tags == {
        "name": f"age.{PATH}",
        "node": "LSA21OQ",
        "instrument": "ls240",
        "model": "240",
        "description": "Diodes",
        "feed": "temperatures",
        "field": "channel_1_t",
        "channel": "1",
        "label": "4K plate",
        "unit": "s",
        "quantity": "age",
    }


def test_only_what_the_inventory_dropped_is_forgotten():
    channels = DerivedChannels(lambda: NOW)
    other, foreign = "observatory.old.feeds.f.x", "sisock.APEX.wind"
    fields = {name: Field("lab", name, name) for name in (PATH, other, foreign)}
    inventory = read(SITE, "site.yaml")
    channels.look([Node("lab", "", fields)], inventory)
    assert {f"age.{each}" for each in fields} < {each.path for each in channels.fields}
    channels.look([], Inventory())  # without a site nobody says that it was taken out
    assert {f"age.{each}" for each in fields} < {each.path for each in channels.fields}
    channels.look([], inventory)
    assert {each.path for each in channels.fields if each.path.startswith("age.")} == {f"age.{PATH}", f"age.{foreign}"}


@pytest.mark.parametrize(
    ("start", "end", "points", "times"),
    [
        (NOW - 10, NOW, 1000, [NOW - 10, NOW - 8, NOW - 6, NOW - 4, NOW - 2, NOW]),
        (NOW - 10, NOW + 50, 1000, [NOW - 10, NOW - 8, NOW - 6, NOW - 4, NOW - 2, NOW]),
        (NOW - 100, NOW, 8, [NOW - 99.999, NOW - 66.66, NOW - 33.33, NOW]),
        (NOW - 100, NOW, 1, [NOW]),
        (NOW + 10, NOW + 20, 100, []),
        (NOW, NOW, 100, []),
    ],
)
def test_times_end_with_the_present(start, end, points, times):
    found = grid(start, end, points, NOW)
    assert np.all((found >= start) & (found < end))
    if start == NOW - 10 and end == NOW:
        times = times[1:]  # the interval is half open
    assert found[-len(times) :] == pytest.approx(times, abs=0.01)
    assert found.size == len(times)


def test_the_longest_scan_of_a_372_is_looked_back_for():
    assert LOOK_BACK > 16 * (200 + 200)

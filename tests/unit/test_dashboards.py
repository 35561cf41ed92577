"""Grafana's dashboards: what each inventory gets, and that every Grafana from 9.4 to 13 can read it."""

from __future__ import annotations

import copy
import itertools
import json
import re
import time
from collections.abc import Iterator

import pytest
import yaml
from grafana_schema import dashboard_faults
from memory_source import MemorySource, Samples
from paths import ROOT

from livemon.bridge.app import create_app
from livemon.bridge.node_watch import Event
from livemon.hkarchive.gaps import Gap, GapList
from livemon.nodes.sensors import SensorsNode
from livemon.nodes.weather import WeatherNode
from plugins.plugin_utils.inventory.agent_fields import fields_of
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.grafana.dashboards import others
from plugins.plugin_utils.inventory.grafana.dashboards.channels import beyond, value_steps
from plugins.plugin_utils.inventory.grafana.dashboards.dashboard import DashboardSettings
from plugins.plugin_utils.inventory.grafana.dashboards.render import dashboards
from plugins.plugin_utils.inventory.grafana.identity import instrument_uid, panel_id, ref_id
from plugins.plugin_utils.inventory.instruments import channels_of, extras_of
from plugins.plugin_utils.inventory.models import MODELS
from plugins.plugin_utils.inventory.rendering.ocs import site_config

FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "description": "Dilution fridge"}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ"}
STAGES = {n: {"label": f"Stage {n}"} for n in range(1, 17)}
FAKE = {"agent_class": "FakeDataAgent", "id": "fake1", "feeds": ["false_temperatures"]}
GAUGE = {
    "agent_class": "PfeifferAgent",
    "id": "gauge",
    "feeds": ["pressure"],
    "silent_after": "10m",
    "alarms": [
        {"field": "pressure.Channel_1", "above": 1e-4, "severity": "warning"},
        {"field": "pressure.Channel_1", "label": "OVC", "unit": "mbar", "above": 1e-3},
        {"field": "pressure.Channel_2", "label": "OVC", "rising": 0.1},
    ],
}
KNOWN = {
    "agent_class": "PfeifferAgent",
    "id": "tpg",
    "feeds": ["pressures"],
    "silent_after": "10m",
    "fields": {
        "pressures.pressure_ch2": {"label": "OVC", "unit": "Pa", "alarms": [{"above": 0.1}], "silent_after": "1h"},
        "pressures.pressure_ch1": None,
    },
}
SILENT_AGENT = {"agent_class": "HostManager", "id": "manager"}
ALERT_LIST_OPTIONS = {
    *("viewMode", "groupMode", "groupBy", "maxItems", "sortOrder", "dashboardAlerts", "alertName"),
    *("alertInstanceLabelFilter", "folder", "stateFilter"),
}
WEATHER = {"kind": "weather", "name": "weather"}
FOREIGN = {"kind": "feed", "name": "foreign", "target": "elsewhere", "feeds": ["a", "b"]}


def of_file(inventory: str) -> tuple[list, list, list]:
    """The lists of one of our inventories."""
    settings = yaml.safe_load((ROOT / "inventory" / inventory / "hosts.yml").read_text())["livemon"]["vars"]
    return tuple(settings.get(key) or [] for key in ("instruments", "ocs_agents", "data_nodes"))


def many(count: int) -> list[dict]:
    return [FRIDGE | {"id": f"fridge{n}", "serial": f"LSA{n}", "channels": STAGES} for n in range(count)]


INVENTORIES = {
    "example": of_file("example"),
    "demo": of_file("demo"),
    "nothing": ([], [], []),
    "one instrument": ([FRIDGE | {"channels": {2: {"label": "4K plate", "alarm_above_K": 5.0}}}], [], []),
    "no channels": ([DIODES, FRIDGE], [], []),
    "channels without options": ([FRIDGE | {"channels": {1: None, "2": {}}}], [], []),
    "heaters": ([FRIDGE | {"channels": {1: None}, "also_reads": ["sample_heater", "control_input"]}], [], []),
    "twelve": (many(12), [], []),
    "long ids": ([DIODES | {"id": "d" * 63 + end, "serial": end} for end in "ab"], [], []),
    "gauges": ([DIODES], [GAUGE], []),
    "known fields": ([DIODES], [KNOWN, GAUGE, FAKE], []),
    "further": ([DIODES], [FAKE, SILENT_AGENT], [WEATHER, FOREIGN]),
    "labels that Grafana could take for something else": (
        [DIODES | {"channels": {1: {"label": "5m"}, 2: {"label": "T (K) [0] {a}"}, 3: {"label": "Ω plate"}}}],
        [],
        [],
    ),
}
DASHBOARDS = [
    pytest.param(inventory, name, id=f"{inventory}: {name}")
    for inventory, lists in INVENTORIES.items()
    for name in dashboards(*lists)
]


@pytest.fixture
def made(inventory, name) -> dict:
    """One dashboard of one inventory."""
    return dashboards(*INVENTORIES[inventory])[name]


def targets_of(dashboard: dict) -> list[str]:
    return [target["target"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def panels_of(dashboard: dict, kind: str) -> list[dict]:
    return [panel for panel in dashboard["panels"] if panel["type"] == kind]


def names_of(panel: dict) -> list[str]:
    """What a panel calls its lines; empty where the bridge does."""
    targets = [target["target"] for target in panel.get("targets", [])]
    return [target.rpartition(', "')[2].removesuffix('")') for target in targets if target.startswith("alias(")]


@pytest.mark.parametrize(("inventory", "name"), DASHBOARDS)
def test_a_dashboard_is_sound(made):
    assert json.loads(json.dumps(made)) == made
    assert made["schemaVersion"] == 37, "what 9.4 knows"
    assert "id" not in made, "the number is the database's own"
    assert len({panel["id"] for panel in made["panels"]}) == len(made["panels"])
    assert all(0 < panel["id"] < 2**31 for panel in made["panels"])
    for panel in made["panels"]:
        letters = [target["refId"] for target in panel.get("targets", [])]
        assert len(set(letters)) == len(letters)
        assert panel["title"].strip()
        assert panel["type"] == "row" or panel["type"] == "alertlist" or letters, "no panel is empty"


@pytest.mark.parametrize(("inventory", "name"), DASHBOARDS)
def test_lines_break_at_the_nulls_of_the_bridge_and_nowhere_else(made):
    """A number of milliseconds (`insertNulls`) would leave no line in a plot whose points are farther apart."""
    for panel in panels_of(made, "timeseries"):
        custom = panel["fieldConfig"]["defaults"]["custom"]
        assert custom["spanNulls"] is False
        assert "insertNulls" not in custom


@pytest.mark.parametrize(("inventory", "name"), DASHBOARDS)
def test_grafanas_schema_knows_all_of_it(made):
    assert dashboard_faults(made) == []


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda panel: panel.update(tyype="stat"), "Dashboard.panels[0].tyype: there is no such key"),
        (
            lambda panel: panel["options"].update(colourMode="value"),
            "Dashboard.panels[0].options.colourMode: there is no such key",
        ),
        (lambda panel: panel["options"].update(colorMode="loud"), "color_mode: 'loud' is not"),
        (lambda panel: panel["gridPos"].update(w="24"), "grid_pos.w: '24' is not"),
        (lambda panel: panel["fieldConfig"]["defaults"].update(unit=None, decimals="2"), "decimals: '2' is not"),
    ],
)
def test_the_schema_is_held_against_keys_and_values(damage, expected):
    """So that the test above can fail."""
    made = dashboards([FRIDGE])["overview"]
    made["panels"] = [panels_of(made, "stat")[0]]
    damage(made["panels"][0])
    found = dashboard_faults(made)
    assert any(expected in fault for fault in found), found


@pytest.mark.parametrize(("inventory", "name"), DASHBOARDS)
def test_what_the_schema_leaves_open_is_in_grafanas_words(made):
    """Read off Grafana 9.4's sources: graphite/types.ts, panel/alertlist/types.ts, graphite/migrations.ts."""
    for panel in made["panels"]:
        for target in panel.get("targets", []):
            assert set(target) == {"refId", "datasource", "target", "textEditor"}
        if panel["type"] == "alertlist":
            assert set(panel["options"]) == ALERT_LIST_OPTIONS
            assert set(panel["options"]["stateFilter"]) == {"firing", "pending", "noData", "normal", "error"}
            assert panel["options"]["folder"] == {"title": "livemon"}, "that of dashboards.yml.j2"
    for mark in made["annotations"]["list"]:
        assert set(mark["target"]) == {"refId", "fromAnnotations", "queryType", "tags"}
        assert mark["target"]["queryType"] == "tags"


@pytest.mark.parametrize(("inventory", "name"), DASHBOARDS)
def test_panels_fit_into_the_columns_and_do_not_overlap(made):
    cells = [
        cell
        for place in (panel["gridPos"] for panel in made["panels"])
        for cell in itertools.product(
            range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        )
    ]
    assert len(cells) == len(set(cells))
    assert max((x for x, _ in cells), default=0) < 24
    # On a phone panels stand in the order of their places; in another, the JSON would tell another story than the screen.
    places = [(panel["gridPos"]["y"], panel["gridPos"]["x"]) for panel in made["panels"]]
    assert places == sorted(places)


@pytest.mark.parametrize(("inventory", "name"), DASHBOARDS)
def test_overrides_name_lines_that_there_are(made):
    """One of a line that there is not would leave the line green for ever."""
    for panel in made["panels"]:
        names = names_of(panel)
        assert len(set(names)) == len(names), "Grafana could not tell them apart"
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            assert override["matcher"]["id"] == "byName"
            assert override["matcher"]["options"] in names


def channels(inventory: str) -> Iterator[str]:
    """What there is to see on an appliance with this inventory."""
    instruments, agents, further = INVENTORIES[inventory]
    samples = [
        f"observatory.{each['id']}.feeds.temperatures.{field.name}"
        for each in instruments
        for channel in MODELS[str(each["model"])].channels
        for field in MODELS[str(each["model"])].fields(channel)
    ]
    samples += [
        f"observatory.{each['id']}.feeds.temperatures.{field.name}"
        for each in instruments
        for extra in extras_of(each)
        for field in extra.fields
    ]
    samples += [f"observatory.{each['id']}.feeds.{feed}.x" for each in agents for feed in each.get("feeds", [])]
    samples += [
        f"observatory.{each['id']}.feeds.{limit['field']}" for each in agents for limit in each.get("alarms", [])
    ]
    samples += [f"observatory.{each['id']}.feeds.{field.key}" for each in agents for field in fields_of(each)]
    for node in further:
        samples += (
            [f"observatory.{node['target']}.feeds.{feed}.x" for feed in node["feeds"]]
            if node["kind"] == "feed"
            else [f"livemon.{node['name']}.{key}" for key in WeatherNode("w", "").fields]
        )
    samples = list(dict.fromkeys(samples))
    yield from samples
    yield from (f"{about}.{path}" for path in samples for about in ("age", "invalid"))
    yield from (f"observatory.aggregator.feeds.archive.{what}" for what in ("lag", "lost", "gap"))
    for agent in ("registry", "aggregator", *(each["id"] for each in (*instruments, *agents))):
        yield from (f"observatory.{agent}.agent.{what}" for what in ("connected", "degraded"))
    machine = SensorsNode("sensors", "This machine")
    machine.sample()
    yield from (info.path for info in machine.fields.values())
    # A machine whose clock nobody steers has no offset, one without certificates none that end.
    known = {info.path for info in machine.fields.values()}
    optional = ("clock_offset", "clock_error", "clock_synchronized", "certificate_days")
    yield from ({f"livemon.sensors.{key}" for key in optional} - known)


@pytest.mark.slow
@pytest.mark.parametrize("inventory", INVENTORIES)
@pytest.mark.parametrize("asks", ["9.4", "11.6"])
def test_the_bridge_answers_each_query_with_one_line_of_that_name(inventory, asks):
    """Every function is one that it has, every path one that there is; since 11.6 Grafana wraps each query to know its letter."""
    now = int(time.time())
    source = MemorySource([Samples(path, now - 60, 10, [1.0, 2.0, 3.0]) for path in channels(inventory)])
    client = create_app(source).test_client()
    for dashboard in dashboards(*INVENTORIES[inventory]).values():
        for panel in dashboard["panels"]:
            asked = {target["refId"]: target["target"] for target in panel.get("targets", [])}
            if not asked:
                continue
            names = names_of(panel)
            if asks == "11.6":
                names = [f"{name} {letter}" for name, letter in zip(names, asked, strict=bool(names))]
                asked = {a: f'aliasSub({target}, "(^.*$)", "\\1 {a}")' for a, target in asked.items()}
            form = {
                "target": list(asked.values()),
                "from": now - 3600,
                "until": now,
                "format": "json",
                "maxDataPoints": 500,
            }
            answer = client.post("/render", data=form)
            assert answer.status_code == 200, answer.text
            answered = [series["target"] for series in answer.json]
            assert answered == names if names else answered


def test_no_name_is_taken_for_an_interval():
    """Grafana rewrites '5m' in single quotes to '5min', whatever it stands for."""
    inventory = INVENTORIES["labels that Grafana could take for something else"]
    for dashboard in dashboards(*inventory).values():
        assert not any(re.search(r"'(\d+)m'", target, re.IGNORECASE) for target in targets_of(dashboard))


@pytest.mark.parametrize("inventory", INVENTORIES)
def test_uids_are_unique_and_short_enough(inventory):
    made = dashboards(*INVENTORIES[inventory])
    uids = [dashboard["uid"] for dashboard in made.values()]
    assert len(set(uids)) == len(uids)
    assert len({dashboard["title"] for dashboard in made.values()}) == len(uids), (
        "Grafana wants titles unique in a folder"
    )
    assert all(len(uid) <= 40 for uid in uids)


@pytest.mark.parametrize("inventory", INVENTORIES)
def test_dashboards_are_the_same_each_time(inventory):
    lists = copy.deepcopy(INVENTORIES[inventory])
    assert dashboards(*lists) == dashboards(*lists)
    assert lists == INVENTORIES[inventory], "nothing is written into the inventory"


def test_an_instrument_more_changes_only_what_it_must():
    before, after = dashboards([FRIDGE, DIODES]), dashboards([FRIDGE, many(1)[0], DIODES])
    assert set(after) - set(before) == {"instrument-fridge0"}
    assert all(after[name] == before[name] for name in ("instrument-control", "instrument-ls240"))
    for name in ("overview", "appliance"):
        moved = {panel["id"]: panel["title"] for panel in after[name]["panels"]}
        assert {panel["id"]: panel["title"] for panel in before[name]["panels"]}.items() <= moved.items()
    renamed = dashboards([FRIDGE | {"description": "Old fridge", "name": "old"}, DIODES])
    assert [panel["id"] for panel in renamed["overview"]["panels"]] == [
        panel["id"] for panel in before["overview"]["panels"]
    ]


def test_every_channel_is_on_the_overview_with_its_value_and_its_age():
    instruments = INVENTORIES["twelve"][0]
    overview = dashboards(instruments)["overview"]
    for kind, prefix in (("stat", ""), ("timeseries", ""), ("bargauge", "age.")):
        shown = {target for panel in panels_of(overview, kind) for target in targets_of({"panels": [panel]})}
        for instrument in instruments:
            for channel in channels_of(instrument):
                field = MODELS["372"].fields(channel)[0].name
                path = f"{prefix}observatory.{instrument['id']}.feeds.temperatures.{field}"
                asked = f"maximumAbove({path},-1e300)" if kind == "timeseries" else path
                assert any(target.startswith(f"alias({asked}, ") for target in shown), path


@pytest.mark.parametrize("count", [1, 12])
def test_the_overview_can_be_read(count):
    """Nobody scrolls through a screen for each channel: an instrument takes one panel, and a value has room in it."""
    overview = dashboards(many(count))["overview"]
    values = [panel for panel in panels_of(overview, "stat") if panel["id"] != panel_id("appliance")]
    assert len(values) == count
    for panel in values:
        place = panel["gridPos"]
        assert (place["w"] // 2) * ((place["h"] - 1) // 2) >= len(panel["targets"])
    assert (
        max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in overview["panels"]) <= 17 + -(-count // 2) * 10
    )
    assert overview["panels"][0]["type"] == "alertlist", "what is wrong stands first"


def test_all_temperatures_share_one_axis_from_millikelvins_to_room_temperature():
    overview = dashboards([FRIDGE, DIODES])["overview"]
    defaults = next(p for p in overview["panels"] if p["title"] == "All temperatures")["fieldConfig"]["defaults"]
    assert defaults["custom"]["scaleDistribution"] == {"type": "log", "log": 10}
    assert defaults["min"] <= 0.01
    assert defaults["max"] >= 300
    assert defaults["unit"] == "si:K", "Grafana's own kelvin knows no millikelvin"
    only_diodes = dashboards([DIODES])["overview"]
    assert next(p for p in only_diodes["panels"] if p["type"] == "timeseries")["fieldConfig"]["defaults"]["min"] == 1


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, None),
        ({"critical": (None, None)}, None),
        ({"critical": (None, 5.0)}, [(None, "green"), (beyond(5.0), "red")]),
        ({"critical": (0.1, None)}, [(None, "red"), (0.1, "green")]),
        ({"critical": (3.0, 5.0)}, [(None, "red"), (3.0, "green"), (beyond(5.0), "red")]),
        (
            {"warning": (None, 4.5), "critical": (None, 5.0)},
            [(None, "green"), (beyond(4.5), "orange"), (beyond(5.0), "red")],
        ),
        (
            {"warning": (2.0, 4.0), "critical": (1.0, 5.0)},
            [(None, "red"), (1.0, "orange"), (2.0, "green"), (beyond(4.0), "orange"), (beyond(5.0), "red")],
        ),
        # A warning beyond a critical limit never shows.
        ({"warning": (None, 6.0), "critical": (None, 5.0)}, [(None, "green"), (beyond(5.0), "red")]),
    ],
)
def test_values_have_the_colours_of_their_alarms(limits, expected):
    steps = value_steps(limits)
    assert steps == (expected and [{"color": color, "value": value} for value, color in expected])


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ({1: None}, []),
        ({1: {"alarm_above_K": 5.0}, 2: {"alarm_below_K": 3.0}}, [(3.0, "red"), (5.0, "red")]),
        (
            {1: {"alarms": [{"above": 4.5, "severity": "warning"}, {"outside": [1, 5]}]}},
            [(1, "red"), (4.5, "orange"), (5, "red")],
        ),
        # Where a warning and a critical limit are at one value, the line is red, whichever channel comes first.
        ({1: {"alarms": [{"above": 5, "severity": "warning"}]}, 2: {"alarm_above_K": 5}}, [(5, "red")]),
        ({1: {"alarm_above_K": 5}, 2: {"alarms": [{"above": 5, "severity": "warning"}]}}, [(5, "red")]),
        ({1: {"alarms": [{"rising": 0.1}, {"of": "sensor", "above": 9}]}}, []),
    ],
)
def test_limits_are_lines_in_the_plot_of_temperatures(channels, expected):
    made = dashboards([FRIDGE | {"channels": channels}])["instrument-control"]
    (plot,) = [panel for panel in made["panels"] if panel["title"] == "Temperature"]
    defaults = plot["fieldConfig"]["defaults"]
    lines = [(step["value"], step["color"]) for step in defaults["thresholds"]["steps"][1:]]
    assert lines == expected
    assert defaults["custom"]["thresholdsStyle"]["mode"] == ("dashed" if expected else "off")
    assert not any("thresholds" in override_of(plot, name) for name in names_of(plot)), (
        "9.4 would draw the first one's only"
    )


def override_of(panel: dict, name: str) -> dict:
    found = [each for each in panel["fieldConfig"]["overrides"] if each["matcher"]["options"] == name]
    return {prop["id"]: prop["value"] for each in found for prop in each["properties"]}


@pytest.mark.parametrize("name", ["overview", "instrument-control"])
def test_a_stage_beyond_its_limit_is_red(name):
    made = dashboards(*INVENTORIES["one instrument"])[name]
    panel = next(p for p in panels_of(made, "stat") if any("Channel_02_T" in t for t in targets_of({"panels": [p]})))
    steps = override_of(panel, "4K plate")["thresholds"]["steps"]
    assert steps == [{"color": "green", "value": None}, {"color": "red", "value": beyond(5.0)}]


def test_ages_have_the_colour_of_the_alarm_that_calls_the_channel_silent():
    def limit(channels, color="orange"):
        made = dashboards([FRIDGE | {"channels": channels}])["overview"]
        own = override_of(panels_of(made, "bargauge")[0], "Stage 1")
        assert "thresholds" not in own or own["thresholds"]["steps"][-1] == {
            "color": color,
            "value": beyond(own["max"]),
        }
        return own.get("max")

    two, all_of_them = limit({1: STAGES[1], 2: STAGES[2]}), limit(STAGES)
    assert two >= 2 * 13
    assert all_of_them >= 16 * 13, "a scan of sixteen channels comes back after 208 s"
    assert two < all_of_them
    assert limit({1: STAGES[1] | {"silent_after": "1h"}}) == 3600
    assert limit({1: STAGES[1] | {"silent_after": {"after": "1h", "severity": "critical"}}}, "red") == 3600
    assert limit({1: STAGES[1] | {"silent_after": False}}) is None, "nobody wants to know"


def test_each_instrument_can_be_reached_from_the_overview():
    overview = dashboards([FRIDGE, DIODES])["overview"]
    links = {
        link["url"].partition("?")[0]
        for panel in overview["panels"]
        for override in panel.get("fieldConfig", {}).get("overrides", [])
        for prop in override["properties"]
        if prop["id"] == "links"
        for link in prop["value"]
    }
    assert links == {f"/d/{instrument_uid(each['id'])}" for each in (FRIDGE, DIODES)}


def test_joins_and_leaves_are_marked():
    made = dashboards([FRIDGE])
    tags = {name: [mark["target"]["tags"] for mark in each["annotations"]["list"]] for name, each in made.items()}
    assert tags == {
        "overview": [["agent"], ["data-node"], ["archive"]],
        "appliance": [["agent"], ["data-node"], ["archive"]],
        "instrument-control": [["agent", "control"], ["data-node", "LSA22YG"], ["archive", "control"]],
    }


def test_the_bridge_finds_the_joins_leaves_and_gaps_that_are_marked(tmp_path):
    now = int(time.time())
    here = [Samples(f"observatory.{id_}.agent.connected", now - 60, 10, [1, 1, 0, 0]) for id_ in ("control", "ls240")]
    nodes = [Event(now - 30.5, serial, "", "joined") for serial in ("LSA22YG", "LSA21OQ")]
    feeds = [f"observatory.{id_}.feeds.temperatures" for id_ in ("control", "ls240")]
    GapList(tmp_path).add([Gap(feed, now - 50.0, now - 40.0, 100, "the router was away") for feed in feeds])
    client = create_app(MemorySource(here, nodes), archive=tmp_path).test_client()

    def marked(name):
        for mark in dashboards([FRIDGE, DIODES])[name]["annotations"]["list"]:
            tags = " ".join(mark["target"]["tags"])  # as Grafana sends them
            answer = client.get("/events/get_data", query_string={"from": now - 3600, "until": now, "tags": tags})
            yield [event["what"] for event in answer.json]

    assert list(marked("overview")) == [
        ["control left", "ls240 left"],
        ["LSA21OQ joined", "LSA22YG joined"],
        ["control gap", "ls240 gap"],
    ]
    assert list(marked("instrument-control")) == [["control left"], ["LSA22YG joined"], ["control gap"]]


def test_an_instrument_shows_only_its_own_alarms():
    (panel,) = panels_of(dashboards([FRIDGE])["instrument-control"], "alertlist")
    assert panel["options"]["alertInstanceLabelFilter"] == '{instrument="control"}'


def test_an_instrument_whose_channels_nobody_listed_has_no_panels_without_samples():
    made = dashboards([FRIDGE])["instrument-control"]
    assert [len(panel["targets"]) for panel in panels_of(made, "stat")] == [16]
    (ages,) = panels_of(made, "bargauge")
    assert targets_of({"panels": [ages]}) == [
        'alias(minSeries(age.observatory.control.feeds.temperatures.*), "All channels")'
    ], "as its alarm: a channel that is not in use would look silent"
    assert [panel["title"] for panel in panels_of(made, "state-timeline")] == ["Agent"]


def test_other_agents_and_nodes_have_plots_of_all_their_channels():
    assert "others" not in dashboards([FRIDGE], [SILENT_AGENT])
    made = dashboards([], [FAKE | {"description": "Test"}], [WEATHER, FOREIGN])["others"]
    assert {panel["title"]: targets_of({"panels": [panel]}) for panel in made["panels"]} == {
        title: [f"maximumAbove(aliasByNode({pattern}, -1),-1e300)"]
        for title, pattern in {
            "Test (fake1)": "observatory.fake1.feeds.false_temperatures.*",
            "weather: temperature": "livemon.weather.{temperature,dewpoint}",
            "weather: humidity": "livemon.weather.humidity",
            "weather: pressure": "livemon.weather.pressure",
            "weather: wind speed": "livemon.weather.windspeed",
            "weather: wind direction": "livemon.weather.winddirection",
            "weather: precipitable water": "livemon.weather.radiometer",
            "foreign: a": "observatory.elsewhere.feeds.a.*",
            "foreign: b": "observatory.elsewhere.feeds.b.*",
        }.items()
    }


def test_each_plot_of_the_weather_has_one_unit_that_of_its_channels():
    """hPa, degrees and per cent were on one axis without a unit."""
    plotted = {field: unit for pattern, unit in others.WEATHER.values() for field in pattern.strip("{}").split(",")}
    assert plotted == {field: info.units for field, info in WeatherNode("weather", "").fields.items()}


@pytest.mark.parametrize("name", ["overview", "others"])
def test_fields_of_other_agents_that_have_alarms_are_shown_in_their_colours(name):
    made = dashboards(*INVENTORIES["gauges"])[name]
    (panel,) = (each for each in panels_of(made, "stat") if each["title"] == "gauge")
    assert names_of(panel) == ["OVC", "OVC (pressure.Channel_2)"]
    own = override_of(panel, "OVC")
    assert own["unit"] == "suffix:mbar"
    assert [(each["value"], each["color"]) for each in own["thresholds"]["steps"]] == [
        (None, "green"),
        (beyond(1e-4), "orange"),
        (beyond(1e-3), "red"),
    ]
    assert override_of(panel, "OVC (pressure.Channel_2)") == {}


def test_an_agent_whose_fields_are_known_has_a_dashboard_with_one_axis_for_each_unit():
    found = dashboards(*INVENTORIES["known fields"])
    assert [name for name in found if name.startswith("agent-")] == ["agent-tpg"]
    plots = {panel["title"]: names_of(panel) for panel in panels_of(found["agent-tpg"], "timeseries")}
    assert plots == {
        "Pa": ["OVC"],
        "mbar": [f"Gauge {number}" for number in (1, 3, 4, 5, 6)],
        "All fields": [],
    }
    (values,) = panels_of(found["agent-tpg"], "stat")
    assert names_of(values) == ["OVC", "Gauge 1"]
    (ages,) = panels_of(found["agent-tpg"], "bargauge")
    assert (override_of(ages, "OVC")["max"], override_of(ages, "Gauge 1")["max"]) == (3600, 600)
    assert "pressures" not in str(found["others"])
    links = [panel["links"][0]["url"] for panel in found["overview"]["panels"] if panel["title"] == "tpg"]
    assert [link.partition("?")[0] for link in links] == ["/d/livemon-a-tpg"]


def test_a_feed_is_red_when_its_alarm_calls_it_silent():
    made = dashboards(*INVENTORIES["gauges"])["appliance"]
    assert override_of(panels_of(made, "bargauge")[0], "gauge")["max"] == 600


def test_heaters_are_shown_where_the_agent_reads_them():
    (instrument,), _, _ = INVENTORIES["heaters"]
    made = dashboards([instrument])["instrument-control"]
    titles = [panel["title"] for panel in made["panels"]]
    assert titles.count("Heater") == 2
    assert "Control input" in titles
    assert "Heater" not in [panel["title"] for panel in dashboards([FRIDGE])["instrument-control"]["panels"]]
    (agent,) = (
        each
        for each in site_config([instrument | {"simulated": True}], [], "host", 60)["hosts"]["host"]["agent-instances"]
        if each["instance-id"] == "control"
    )
    assert agent["arguments"][-2:] == [["--enable-control-chan"], ["--sample-heater", "true"]]


@pytest.mark.parametrize(
    ("entry", "extras", "expected"),
    [
        (FRIDGE, ["control_input", "sample_heater"], None),
        (FRIDGE, None, None),
        (FRIDGE, "sample_heater", ".also_reads: this is text; write a list"),
        (FRIDGE, ["still"], ".also_reads: 'still' is not supported; write control_input or sample_heater"),
        (DIODES, ["sample_heater"], "this model has only its channels; leave also_reads out"),
    ],
)
def test_what_else_is_read_is_checked(entry, extras, expected):
    found = faults({"instruments": [entry | {"simulated": True, "also_reads": extras}]})
    assert (expected is None and not found) or (len(found) == 1 and expected in found[0]), found


@pytest.mark.parametrize(
    ("channels", "repeated"),
    [
        ({2: {"label": "Channel 3"}, 3: None}, "channels.3.label: 'Channel 3' is already used by "),
        ({2: {"label": "Channel 3"}, 3: {"alarm_above_K": 5}}, "channels.3.label: 'Channel 3' is already used by "),
        ({2: {"label": "Control input"}}, "also_reads.label: 'Control input' is already used by "),
    ],
)
def test_a_label_that_is_the_name_of_another_line_is_refused(channels, repeated):
    """Both would have the first one's colours."""
    instrument = FRIDGE | {"simulated": True, "channels": channels, "also_reads": ["control_input"]}
    (fault,) = faults({"instruments": [instrument]})
    assert repeated in fault


def test_times_are_the_sites():
    made = dashboards([FRIDGE], settings=DashboardSettings(span="2d", refresh="1m"))
    assert {(each["time"]["from"], each["refresh"]) for each in made.values()} == {("now-2d", "1m")}


@pytest.mark.parametrize(
    ("key", "value", "sound"),
    [
        ("dashboard_range", "30m", True),
        ("dashboard_range", "2d", True),
        ("dashboard_range", 6, False),
        ("dashboard_range", "now-6h", False),
        ("dashboard_refresh", "5s", True),
        ("dashboard_refresh", "1m", True),
        ("dashboard_refresh", "1s", False),  # Grafana refuses it
        ("dashboard_refresh", "5", False),
    ],
)
def test_settings_of_dashboards_are_checked(key, value, sound):
    found = faults({"instruments": [], key: value})
    assert (
        found == []
        if sound
        else [fault for fault in found if fault.startswith(f"{key}: {value!r} is not a valid interval")]
    )
    assert sound == (not found)


def test_the_appliance_is_red_where_its_alarms_begin():
    def disk(**settings):
        made = dashboards([FRIDGE], settings=DashboardSettings(appliance_alarms=settings))
        found = [p for name in ("overview", "appliance") for p in panels_of(made[name], "stat")]
        return [override_of(p, "Disk used").get("thresholds") for p in found if "disk_used" in str(p["targets"])]

    assert [each["steps"] for each in disk(disk_used_percent={"limit": 70, "severity": "critical"})] == [
        [{"color": "green", "value": None}, {"color": "red", "value": beyond(70)}]
    ] * 2
    assert disk(disk_used_percent=False) == [None, None]


def test_queries_are_lettered_as_grafana_does():
    letters = [ref_id(number) for number in range(26 * 27 + 1)]
    assert letters[:2] + letters[25:28] + letters[-2:] == ["A", "B", "Z", "AA", "AB", "ZZ", "AAA"]
    assert len(set(letters)) == len(letters)


def test_long_ids_that_begin_alike_have_dashboards_of_their_own():
    first, second = INVENTORIES["long ids"][0]
    assert instrument_uid(first["id"]) != instrument_uid(second["id"])

"""The HTTP side over samples in memory: every answer that needs no router."""

import itertools
import json
import math
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from twisted.logger import eventAsText, globalLogPublisher

from livemon.bridge import patterns
from livemon.bridge.app import create_app
from livemon.bridge.catalogue import Catalogue, Field, Node
from livemon.bridge.inventory import Inventory
from livemon.bridge.json_responses import json_response, with_silent
from livemon.bridge.node_watch import Event
from livemon.bridge.source import Answer
from livemon.errors import RouterError

NOW = time.time()
PATH = "observatory.ls240.feeds.temperatures.Channel_1_T"
FIELD = Field("LSA21OQ", "channel_1_t", PATH, "t", label="4K plate", units="K")
TEXT = Field("LSA21OQ", "note", "observatory.ls240.feeds.temperatures.note", "t", type="string")
LOAD = Field("sensors", "load_1", "livemon.sensors.load_1", "load")
DISK = Field("sensors", "disk", "livemon.sensors.disk", "disk", label="Disk", units="%")
AGENT = Field("agents", "ls240", "observatory.ls240.agent.connected", "ls240", type="bool")
NODES = {
    "LSA21OQ": Node(
        "LSA21OQ",
        "Diodes",
        {each.name: each for each in (FIELD, TEXT)},
        {"channel_1_t": (NOW - 2, 4.2), "note": (NOW - 2, "warm")},
    ),
    "sensors": Node("sensors", "This machine", {each.name: each for each in (LOAD, DISK)}),
    "agents": Node("agents", "OCS agents", {AGENT.name: AGENT}),
}


class MemorySource:
    """Answers like livemon.bridge.source.Source, from arrays."""

    connected = True
    inventory = Inventory()
    alarm_watch = None
    hubless, left_out = 0.0, 0

    def __init__(self, *nodes):
        self.catalogue = Catalogue(NODES[each] for each in nodes)
        self.samples = {
            FIELD: (np.array([NOW - 3, NOW - 2]), np.array([4.1, math.nan])),
            LOAD: (np.array([NOW - 3, NOW - 1]), np.array([0.5, 0.25])),
            DISK: (np.array([NOW - 2]), np.array([97.0])),
            AGENT: (np.array([NOW - 9, NOW - 7, NOW - 5, NOW - 3]), np.array([1.0, 0, math.nan, 1])),
        }
        self.happened = [
            Event(NOW - 8, "sensors", "This machine", "joined"),
            Event(NOW - 4, "LSA21OQ", "Diodes", "left"),
        ]
        self.silent = []
        self.asked = []

    def events(self, start, end):
        return [each for each in self.happened if start <= each.time < end]

    def fetch(self, fields, start, end, points):
        if not self.connected:
            raise RouterError("the router is away")
        self.asked.append((list(fields), start, end, points))
        empty = (np.empty(0), np.empty(0))
        silent = [each.node for each in fields if each.node in self.silent]
        return Answer(
            {each: empty if each.node in silent else self.samples.get(each, empty) for each in fields}, silent
        )


@pytest.fixture
def source():
    """One node, of a number and a text."""
    return MemorySource("LSA21OQ")


@pytest.fixture
def lab():
    """Several nodes."""
    return MemorySource("LSA21OQ", "sensors", "agents")


@pytest.fixture
def grafana(lab):
    return create_app(lab).test_client()


@pytest.fixture
def client(source):
    return create_app(source).test_client()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json, text/plain, */*", "text/plain"),
        ("*/*", "text/plain"),
        (None, "text/plain"),
    ],
)
def test_a_browser_finds_the_page_and_grafana_its_health_check(client, accept, kind):
    answer = client.get("/", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (200, kind)


def test_texts_are_not_plotted(client):
    assert client.post("/search", json={"target": ""}).json == ["LSA21OQ::channel_1_t"]


@pytest.mark.parametrize("target", ["observatory.ls240.feeds.temperatures.*", TEXT.path, f"{{{TEXT.path},{PATH}}}"])
def test_texts_are_not_rendered(client, target):
    series = client.get("/render", query_string={"target": target}).json
    assert [each["target"] for each in series] == ([] if target == TEXT.path else [PATH])


def test_what_is_no_number_is_null(client):
    answer = client.get("/render", query_string={"target": PATH}).json
    assert answer[0]["datapoints"] == [[4.1, NOW - 3], [None, NOW - 2]]
    assert answer[0]["tags"] == {
        "name": PATH,
        "node": "LSA21OQ",
        "field": "channel_1_t",
        "label": "4K plate",
        "unit": "K",
        "instrument": "ls240",
        "feed": "temperatures",
    }


def test_grafana_s_own_wrapping_of_a_target(client):
    form = {
        "target": rf'aliasSub({PATH},"(^.*$)","\1 A")',
        "from": str(int(NOW) - 60),
        "until": str(int(NOW)),
        "format": "json",
    }
    assert client.post("/render", data=form).json[0]["target"] == f"{PATH} A"


def test_grafana_s_test_of_the_data_source(client):
    answer = client.post(
        "/render", data={"target": "constantLine(100)", "from": "-1h", "until": "now", "maxDataPoints": "300"}
    )
    assert [value for value, _ in answer.json[0]["datapoints"]] == [100, 100, 100]


def test_functions_follow_graphite(client):
    def first(target):
        return client.get("/render", query_string={"target": target}).json[0]

    assert first(f"scale({PATH}, 10)")["datapoints"][0][0] == pytest.approx(41)
    assert first(f"offset({PATH}, -4.1)|absolute()")["datapoints"][0][0] == pytest.approx(0)
    assert first(f"aliasByNode({PATH}, 1, -1)")["target"] == "ls240.Channel_1_T"
    assert first(f"group({PATH})")["target"] == PATH


@pytest.mark.parametrize("value", ["undefined", "", "-1h", "1700000000", "2023-11-14T22:13:20Z", "-5min", "now"])
def test_times_as_grafana_writes_them(client, value):
    assert client.get("/render", query_string={"target": PATH, "from": value}).status_code == 200


@pytest.mark.parametrize("value", ["x", "1e999", "nan", "-5parsecs", "99999999999999"])
def test_times_that_are_none_are_named(client, value):
    answer = client.get("/render", query_string={"target": PATH, "from": value})
    assert answer.status_code == 400
    assert answer.text.startswith("from: ")


def short_fault(answer, status=400):
    """The sentence of a fault, be it text or JSON."""
    assert answer.status_code == status, answer.text[:400]
    sentence = answer.json["error"] if answer.is_json else answer.text
    assert len(sentence) < 400
    return sentence


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("group(" * 1000 + PATH + ")" * 1000, "calls"),
        (PATH + "|group()" * 900, "calls"),
        ("(" * 50, "cannot be parsed"),
        (f"constantLine({'9' * 400})", "number"),
        (f"constantLine({'9' * 5000})", "number"),
        (f"scale({PATH},-{'9' * 400})", "number"),
        (f"aliasByNode({PATH},{'9' * 30})", "the number of a node"),
        ("alias(series='x',new_name='y')", "series"),
        ("alias(new_name='y',series=7)", "series"),
        (f"constantLine({PATH})", "a series is not a number"),
        (f"alias({PATH},{PATH})", "a series is not a string"),
        (f"scale({PATH},'{'x' * 6000}')", "number"),
        (f"{'f' * 7000}(a)", "unknown function"),
        (f"alias({PATH},{'k' * 3000}=1)", "alias"),
        (f"aliasSub({PATH},'a{{99999999999}}','')", "repeats too much"),
        (f"aliasSub({PATH},'{'(' * 90}','')", "aliasSub"),
        ("aliasSub(" * 40 + PATH + r""",".","\g<0>\g<0>")""" * 40, "longer than"),
        (f"group({','.join([PATH] * 150)})|group()", None),
        ("[z-a].b", "bad character range"),
        ("a.\U0001f600\u0661", None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_target_that_makes_no_sense_is_told_in_a_sentence(client, target, word):
    answer = client.post("/render", data={"target": target})
    if word is None:
        assert answer.status_code == 200
    else:
        assert word in short_fault(answer)


@pytest.mark.timeout(10)
def test_a_pattern_that_would_try_for_years_does_not_hold_the_bridge_up(client):
    done = threading.Event()
    turns = []

    def other_request():
        while not done.wait(0.01):
            turns.append(None)

    thread = threading.Thread(target=other_request)
    thread.start()
    begin = time.process_time()
    try:
        answer = client.post("/render", data={"target": [f"aliasSub({PATH},'(.|..)+[!?]$','')"] * 20})
    finally:
        done.set()
        thread.join()
    assert "takes longer than 0.5 s" in short_fault(answer)
    assert time.process_time() - begin < 3
    assert len(turns) > 5


def test_a_busy_machine_makes_no_pattern_slow(client, monkeypatch):
    """A rule of Grafana's got a 400 for ``(^.*$)`` when the bridge had to wait for the processor."""
    seconds = itertools.count()
    busy = SimpleNamespace(monotonic=lambda: float(next(seconds)), thread_time=time.thread_time)
    monkeypatch.setattr(patterns, "time", busy)
    answer = client.post("/render", data={"target": [f"aliasSub({PATH},'(^.*$)','it')"] * 3})
    assert [series["target"] for series in answer.json] == ["it"] * 3


@pytest.mark.timeout(10)
def test_a_pattern_that_repeats_what_repeats_is_answered(client):
    answer = client.post("/render", data={"target": rf"aliasSub({PATH},'([\w.]+)+!$','')"})
    assert answer.json[0]["target"] == PATH


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "pattern", ["a{9999999}", "(((a{50}){50}){50}){50}", "(?:(?:a?){60000}){60000}", "a{" + "9" * 5000 + "}"]
)
def test_a_pattern_that_takes_gigabytes_when_its_repeats_are_written_out_is_refused(client, pattern):
    begin = time.perf_counter()
    assert "aliasSub: " in short_fault(client.post("/render", data={"target": f"aliasSub({PATH},'{pattern}','')"}))
    assert "target: " in short_fault(client.post("/query", json={"targets": [{"target": pattern}]}))
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize(
    "pattern", [r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", "[a-z]{1,20}", "(" * 500 + ")" * 500, "[[a]b", "(" * 9000]
)
def test_a_pattern_of_any_kind_is_answered_or_refused(client, pattern):
    answer = client.post("/render", data={"target": f"aliasSub({PATH},'{pattern}','')"})
    if answer.status_code != 200:
        short_fault(answer)


def test_an_alias_s_pattern_is_python_s(client):
    """What the library knows beyond that, such as recursion, which takes memory without end."""
    assert "unknown extension ?R" in short_fault(
        client.post("/render", data={"target": f"aliasSub({PATH},'(?R)?a','')"})
    )


def test_what_is_asked_for_again_and_again_counts_each_time(client, source):
    targets = [f"group({','.join([PATH] * 100)})"] * 21
    assert "more than 2000 series" in short_fault(client.post("/render", data={"target": targets}))
    assert source.asked == []


@pytest.mark.parametrize("path", ["/query", "/search"])
@pytest.mark.parametrize(
    "body", [b"[" * 400_000, b'{"a":' * 100_000, b"{", b"\xff", b"7", b"null", b"[]", b'{"target": "\\ud800"}']
)
def test_a_body_that_is_no_object_is_told(client, path, body):
    assert "not a JSON object" in short_fault(client.post(path, data=body))


@pytest.mark.parametrize("value", [10**400, 1e-320, 1e308, math.nan, math.inf, -1, 0, True, "x", None, [], {}])
@pytest.mark.parametrize("key", ["intervalMs", "maxDataPoints", "range", "from", "targets", "target"])
def test_a_query_of_anything_is_answered_or_refused(client, key, value):
    body = {"targets": [{"target": "LSA21OQ::channel_1_t"}]}
    body |= {"from": {"range": {"from": value}}, "target": {"targets": [{"target": value}]}}.get(key, {key: value})
    answer = client.post("/query", json=body)
    if answer.status_code != 200:
        short_fault(answer, 404 if (key, value) == ("target", "x") else 400)


@pytest.mark.parametrize("name", ["x" * 100_000, "LSA21OQ::" + "x" * 100_000, "x" * 100_000 + "::y"])
def test_an_unknown_channel_is_told_in_a_short_sentence(client, name):
    assert " no " in short_fault(client.post("/query", json={"targets": [{"target": name}]}), 404)


def test_a_fault_of_ours_is_in_the_log_with_its_traceback(client, source, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(source, "fetch", fail)
    events = []
    globalLogPublisher.addObserver(events.append)
    try:
        assert "internal" in short_fault(client.get("/api/series", query_string={"field": PATH}), 500)
    finally:
        globalLogPublisher.removeObserver(events.append)
    assert ["of ours" in eventAsText(event) and "in fail" in eventAsText(event) for event in events] == [True]


def test_the_router_s_absence_is_a_503_and_the_page_stays(client, source):
    source.connected = False
    assert client.get("/api/series", query_string={"field": PATH}).status_code == 503
    status = client.get("/api/status")
    assert (status.status_code, status.json["router"]) == (200, {"connected": False})
    assert client.get("/", headers={"Accept": "text/html"}).status_code == 200


def test_points_are_asked_for_as_the_panel_is_wide(client, source):
    body = {
        "targets": [{"target": "LSA21OQ::channel_1_t"}],
        "range": {"from": NOW - 600, "to": NOW},
        "maxDataPoints": 1e9,
        "intervalMs": 60_000,
    }
    assert client.post("/query", json=body).status_code == 200
    assert source.asked[0][3] == 10


def test_the_page_loads_nothing_from_outside_and_runs_nothing_inline(client):
    page = client.get("/", headers={"Accept": "text/html"})
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "://" not in page.text
    assert "<script>" not in page.text
    assert "<style" not in page.text
    assert " onclick" not in page.text


def test_without_the_plotting_library_the_page_says_so(client, monkeypatch, tmp_path):
    monkeypatch.setattr("livemon.bridge.quicklook.LIBRARY", tmp_path / "missing.js")
    page = client.get("/", headers={"Accept": "text/html"}).text
    assert "plotting library is not installed" in page
    assert "uPlot.iife" not in page


def test_a_node_that_was_restarted_keeps_its_place():
    names = ["sensors", "LSA22YG", "LSA21OQ"]
    assert list(Catalogue(Node(name, "") for name in names).nodes) == ["LSA21OQ", "LSA22YG", "sensors"]


# --- SimpleJson --------------------------------------------------------------------------------------------------------

RANGE = {"from": NOW - 10, "to": NOW}
CHANNEL, MS = FIELD.short, round(NOW * 1000)


def ms(seconds):
    """Milliseconds of so many seconds from now."""
    return round((NOW + seconds) * 1000)


def ask(client, *targets, **body):
    answer = client.post("/query", json={"targets": list(targets), "range": RANGE} | body)
    assert answer.status_code == 200, answer.text
    return answer


def test_series_are_values_and_whole_milliseconds_of_several_nodes_in_the_order_asked_for(grafana, lab):
    answer = ask(grafana, {"target": "sensors::load_1", "refId": "B"}, {"target": CHANNEL, "type": "timeserie"})
    assert answer.json == [
        {"target": "sensors::load_1", "refId": "B", "datapoints": [[0.5, ms(-3)], [0.25, ms(-1)]]},
        {"target": CHANNEL, "datapoints": [[4.1, ms(-3)], [None, ms(-2)]]},
    ]
    assert len(lab.asked) == 1


def test_a_table_has_a_column_for_each_channel_of_its_target(grafana):
    series, table = ask(grafana, {"target": CHANNEL}, {"target": "sensors", "type": "table", "refId": "B"}).json
    assert series["target"] == CHANNEL
    assert table == {
        "type": "table",
        "refId": "B",
        "columns": [
            {"text": "Time", "type": "time"},
            {"text": "sensors::load_1", "type": "number"},
            {"text": "sensors::disk", "type": "number"},
        ],
        "rows": [[ms(-3), 0.5, None], [ms(-2), None, 97.0], [ms(-1), 0.25, None]],
    }


def test_a_table_has_a_row_for_each_of_two_samples_in_one_millisecond(grafana, lab):
    first = math.floor(NOW) - 3.0
    lab.samples[LOAD] = np.array([first - 2, first, first + 0.0002, first + 2]), np.array([1.0, 99.0, 2.0, 3.0])
    lab.samples[DISK] = np.array([first, first + 1]), np.array([7.0, 8.0])
    (table,) = ask(grafana, {"target": "sensors", "type": "table"}).json
    assert [[(when - 1000 * first) / 1000, *values] for when, *values in table["rows"]] == [
        [-2, 1.0, None],
        [0, 99.0, 7.0],
        [0, 2.0, None],
        [1, None, 8.0],
        [2, 3.0, None],
    ]


def test_a_table_says_which_of_its_columns_are_smallest_and_largest_values(grafana, lab, monkeypatch):
    fetch = lab.fetch
    monkeypatch.setattr(lab, "fetch", lambda *asked: replace(fetch(*asked), thinned={LOAD: True}))
    (table,) = ask(grafana, {"target": "sensors", "type": "table"}).json
    assert [each.get("envelope", False) for each in table["columns"]] == [False, True, False]


@pytest.mark.parametrize(("begin", "rows"), [(-10, [[ms(-2), "warm"]]), (-1, [])])
def test_a_text_is_shown_in_a_table_with_its_newest_value(grafana, begin, rows):
    body = {"targets": [{"target": TEXT.short, "type": "table"}], "range": {"from": NOW + begin, "to": NOW}}
    assert grafana.post("/query", json=body).json == [
        {
            "type": "table",
            "columns": [{"text": "Time", "type": "time"}, {"text": TEXT.short, "type": "string"}],
            "rows": rows,
        }
    ]


def test_a_table_that_would_be_mostly_empty_is_refused(lab):
    fields = [Field("wide", f"f{each}", f"x.wide.f{each}", f"t{each}") for each in range(200)]
    lab.catalogue = Catalogue([Node("wide", "", {each.name: each for each in fields})])
    lab.samples = {field: (NOW - 9 + np.arange(30) / 2 + i / 1e3, np.zeros(30)) for i, field in enumerate(fields)}
    answer = create_app(lab).test_client().post("/query", json={"targets": [{"target": "wide", "type": "table"}]})
    assert "rows and 200 channels" in short_fault(answer)


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ({"target": CHANNEL}, [CHANNEL]),
        ({"target": PATH}, [PATH]),
        ({"target": CHANNEL, "hide": True}, []),
        ({"target": CHANNEL, "hide": False, "payload": {}, "data": None}, [CHANNEL]),
        ({"target": "select metric"}, []),
        ({"target": None}, []),
        ({}, []),
        ({"target": "sensors"}, ["sensors::load_1", "sensors::disk"]),
        ({"target": "sensors", "payload": {"field": ["disk", "disk"]}}, ["sensors::disk"]),
        ({"target": "sensors", "data": {"field": "disk"}}, ["sensors::disk"]),
        ({"target": "sensors", "payload": {"field": "(disk|load_1)"}}, ["sensors::load_1", "sensors::disk"]),
        ({"target": "(sensors::load_1|LSA21OQ::channel_1_t)"}, [CHANNEL, "sensors::load_1"]),
        ({"target": PATH.replace(".", r"\.")}, [CHANNEL]),
        ({"target": "sensors::.*"}, ["sensors::load_1", "sensors::disk"]),
    ],
    ids=str,
)
def test_a_target_is_a_channel_a_node_or_what_grafana_makes_of_a_variable(grafana, target, names):
    assert [series["target"] for series in ask(grafana, target).json] == names


@pytest.mark.parametrize("target", [{"type": "table"}, {"payload": {"type": "table"}}, {"data": {"type": "table"}}])
def test_the_form_of_an_answer_may_be_chosen_in_either_plug_in(grafana, target):
    assert ask(grafana, target | {"target": CHANNEL}).json[0]["type"] == "table"


def test_a_vanished_target_does_not_spoil_the_others(grafana):
    answer = ask(grafana, {"target": "gone::x,\n"}, {"target": CHANNEL}, {"target": "gone::x,\n", "type": "table"})
    assert answer.headers["X-Livemon-Unknown"] == "gone::x%2C%0A"
    empty, series, table = answer.json
    assert empty == {"target": "gone::x,\n", "datapoints": []}
    assert len(series["datapoints"]) == 2
    assert table == {"type": "table", "columns": [{"text": "Time", "type": "time"}], "rows": []}


def test_a_vanished_channel_does_not_spoil_the_others_of_its_node(grafana):
    answer = ask(grafana, {"target": "sensors", "payload": {"field": ["gone", "disk"]}})
    assert [series["target"] for series in answer.json] == ["sensors::disk"]
    assert answer.headers["X-Livemon-Unknown"] == "sensors::gone"
    body = {"targets": [{"target": "sensors", "payload": {"field": ["gone", "away"]}}]}
    assert "no field 'gone'" in short_fault(grafana.post("/query", json=body), 404)


def test_a_vanished_target_is_no_error_beside_one_that_a_filter_leaves_out(grafana):
    filters = [{"key": "node", "operator": "=", "value": "nobody"}]
    answer = ask(grafana, {"target": "gone::x"}, {"target": CHANNEL}, adhocFilters=filters)
    assert answer.json == [{"target": "gone::x", "datapoints": []}]


def test_joins_and_leaves_are_looked_for_once_whatever_the_number_of_targets(grafana, lab):
    answer = ask(grafana, *[{"target": "events", "payload": {"query": name}} for name in ("ls240", "sensors", "")])
    assert [len(table["rows"]) for table in answer.json] == [2, 1, 4]
    assert len(lab.asked) == 1


def test_if_there_is_none_of_the_targets_that_is_an_error(grafana):
    answer = grafana.post("/query", json={"targets": [{"target": "gone::x"}, {"target": "(away|off)::x"}]})
    assert "'gone'; the known ones are LSA21OQ" in short_fault(answer, 404)


FILTERED = [
    (("node", "=", "sensors"), ["sensors::load_1"]),
    (("node", "!=", "sensors"), [CHANNEL]),
    (("node", "=~", "LSA.*|x"), [CHANNEL]),
    (("node", "=~", "LSA"), []),
    (("node", "!~", "LSA.*"), ["sensors::load_1"]),
    (("field", "=", "load_1"), ["sensors::load_1"]),
    (("unit", "=", "K"), [CHANNEL]),
    (("unit", "!=", "K"), ["sensors::load_1"]),
    (("label", "=", "4K plate"), [CHANNEL]),
    (("instrument", "=", "ls240"), [CHANNEL]),
    (("instrument", "=", ""), ["sensors::load_1"]),
]


@pytest.mark.parametrize("key", ["adhocFilters", "filters"])
@pytest.mark.parametrize(("written", "names"), FILTERED, ids=str)
def test_ad_hoc_filters_leave_channels_out(grafana, key, written, names):
    written = dict(zip(("key", "operator", "value"), written, strict=True))
    answer = ask(grafana, {"target": CHANNEL}, {"target": "sensors::load_1"}, **{key: [written]})
    assert [series["target"] for series in answer.json] == names


def test_silent_nodes_are_named_and_the_others_answer(grafana, lab):
    lab.silent = ["sensors"]
    answer = ask(grafana, {"target": "sensors::load_1"}, {"target": CHANNEL})
    assert answer.headers["X-Livemon-Silent"] == "sensors"
    assert [len(series["datapoints"]) for series in answer.json] == [0, 2]
    lab.silent = ["agents"]
    assert grafana.post("/annotations", json={}).headers["X-Livemon-Silent"] == "agents"
    assert ask(grafana, {"target": "events"}).headers["X-Livemon-Silent"] == "agents"


QUERY_FAULTS = [
    ({"targets": [{"target": 7}]}, "target: write a string"),
    ({"targets": [7]}, "targets: write a list"),
    ({}, "targets: write a list"),
    ({"targets": [{"target": "x"}] * 501}, "501 targets"),
    ({"targets": [{"target": CHANNEL, "type": "heatmap"}]}, "'heatmap' is not supported; write timeserie or table"),
    ({"targets": [{"target": CHANNEL, "payload": "x"}]}, "payload: write an object"),
    ({"targets": [{"target": "sensors", "payload": {"field": [7]}}]}, "payload: write field as a list"),
    ({"targets": [{"target": "sensors", "payload": {"field": {}}}]}, "payload: write field as a list"),
    ({"targets": [{"target": "("}]}, "missing )"),
    ({"targets": [{"target": "(" + "a|" * 20_000 + ")"}]}, "the pattern has more than"),
    ({"targets": [{"target": "events", "payload": {"query": 7}}]}, "query: write a string"),
    ({"targets": [], "range": 7}, "range: write an object"),
    ({"targets": [], "adhocFilters": {}}, "adhocFilters: write a list"),
    ({"targets": [], "adhocFilters": [{"key": "city"}]}, "'city' is not a known tag; write one of node"),
    (
        {"targets": [], "adhocFilters": [{"key": "node", "operator": "<"}]},
        "'<' is not valid; write one of =, !=, =~, !~",
    ),
    ({"targets": [], "adhocFilters": [{"key": "node", "value": 7}]}, "value: write a string"),
    ({"targets": [], "adhocFilters": [{"key": "node", "operator": "=~", "value": "["}]}, "adhocFilters: "),
    ({"targets": [], "adhocFilters": [{"key": "node"}] * 21}, "21 filters"),
]


@pytest.mark.parametrize(("body", "words"), QUERY_FAULTS, ids=lambda value: str(value)[:50])
def test_a_query_that_makes_no_sense_is_told_in_a_sentence(grafana, lab, body, words):
    assert words in short_fault(grafana.post("/query", json=body))
    assert lab.asked == []


@pytest.mark.timeout(20)
def test_all_patterns_of_a_request_together_have_half_a_second(grafana):
    begin = time.process_time()
    slow = {"key": "label", "operator": "=~", "value": "(.|..)+[!?]"}
    body = {"targets": [{"target": r"(.|..)+[!?]"}] * 100, "adhocFilters": [slow] * 20}
    assert "takes longer than 0.5 s" in short_fault(grafana.post("/query", json=body))
    assert time.process_time() - begin < 3


ANNOTATION = {"name": "Joins", "datasource": "live", "enable": True, "iconColor": "red", "query": ""}


def test_joins_and_leaves_are_annotations(grafana):
    answer = grafana.post("/annotations", json={"range": RANGE, "rangeRaw": {}, "annotation": ANNOTATION}).json
    assert [item.pop("annotation") for item in answer] == [ANNOTATION] * 4
    assert answer == [
        {"time": ms(-8), "title": "sensors joined", "tags": ["data node", "joined"], "text": "This machine"},
        {"time": ms(-7), "title": "ls240 left", "tags": ["agent", "left"], "text": "OCS agent ls240"},
        {"time": ms(-4), "title": "LSA21OQ left", "tags": ["data node", "left"], "text": "Diodes"},
        {"time": ms(-3), "title": "ls240 joined", "tags": ["agent", "joined"], "text": "OCS agent ls240"},
    ]


@pytest.mark.parametrize(
    ("begin", "end", "part", "titles"),
    [
        (-10, 0, "LS2", ["ls240 left", "ls240 joined"]),
        (-10, 0, "sens", ["sensors joined"]),
        (-10, 0, "nobody", []),
        (-7.5, -4, None, ["ls240 left"]),
        (-6.5, -3.5, "", ["LSA21OQ left"]),
        (-1, 0, "", []),
    ],
)
def test_annotations_are_of_the_range_and_of_what_the_query_names(grafana, begin, end, part, titles):
    body = {"range": {"from": NOW + begin, "to": NOW + end}, "annotation": {"query": part}}
    assert [item["title"] for item in grafana.post("/annotations", json=body).json] == titles
    target = {"target": "events", "payload": {"query": part}}
    assert [row[1] for row in grafana.post("/query", json={"targets": [target], **body}).json[0]["rows"]] == titles


def test_the_newer_plug_in_asks_for_its_annotations_by_query(grafana):
    (table,) = ask(grafana, {"target": "events", "refId": "Anno", "payload": {"query": "sensors"}}).json
    assert [column["text"] for column in table["columns"]] == ["time", "title", "text", "tags"]
    assert table["rows"] == [[ms(-8), "sensors joined", "This machine", ["data node", "joined"]]]
    assert table["refId"] == "Anno"


def test_of_very_many_annotations_the_newest_are_answered_and_the_rest_counted(grafana, lab):
    lab.happened = [Event(NOW - 9 + each / 1000, "x", "", "left") for each in range(1500)]
    answer = grafana.post("/annotations", json={"range": RANGE, "annotation": {"query": "x", "name": "y" * 10_000}})
    assert answer.headers["X-Livemon-Left-Out"] == "500"
    assert [answer.json[0]["time"], len(answer.json), answer.json[0]["annotation"]] == [ms(-8.5), 1000, {}]


@pytest.mark.parametrize(
    "body", [{"annotation": 7}, {"annotation": {"query": 7}}, {"range": []}, {"range": {"from": "x"}}]
)
def test_annotations_of_nonsense_are_told_in_a_sentence(grafana, body):
    short_fault(grafana.post("/annotations", json=body))


@pytest.mark.parametrize("path", ["/", "/query", "/search", "/annotations", "/tag-keys", "/variable"])
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://lab:3000", True),
        ("https://lab", True),
        ("http://evil.example", False),
        ("null", False),
        ("http://[", False),
        (None, False),
    ],
)
def test_a_browser_may_read_answers_for_pages_of_the_same_host_alone(grafana, path, origin, allowed):
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"} if origin else {}
    answer = grafana.options(path, base_url="http://lab:5000", headers=headers)
    assert answer.status_code == 200
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert ("content-type" in answer.headers.get("Access-Control-Allow-Headers", "")) is allowed


def test_tags_of_channels_are_listed(grafana):
    keys = grafana.post("/tag-keys", json={}).json
    assert keys == [{"type": "string", "text": key} for key in ("node", "field", "unit", "label", "instrument")]
    values = {
        key["text"]: [each["text"] for each in grafana.post("/tag-values", json={"key": key["text"]}).json]
        for key in keys
    }
    assert values == {
        "node": ["LSA21OQ", "agents", "sensors"],
        "field": ["channel_1_t", "disk", "load_1", "ls240", "note"],
        "unit": ["%", "K"],
        "label": ["4K plate", "Disk"],
        "instrument": ["ls240"],
    }


def test_texts_are_listed_for_tables(grafana):
    assert TEXT.short in grafana.post("/search", json={"type": "table", "target": "NOTE"}).json
    assert TEXT.short not in grafana.get("/search").json


def test_every_metric_of_the_builder_can_be_asked_for_with_each_of_its_options(grafana):
    metrics = grafana.post("/metrics", json={"metric": "sensors", "payload": {}}).json
    assert [each["value"] for each in metrics][:4] == ["LSA21OQ", "agents", "sensors", "events"]
    for metric in metrics:
        for part in metric["payloads"]:
            body = {"metric": metric["value"], "payload": {}, "name": part["name"]}
            options = grafana.post("/metric-payload-options", json=body).json
            assert options == part.get("options", options)
            assert bool(options) is (part["type"] != "input")
            for option in options:
                payload = {part["name"]: [option["value"]] if part["type"] == "multi-select" else option["value"]}
                assert ask(grafana, {"target": metric["value"], "payload": payload}).json


VARIABLES = [
    ({"payload": {"target": "nodes"}}, ["LSA21OQ", "agents", "sensors"]),
    ({"payload": "nodes", "range": RANGE}, ["LSA21OQ", "agents", "sensors"]),
    ({"target": "nodes"}, ["LSA21OQ", "agents", "sensors"]),
    ({"payload": {"target": "fields of sensors"}}, ["load_1", "disk"]),
    ({"payload": {"target": "fields of (sensors|agents)"}}, ["ls240", "load_1", "disk"]),
    ({"payload": {"target": "channels"}}, [CHANNEL, TEXT.short, AGENT.short, LOAD.short, DISK.short]),
    ({}, [CHANNEL, TEXT.short, AGENT.short, LOAD.short, DISK.short]),
    ({"payload": {"target": "instruments"}}, ["ls240"]),
    ({"payload": {"target": "labels"}}, ["4K plate", "Disk"]),
    ({"payload": {"target": "units"}}, ["%", "K"]),
]


@pytest.mark.parametrize(("body", "values"), VARIABLES, ids=[str(body.get("payload", body)) for body, _ in VARIABLES])
def test_a_variable_s_values_are_listed_with_a_text_of_their_own_each(grafana, body, values):
    answer = grafana.post("/variable", json=body).json
    assert [each["value"] for each in answer] == [each["__value"] for each in answer] == values
    texts = [each["text"] for each in answer]
    assert texts == [each["__text"] for each in answer]
    assert len(set(texts)) == len(texts)


def test_a_variable_s_text_tells_the_label(grafana):
    answer = grafana.post("/variable", json={"payload": {"target": "fields of sensors"}}).json
    assert [each["text"] for each in answer] == ["load_1", "disk (Disk)"]


LIST_FAULTS = [
    ("/variable", {"payload": {"target": "cities"}}, 400, "'cities' is not a list of values; write nodes, channels"),
    ("/variable", {"payload": {"target": "nodes of sensors"}}, 400, "is not a list of values"),
    ("/variable", {"payload": {"target": "fields of nobody"}}, 404, "the known ones are LSA21OQ"),
    ("/variable", {"payload": {"target": "fields of ("}}, 400, "missing )"),
    ("/variable", {"payload": 7}, 400, "payload: write an object"),
    ("/variable", {"payload": {"target": 7}}, 400, "target: write a string"),
    ("/tag-values", {"key": "city"}, 400, "'city' is not a known tag; write one of node"),
    ("/tag-values", {}, 400, "write one of node"),
    ("/tag-values", {"key": 7}, 400, "key: write a string"),
    ("/metric-payload-options", {"metric": "nobody", "name": "type"}, 404, "no channel"),
    ("/metric-payload-options", {"metric": "sensors", "name": "city"}, 400, "'city'; write one of type, field"),
    ("/metric-payload-options", {"metric": 7, "name": "type"}, 400, "metric: write a string"),
    ("/search", {"target": 7}, 400, "target: write a string"),
    ("/metrics", [], 400, "not a JSON object"),
]


@pytest.mark.parametrize(("path", "body", "status", "words"), LIST_FAULTS, ids=lambda value: str(value)[:50])
def test_a_list_that_there_is_not_is_told_in_a_sentence(grafana, path, body, status, words):
    assert words in short_fault(grafana.post(path, json=body), status)


# --- bounds ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def overview(lab):
    """A source of 2100 channels."""
    fields = [Field("big", f"f{each}", f"observatory.big.feeds.all.f{each}", "t") for each in range(2100)]
    lab.catalogue = Catalogue([Node("big", "", {each.name: each for each in fields})])
    return lab


def names(number):
    return [f"big::f{each}" for each in range(number)]


def by_query(client, number, points):
    return client.post(
        "/query", json={"targets": [{"target": name} for name in names(number)], "maxDataPoints": points}
    )


def by_render(client, number, points):
    some = ",".join(f"f{each}" for each in range(number))
    target = f"observatory.big.feeds.all.{f'{{{some}}}' if number <= 500 else '*'}"
    return client.post("/render", data={"target": target, "maxDataPoints": points})


def by_api(client, number, points):
    return client.get("/api/series", query_string={"field": names(number), "points": points})


@pytest.mark.parametrize(("way", "most"), [(by_query, 500), (by_render, 2000), (by_api, 500)])
def test_points_of_a_large_overview_are_shared_out_and_too_many_series_refused(overview, way, most):
    client = create_app(overview).test_client()
    for number, points, given in ((500, 1000, 1000), (500, 20_000, 2000), (1, 20_000, 20_000)):
        assert way(client, number, points).status_code == 200
        fields, *_, asked = overview.asked[-1]
        assert (len(fields), asked) == (number, given)
    assert str(most) in short_fault(way(client, most + 1, 10))
    assert len(overview.asked) == 3


def test_a_node_of_too_many_series_is_refused(overview):
    content = {"targets": [{"target": "big"}]}
    assert "more than 2000 series" in short_fault(create_app(overview).test_client().post("/query", json=content))
    assert overview.asked == []


@pytest.mark.parametrize(
    "path", ["/query", "/search", "/annotations", "/variable", "/metrics", "/render", "/metrics/find"]
)
def test_a_body_that_is_too_large_is_refused(grafana, path):
    content = (
        {"data": {"target": "x" * (1 << 21)}} if path in ("/render", "/metrics/find") else {"data": b" " * (1 << 21)}
    )
    assert "too large" in short_fault(grafana.post(path, **content), 413)


def test_globs_of_one_request_are_bounded_together(overview):
    client = create_app(overview).test_client()
    braces = "{" + ",".join(map(str, range(400))) + "}*"
    for path, key in (("/render", "target"), ("/metrics/expand", "query")):
        answer = client.post(path, data={key: [braces + "a", braces + "b", braces + "c"]})
        assert "more than 1000 patterns" in short_fault(answer)


# --- Graphite ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (f"alias({PATH}, newName='x')", "x"),
        (f"alias(seriesList={PATH}, newName='x')", "x"),
        (f"aliasSub({PATH}, search='^.*$', replace='x')", "x"),
        (f"scale({PATH}, factor=2)", f"scale({PATH},2)"),
        (f"offset({PATH}, factor=2)", f"offset({PATH},2)"),
        (f"absolute(seriesList={PATH})", f"absolute({PATH})"),
        ("constantLine(value=7)", "7.0"),
    ],
)
def test_keywords_are_graphite_s_own(client, target, name):
    assert client.post("/render", data={"target": target}).json[0]["target"] == name


@pytest.mark.parametrize(
    "target",
    [
        f"alias({PATH},new_name='x')",
        f"alias({PATH},'x','y')",
        f"alias({PATH})",
        f"aliasByNode({PATH},nodes=1)",
        "group(a=1)",
        "absolute()",
    ],
)
def test_a_call_that_does_not_fit_is_told_how_to_write_it(client, target):
    function = target.partition("(")[0]
    assert f"write {function}(" in short_fault(client.post("/render", data={"target": target}))


def test_a_keyword_that_is_given_twice_counts_once(client):
    answer = client.post("/render", data={"target": f"alias(newName='x',seriesList=nothing,seriesList={PATH})"})
    assert [series["target"] for series in answer.json] == ["x"]


def test_a_number_too_large_for_one_is_null(client):
    answer = client.post("/render", data={"target": f"scale(scale({PATH},1e300),1e300)"}).json
    assert [value for value, _ in answer[0]["datapoints"]] == [None, None]


@pytest.mark.parametrize("text", ["\ud800", "名", "a\nb", "é"])
def test_any_name_of_a_node_of_others_can_be_told(text):
    answer = with_silent(json_response({text: [text, float("nan"), b"x"]}), [text])
    assert json.loads(answer.data) is not None
    assert answer.headers["X-Livemon-Silent"].encode("latin-1")

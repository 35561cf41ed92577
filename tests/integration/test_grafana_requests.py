"""What Grafana's Graphite data source sends, byte for byte, in each of its ways; the answers as strictly as it reads them.

``9.4`` and ``13`` are releases; ``browser`` is the data source's part in the browser, whose requests come through Grafana's proxy,
and ``server`` the one in Grafana's server, which evaluates alarm rules and, in newer releases, everything.
"""

import http.client
import json
import math
import re
import time
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

import pytest
from go_decoder import faults
from memory_bridge import running
from memory_source import Samples

from livemon.bridge.node_watch import Event

NOW = int(time.time())
FEED = "observatory.control.feeds.temperatures"
T1, T2, T3 = (f"{FEED}.Channel_0{number}_T" for number in (1, 2, 3))
BEYOND = [math.nan, math.inf, -math.inf, 1e308, 5e-324, None, -1.5, 0.0]
SERIES = [
    Samples(T1, NOW - 3600, 10, [4.0 + 0.01 * number for number in range(360)]),
    Samples(T2, NOW - 3600, 10, BEYOND * 45),
    Samples(T3, NOW - 3600, 10, []),
    Samples(
        "observatory.ls240.feeds.temperatures.Channel_1_T",
        NOW - 3600 + 0.25,
        1,
        [300 + number % 5 for number in range(3600)],
    ),
    Samples("observatory.control.agent.connected", NOW - 3600, 10, [1] * 100 + [0] * 160 + [1] * 100),
    Samples("livemon.sensors.load_1", NOW - 3600, 60, [0.5] * 60),
]
PLAIN = "-_.!~*'()"
"""What JavaScript's encodeURIComponent leaves as it is, beside letters and digits."""
EVENTS = [Event(NOW - 1800, "sensors", "This machine", "joined")]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Request:
    """One request as it is sent, and how Grafana reads the answer."""

    reads: str
    method: str
    path: str
    body: str | None = None
    headers: dict = field(default_factory=dict)


def of_browser(*targets, release="13", **parameters):
    """A panel's request."""
    parameters = {"from": NOW - 3600, "until": NOW, "format": "json", "maxDataPoints": 1200} | parameters
    pairs = [*(("target", each) for each in targets), *parameters.items()]
    body = "&".join(f"{name}={quote(str(value), safe=PLAIN)}" for name, value in pairs)
    headers = FORM | {
        "Accept": "application/json, text/plain, */*",
        "User-Agent": f"Grafana/{release}",
        "X-Dashboard-Id": "12",
        "X-Panel-Id": "2",
        "X-Grafana-User": "admin",
        "Authorization": "Basic Z3JhZmFuYTpncmFmYW5h",
    }
    return Request("render", "POST", "/render", body, headers)


def of_server(*targets, release="13", **parameters):
    """A request of Grafana's server: sorted, as Go's url.Values encode themselves."""
    parameters = {"from": NOW - 600, "until": NOW, "format": "json", "maxDataPoints": 43200} | parameters
    values = {**{name: [value] for name, value in parameters.items()}, "target": list(targets)}
    body = "&".join(f"{name}={quote_plus(str(value))}" for name in sorted(values) for value in values[name])
    return Request("rule", "POST", "/render", body, FORM | {"User-Agent": f"Grafana/{release}", "FromAlert": "true"})


def wrapped(target, ref_id, comma=", "):
    """A target with the query's letter behind its name, by which Grafana knows whose answer it is."""
    return f'aliasSub({target}{comma}"(^.*$)"{comma}"\\1 {ref_id}")'


def get(reads, path, **headers):
    return Request(reads, "GET", path, None, {"Accept": "application/json", **headers})


def find(query, path="/metrics/find"):
    """The browser writes the query as it is, though it says that it is a form."""
    return Request("find", "POST", path, f"query={query}", FORM)


WINDOW = f"from={NOW - 3600}&until={NOW}"
REQUESTS = {
    "9.4 browser, a panel": of_browser(T1, release="9.4.7"),
    "9.4 browser, a panel of several queries": of_browser(
        T2, T1, f"{FEED}.*", f"alias({T1},'4K plate')", release="9.4.7"
    ),
    "9.4 browser, relative times": of_browser(T1, **{"from": "-6h", "until": "now"}),
    "9.4 browser, relative times in other units": of_browser(T1, **{"from": "-7d", "until": "-5min"}),
    "9.4 browser, a time that the template left out": of_browser(T1, **{"from": "undefined", "until": "undefined"}),
    "9.4 browser, empty times": of_browser(T1, **{"from": "", "until": ""}),
    "9.4 browser, an annotation's query": of_browser("observatory.*.agent.connected", maxDataPoints=100),
    "9.4 browser, save and test": of_browser("constantLine(100)", maxDataPoints=300),
    "9.4 browser, a cache's time": of_browser(T1, cacheTimeout=60),
    "9.4 browser, an interval of minutes": of_browser(f"movingAverage({T1},'5min')"),
    "9.4 browser, a variable of several values": of_browser("observatory.{control,ls240}.agent.connected"),
    "9.4 browser, a variable of several paths": of_browser(f"{{{T1},livemon.sensors.load_1}}"),
    "9.4 server, an alarm rule of several queries": of_server(
        wrapped(T1, "A", ","), wrapped(f"{FEED}.*", "B", ","), release="9.4.7", maxDataPoints=500
    ),
    "9.4 server, a query with a space in its name": of_server(wrapped(T1, "My_query", ","), release="9.4.7"),
    "11.6 browser, a panel": of_browser(wrapped(T1, "A"), wrapped("livemon.*.load_1", "B")),
    "11.6 browser, a legend of several words": of_browser(wrapped(f"alias({T1},'Still plate, old (4K)')", "A")),
    "11.6 browser, save and test": of_browser(wrapped("constantLine(100)", "A"), maxDataPoints=300),
    "13 server, an alarm rule": of_server(f"{FEED}.*"),
    "13 server, a rule whose channel is empty": of_server(T3),
    "13 server, a rule whose channel there is not": of_server("observatory.nobody.*"),
    "13 server, a single point": of_server(T1, maxDataPoints=1),
    "13 server, save and test": of_server("constantLine(100)", maxDataPoints=100),
    "13 server, numbers beyond JSON": of_server(T2, **{"from": NOW - 3600}),
    "editor, the first node": find("*"),
    "editor, what is typed": find("*serva*"),
    "editor, the next node": find(f"{FEED}.*"),
    "editor, what is typed of the next node": find(f"{FEED}.*Channel*"),
    "editor, unencoded braces and brackets": find("observatory.{control,ls240}.feeds.temperatures.Channel_[01]*"),
    "editor, nothing found": find("observatory.nobody.*"),
    "editor, an interval": find("observatory.*", f"/metrics/find?{WINDOW}"),
    "editor, an interval of undefined": find("observatory.*", "/metrics/find?from=undefined&until=undefined"),
    "13 server, find": Request("find", "POST", "/metrics/find", f"query={quote_plus('observatory.*.agent')}", FORM),
    "find by GET with a slash behind": get("find", "/metrics/find/?query=observatory.*"),
    "variable, expand": get("expand", f"/metrics/expand?query={quote('observatory.*.agent')}&{WINDOW}"),
    "variable, expand undefined": get("expand", "/metrics/expand?query=livemon.*&from=undefined&until=undefined"),
    "variable, a value": of_browser(wrapped(f"{FEED}.*", "A")),
    "functions": get("functions", "/functions"),
    "functions with a slash behind": get("functions", "/functions/"),
    "version": get("version", "/version"),
    "browser, tags": get("tags", "/tags/autoComplete/tags"),
    "browser, tags that begin": get(
        "tags", f"/tags/autoComplete/tags?expr=name%3D~obs&tagPrefix=no&limit=10000&{WINDOW}"
    ),
    "server, tags": get("tags", "/tags/autoComplete/tags?from=&limit=0&tagPrefix=&until="),
    "browser, a tag's values": get("tags", f"/tags/autoComplete/values?tag=node&{WINDOW}"),
    "browser, a tag's values that begin": get(
        "tags", "/tags/autoComplete/values?tag=name&expr=node=lab&valuePrefix=obs&limit=10000"
    ),
    "server, a tag's values": get(
        "tags", "/tags/autoComplete/values?expr=node%3Dlab&from=&limit=0&tag=name&until=&valuePrefix="
    ),
    "browser, events": get("events", f"/events/get_data?from={NOW - 3600}&until={NOW}&tags=agent%20left"),
    "server, events": get("events", f"/events/get_data?from={NOW - 3600}&tags=agent+joined&until={NOW}"),
    "server, all events": get("events", f"/events/get_data?from={NOW - 3600}&tags=&until={NOW}"),
    # The other tests may have taken a while since NOW.
    "browser, events of relative times": get("events", "/events/get_data?from=-6h&until=now"),
    "render by GET": get("render", f"/render?target={quote(T1)}&{WINDOW}&format=json"),
    "render with a slash behind": get("render", f"/render/?target={quote(T1)}&{WINDOW}&format=json"),
    "events by POST": Request("events", "POST", "/events/get_data", WINDOW, FORM),
    "tags by POST": Request("tags", "POST", "/tags/autoComplete/tags", "limit=5", FORM),
}
REFUSED = {
    "an unknown function": (of_server("noSuchFunction(a)"), "noSuchFunction"),
    "a target that cannot be read": (of_server(f"scale({T1}"), "cannot be parsed"),
    "a function with too few arguments": (of_server(f"scale({T1})"), "scale"),
    "a reversed interval": (of_server(T1, **{"from": NOW, "until": NOW - 60}), "reversed"),
    "a time that is none": (of_server(T1, **{"from": "tea-time"}), "from"),
    "a find without a query": (find(""), "query"),
    "values of no tag": (get("tags", "/tags/autoComplete/values"), "tag"),
    "a tag expression that cannot be read": (get("tags", "/tags/autoComplete/tags?expr=node"), "node"),
    "tag expressions that say only what is not": (get("tags", "/tags/autoComplete/tags?expr=node!=a"), "node!=a"),
}


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with running(SERIES, EVENTS, tmp_path_factory.mktemp("bridge") / "log") as port:
        yield port


def send(port, request):
    """Return the answer's status, headers and text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(request.method, request.path, request.body, request.headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode("utf-8")
    finally:
        connection.close()


@pytest.fixture(scope="module")
def answers(port):
    return {name: send(port, request) for name, request in REQUESTS.items()}


@pytest.fixture
def answer(answers):
    """The content of an answer, by the request's name."""
    return lambda name: strictly(answers[name][2])


def strictly(text):
    def refuse(token):
        raise ValueError(f"{token} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_is_answered_with_json(answers, name):
    status, headers, text = answers[name]
    assert status == 200, text
    assert headers["Content-Type"] == "application/json"
    assert "Content-Encoding" not in headers
    strictly(text)


def test_go_decodes_every_answer(answers):
    read = [(REQUESTS[name].reads, text) for name, (_, _, text) in answers.items()]
    assert {name: fault for name, fault in zip(answers, faults(read), strict=True) if fault} == {}


EMPTY_SERIES = '{"target": "a", "tags": {"name": "a"}, "datapoints": []}'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("render", '[{"target": "a", "tags": {"name": "a"}, "datapoints": [[1e9999, 1]]}]'),
        ("render", '[{"target": "a", "tags": {"name": "a"}, "datapoints": [[1, null]]}]'),
        ("render", '[{"target": "a", "tags": {"name": "a"}, "datapoints": [["1", 1]]}]'),
        ("render", '[{"target": "a", "tags": {}, "datapoints": []}]'),
        ("rule", f"[{EMPTY_SERIES}, {EMPTY_SERIES}]"),
        ("find", '[{"text": "a", "id": "a", "allowChildren": true, "expandable": true, "leaf": false}]'),
        ("events", '[{"when": 1.5, "what": "a", "tags": ["a"], "data": "b"}]'),
        ("events", '[{"when": 1, "what": "a", "tags": "a b", "data": "b"}]'),
        ("tags", '["a", 1]'),
        ("version", "1.1"),
        ("functions", '{"scale": {"name": "offset"}}'),
        ("expand", '{"results": [1]}'),
    ],
)
def test_go_sees_what_grafana_would_stumble_over(kind, body):
    assert faults([(kind, body)])[0]


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_a_short_plain_sentence(port, name):
    request, word = REFUSED[name]
    status, headers, text = send(port, request)
    assert status == 400
    assert word in text
    assert len(text) < 500
    assert "<" not in text.replace("<lambda>", "")
    if request.path in ("/render", "/metrics/find"):
        assert headers["Content-Type"] == "text/plain; charset=utf-8"
    else:
        assert list(strictly(text)) == ["error"]


# --- /render -----------------------------------------------------------------------------------------------------------


def test_several_queries_are_answered_in_their_order_and_what_is_asked_for_twice_twice(answer):
    names = [each["target"] for each in answer("9.4 browser, a panel of several queries")]
    assert names == [T2, T1, T1, T2, T3, "4K plate"]


def test_numbers_beyond_json_are_null_and_all_others_as_they_are(answer):
    (series,) = answer("13 server, numbers beyond JSON")
    expected = [None, None, None, 1e308, 5e-324, None, -1.5, 0.0]
    values = [value for value, _ in series["datapoints"]]
    assert len(values) > 350
    assert values == (expected * 45)[-len(values) :]


def test_a_channel_without_samples_is_an_empty_series_and_none_at_all_is_no_series(answer):
    (series,) = answer("13 server, a rule whose channel is empty")
    assert (series["target"], series["datapoints"], series["tags"]["name"]) == (T3, [], T3)
    assert answer("13 server, a rule whose channel there is not") == []


@pytest.mark.parametrize("name", [name for name, request in REQUESTS.items() if request.path.startswith("/render")])
def test_series_have_a_name_tags_of_text_and_ascending_times_within_the_interval(answer, name):
    for series in answer(name):
        assert set(series) - {"envelope"} == {"target", "tags", "datapoints"}  # a `meta` would be read as Metrictank's
        assert all(isinstance(value, str) and value for value in series["tags"].values())
        times = [when for _, when in series["datapoints"]]
        assert times == sorted(set(times))
        assert all(isinstance(when, int | float) for when in times)


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        ("9.4 server, an alarm rule of several queries", [f"{T1} A", f"{T1} B", f"{T2} B", f"{T3} B"]),
        ("9.4 server, a query with a space in its name", [f"{T1} My_query"]),
        ("11.6 browser, a panel", [f"{T1} A", "livemon.sensors.load_1 B"]),
        ("11.6 browser, a legend of several words", ["Still plate, old (4K) A"]),
        ("11.6 browser, save and test", ["100.0 A"]),
        ("13 server, save and test", ["100.0"]),
        ("variable, a value", [f"{T1} A", f"{T2} A", f"{T3} A"]),
    ],
)
def test_the_query_s_letter_stands_behind_the_whole_name(answer, name, targets):
    assert [each["target"] for each in answer(name)] == targets


def test_alarm_rules_tell_the_series_of_a_wildcard_apart_by_tags(answer):
    tags = [tuple(sorted(each["tags"].items())) for each in answer("13 server, an alarm rule")]
    assert len(tags) == len(set(tags)) == 3


def test_alarm_rules_see_every_sample_of_their_interval(answer):
    series = answer("13 server, an alarm rule")[0]
    assert [when for _, when in series["datapoints"]] == list(range(NOW - 600, NOW, 10))


def test_a_single_point_is_the_newest(answer):
    (series,) = answer("13 server, a single point")
    assert series["datapoints"] == [[pytest.approx(7.59), NOW - 10]]


@pytest.mark.parametrize(
    "name", ["9.4 browser, save and test", "11.6 browser, save and test", "13 server, save and test"]
)
def test_save_and_test_gets_the_number_it_wrote(answer, name):
    (series,) = answer(name)
    assert [value for value, _ in series["datapoints"]] == [100, 100, 100]


@pytest.mark.parametrize(
    "name",
    ["9.4 browser, relative times", "9.4 browser, a time that the template left out", "9.4 browser, empty times"],
)
def test_times_as_words_or_none_give_the_newest_samples(answer, name):
    (series,) = answer(name)
    assert series["datapoints"][-1][1] == NOW - 10


def test_variables_of_several_values_are_globs(answer):
    several = answer("9.4 browser, a variable of several values")
    assert [each["target"] for each in several] == ["observatory.control.agent.connected"]
    paths = answer("9.4 browser, a variable of several paths")
    assert [each["target"] for each in paths] == ["livemon.sensors.load_1", T1]


# --- /metrics ------------------------------------------------------------------------------------------------------------


def texts(nodes):
    return [(each["text"], each["id"], each["expandable"]) for each in nodes]


@pytest.mark.parametrize(
    ("name", "nodes"),
    [
        ("editor, the first node", [("livemon", "livemon", 1), ("observatory", "observatory", 1)]),
        ("editor, what is typed", [("observatory", "observatory", 1)]),
        ("editor, the next node", [(path.rpartition(".")[2], path, 0) for path in (T1, T2, T3)]),
        ("editor, what is typed of the next node", [(path.rpartition(".")[2], path, 0) for path in (T1, T2, T3)]),
        ("editor, nothing found", []),
        ("editor, an interval", [("control", "observatory.control", 1), ("ls240", "observatory.ls240", 1)]),
        (
            "editor, an interval of undefined",
            [("control", "observatory.control", 1), ("ls240", "observatory.ls240", 1)],
        ),
        ("13 server, find", [("agent", "observatory.*.agent", 1)]),
    ],
)
def test_the_editor_finds_nodes(answer, name, nodes):
    assert texts(answer(name)) == nodes


def test_globs_come_as_they_are_written(answer):
    base = "observatory.{control,ls240}.feeds.temperatures."
    found = answer("editor, unencoded braces and brackets")
    assert [each["text"] for each in found] == ["Channel_01_T", "Channel_02_T", "Channel_03_T", "Channel_1_T"]
    assert all(each["id"] == base + each["text"] for each in found)


def test_variables_are_expanded_to_paths(answer):
    assert answer("variable, expand") == {"results": ["observatory.control.agent"]}
    assert answer("variable, expand undefined") == {"results": ["livemon.sensors"]}


# --- /functions ------------------------------------------------------------------------------------------------------------

TYPES = {
    *("boolean", "date", "float", "integer", "interval", "intOrInterval", "intOrInf", "node", "nodeOrTag", "series"),
    *("seriesList", "seriesLists", "string", "tag", "any", "aggFunc", "aggOrSeriesFunc"),
}


def test_functions_are_described_as_the_editor_reads_them(answers, answer):
    assert "Infinity" not in answers["functions"][2]  # the browser and Go each mend it in their own way
    described = answer("functions")
    assert described.keys() >= {"aliasSub", "constantLine", "alias", "aliasByNode", "scale"}
    for name, function in described.items():
        assert function["name"] == name
        assert (function["group"] == "Graph") is (name == "threshold")  # the editor leaves this group out
        assert function["function"].startswith(f"{name}(")
        assert function["description"]
        for parameter in function["params"]:
            assert parameter["type"] in TYPES, (name, parameter)
            assert re.fullmatch(r"[A-Za-z]\w*", parameter["name"])
            assert parameter.keys() <= {"name", "type", "required", "default", "multiple", "options", "suggestions"}
            assert parameter.get("required", True) is True  # where it is not required it is left out
            assert parameter.get("multiple", True) is True


def test_a_function_is_described_alone(port, answer):
    status, _, text = send(port, get("functions", "/functions/scale"))
    assert (status, strictly(text)) == (200, answer("functions")["scale"])


# --- /tags, /events, /version ----------------------------------------------------------------------------------------------


def test_tags_are_completed_where_limits_and_prefixes_are_empty(answer):
    assert "name" in answer("browser, tags")
    assert answer("server, tags") == answer("browser, tags") == sorted(answer("browser, tags"))
    assert answer("browser, tags that begin") == ["node"]  # the tag that is asked by is not suggested again
    assert answer("tags by POST") == answer("browser, tags")[:5]


def test_a_tag_s_values_are_completed(answer):
    paths = sorted(each.name for each in SERIES)
    assert answer("browser, a tag's values") == ["lab"]
    assert answer("server, a tag's values") == paths
    assert answer("browser, a tag's values that begin") == [path for path in paths if path.startswith("obs")]


def test_events_are_annotations_with_whole_seconds(answer):
    (left,) = answer("browser, events")
    assert {key: value for key, value in left.items() if key != "id"} == {
        "when": NOW - 2600,
        "what": "control left",
        "tags": ["agent", "left", "control"],
        "data": "OCS agent control",
    }
    (joined,) = answer("server, events")
    assert joined["when"] == NOW - 1000
    whats = ["control left", "sensors joined", "control joined"]
    for name in ("server, all events", "browser, events of relative times", "events by POST"):
        assert [each["what"] for each in answer(name)] == whats


def test_the_version_is_one_that_has_functions_and_tags(answer):
    major, minor, _ = answer("version").split(".")
    assert (int(major), int(minor)) >= (1, 1)


# --- the server ------------------------------------------------------------------------------------------------------------


def test_a_request_larger_than_grafana_sends_is_refused(port):
    status, _, text = send(port, of_server("a" * (1 << 20)))
    assert status == 413, text


def test_connections_are_kept_for_the_next_request(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for _ in range(3):
        request = of_server(T1)
        connection.request(request.method, request.path, request.body, request.headers)
        assert connection.getresponse().read().startswith(b"[{")
    local = connection.sock.getsockname()
    connection.request("GET", "/version")
    assert connection.getresponse().read() == b'"1.1.10"'
    assert connection.sock.getsockname() == local
    connection.close()

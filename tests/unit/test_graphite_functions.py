"""The functions of render targets over small series: what each gives, how it is called, what its result is called.

That graphite-web gives the same over large ones is for tests/integration/test_graphite_web.py to show.
"""

import json
import math

import pytest
from memory_source import MemorySource, Samples

from livemon.bridge.app import create_app
from livemon.bridge.graphite.functions import FUNCTIONS

START = 1_700_006_400
"""A midnight."""
N = math.nan
SERIES = [
    Samples(
        "lab.a.T", START - 60, 10, [7, 8, 9, 8, 7, 6, 1, 2, N, 4, 5, 6], {"node": "A", "unit": "K", "label": "still"}
    ),
    Samples("lab.b.T", START - 60, 10, [N, 4, N, 4, N, 4, 10, -20, 30, N, 50, 60], {"node": "B", "unit": "K"}),
    Samples("lab.c.V", START, 20, [100, 200, 300], {"node": "C", "unit": "V"}),
    Samples("lab.n.V", START, 10, [N] * 6, {"node": "C", "unit": "V"}),
]
A, B, C, NULLS = "lab.a.T", "lab.b.T", "lab.c.V", "lab.n.V"


def rendered(target, source=None, **parameters):
    """Return what the bridge answers to a target, or several."""
    form = {"target": target, "from": START, "until": START + 60} | parameters
    answer = create_app(source or MemorySource(SERIES)).test_client().post("/render", data=form)
    assert answer.status_code == 200, answer.text
    return answer.json


def values(target, **parameters):
    """Return values by name, NaN for null."""
    return {
        each["target"]: [N if value is None else value for value, _ in each["datapoints"]]
        for each in rendered(target, **parameters)
    }


ROWS = [
    # One value of each value.
    ("absolute(lab.b.T)", {"absolute(lab.b.T)": [10, 20, 30, N, 50, 60]}),
    ("invert(lab.c.V)", {"invert(lab.c.V)": [0.01, 0.005, 1 / 300]}),
    ("invert(offset(lab.a.T,-1))", {"invert(offset(lab.a.T,-1))": [N, 1, N, 1 / 3, 0.25, 0.2]}),
    ("log(lab.c.V)", {"log(lab.c.V, 10)": [2, math.log10(200), math.log10(300)]}),
    ("log(lab.b.T,2)", {"log(lab.b.T, 2)": [math.log2(10), N, math.log2(30), N, math.log2(50), math.log2(60)]}),
    ("offset(lab.a.T,-0.5)", {"offset(lab.a.T,-0.5)": [0.5, 1.5, N, 3.5, 4.5, 5.5]}),
    ("offsetToZero(lab.b.T)", {"offsetToZero(lab.b.T)": [30, 0, 50, N, 70, 80]}),
    ("pow(lab.a.T,2)", {"pow(lab.a.T,2)": [1, 4, N, 16, 25, 36]}),
    ("pow(lab.a.T,0)", {"pow(lab.a.T,0)": [1, 1, N, 1, 1, 1]}),
    ("pow(lab.b.T,0.5)", {"pow(lab.b.T,0.5)": [10**0.5, N, 30**0.5, N, 50**0.5, 60**0.5]}),
    ("round(scale(lab.c.V,0.0125),1)", {"round(scale(lab.c.V,0.0125),1)": [1.2, 2.5, 3.8]}),
    ("round(scale(lab.c.V,0.01))", {"round(scale(lab.c.V,0.01))": [1, 2, 3]}),
    ("scale(lab.a.T,10)", {"scale(lab.a.T,10)": [10, 20, N, 40, 50, 60]}),
    ("scaleToSeconds(lab.c.V,60)", {"scaleToSeconds(lab.c.V,60)": [300, 600, 900]}),
    ("squareRoot(lab.b.T)", {"squareRoot(lab.b.T)": [10**0.5, N, 30**0.5, N, 50**0.5, 60**0.5]}),
    ("removeAboveValue(lab.a.T,4)", {"removeAboveValue(lab.a.T, 4)": [1, 2, N, 4, N, N]}),
    ("removeBelowValue(lab.a.T,4)", {"removeBelowValue(lab.a.T, 4)": [N, N, N, 4, 5, 6]}),
    ("removeAbovePercentile(lab.a.T,50)", {"removeAbovePercentile(lab.a.T, 50)": [1, 2, N, 4, N, N]}),
    ("removeBelowPercentile(lab.a.T,50)", {"removeBelowPercentile(lab.a.T, 50)": [N, N, N, 4, 5, 6]}),
    # Nulls.
    ("isNonNull(lab.a.T)", {"isNonNull(lab.a.T)": [1, 1, 0, 1, 1, 1]}),
    ("keepLastValue(lab.a.T)", {"keepLastValue(lab.a.T)": [1, 2, 2, 4, 5, 6]}),
    ("keepLastValue(lab.a.T,0)", {"keepLastValue(lab.a.T)": [1, 2, N, 4, 5, 6]}),
    ("keepLastValue(lab.a.T,inf)", {"keepLastValue(lab.a.T)": [1, 2, 2, 4, 5, 6]}),
    ("transformNull(lab.a.T)", {"transformNull(lab.a.T,0)": [1, 2, 0, 4, 5, 6]}),
    ("transformNull(lab.n.V,-1,lab.a.T)", {"transformNull(lab.n.V,-1,referenceSeries)": [-1, -1, N, -1, -1, -1]}),
    ("removeEmptySeries(lab.*.V)", {"lab.c.V": [100, 200, 300]}),
    ("removeEmptySeries(lab.*.*,0.9)", {"lab.c.V": [100, 200, 300]}),
    # A value and the one before.
    ("changed(keepLastValue(lab.a.T))", {"changed(keepLastValue(lab.a.T))": [0, 1, 0, 1, 1, 1]}),
    ("derivative(lab.a.T)", {"derivative(lab.a.T)": [N, 1, N, N, 1, 1]}),
    ("integral(lab.a.T)", {"integral(lab.a.T)": [1, 3, N, 7, 12, 18]}),
    ("nonNegativeDerivative(lab.b.T)", {"nonNegativeDerivative(lab.b.T)": [N, N, 50, N, N, 10]}),
    ("nonNegativeDerivative(lab.b.T,99)", {"nonNegativeDerivative(lab.b.T)": [N, 70, 50, N, N, 10]}),
    ("nonNegativeDerivative(lab.b.T,minValue=-30)", {"nonNegativeDerivative(lab.b.T)": [N, 10, 50, N, N, 10]}),
    ("perSecond(lab.c.V)", {"perSecond(lab.c.V)": [N, 5, 5]}),
    # Pieces of time.
    ("movingAverage(lab.a.T,2)", {"movingAverage(lab.a.T,2)": [3.5, 1.5, 2, 4, 4.5, 5.5]}),
    ("movingAverage(lab.a.T,'20s')", {'movingAverage(lab.a.T,"20s")': [3.5, 1.5, 2, 4, 4.5, 5.5]}),
    ("movingAverage(lab.a.T,2,xFilesFactor=1)", {"movingAverage(lab.a.T,2)": [3.5, 1.5, N, N, 4.5, 5.5]}),
    ("movingMax(lab.a.T,3)", {"movingMax(lab.a.T,3)": [7, 6, 2, 4, 5, 6]}),
    ("movingMedian(lab.a.T,3)", {"movingMedian(lab.a.T,3)": [6, 2, 1.5, 3, 4.5, 5]}),
    ("movingMin(lab.a.T,'30s')", {'movingMin(lab.a.T,"30s")': [1, 1, 1, 2, 4, 4]}),
    ("movingSum(lab.a.T,3)", {"movingSum(lab.a.T,3)": [14, 9, 3, 6, 9, 15]}),
    ("movingWindow(lab.a.T,3,'range')", {"movingRange(lab.a.T,3)": [6, 5, 1, 2, 1, 2]}),
    ("movingWindow(lab.a.T,2,'multiply')", {"movingMultiply(lab.a.T,2)": [6, 2, 2, 4, 20, 30]}),
    ("stdev(lab.a.T,2)", {"stdev(lab.a.T,2)": [0, 0.5, 0, 0, 0.5, 0.5]}),
    ("summarize(lab.a.T,'30s')", {'summarize(lab.a.T, "30s", "sum")': [3, 15, N]}),
    ("summarize(lab.a.T,'30s','last',true)", {'summarize(lab.a.T, "30s", "last", true)': [2, 6]}),
    ("smartSummarize(lab.a.T,'20s','max')", {'smartSummarize(lab.a.T, "20s", "max")': [2, 4, 6]}),
    ("timeShift(lab.a.T,'1min')", {'timeShift(lab.a.T, "-1min")': [7, 8, 9, 8, 7, 6]}),
    ("nPercentile(lab.*.V,50)", {"nPercentile(lab.c.V, 50)": [200] * 3}),
    # Several in one.
    ("averageSeries(lab.*.T)", {"averageSeries(lab.*.T)": [5.5, -9, 30, 4, 27.5, 33]}),
    ("avg(lab.a.T,lab.b.T)", {"averageSeries(lab.a.T,lab.b.T)": [5.5, -9, 30, 4, 27.5, 33]}),
    ("sumSeries(lab.a.T,lab.c.V)", {"sumSeries(lab.a.T,lab.c.V)": [101.5, 204, 305.5]}),
    (
        "sumSeries(consolidateBy(lab.a.T,'max'),lab.c.V)",
        {'sumSeries(consolidateBy(lab.a.T,"max"),lab.c.V)': [102, 204, 306]},
    ),
    ("sum(lab.*.T)", {"sumSeries(lab.*.T)": [11, -18, 30, 4, 55, 66]}),
    ("minSeries(lab.*.T)", {"minSeries(lab.*.T)": [1, -20, 30, 4, 5, 6]}),
    ("maxSeries(lab.*.T)", {"maxSeries(lab.*.T)": [10, 2, 30, 4, 50, 60]}),
    ("diffSeries(lab.b.T,lab.a.T)", {"diffSeries(lab.b.T,lab.a.T)": [9, -22, 30, 4, 45, 54]}),
    ("multiplySeries(lab.*.T)", {"multiplySeries(lab.*.T)": [10, -40, N, N, 250, 360]}),
    ("multiplySeries(lab.c.V)", {"lab.c.V": [100, 200, 300]}),
    ("rangeOfSeries(lab.*.T)", {"rangeOfSeries(lab.*.T)": [9, 22, 0, 0, 45, 54]}),
    ("stddevSeries(lab.*.T)", {"stddevSeries(lab.*.T)": [4.5, 11, 0, 0, 22.5, 27]}),
    ("countSeries(lab.*.T)", {"countSeries(lab.*.T)": [2] * 6}),
    ("countSeries()", {"0": [0, 0, 0]}),
    ("percentileOfSeries(lab.*.T,50)", {"percentileOfSeries(lab.*.T,50)": [10, 2, 30, 4, 50, 60]}),
    ("percentileOfSeries(lab.*.T,50,true)", {"percentileOfSeries(lab.*.T,50)": [5.5, -9, 30, 4, 27.5, 33]}),
    ("divideSeries(lab.b.T,lab.a.T)", {"divideSeries(lab.b.T,lab.a.T)": [10, -10, N, N, 10, 10]}),
    ("divideSeries(lab.c.V,nothing.*)", {"divideSeries(lab.c.V,MISSING)": [N] * 3}),
    ("divideSeries(lab.a.T,lab.n.V)", {"divideSeries(lab.a.T,lab.n.V)": [N] * 6}),
    ("asPercent(lab.c.V)", {"asPercent(lab.c.V,sumSeries(lab.c.V))": [100] * 3}),
    ("asPercent(lab.c.V,400)", {"asPercent(lab.c.V,400)": [25, 50, 75]}),
    ("asPercent(lab.b.T,lab.a.T)", {"asPercent(lab.b.T,lab.a.T)": [1000, -1000, N, N, 1000, 1000]}),
    ("asPercent(lab.c.V,0)", {"asPercent(lab.c.V,0)": [N] * 3}),
    (
        "asPercent(group(lab.a.T,lab.c.V),lab.a.T,1)",
        {"asPercent(lab.a.T,lab.a.T)": [100, 100, N, 100, 100, 100], "asPercent(lab.c.V,MISSING)": [N] * 3},
    ),
    ("group(lab.c.V,nothing,lab.n.V)", {"lab.c.V": [100, 200, 300], "lab.n.V": [N] * 6}),
    ("groupByNode(lab.*.*,2,'max')", {"T": [10, 2, 30, 4, 50, 60], "V": [100, 200, 300]}),
    ("groupByNode(lab.*.T,'unit','sum')", {"K": [11, -18, 30, 4, 55, 66]}),
    ("groupByNodes(lab.*.T,'sumSeries',2,0)", {"T.lab": [11, -18, 30, 4, 55, 66]}),
    ("groupByTags(lab.*.T,'sum','unit')", {"sum;unit=K": [11, -18, 30, 4, 55, 66]}),
    # Some of several.
    ("averageAbove(lab.{a,c}.*,10)", {"lab.c.V": [100, 200, 300]}),
    ("averageBelow(lab.{a,c}.*,10)", {"lab.a.T": [1, 2, N, 4, 5, 6]}),
    ("currentAbove(lab.{a,c}.*,6)", {"lab.c.V": [100, 200, 300]}),
    ("currentBelow(lab.{c,n}.V,6)", {"lab.n.V": [N] * 6}),
    ("maximumAbove(lab.*.*,99)", {"lab.c.V": [100, 200, 300]}),
    ("maximumBelow(lab.{a,c}.*,6)", {"lab.a.T": [1, 2, N, 4, 5, 6]}),
    ("minimumAbove(lab.*.*,1)", {"lab.c.V": [100, 200, 300]}),
    ("minimumBelow(lab.{a,c}.*,1)", {"lab.a.T": [1, 2, N, 4, 5, 6]}),
    ("highest(lab.*.*,1,'max')", {"lab.c.V": [100, 200, 300]}),
    ("lowest(lab.{a,c}.*,1,'sum')", {"lab.a.T": [1, 2, N, 4, 5, 6]}),
    ("highestAverage(lab.*.*,1)", {"lab.c.V": [100, 200, 300]}),
    ("highestCurrent(lab.*.*)", {"lab.c.V": [100, 200, 300]}),
    ("highestMax(lab.*.*,1)", {"lab.c.V": [100, 200, 300]}),
    ("lowestAverage(lab.{a,c}.*,1)", {"lab.a.T": [1, 2, N, 4, 5, 6]}),
    ("lowestCurrent(lab.*.*,1)", {"lab.n.V": [N] * 6}),
    ("limit(lab.*.V,1)", {"lab.c.V": [100, 200, 300]}),
    ("grep(lab.*.*,'c')", {"lab.c.V": [100, 200, 300]}),
    ("exclude(lab.*.V,'[n]')", {"lab.c.V": [100, 200, 300]}),
    ("seriesByTag('unit=V','name!=~.*c')", {"lab.n.V": [N] * 6}),
    ("seriesByTag('unit=V','name!=lab.n.V')", {"lab.c.V": [100, 200, 300]}),
    # Names.
    ("alias(lab.c.V,'Heater (V), top')", {"Heater (V), top": [100, 200, 300]}),
    ("aliasSub(lab.c.V,'^.*\\.(.)\\..$','<\\1>')", {"<c>": [100, 200, 300]}),
    ("aliasByNode(scale(lab.c.V,2),1,-1)", {"c.V": [200, 400, 600]}),
    ("aliasByNode(lab.c.V,'node',9)", {"C.": [100, 200, 300]}),
    ("aliasByNode(alias(lab.c.V,'f(x)'),0)", {"x": [100, 200, 300]}),
    ("aliasByNode(alias(lab.c.V,'top)'),0)", {"top)": [100, 200, 300]}),
    ("aliasByTags(lab.c.V,'unit','node')", {"V.C": [100, 200, 300]}),
    ("aliasByMetric(scale(lab.c.V,2))", {"V": [200, 400, 600]}),
    ("consolidateBy(lab.c.V,'max')", {'consolidateBy(lab.c.V,"max")': [100, 200, 300]}),
    ("constantLine(100)", {"100.0": [100, 100, 100]}),
    ("threshold(4.2,'limit')", {"limit": [4.2, 4.2, 4.2]}),
    ("threshold(4.2)", {"4.2": [4.2, 4.2, 4.2]}),
]


@pytest.mark.parametrize(("target", "expected"), ROWS, ids=[target for target, _ in ROWS])
def test_a_function_gives(target, expected):
    found = values(target)
    assert list(found) == list(expected)
    for name, numbers in expected.items():
        assert found[name] == pytest.approx(numbers, rel=1e-12, abs=1e-12, nan_ok=True), name


ORDERS = [
    ("sortByName(group(lab.c.V,lab.a.T))", [A, C]),
    ("sortByName(lab.*.T,reverse=true)", [B, A]),
    ("sortByName(group(alias(lab.a.T,'n10'),alias(lab.b.T,'n9')))", ["n10", "n9"]),
    ("sortByName(group(alias(lab.a.T,'n10'),alias(lab.b.T,'n9')),natural=true)", ["n9", "n10"]),
    ("sortBy(lab.*.*,'max')", [NULLS, A, B, C]),
    ("sortBy(lab.*.*,'max',true)", [C, B, A, NULLS]),
    ("sortByMaxima(lab.*.*)", [C, B, A, NULLS]),
    ("sortByMinima(lab.*.*)", [B, A, C]),
    ("sortByTotal(lab.*.*)", [C, B, A, NULLS]),
]


@pytest.mark.parametrize(("target", "expected"), ORDERS, ids=[target for target, _ in ORDERS])
def test_a_function_sorts(target, expected):
    assert list(values(target)) == expected


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_stands_in_these_tables(name):
    if name != "pct":  # asPercent's other name
        assert any(f"{name}(" in target for target, _ in [*ROWS, *ORDERS])


# --- tags ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [target for target, _ in [*ROWS, *ORDERS]])
def test_no_two_series_of_an_answer_have_the_same_tags(target):
    """Grafana's alarms fail on them (facts: labels decide); newer Grafanas put the answer's name in place of the tag `name`."""
    answer = rendered([target, f"group({target},{target})", f"alias({target},'one name')"])
    as_sent = [frozenset(each["tags"].items()) for each in answer]
    as_renamed = [frozenset((each["tags"] | {"name": each["target"]}).items()) for each in answer]
    assert len(set(as_sent)) == len(as_sent)
    assert len(set(as_renamed)) == len(as_renamed)
    assert all(isinstance(value, str) and value for each in answer for value in each["tags"].values())


def test_a_combination_keeps_the_tags_that_all_have():
    tags = rendered("sumSeries(lab.*.T)")[0]["tags"]
    assert tags == {"name": "sumSeries(lab.*.T)", "aggregatedBy": "sum", "unit": "K"}


@pytest.mark.parametrize(
    ("target", "unit"),
    [
        ("movingAverage(lab.a.T,2)", "K"),
        ("offset(lab.a.T,1)", "K"),
        ("perSecond(lab.a.T)", None),
        ("scale(lab.a.T,2)", None),
    ],
)
def test_a_result_of_another_unit_has_no_unit(target, unit):
    assert rendered(target)[0]["tags"].get("unit") == unit


# --- what functions tells of them ---------------------------------------------------------------------------------------

TYPES = {
    "boolean", "float", "integer", "interval", "intOrInterval", "intOrInf", "node", "nodeOrTag", "seriesList", "string",
    "tag", "any", "aggFunc", "aggOrSeriesFunc",
}  # fmt: skip


@pytest.fixture
def functions():
    def refuse(constant):
        raise AssertionError(constant)

    client = create_app(MemorySource(SERIES)).test_client()
    return json.loads(client.get("/functions").text, parse_constant=refuse)


def test_functions_are_told_as_grafana_reads_them(functions):
    assert len(functions) > 70
    for name, about in functions.items():
        assert about.keys() == {"name", "function", "description", "module", "group", "params"}
        assert about["name"] == name
        assert about["function"].startswith(f"{name}(")
        assert len(about["description"]) > 10
        for parameter in about["params"]:
            assert parameter["type"] in TYPES
            assert parameter.keys() <= {"name", "type", "required", "default", "multiple", "options", "suggestions"}
            assert not parameter.get("multiple") or parameter is about["params"][-1]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"group": "Sorting"}, {"sortBy", "sortByMaxima", "sortByMinima", "sortByName", "sortByTotal"}),
        ({"group": "Nothing"}, set()),
        ({"grouped": "1", "group": "Graph"}, {"Graph"}),
    ],
)
def test_functions_of_a_group(parameters, expected):
    client = create_app(MemorySource([])).test_client()
    assert set(client.get("/functions", query_string=parameters).json) == expected


def test_one_function_is_told_and_another_is_not_there(functions):
    client = create_app(MemorySource([])).test_client()
    assert client.get("/functions/scale").json == functions["scale"]
    assert client.get("/functions/nosuch").status_code == 404


def test_every_default_and_option_is_one_that_the_function_takes(functions):
    for name, about in functions.items():
        for declared, told in zip(FUNCTIONS[name].parameters, about["params"], strict=True):
            for value in [told.get("default"), *told.get("options", []), *told.get("suggestions", [])]:
                if value is not None:
                    declared.checked(value, name)


# --- refusals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("movingAvg(lab.a.T,2)", ["unknown function movingAvg", "did you mean movingAverage?"]),
        ("SUMSERIES(lab.a.T)", ["unknown function", "did you mean sumSeries?"]),
        ("zzz(lab.a.T)", ["unknown function zzz", "/functions"]),
        ("alias(lab.a.T)", ["needs newName", "write alias(seriesList, newName)"]),
        ("scale(lab.a.T,2,3)", ["too many arguments", "write scale(seriesList, factor)"]),
        ("scale(lab.a.T,by=3)", ["cannot take 'by'"]),
        ("scale(lab.a.T,3,factor=3)", ["cannot take 'factor'"]),
        ("scale(2,lab.a.T)", ["2 is not a series"]),
        ("scale(lab.a.T,'much')", ["'much' is not a number"]),
        ("scale(lab.a.T,lab.b.T)", ["a series is not a number"]),
        ("scale(lab.a.T,true)", ["True is not a number"]),
        ("limit(lab.a.T,1.5)", ["1.5 is not a whole number"]),
        ("keepLastValue(lab.a.T,'few')", ["whole number or inf"]),
        ("sortByName(lab.a.T,'maybe')", ["'maybe' is not true or false"]),
        ("summarize(lab.a.T,'1 parsec')", ["is not a valid interval", "5min"]),
        ("summarize(lab.a.T,'3parsecs')", ["'parsecs' is not a valid unit of time"]),
        ("summarize(lab.a.T,'1h',sum)", ["is not a valid aggregation function"]),
        ("summarize(lab.a.T,'1h','mode')", ["'mode' is not a valid aggregation function; write one of", "median"]),
        ("consolidateBy(lab.a.T,'mode')", ["'mode' is not a valid consolidationFunc", "average"]),
        ("movingAverage(lab.a.T,0)", ["above zero"]),
        ("movingAverage(lab.a.T,-5)", ["above zero"]),
        ("groupByNode(lab.a.T,1,'mode')", ["'mode' is not a valid aggregation function"]),
        ("log(lab.a.T,1)", ["no logarithm to base 1"]),
        ("log(lab.a.T,-1)", ["no logarithm to base -1"]),
        ("nPercentile(lab.a.T,0)", ["above 0"]),
        ("percentileOfSeries(lab.a.T,-1)", ["above 0"]),
        ("percentileOfSeries(lab.a.T,101)", ["at most 100, not 101"]),
        ("summarize(lab.a.T,'0s')", ["longer than '0s'"]),
        ("smartSummarize(lab.a.T,'0h')", ["longer than '0h'"]),
        ("stdev(lab.a.T,0)", ["at least one point, not 0"]),
        ("removeAbovePercentile(lab.a.T,0)", ["above 0"]),
        ("divideSeries(lab.a.T,lab.*.T)", ["must be one series, not 2"]),
        ("asPercent(lab.*.T,lab.*.*)", ["must be one series, or 2", "not 4"]),
        ("asPercent(lab.a.T,'all')", ["must be a number, series or none"]),
        ("asPercent(lab.a.T,5,1)", ["with nodes"]),
        ("grep(lab.a.T,'(')", ["grep"]),
        ("seriesByTag('unit')", ["is not valid"]),
        ("seriesByTag()", ["needs tagExpressions"]),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_in_a_sentence(target, words):
    answer = create_app(MemorySource(SERIES)).test_client().post("/render", data={"target": target})
    assert answer.status_code == 400
    assert answer.text.count("\n") == 1
    for word in words:
        assert word in answer.text


def test_the_noise_of_a_thermometer_is_not_rounded_away():
    noisy = [4 + 1e-6 * (-1) ** number for number in range(1000)]
    source = MemorySource([Samples("lab.d.T", START, 1, noisy, {"node": "D"})])
    (found,) = rendered("stdev(lab.d.T,100)", source, until=START + 1000)
    assert [value for value, _ in found["datapoints"]][99:] == pytest.approx([1e-6] * 901, rel=1e-6)

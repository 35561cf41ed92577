"""What targets mean, by graphite-web itself: the bridge names the same series and gives the same numbers."""

import json
import math
import random
import re
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from go_decoder import faults
from graphite_referee import Case, of_bridge, of_graphite_web
from memory_source import MemorySource, Samples
from paths import ROOT

MIDNIGHT = 1_700_006_400
START, END = MIDNIGHT + 7200, MIDNIGHT + 10800
BEFORE = 7200
"""Seconds of samples before the interval that is asked for, of which moving windows need some."""


def series(name, step, value, **tags):
    """Make a series over the interval and what is before it, of a function of the number of a sample."""
    count = (END - START + BEFORE) // step
    return Samples(f"lab.{name}", START - BEFORE, step, [value(number) for number in range(count)], tags)


def listed(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def lines(name):
    return listed((ROOT / "tests/referees" / name).read_text(encoding="utf-8"))


def unless(condition, value):
    return None if condition else value


LAB = [
    series("still.T", 10, lambda n: unless(n % 7 == 3 or n % 50 > 45, 0.7 + 0.01 * (n * 37 % 23)), unit="K", label="1"),
    series("mix.T", 10, lambda n: 0.02 + 0.001 * math.sin(n / 9) + 0.0001 * (n * 13 % 7), unit="K", label="2"),
    series("plate.T", 20, lambda n: unless(n % 11 == 5, 4.0 + math.cos(n / 5)), unit="K", label="3"),
    series("shield.T", 60, lambda n: 45 + 0.25 * (n * 5 % 17), unit="K", label="12"),
    series("dead.T", 10, lambda n: None, unit="K", label="4"),
    series("late.T", 10, lambda n: unless(n < 900, 300 - 0.5 * (n - 900)), unit="K", label="5"),
    series("still.V", 10, lambda n: -1.5 + 0.25 * (n * 3 % 13), unit="V", label="1"),
    series("plate.V", 10, lambda n: unless(n % 5 == 0, -0.5 * (n % 4)), unit="V", label="3"),
    series("pump.turns", 10, lambda n: unless(n % 29 == 7, 17 * (n % 300)), unit="1"),
    series("pump.hours", 10, lambda n: 3 * n % 128, unit="h"),
]


@dataclass(frozen=True)
class Row:
    """A target of the table, and what is asked for with it."""

    target: str
    start: int = START
    end: int = END
    points: int | None = None

    @property
    def request(self):
        # graphite-web's interval ends with its end and does not hold its begin, ours is the other way round.
        bounds = [("from", str(self.start - 1)), ("until", str(self.end - 1)), ("format", "json")]
        targets = [("target", target) for target in self.target.split(" & ")]
        return "/render", [*targets, *bounds, *([("maxDataPoints", str(self.points))] if self.points else [])]

    def __str__(self):
        return self.target + (f" in {self.points}" if self.points else "")


TARGETS = lines("targets.txt")
ROWS = [
    *(Row(target) for target in TARGETS),
    *(
        Row(f"consolidateBy({path},'{function}')", points=points)
        for path in ("lab.mix.T", "lab.still.T", "lab.*.V")
        for function in ("average", "max", "min", "sum", "first", "last")
        for points in (17, 100)
    ),
    Row("consolidateBy(scale(lab.*.T,2),'average')", points=30),
    Row("scale(consolidateBy(lab.*.T,'min'),2)", points=30),
    Row("movingAverage(consolidateBy(lab.mix.T,'max'),'5min')", points=40),
    Row("consolidateBy(movingAverage(lab.mix.T,'5min'),'max')", points=40),
]
IDS = [str(row) for row in ROWS]


REFUSED = lines("refused.txt")


@pytest.fixture(scope="module")
def answers():
    """What graphite-web and the bridge answer to each row; the bridge also where there is no sample instead of a null."""
    case = Case(LAB, [row.request for row in ROWS])
    sparse = MemorySource(LAB, nulls=False)
    return list(zip(of_graphite_web([case])[0], of_bridge(case), of_bridge(case, sparse), strict=True))


@pytest.mark.parametrize("number", range(len(ROWS)), ids=IDS)
def test_targets_mean_what_graphite_web_says(answers, number):
    graphite_web, bridge, _ = answers[number]
    assert disagreement(graphite_web, bridge) is None


@pytest.mark.parametrize("number", range(len(ROWS)), ids=IDS)
def test_samples_that_are_not_there_are_as_good_as_nulls(answers, number):
    graphite_web, _, bridge = answers[number]
    assert disagreement(graphite_web, bridge, nulls=False) is None


def test_every_function_has_its_cases():
    ((_, text),) = of_bridge(Case([], [("/functions", [])]))
    named = Counter(name for target in TARGETS for name in set(re.findall(r"(\w+)\(", target)))
    assert [name for name in json.loads(text) if named[name] < 2] == []


def test_go_reads_each_answer_and_alarm_rules_tell_its_series_apart(answers):
    """But for those that ask for a series twice."""
    once = [number for number, row in enumerate(ROWS) if "&" not in row.target]
    said = faults([("rule", answers[number][1][1]) for number in once])
    assert {IDS[number]: fault for number, fault in zip(once, said, strict=True) if fault} == {}


def test_extremes_of_what_functions_give_are_kept():
    """They are of every sample, not of what was down-sampled for the plot."""
    rows = [Row(target) for target in TARGETS if "consolidateBy" not in target]
    (whole,) = of_graphite_web([Case(LAB, [row.request for row in rows])])
    bridge = of_bridge(Case(LAB, [replace(row, points=40).request for row in rows]))
    differing = {}
    for row, (_, theirs), (_, ours) in zip(rows, whole, bridge, strict=True):
        for their, our in zip(json.loads(theirs), json.loads(ours), strict=True):
            assert len(our["datapoints"]) <= 40, row
            spans = extremes(their["datapoints"]), extremes(our["datapoints"])
            if not all(map(same, *spans)):
                differing[f"{row}: {our['target']}"] = spans
    assert differing == {}


def extremes(points):
    values = [value for _, value in comparable(points, nulls=False)] or [None]
    return min(values), max(values)


def test_without_a_function_to_consolidate_by_extremes_are_kept():
    """Graphite-web would average: a spike of one sample would be lost, and with it what an alarm is for."""
    case = Case(LAB, [Row("lab.{mix,still}.?", points=40).request])
    (((_, averaged),),), ((_, kept),) = of_graphite_web([case]), of_bridge(case)
    for average, envelope in zip(json.loads(averaged), json.loads(kept), strict=True):
        assert average["target"] == envelope["target"]
        known = [value for value, _ in envelope["datapoints"] if value is not None]
        (samples,) = (each for each in LAB if each.name == envelope["target"])
        asked = [value for value in samples.values[BEFORE // samples.step :] if value is not None]
        assert (min(known), max(known)) == (min(asked), max(asked))
        assert len(envelope["datapoints"]) <= 40
        averages = [value for value, _ in average["datapoints"] if value is not None]
        assert max(averages) < max(known)


def test_what_graphite_web_refuses_is_refused_in_a_sentence():
    case = Case(LAB, [Row(target).request for target in REFUSED])
    for target, theirs, ours in zip(REFUSED, of_graphite_web([case])[0], of_bridge(case), strict=True):
        assert theirs[0] >= 400, target
        assert ours[0] == 400, (target, ours)
        assert ours[1].count("\n") == 1, ours


def disagreement(graphite_web, bridge, *, nulls=True):
    """Say in what two answers differ; `None` if they do not. Without `nulls` only numbers count."""
    if graphite_web[0] != 200 or bridge[0] != 200:
        return f"graphite-web answers {graphite_web[0]}, the bridge {bridge[0]}: {bridge[1][:300]}"
    theirs, ours = json.loads(graphite_web[1]), json.loads(bridge[1])
    names, our_names = ([untagged(each["target"]) for each in answer] for answer in (theirs, ours))
    if names != our_names:
        return f"names: graphite-web {names}, the bridge {our_names}"
    for name, their, our in zip(names, theirs, ours, strict=True):
        # Graphite-web sums squares as it goes along, which takes digits from small deviations.
        tolerance = 1e-9 if "stdev(" in name or "movingStddev(" in name else 1e-12
        if difference := unequal(their["datapoints"], our["datapoints"], nulls, tolerance):
            return f"{name}: {difference}"
    return None


def untagged(name):
    """Leave out the tags behind a path: graphite-web keeps them there, we beside it."""
    return re.sub(r"(lab\.\w+\.\w+);[^,()]*", r"\1", name)


def unequal(theirs, ours, nulls, tolerance):
    theirs, ours = comparable(theirs, nulls), comparable(ours, nulls)
    if [time for time, _ in theirs] != [time for time, _ in ours]:
        return f"times: graphite-web {shortened(theirs)}, the bridge {shortened(ours)}"
    for their, our in zip(theirs, ours, strict=True):
        if not same(their[1], our[1], tolerance):
            return f"at {our[0] - START:g}: graphite-web {their[1]}, the bridge {our[1]}"
    return None


def comparable(points, nulls):
    """Return ``(time, value)`` of each point; graphite-web writes numbers too large for one where we write null."""
    finite = [(time, value if value is not None and math.isfinite(value) else None) for value, time in points]
    return [point for point in finite if nulls or point[1] is not None]


def same(theirs, ours, tolerance=1e-12):
    if theirs is None or ours is None:
        return theirs is ours
    return math.isclose(theirs, ours, rel_tol=tolerance, abs_tol=1e-12)


def shortened(points):
    return f"{len(points)} from {points[0]} to {points[-1]}" if points else "none"


# --- compositions at random ------------------------------------------------------------------------------------------------

OF_ONE = listed("""
absolute({0})
aliasByNode({0},1)
averageAbove({0},2)
currentBelow({0},100)
derivative({0})
highestMax({0},2)
integral({0})
invert({0})
isNonNull({0})
keepLastValue({0})
keepLastValue({0},3)
limit({0},3)
lowestAverage({0},2)
movingAverage({0},'3min')
movingMax({0},'2min')
movingMedian({0},'2min')
movingMin({0},'3min')
movingSum({0},'4min')
movingWindow({0},'3min','last')
movingWindow({0},'4min','range')
movingWindow({0},'5min','stddev')
nPercentile({0},75)
nonNegativeDerivative({0})
offset({0},-0.5)
offsetToZero({0})
perSecond({0})
removeAboveValue({0},20)
removeBelowValue({0},-20)
removeEmptySeries({0})
scale({0},0.25)
scaleToSeconds({0},60)
sortByMaxima({0})
sortByName({0})
stdev({0},6)
summarize({0},'2min','max')
summarize({0},'5min')
timeShift({0},'10min')
transformNull({0})
transformNull({0},-1)
""")
OF_SOME = listed("""
averageSeries({0},{1})
countSeries({0},{1})
diffSeries({0},{1})
group({0},{1})
maxSeries({0},{1})
minSeries({0},{1})
multiplySeries({0},{1})
percentileOfSeries(group({0},{1}),40)
rangeOfSeries({0},{1})
stddevSeries({0},{1})
sumSeries({0},{1})
""")
OF_ONE_STEP = listed("""
asPercent({0})
movingAverage({0},4)
movingMedian({0},5)
movingMin({0},7)
""")
"""Where series have different steps graphite-web moves what these give in time, or squeezes it; we do not."""
SEED = 4
LABS, TARGETS_OF_EACH = 8, 40


def random_case(dice):
    """Make a lab, in half of all cases of one step, and ask for targets of it."""
    steps = dice.choice([[10], [5, 10, 10, 20, 30, 60]])
    functions = OF_ONE + (OF_ONE_STEP if len(steps) == 1 else [])
    targets = [random_target(dice, functions, dice.randint(1, 3)) for _ in range(TARGETS_OF_EACH)]
    lab = [random_series(f"r{number}.T", dice.choice(steps), dice) for number in range(dice.randint(1, 5))]
    return Case(lab, [random_row(target, dice).request for target in targets])


def random_row(target, dice):
    if dice.random() < 0.7:
        return Row(target)
    function = dice.choice(["average", "first", "last", "max", "min", "sum"])
    return Row(f"consolidateBy({target},'{function}')", points=dice.choice([1, 2, 7, 40, 100, 333]))


def random_series(name, step, dice):
    """Make a series of eighths, whose sums are exact in whatever order, with more or less nulls."""
    nulls, height = dice.choice([0, 0.05, 0.5, 1]), dice.choice([1, 30])
    return series(name, step, lambda _: unless(dice.random() < nulls, dice.randint(-800, 800) / 8 * height))


def random_target(dice, functions, depth):
    if depth == 0:
        return dice.choice(["lab.*.T", "lab.r0.T", "lab.r[01].T", "lab.{r0,r3}.T"])
    first = random_target(dice, functions, depth - 1)
    if dice.random() < 0.3:
        return dice.choice(OF_SOME).format(first, random_target(dice, functions, dice.randrange(depth)))
    return dice.choice(functions).format(first)


def test_compositions_at_random_mean_what_graphite_web_says():
    dice = random.Random(SEED)
    cases = [random_case(dice) for _ in range(LABS)]
    differing = {}
    for lab, (case, graphite_web) in enumerate(zip(cases, of_graphite_web(cases), strict=True)):
        for nulls in (True, False):
            bridge = of_bridge(case, MemorySource(case.series, nulls=nulls))
            for request, theirs, ours in zip(case.requests, graphite_web, bridge, strict=True):
                if difference := disagreement(theirs, ours, nulls=nulls):
                    differing[f"lab {lab}: {request[1][0][1]}"] = difference
    assert differing == {}

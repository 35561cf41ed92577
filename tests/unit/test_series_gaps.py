"""Where lines break: by one rule in Grafana and on the quick-look page."""

import json
import math
import random
import shutil
import subprocess

import numpy as np
import pytest
from gap_cases import CASES
from paths import ROOT

from livemon.series.gaps import broken, gap_of

SAMPLES_JS = ROOT / "src/livemon/bridge/quicklook/static/samples.js"
SCRIPT = """
const {{ gapOf }} = await import({module});
let text = "";
for await (const part of process.stdin) text += part;
console.log(JSON.stringify(JSON.parse(text).map(gapOf)));
"""


@pytest.mark.parametrize(("times", "gap"), CASES, ids=lambda value: str(value)[:30])
def test_the_gap_of_samples(times, gap):
    assert gap_of(np.array(times, float)) == (math.inf if gap is None else gap)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed; the browser's tests try CASES")
def test_the_page_breaks_its_lines_by_the_rule_of_the_bridge():
    source = random.Random(1)
    many = [times for times, _ in CASES]
    for _ in range(300):
        steps = [source.choice((0.11, 1.0, 30.0, 480.0, 4000.0)) * source.uniform(0.9, 1.1) for _ in range(60)]
        many.append((1.7e9 + np.cumsum(steps[: source.randrange(60)])).tolist())
    script = SCRIPT.format(module=json.dumps(SAMPLES_JS.as_uri()))
    command = ["node", "--no-warnings", "--input-type=module", "--eval", script]
    found = subprocess.run(command, input=json.dumps(many), capture_output=True, text=True, timeout=60, check=True)
    expected = [gap_of(np.array(times, float)) for times in many]
    assert json.loads(found.stdout) == [None if math.isinf(gap) else gap for gap in expected]


def test_an_outage_is_one_null_and_no_sample_is_changed():
    times = np.array([0, 1, 2, 40, 41, 42.0])
    found, values = broken(times, np.arange(6.0))
    assert found.tolist() == [0, 1, 2, 21, 40, 41, 42]
    np.testing.assert_array_equal(values, [0, 1, 2, np.nan, 3, 4, 5])


def scan(cycle, visits, samples):
    jitter = np.random.default_rng(cycle).uniform(0, 0.05, (visits, samples))
    return (cycle * np.arange(visits)[:, np.newaxis] + 0.11 * np.arange(samples) + jitter).ravel()


@pytest.mark.parametrize("samples", [1, 2, 25, 88])
@pytest.mark.parametrize(("cycle", "visits"), [(16, 60), (160, 20), (290, 5), (500, 5), (1600, 9)])
def test_a_scanned_channel_is_not_broken_between_visits(cycle, visits, samples):
    times = scan(cycle, visits, samples)
    assert broken(times, times)[0].size == times.size


@pytest.mark.parametrize("samples", [1, 2, 25, 88])
@pytest.mark.parametrize("cycle", [20, 160, 500])
def test_an_outage_of_a_scanned_channel_is_one_null(cycle, samples):
    times = scan(cycle, 60, samples)
    times = times[(times < 20.5 * cycle) | (times > 20.5 * cycle + 12 * cycle + 60)]
    assert np.isnan(broken(times, times)[1]).sum() == 1

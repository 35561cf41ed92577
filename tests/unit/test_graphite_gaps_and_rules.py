"""What a panel and an alarm rule of Grafana get: nulls in outages for the one, one sample a second for the other."""

import numpy as np
import pytest
from memory_source import Irregular, MemorySource, Samples

from livemon.bridge.app import create_app

START = 1_700_006_400
PROXY = {"User-Agent": "Grafana/9.4.0", "X-Forwarded-For": "192.0.2.7"}
PANEL_BY_SERVER = {"User-Agent": "Grafana/13.1.0"}
RULE = {"User-Agent": "Grafana/9.4.0", "FromAlert": "true"}


def channel(times, values=None, name="lab.x"):
    times = np.asarray(times, float)
    return Irregular(name, times, np.asarray(times - START if values is None else values, float))


def app_of(*series):
    return create_app(MemorySource(series))


def rendered(app, target="lab.x", seconds=600, headers=PROXY, **parameters):
    """Values and times of each series that a target gives."""
    form = {"target": target, "from": START, "until": START + seconds, "maxDataPoints": 500} | parameters
    answer = app.test_client().post("/render", data=form, headers=headers)
    assert answer.status_code == 200, answer.text
    return [each["datapoints"] for each in answer.json]


def queried(app, target="lab::lab.x", seconds=600):
    body = {
        "range": {"from": START, "to": START + seconds},
        "targets": [{"target": target}],
        "maxDataPoints": 5000,
    }
    return [each["datapoints"] for each in app.test_client().post("/query", json=body).json]


def as_truncated(datapoints):
    """Times as Grafana's server reads them: `time.Unix(int64(t), 0)` in its pkg/tsdb/graphite."""
    return [int(when) for _, when in datapoints]


AWAY = channel(START + np.concatenate((np.arange(0, 200, 0.6), np.arange(260, 600, 0.6))))
VISITS = (START + 150 * np.arange(4)[:, np.newaxis] + 0.11 * np.arange(88)).ravel()


# --- outages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["lab.x", "alias(lab.x,'x')", "scale(lab.x,2)", "absolute(lab.x)"])
@pytest.mark.parametrize("points", [100, 5000])
@pytest.mark.parametrize("headers", [{}, PROXY], ids=["somebody", "a browser"])
def test_an_outage_is_one_null_between_the_samples(target, points, headers):
    (found,) = rendered(app_of(AWAY), target, headers=headers, maxDataPoints=points)
    (null,) = [when for value, when in found if value is None]
    assert START + 200 < null < START + 260
    times = [when for _, when in found]
    assert times == sorted(set(times))


def test_an_outage_is_one_null_for_the_simple_json_data_sources_too():
    (found,) = queried(app_of(AWAY))
    (null,) = [when for value, when in found if value is None]
    assert 1000 * (START + 200) < null < 1000 * (START + 260)
    assert isinstance(null, (int, float))
    assert len(found) == AWAY.times.size + 1


@pytest.mark.parametrize("points", [20, 100, 5000])
def test_a_scanned_channel_has_no_null_between_its_visits(points):
    app = app_of(channel(VISITS))
    assert [value for value, _ in rendered(app, maxDataPoints=points)[0] if value is None] == []
    assert [value for value, _ in queried(app)[0] if value is None] == []


def test_functions_do_not_see_the_null_of_an_outage():
    app = app_of(AWAY)
    ((total, _),) = [each for each in rendered(app, "summarize(lab.x,'10min','count')")[0] if each[0] is not None]
    assert total == AWAY.times.size
    rates = [value for value, _ in rendered(app, "perSecond(lab.x)", maxDataPoints=5000)[0] if value is not None]
    assert rates == pytest.approx([1] * (AWAY.times.size - 1))


def test_a_rule_gets_no_null_of_an_outage_for_which_a_strict_reducer_would_fire():
    (found,) = rendered(app_of(AWAY), headers=RULE)
    assert None not in [value for value, _ in found]


def test_once_rules_say_that_they_are_panels_that_newer_grafanas_ask_for_by_their_server_get_it():
    app = app_of(AWAY)
    assert None not in [value for value, _ in rendered(app, headers=PANEL_BY_SERVER)[0]]
    rendered(app, "alarms.ls240.x.state", headers=RULE)
    rendered(app, headers=RULE)
    assert None in [value for value, _ in rendered(app, headers=PANEL_BY_SERVER)[0]]


# --- rules --------------------------------------------------------------------------------------------------------------

TEN_HERTZ = channel(START + 0.03 + np.arange(6000) / 10)
TENTH_HERTZ = channel(START + 0.7 + 10.0 * np.arange(60))


@pytest.mark.parametrize("points", [500, 43200])
@pytest.mark.parametrize("seconds", [10, 120, 600])
def test_at_ten_hertz_a_rule_gets_the_newest_sample_of_each_second(seconds, points):
    (found,) = rendered(app_of(TEN_HERTZ), seconds=seconds, headers=RULE, maxDataPoints=points)
    assert as_truncated(found) == list(range(START, START + seconds))
    inside = TEN_HERTZ.times < START + seconds
    newest = TEN_HERTZ.values[inside][9::10]
    np.testing.assert_array_equal([value for value, _ in found], newest)


def test_at_a_tenth_of_a_hertz_a_rule_gets_every_sample():
    (found,) = rendered(app_of(TENTH_HERTZ), headers=RULE)
    assert found == [[value, when] for when, value in zip(TENTH_HERTZ.times, TENTH_HERTZ.values, strict=True)]


@pytest.mark.parametrize(("function", "expected"), [("max", 9), ("min", 0), ("average", 4.5), ("sum", 45)])
def test_what_a_rule_gets_of_each_second_can_be_said(function, expected):
    cycles = channel(TEN_HERTZ.times, np.arange(6000) % 10)
    (found,) = rendered(app_of(cycles), f"consolidateBy(lab.x,'{function}')", headers=RULE)
    assert {value for value, _ in found} == {expected}
    assert len(set(as_truncated(found))) == len(found) == 600


@pytest.mark.parametrize("target", ["lab.x", "scale(lab.x,1)", "movingAverage(lab.x,2)", "group(lab.x,lab.y)"])
@pytest.mark.parametrize("hours", [0.1, 1, 5, 24])
def test_no_two_samples_of_a_rule_fall_into_one_second_and_the_newest_is_there(target, hours):
    random = np.random.default_rng(1)
    count = int(36_000 * hours / 3)
    times = START + np.sort(random.uniform(0, 3600 * hours, count))
    app = app_of(channel(times), channel(VISITS, name="lab.y"))
    for found in rendered(app, target, int(3600 * hours), RULE):
        seconds = as_truncated(found)
        assert seconds == sorted(set(seconds))
        assert found[-1][1] in {times[-1], VISITS[START + 3600 * hours > VISITS][-1]}


def test_the_mean_of_a_rule_s_samples_is_that_of_the_channel_although_grafana_asks_for_500_points():
    """Of 500 points it would be that of smallest and largest values."""
    values = np.where(np.arange(3600) % 20 == 0, 100.0, 4.0)
    samples = channel(START + 0.2 + np.arange(3600.0), values)
    (found,) = rendered(app_of(samples), seconds=3600, headers=RULE)
    assert np.mean([value for value, _ in found]) == pytest.approx(values.mean())


def test_the_mean_of_more_samples_than_a_panel_has_points_is_asked_for_by_consolidate_by():
    values = np.where(np.arange(3600) % 20 == 0, 100.0, 4.0)
    app = app_of(channel(START + 0.2 + np.arange(3600.0), values))
    (found,) = rendered(app, "consolidateBy(lab.x,'average')", 3600, maxDataPoints=60)
    assert np.mean([value for value, _ in found]) == pytest.approx(values.mean(), rel=0.02)  # buckets are aligned
    (moving,) = rendered(app, "movingAverage(lab.x,'1h')", 3600, maxDataPoints=60)
    assert moving[-1][0] == pytest.approx(values.mean())


def test_two_channels_of_one_instrument_meet_in_the_seconds_of_a_rule():
    """Grafana's Math joins series by their times: of both it must have the sample of the same moment."""
    app = app_of(TEN_HERTZ, channel(TEN_HERTZ.times, TEN_HERTZ.values + 2.5, "lab.y"))
    (one,), (other,) = rendered(app, "lab.x", headers=RULE), rendered(app, "lab.y", headers=RULE)
    assert [when for _, when in one] == [when for _, when in other]
    np.testing.assert_allclose(np.subtract(*([value for value, _ in each] for each in (other, one))), 2.5)


def test_a_regular_series_of_a_rule_keeps_its_own_nulls():
    app = app_of(Samples("lab.x", START, 10, [1, None, 3]))
    assert rendered(app, headers=RULE)[0] == [[1, START], [None, START + 10], [3, START + 20]]

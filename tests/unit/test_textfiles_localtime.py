"""Text files in local time: of the hour that occurs twice in autumn no sample is lost and none is moved."""

from __future__ import annotations

import os
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from livemon.textfiles import table as module
from livemon.textfiles.layout import Layout, is_time_format
from livemon.textfiles.table import TextTable

AMSTERDAM = "Europe/Amsterdam"
AUTUMN = datetime(2022, 10, 30, 1, tzinfo=ZoneInfo(AMSTERDAM)).timestamp()
"""The clocks go from 03:00 back to 02:00 two hours later."""
SPRING = datetime(2022, 3, 27, 1, tzinfo=ZoneInfo(AMSTERDAM)).timestamp()
FORMAT = "%d-%m-%y,%H:%M:%S"
"""A dilution refrigerator's own."""
HOUR = 3600.0


def lines(times, zone=AMSTERDAM, values=None):
    """What a logger in a zone writes, one line for each time; the values are the times by default."""
    values = times if values is None else values
    return [
        f"{datetime.fromtimestamp(when, ZoneInfo(zone)):{FORMAT}},{value:.0f}\n"
        for when, value in zip(times, values, strict=True)
    ]


def read(content, zone=AMSTERDAM, **around):
    layout = Layout(["a"], ",", FORMAT, time_zone=zone)
    return layout.parse("".join(content).encode(), **around)


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHECK_EVERY", 0)
    return TextTable(tmp_path, "*.log", Layout(["a"], ",", FORMAT, time_zone=AMSTERDAM))


def append(table, content, written=None):
    path = table.directory / "a.log"
    with path.open("a") as file:
        file.write("".join(content))
    os.utime(path, (written, written) if written else None)


def answered(table):
    table._next_check = -np.inf
    times, values, *_ = table.samples(AUTUMN - HOUR, AUTUMN + 9 * HOUR)
    return times.tolist(), values[0].tolist()


NIGHT = AUTUMN + 60.0 * np.arange(181)


def test_a_line_a_minute_of_the_night_in_which_the_clocks_go_back(table):
    """121 of 181 were read, without a complaint."""
    append(table, lines(NIGHT))
    assert answered(table) == (NIGHT.tolist(), NIGHT.tolist())
    assert table.latest() == {"a": (NIGHT[-1], NIGHT[-1])}


@pytest.mark.parametrize("begun", [0, 61, 120, 150])
@pytest.mark.parametrize("part", [module.PART, 700])
def test_a_file_that_is_followed_through_that_night_from_any_moment_on(tmp_path, monkeypatch, table, begun, part):
    """Each sample is right as soon as it is there, and stays where it is."""
    monkeypatch.setattr(module, "PART", part)
    monkeypatch.setattr(module, "GLANCE", 300)
    append(table, lines(NIGHT[:begun]), NIGHT[begun - 1])
    for number in range(begun, NIGHT.size, 7):
        append(table, lines(NIGHT[number : number + 7]), NIGHT[: number + 7][-1] + 2)
        expected = NIGHT[: number + 7].tolist()
        assert answered(table) == (expected, expected)
        assert table.latest() == {"a": (expected[-1], expected[-1])}


@pytest.mark.parametrize("begin", [30, 60, 61, 90, 119, 120, 121, 150])
@pytest.mark.parametrize("live", [True, False])
def test_a_file_that_starts_in_that_hour(table, begin, live):
    """Also one that was copied later, as soon as it goes on into an hour that comes once."""
    append(table, lines(NIGHT[begin:]), NIGHT[-1] + 1 if live else None)
    assert answered(table)[0] == NIGHT[begin:].tolist()


@pytest.mark.parametrize("end", [70, 100, 119, 121, 150, 179])
@pytest.mark.parametrize("begin", [0, 62, 125])
def test_a_file_that_ends_in_that_hour_and_whose_modification_time_is_right(table, begin, end):
    if begin < end:
        append(table, lines(NIGHT[begin:end]), NIGHT[end - 1] + 300)
        assert answered(table)[0] == NIGHT[begin:end].tolist()


def test_without_any_reason_it_is_the_first_pass():
    assert read(lines(NIGHT[70:90])).times.tolist() == NIGHT[70:90].tolist()


@pytest.mark.parametrize(("begin", "end"), [(0, 120), (0, 80), (20, 70)], ids=["one pass", "a part of it", "less"])
def test_the_first_pass_alone_stays_the_first_when_the_file_goes_on_after_a_pause(begin, end):
    times = np.concatenate((NIGHT[begin:end], NIGHT[-1] + 2 * HOUR + 60.0 * np.arange(30)))
    assert read(lines(times)).times.tolist() == times.tolist()


def test_a_pause_in_both_passes_is_one_pause():
    times = np.delete(NIGHT, slice(85, 157))
    assert read(lines(times)).times.tolist() == times.tolist()


@pytest.mark.parametrize("step", [5.0, 60.0, 600.0, 1234.0, 2400.0, 3600.0])
@pytest.mark.parametrize("offset", [0.0, 7.0])
def test_at_any_distance_of_samples(step, offset):
    around = max(HOUR, 4 * step)
    times = np.arange(AUTUMN - around + offset, AUTUMN + 3 * HOUR + around, step)
    assert read(lines(times)).times.tolist() == times.tolist()


@pytest.mark.parametrize("back", [1.0, 5.0, 60.0])
def test_a_clock_that_is_set_back_a_little_in_that_hour_does_not_turn_it(back):
    clock = NIGHT.copy()
    clock[90:] -= back
    assert read(lines(clock)).times.tolist() == clock.tolist()
    first_pass_so_far = read(lines(clock[:100]), until=clock[99] + 1)
    assert first_pass_so_far.times.tolist() == clock[:100].tolist()
    assert read(lines(clock[:100])).times.tolist() == clock[:100].tolist()


def test_in_spring_an_hour_is_missing_and_no_sample():
    times = SPRING + 60.0 * np.arange(121)
    written = lines(times)
    assert [line[9:14] for line in written[59:61]] == ["01:59", "03:00"]
    assert read(written).times.tolist() == times.tolist()


def test_a_time_that_the_clocks_skipped_is_a_line_that_cannot_be_read():
    """It says that the clock is not one of that zone."""
    parsed = read(["27-03-22,01:59:00,1\n", "27-03-22,02:30:00,2\n", "27-03-22,03:00:00,3\n"])
    assert parsed.values.tolist() == [[1, 3]]
    assert parsed.malformed == ["27-03-22,02:30:00,2"]
    fault = Layout(["a"], ",", FORMAT, time_zone=AMSTERDAM).fault(parsed.malformed[0])
    assert fault == "the clocks of Europe/Amsterdam never showed 2022-03-27 02:30:00"


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "America/Santiago"])
def test_in_any_zone_through_a_year(zone):
    times = np.arange(AUTUMN - 183 * 24 * HOUR, AUTUMN + 183 * 24 * HOUR, 3000.0)
    assert read(lines(times, zone), zone).times.tolist() == times.tolist()


def test_lines_with_an_offset_are_unambiguous():
    layout = Layout(["a"], ",", "iso", time_zone=AMSTERDAM)
    content = b"2022-10-30T01:59:00,0\n2022-10-30T02:30:00Z,1\n2022-10-30T02:30:00+02:00,2\n2022-10-30T04:00:00,3\n"
    parsed = layout.parse(content)
    assert ((parsed.times - AUTUMN) / 60).tolist() == [59, 210, 90, 240]


@pytest.mark.parametrize(
    "good", ["unix", "iso", FORMAT, "%Y-%j %H:%M", "%d %b %Y", "%m/%d/%Y %I:%M %p", "%Y-%m-%dT%H:%M:%S.%f%z"]
)
def test_formats_of_times(good):
    assert is_time_format(good)


@pytest.mark.parametrize(
    "bad", ["%Q", "%d-%m-%y %H:%M:%Q", "hours", "%", "%H:%M:%S", "%d-%m %H:%M", "%d-%m-%y %I:%M", "%Y %W", "%s", ""]
)
def test_formats_that_do_not_determine_a_time(bad):
    assert not is_time_format(bad)

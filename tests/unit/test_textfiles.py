"""Text files of samples: their lines, and intervals of a directory of them."""

from __future__ import annotations

import os

import numpy as np
import pytest

from livemon.errors import RequestError
from livemon.textfiles import table as module
from livemon.textfiles.layout import Layout
from livemon.textfiles.table import TextTable

T0 = 1_500_000_000.0  # 2017-07-14T02:40:00Z


@pytest.mark.parametrize(
    ("layout", "line"),
    [
        (Layout(["a", "b"]), "1500000000.5 1.5 -2"),
        (Layout(["a", "b"]), "  1500000000.5\t1.5   -2 77\r"),
        (Layout(["a", "b"], ","), '"1500000000.5",1.5, -2 ,more'),
        (Layout([None, "a", "b"], ";"), "1500000000.5;x;1.5;-2"),
        (Layout(["a", "b"], ",", "iso"), "2017-07-14T02:40:00.5Z,1.5,-2"),
        (Layout(["a", "b"], ",", "iso"), "2017-07-14 02:40:00.500,1.5,-2"),
        (Layout(["a", "b"], ",", "iso"), "2017-07-14T04:40:00.500+02:00,1.5,-2"),
        (Layout(["a", "b"], None, "%Y-%m-%d %H:%M:%S.%f"), "2017-07-14  02:40:00.5 1.5 -2"),
        (Layout(["a", "b"], ",", "%d-%m-%y,%H:%M:%S.%f"), " 14-07-17,02:40:00.5,1.5,-2"),
        (Layout(["a", "b"], ",", "%d/%m/%Y %H:%M:%S.%f"), "14/07/2017 02:40:00.5,1.5,-2"),
    ],
)
def test_a_line_is_read_as_its_layout_says(layout, line):
    parsed = layout.parse(f"{line}\n".encode())
    assert (parsed.times.tolist(), parsed.values.tolist(), parsed.malformed) == ([T0 + 0.5], [[1.5], [-2]], [])


MALFORMED = ["abc 1", "1500000001", "1500000001 one", "nan 1", "-5 1", "1e300 1", "1500000001.0.0 1", "\x00\x00 \x00"]


@pytest.mark.parametrize("line", MALFORMED)
def test_a_malformed_line_affects_no_other(line):
    parsed = Layout(["a"]).parse(f"# head\n1500000000 1\n{line}\n\n1500000002 3\n".encode())
    assert (parsed.times.tolist(), parsed.values.tolist()) == ([T0, T0 + 2], [[1, 3]])
    assert parsed.malformed == [line.strip()]


def test_many_malformed_lines_affect_no_other():
    lines = [line for number in range(50) for line in (f"{T0 + number} {number}", MALFORMED[number % len(MALFORMED)])]
    parsed = Layout(["a"]).parse("\n".join(lines).encode() + b"\xff\xfe\n")
    assert parsed.values.tolist() == [list(range(50))]
    assert len(parsed.malformed) == 50


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "inf", "-Infinity"])
def test_what_stands_for_no_number_has_no_value(cell):
    parsed = Layout(["a", "b"], ",").parse(f"1500000000,{cell},2".encode())
    np.testing.assert_array_equal(parsed.values, [[np.nan], [2]])
    assert parsed.malformed == []


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table that checks its files at every question."""
    monkeypatch.setattr(module, "GLANCE", 100)
    monkeypatch.setattr(module, "CHECK_EVERY", 0)
    table = TextTable(tmp_path, "*.dat", Layout(["a", "b"]), lambda name, lines: table.complaints.append((name, lines)))
    table.complaints = []
    return table


def write(table, name, times, *, values=None, end="\n"):
    values = times - T0 if values is None else values
    lines = [f"{when:.1f} {value:g} {-value:g}" for when, value in zip(times, values, strict=True)]
    with (table.directory / name).open("a") as file:
        file.write("\n".join(lines) + end)


def hour(number, step=10.0):
    return T0 + 3600 * number + np.arange(0, 3600, step)


def asked(table, start, end, stride=0.0):
    table._next_check = -np.inf
    times, values, _, _ = table.samples(start, end, stride)
    return times, values


@pytest.mark.parametrize(
    ("first", "last"), [(0, 4), (0.5, 0.51), (1, 2), (0.99, 3.01), (-5, 0), (4, 9), (-1, 9), (2, 2)]
)
def test_an_interval_is_answered_from_the_files_it_touches(table, first, last):
    everything = np.concatenate([hour(number) for number in range(4)])
    for number in range(4):
        write(table, f"{number}.dat", hour(number))
    start, end = T0 + 3600 * first, T0 + 3600 * last
    times, values = asked(table, start, end)
    np.testing.assert_array_equal(times, everything[(everything >= start) & (everything < end)])
    np.testing.assert_array_equal(values, [times - T0, T0 - times])


def test_only_the_files_of_the_interval_are_read(table, monkeypatch):
    for number in range(20):
        write(table, f"{number}.dat", hour(number))
    asked(table, T0, T0)  # once, to know the files
    read = []
    original = TextTable._read
    monkeypatch.setattr(TextTable, "_read", lambda table, part: read.append(part.path.name) or original(table, part))
    times, _ = asked(table, T0 + 7200, T0 + 7300)
    assert times.size == 10
    assert read == ["2.dat"]


def test_a_file_that_grows_is_read_on_where_it_ended(table, monkeypatch):
    write(table, "a.dat", T0 + np.arange(10.0))
    assert asked(table, T0, T0 + 99)[0].size == 10
    parsed = []
    original = Layout.parse
    monkeypatch.setattr(
        Layout, "parse", lambda layout, content, *around: parsed.append(content) or original(layout, content, *around)
    )
    for first in range(10, 400, 10):
        parsed.clear()
        write(table, "a.dat", T0 + first + np.arange(10.0))
        times, values = asked(table, T0, T0 + 999)
        np.testing.assert_array_equal(times, T0 + np.arange(first + 10.0))
        np.testing.assert_array_equal(values[0], np.arange(first + 10.0))
        assert sum(map(len, parsed)) < 1000


def test_a_line_counts_once_it_has_its_end(table):
    write(table, "a.dat", T0 + np.arange(2.0), end="\n1500000002 4")
    assert asked(table, T0, T0 + 9)[0].tolist() == [T0, T0 + 1]
    with (table.directory / "a.dat").open("a") as file:
        file.write("2 -42\n")
    times, values = asked(table, T0, T0 + 9)
    assert (times.tolist(), values[0].tolist()) == ([T0, T0 + 1, T0 + 2], [0, 1, 42])
    assert table.complaints == []


@pytest.mark.parametrize("how", ["truncated", "replaced", "rewritten longer", "removed"])
def test_a_file_that_is_not_what_it_was_is_read_again(table, how):
    write(table, "a.dat", hour(0))
    assert asked(table, T0, T0 + 9999)[0].size == 360
    path, later = table.directory / "a.dat", hour(1)
    if how == "truncated":
        os.truncate(path, 0)
        later = later[:7]
    elif how == "rewritten longer":
        os.truncate(path, 0)
        later = hour(1, step=5.0)
    else:
        path.unlink()
    if how == "removed":
        later = later[:0]
    else:
        write(table, "a.dat", later, values=3599 - (later - T0))
    times, values = asked(table, T0, T0 + 9999)
    np.testing.assert_array_equal(times, later)
    np.testing.assert_array_equal(values[0], 3599 - (later - T0))


def test_a_value_that_is_corrected_in_place_is_seen(table):
    write(table, "a.dat", hour(0))
    assert asked(table, T0, T0 + 9999)[1][0, -1] == 3590
    path = table.directory / "a.dat"
    path.write_bytes(path.read_bytes().replace(b" 3590 ", b" 3591 "))
    assert asked(table, T0, T0 + 9999)[1][0, -1] == 3591


def test_a_rotated_file_and_its_successor_are_one_series(table):
    write(table, "now.dat", hour(0))
    asked(table, T0, T0 + 9999)
    (table.directory / "now.dat").rename(table.directory / "before.dat")
    write(table, "now.dat", hour(1))
    np.testing.assert_array_equal(asked(table, T0, T0 + 9999)[0], np.concatenate((hour(0), hour(1))))


def test_overlapping_files_repeat_no_sample(table):
    write(table, "a.dat", hour(0))
    write(table, "b.dat", hour(0)[100:])
    np.testing.assert_array_equal(asked(table, T0, T0 + 9999)[0], hour(0))


def test_long_intervals_keep_extremes_and_read_each_file_once(table, monkeypatch):
    times = T0 + np.arange(20_000.0)
    values = np.sin(times / 500)
    values[[7_777, 19_990]] = 50, -50
    for first in range(0, 20_000, 5_000):
        write(table, f"{first}.dat", times[first : first + 5_000], values=values[first : first + 5_000])
    monkeypatch.setattr(module, "MAX_NUMBERS", 16_000)  # so that files are soon forgotten
    stride = 20_000 / 99
    first = asked(table, T0, T0 + 20_000, stride)
    assert sum(part.numbers for part in table._parts) <= 16_000
    original = TextTable._read
    again = []
    monkeypatch.setattr(TextTable, "_read", lambda *arguments: again.append(arguments) or original(*arguments))
    points, found = asked(table, T0, T0 + 20_000, stride)
    assert len(again) == 1, "only what may still grow"
    assert points.size <= 100
    assert np.diff(points).min() >= stride - 1e-6
    assert (found[0].max(), found[0].min()) == (50, -50)
    assert (found[1].max(), found[1].min()) == (50, -50)
    assert abs(points[found[0].argmax()] - times[7_777]) < 3 * stride
    np.testing.assert_allclose(first[0], points)


@pytest.fixture
def parts(table, monkeypatch):
    """Parts small enough for a file to have many."""
    monkeypatch.setattr(module, "PART", 1000)
    monkeypatch.setattr(module, "MAX_LINE", 100)


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("step", [1, 7, 400])
def test_a_file_of_any_size_is_read_whole_in_parts_however_it_grew(table, step):
    """Its end was never plotted: a file was read up to a maximum size."""
    times = T0 + np.arange(2_000.0)
    for first in range(0, 400, step):
        write(table, "a.dat", times[first : min(first + step, 400)])
        if first % 21 == 0:
            asked(table, T0, T0)
    write(table, "a.dat", times[400:], end="\n1500002000")
    found, values = asked(table, T0, T0 + 9_999)
    np.testing.assert_array_equal(found, times)
    np.testing.assert_array_equal(values[0], times - T0)
    assert len(table._parts) > 20
    assert asked(table, T0 + 1_990, T0 + 9_999)[0].size == 10
    assert table.latest()["a"] == (T0 + 1_999, 1_999)
    assert table.complaints == []


@pytest.mark.usefixtures("parts")
def test_only_the_parts_of_the_interval_are_read(table, monkeypatch):
    write(table, "a.dat", T0 + np.arange(5_000.0))
    asked(table, T0, T0)
    original, read = TextTable._read, []
    monkeypatch.setattr(TextTable, "_read", lambda table, part: read.append(part) or original(table, part))
    assert asked(table, T0 + 2_500, T0 + 2_510)[0].size == 10
    assert len(read) <= 2


@pytest.mark.usefixtures("parts")
def test_garbage_in_the_middle_of_a_file_affects_no_other_line(table):
    write(table, "a.dat", T0 + np.arange(500.0))
    with (table.directory / "a.dat").open("ab") as file:
        file.write(b"\0" * 5_000 + b"\n")
    write(table, "a.dat", T0 + 500 + np.arange(500.0))
    np.testing.assert_array_equal(asked(table, T0, T0 + 9_999)[0], T0 + np.arange(1_000.0))


def test_reading_that_takes_too_long_is_an_error_and_continues_where_it_ended(table, monkeypatch):
    for number in range(10):
        write(table, f"{number}.dat", hour(number))
    asked(table, T0, T0)
    monkeypatch.setattr(module, "PATIENCE", -1.0)
    with pytest.raises(RequestError, match="ask again"):
        asked(table, T0, T0 + 36_000, 50.0)
    monkeypatch.setattr(module, "PATIENCE", 4.0)
    assert asked(table, T0, T0 + 36_000, 50.0)[0].size <= 722


def test_too_many_numbers_are_refused(table, monkeypatch):
    write(table, "a.dat", T0 + np.arange(1_000.0))
    monkeypatch.setattr(module, "MAX_NUMBERS", 2_000)
    with pytest.raises(RequestError, match="more than 2000 numbers"):
        asked(table, T0, T0 + 1_000)
    assert asked(table, T0, T0 + 500)[0].size == 500


@pytest.mark.parametrize("content", [b"", b"# only a head\n" * 100, os.urandom(20_000), b"1500000000 1", b"\n" * 5000])
def test_files_without_samples_are_ignored(table, content):
    (table.directory / "odd.dat").write_bytes(content)
    write(table, "good.dat", hour(0))
    np.testing.assert_array_equal(asked(table, T0, T0 + 9999)[0], hour(0))
    assert table.latest()["a"] == (T0 + 3590, 3590)


def test_malformed_lines_are_reported_once_per_reading(table):
    (table.directory / "a.dat").write_text("1500000000 1 2\nwhat\n1500000001 1 2\n")
    assert asked(table, T0, T0 + 9)[0].size == 2
    asked(table, T0, T0 + 9)
    assert table.complaints == [("a.dat", ["what"])]


def test_the_latest_values_come_from_the_newest_file(table):
    assert table.latest() == {}
    write(table, "z_old.dat", hour(0))
    write(table, "new.dat", hour(1))
    with (table.directory / "new.dat").open("a") as file:
        file.write("1500009000 nan 5\n")
    table._next_check = -np.inf
    assert table.latest() == {"a": (T0 + 7190, 7190), "b": (T0 + 9000, 5)}


def test_a_directory_that_is_not_there_is_empty(tmp_path):
    table = TextTable(tmp_path / "gone", "*.dat", Layout(["a"]))
    assert table.samples(T0, T0 + 1)[0].size == 0
    assert table.latest() == {}


def test_a_file_whose_start_cannot_be_read_keeps_the_rest(table):
    (table.directory / "a.dat").write_text("# what\n" + "what it is\n" * 20)
    write(table, "a.dat", T0 + np.arange(100.0))
    assert asked(table, T0, T0 + 20)[0].size == 20
    assert asked(table, T0, T0 + 999)[0].size == 100
    assert table.malformed == 20
    assert table.unreadable == []


def test_lines_that_cannot_be_read_are_counted_once_however_a_file_is_read(table, monkeypatch):
    monkeypatch.setattr(module, "MAX_NUMBERS", 910)
    for number in range(30):
        write(table, "a.dat", T0 + number * 10 + np.arange(10.0), end="\nbad\n")
        if number % 4 == 0:
            asked(table, T0, T0 + 9_999)
    for _ in range(3):
        write(table, "b.dat", T0 + 9_000 + np.arange(2.0))
        asked(table, T0, T0 + 99)
        asked(table, T0 + 9_000, T0 + 9_999)
    table._next_check = -np.inf
    table.latest()
    assert table.malformed == 30


def test_a_dense_file_among_others_keeps_its_extremes_and_says_that_it_is_thinned(table):
    dense, sparse = T0 + np.arange(500) / 10, T0 + np.arange(100.0, 1100.0, 10.0)
    values = np.where(np.arange(500) == 77, 99.0, 1.0)
    write(table, "dense.dat", dense, values=values)
    write(table, "sparse.dat", sparse, values=np.full(100, 1.0))
    times, found, _, thinned = table.samples(T0, T0 + 2000, 10.0)
    assert found.max() == 99
    assert times.size <= 201
    assert thinned is None, "there may be room for all"
    every = table.samples(T0, T0 + 2000)
    assert (every.thinned, every.times.size) == (False, 600)

"""The node of text files: from a directory to answers."""

import numpy as np
import pytest
from deferreds import result
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred

from livemon.nodes import textfiles as module
from livemon.nodes.textfiles import TextFilesNode
from livemon.sisock import packed
from livemon.sisock.packed import unpack

NOW = 1_500_010_000.0


@pytest.fixture
def node(tmp_path, monkeypatch):
    """A node of weather files; what runs in a thread runs at once."""
    monkeypatch.setattr(module.threads, "deferToThread", maybeDeferred)
    (tmp_path / "1.dat").write_text("".join(f"{1_500_000_000 + 10 * n} {n} x {-n}\n" for n in range(1000)))
    columns = [{"name": "Wind Speed", "units": "m/s", "label": "Wind"}, None, "gust"]
    return TextFilesNode("APEX", "", directory=str(tmp_path), pattern="*.dat", columns=columns, clock=lambda: NOW)


def test_its_fields_are_its_columns(node):
    fields, timelines = node.get_fields(1, 0)
    assert {key: (each["units"], each["label"], each["path"]) for key, each in fields.items()} == {
        "wind_speed": ("m/s", "Wind", "livemon.APEX.wind_speed"),
        "gust": (None, None, "livemon.APEX.gust"),
    }
    assert timelines["APEX"]["field"] == ["wind_speed", "gust"]


def test_samples_of_any_age_are_answered_from_the_files(node):
    answer = result(node.get_data(["gust", "nothing", "wind_speed"], 1_500_000_000, 1_500_000_030))
    assert answer["data"] == {"gust": [0, -1, -2], "nothing": [], "wind_speed": [0, 1, 2]}
    assert answer["timeline"]["APEX"]["t"] == [1.5e9, 1.5e9 + 10, 1.5e9 + 20]
    assert result(node.get_data(["gust"], -25, 0))["data"] == {"gust": [-998, -999]}
    assert result(node.get_data(["gust"], 1, 2)) == {"data": {"gust": []}, "timeline": {}}


def test_a_stride_keeps_extremes(node):
    (timeline,) = unpack(result(node.packed(module.DataRequest(["wind_speed"], 1.5e9, NOW, 500.0))))
    assert timeline.times.size <= 21
    assert (timeline.values.min(), timeline.values.max()) == (0, 999)
    assert np.diff(timeline.times).min() >= 500 - 1e-6


def test_the_newest_samples(node):
    assert result(node.get_last()) == {"wind_speed": (1.5e9 + 9990, 999), "gust": (1.5e9 + 9990, -999)}


def test_too_much_for_a_list_is_refused(node, monkeypatch):
    monkeypatch.setattr(packed, "MAX_LISTED_NUMBERS", 100)
    assert result(node.get_data(["gust"], 1.5e9, NOW)) is False


def test_malformed_lines_are_logged_once_an_hour(node, monkeypatch):
    logged = []
    monkeypatch.setattr(module.log, "warn", lambda _text, **about: logged.append(about))
    path = node._table.directory / "1.dat"
    for _ in range(2):
        path.write_text(path.read_text() + "what\n" + f"{NOW + len(logged)} 1 x 2\n")
        node._table._next_check = -np.inf
        result(node.get_data(["gust"], 1.5e9, NOW))
    assert [about["file"] for about in logged] == ["1.dat"]
    assert logged[0]["line"] == "what"
    assert logged[0]["fault"] == "too few columns"
    assert node.status()["counts"] == {"lines that cannot be read": 2}


def test_a_file_of_which_no_line_can_be_read_is_a_fault_of_the_node(node, monkeypatch):
    """It had no samples, and there was no line in the log."""
    logged = []
    monkeypatch.setattr(module.log, "warn", lambda _text, **about: logged.append(about))
    directory = node._table.directory
    result(node.get_last())
    assert node.status() == {"faults": [], "counts": {"lines that cannot be read": 0}, "notes": []}
    (directory / "heading.dat").write_text("time temperature what wind\n")
    (directory / "other.dat").write_text("01/02/17 1 x 2\n02/02/17 1 x 2\n")
    node._table._next_check = -np.inf
    result(node.get_last())
    [fault] = node.status()["faults"]
    assert fault.startswith(
        "no line of other.dat can be read, the first is '01/02/17 1 x 2': could not convert string to float: '01/02/17'"
    )
    assert fault.endswith("In the inventory check separator, time_format and columns, or exclude such files by pattern")
    assert node.status()["counts"] == {"lines that cannot be read": 3}
    assert sorted((about["file"], about["count"]) for about in logged) == [("heading.dat", 1), ("other.dat", 2)]
    for number in range(9):
        (directory / f"other{number}.dat").write_text("a\nb\n")
    node._table._next_check = -np.inf
    result(node.get_last())
    assert "nor can any line of 7 more files. In the inventory" in node.status()["faults"][0]
    for path in directory.glob("other*"):
        path.unlink()
    (directory / "heading.dat").write_text(f"time temperature what wind\n{NOW} 1 x 2\n")
    node._table._next_check = -np.inf
    result(node.get_last())
    assert node.status() == {"faults": [], "counts": {"lines that cannot be read": 1}, "notes": []}


def test_files_in_local_time_are_answered_in_utc(tmp_path, monkeypatch):
    monkeypatch.setattr(module.threads, "deferToThread", maybeDeferred)
    (tmp_path / "a.log").write_text("14-07-17,04:40:00,1.5\n14-07-17,04:41:00,2.5\n")
    about = {"columns": ["T"], "separator": ",", "time_format": "%d-%m-%y,%H:%M:%S", "time_zone": "Europe/Amsterdam"}
    node = TextFilesNode("BF", "", directory=str(tmp_path), clock=lambda: NOW, **about)
    answer = result(node.get_data(["t"], 1.5e9, 1.5e9 + 100))
    assert answer["timeline"]["BF"]["t"] == [1.5e9, 1.5e9 + 60]


def test_many_questions_take_one_thread_and_those_given_up_none(node, monkeypatch):
    """A pool of ten threads that all wait for one slow disk would hold up everything else that needs a thread."""
    running = []
    monkeypatch.setattr(module.threads, "deferToThread", lambda *_arguments: running.append(Deferred()) or running[-1])
    questions = [node.get_last() for _ in range(20)]
    assert len(running) == 1
    given_up = []
    for question in questions[1:19]:
        question.addErrback(given_up.append)
        question.cancel()
    assert all(failure.check(CancelledError) for failure in given_up)
    running[0].callback({"gust": (1.0, 2.0)})
    running[1].callback({"gust": (1.0, 3.0)})
    assert [result(questions[0]), result(questions[19])] == [{"gust": (1.0, 2.0)}, {"gust": (1.0, 3.0)}]
    assert len(running) == 2

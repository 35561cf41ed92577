"""Tables of comma-separated values, and what every answer tells a browser."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest
from memory_source import MemorySource, Samples

from livemon.bridge import downloads
from livemon.bridge.app import create_app
from livemon.bridge.headers import HEADERS

START = 1_800_000_000
STILL = Samples("lab.still", START, 10, [0.7, -0.5, None, 1e-300], {"label": "Still", "unit": "K"})
PLATE = Samples("lab.plate", START + 5, 5, [4.0, 4.25], {"unit": "K"})


@pytest.fixture
def client():
    return create_app(MemorySource([STILL, PLATE])).test_client()


def table(client, *names, **arguments):
    answer = client.get(
        "/api/series.csv", query_string={"field": names, "from": START, "until": START + 60} | arguments
    )
    assert (answer.status_code, answer.content_type) == (200, "text/csv; charset=utf-8"), answer.text
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True), newline="")))


def test_a_cell_is_empty_where_a_series_has_no_sample_and_nan_where_it_is_no_number(client):
    assert table(client, "lab.still", "lab::lab.plate") == [
        ["unix_seconds", "utc", "lab.still Still (K)", "lab::lab.plate (K)"],
        ["1800000000.0", "2027-01-15T08:00:00.000000Z", "0.7", ""],
        ["1800000005.0", "2027-01-15T08:00:05.000000Z", "", "4.0"],
        ["1800000010.0", "2027-01-15T08:00:10.000000Z", "-0.5", "4.25"],
        ["1800000020.0", "2027-01-15T08:00:20.000000Z", "nan", ""],
        ["1800000030.0", "2027-01-15T08:00:30.000000Z", "1e-300", ""],
    ]


def test_a_column_says_whether_it_has_extremes_or_every_sample():
    long = Samples("lab.long", START, 1, list(range(600)))
    client = create_app(MemorySource([long])).test_client()
    asked = {"until": START + 600}
    assert table(client, "lab.long", points=50, **asked)[0][2] == "lab.long smallest and largest values"
    assert table(client, "lab.long", points=1000, **asked)[0][2] == "lab.long"
    assert table(client, "lab.long", **asked)[0][2] == "lab.long"
    (series,) = client.get("/api/series", query_string={"field": "lab.long", "from": START, "points": 50} | asked).json[
        "series"
    ]
    assert series["envelope"] is True


def test_a_range_without_samples_is_a_table_without_rows(client):
    assert len(table(client, "lab.still", until=START)) == 1
    assert len(table(client, "lab.still", **{"from": START + 100, "until": START + 200})) == 1


def test_its_file_is_named_by_its_range(client):
    answer = client.get("/api/series.csv", query_string={"field": "lab.still", "from": START, "until": START + 60})
    assert (
        answer.headers["Content-Disposition"] == 'attachment; filename="livemon-20270115T080000Z-20270115T080100Z.csv"'
    )


@pytest.mark.parametrize("points", [2, 50, 100_000])
def test_the_table_says_what_the_series_say(points):
    long = Samples("lab.long", START, 1, list(np.sin(np.arange(9_000) / 700)))
    other = Samples("lab.other", START, 7, list(range(1_000)))
    client = create_app(MemorySource([long, other])).test_client()
    arguments = {"field": ["lab.long", "lab.other"], "from": START + 100.5, "until": START + 8_000, "points": points}
    series = client.get("/api/series", query_string=arguments).json["series"]
    _, *rows = table(client, *arguments.pop("field"), **arguments)
    for column, each in enumerate(series, 2):
        found = [(float(row[0]), float(row[column])) for row in rows if row[column]]
        assert found == list(zip(each["times"], each["values"], strict=True))
    times = [float(row[0]) for row in rows]
    assert times == sorted(set(times))


def test_without_points_no_sample_is_left_out_however_they_lie(monkeypatch):
    monkeypatch.setattr(downloads, "FIRST_PART", 100.0)
    monkeypatch.setattr(downloads, "FEW", 150)
    dense = Samples("lab.dense", START, 1, [float(each) for each in range(2_000)])
    late = Samples("lab.late", START + 100_000, 30, [float(each) for each in range(500)])
    source = MemorySource([dense, late])
    fetch, asked = source.fetch, []
    source.fetch = lambda fields, start, end, points: asked.extend((start, end)) or fetch(fields, start, end, points)
    client = create_app(source).test_client()
    _, *rows = table(client, "lab.dense", "lab.late", **{"from": START - 3_000_000, "until": START + 3_000_000})
    assert [row[2] for row in rows if row[2]] == [repr(each) for each in dense.values]
    assert [row[3] for row in rows if row[3]] == [repr(each) for each in late.values]
    assert {type(each) for each in asked} == {float}, "what no socket can send: numpy's numbers"


def test_many_rows_come_in_pieces():
    rows = 3 * downloads.ROWS
    client = create_app(MemorySource([Samples("lab.x", START, 1, [1.5] * rows)])).test_client()
    pieces = list(client.get(f"/api/series.csv?field=lab.x&from={START}&until={START + rows}").response)
    assert len(pieces) == 4
    assert max(map(len, pieces)) < 100 * downloads.ROWS


FAULTS = {
    "field=lab.still&from=x": "'x' is not a valid time",
    "field=lab.still&from=1800000100&until=1800000000": "reversed",
    "field=lab.still&points=many": "not a valid number of points",
    "": "name a channel",
}


@pytest.mark.parametrize("query", FAULTS)
def test_a_fault_is_a_sentence(client, query):
    answer = client.get(f"/api/series.csv?{query}")
    assert answer.status_code == 400
    assert FAULTS[query] in answer.json["error"]
    assert client.get("/api/series.csv?field=lab.gone").status_code == 404


def test_too_much_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(downloads, "MAX_SAMPLES", 5_000)
    client = create_app(MemorySource([Samples("lab.x", START, 1, [0.0] * 9_000)])).test_client()
    query = {"field": "lab.x", "from": START, "until": START + 9_000}
    answer = client.get("/api/series.csv", query_string=query)
    assert answer.status_code == 400
    assert "more than 5000 samples" in answer.json["error"]
    assert "points=1000" in answer.json["error"]
    assert client.get("/api/series.csv", query_string=query | {"points": 1000}).status_code == 200


def test_reading_ends_after_a_time(client, monkeypatch):
    monkeypatch.setattr(downloads, "PATIENCE", -1.0)
    answer = client.get("/api/series.csv", query_string={"field": "lab.still", "from": START, "until": START + 60})
    assert (answer.status_code, "takes longer" in answer.json["error"]) == (400, True)


@pytest.mark.parametrize(
    "label", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r\n=1", "\uff1d1", 'a"b,c', "two\nlines"]
)
def test_no_spreadsheet_takes_a_title_for_a_formula(label):
    assert not downloads.harmless(label).lstrip(" '").startswith(("\t", "\r", "\n"))
    first = downloads.harmless(label).lstrip(" ")[0]
    assert first not in "=+-@\uff1d", "a formula"
    client = create_app(MemorySource([Samples(label, START, 1, [1.0], {"unit": label})])).test_client()
    title = table(client, f"lab::{label}")[0][2]
    assert title[0] not in "=+-@\t\r"
    assert "\n" not in title


def test_a_value_below_zero_is_a_number_and_no_text(client):
    assert math.isclose(float(table(client, "lab.still")[2][2]), -0.5)


# --- headers -----------------------------------------------------------------------------------------------------------

EVERYTHING = [
    "/",
    "/api/status",
    "/api/series?field=lab.still",
    "/api/series?field=none",
    "/api/series.csv?field=lab.still",
]
EVERYTHING += [
    "/render?target=lab.still&format=json",
    "/render?target=((",
    "/nothing",
    "/search",
    "/version",
    "/api/health",
]


@pytest.mark.parametrize("path", EVERYTHING)
def test_every_answer_is_closed_to_the_browser_and_kept_nowhere(client, path):
    headers = client.get(path).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS


def test_the_page_may_load_its_own_files_and_is_asked_for_again_with_its_tag(client):
    page = client.get("/", headers={"Accept": "text/html"})
    policy = dict(each.strip().split(" ", 1) for each in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers["Vary"] == "Accept"
    again = client.get("/", headers={"Accept": "text/html", "If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_files_of_the_page_may_be_kept_and_those_of_another_version_are_not_there(client):
    from livemon.bridge import quicklook

    path = f"/quicklook/{quicklook.version()}/quicklook.css"
    answer = client.get(path)
    answer.close()
    assert set(answer.headers["Cache-Control"].split(", ")) == {"public", "max-age=31536000", "immutable"}
    with client.get(path, headers={"If-None-Match": answer.headers["ETag"]}) as again:
        assert again.status_code == 304
    for wrong in ("/quicklook/000000000000/quicklook.css", f"/quicklook/{quicklook.version()}/../__init__.py"):
        assert client.get(wrong).status_code == 404

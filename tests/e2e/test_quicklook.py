"""The quick-look page as the person on call sees it, over real instruments' agents, nodes and bridge."""

from __future__ import annotations

import csv
import json
import re
import urllib.request
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import yaml
from playwright.sync_api import expect
from quicklook_page import (
    SIZES,
    mentions,
    milliseconds,
    overflow,
    plotted,
    says,
    seen,
    texts,
    wait_for,
    wait_for_channels,
    wait_for_more,
    words,
)

from livemon.files import write_public

PLATE = "observatory.ls240.feeds.temperatures.Channel_1_T"


@pytest.fixture
def open_page(appliance, opener):
    return lambda fragment="", size="desktop", **options: opener.open(appliance.url, fragment, size, **options)


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_live_values_of_both_instruments_in_list_and_plot(open_page, size, scheme):
    page = open_page(size=size, color_scheme=scheme)
    for field in ("LSA21OQ::channel_1_t", "LSA22YG::channel_01_t"):
        row = page.locator(f'[data-field="{field}"]')
        page.locator(f'[data-node="{field.partition("::")[0]}"]').scroll_into_view_if_needed()
        says(row, "td.number", re.compile(r"^[0-9.]+ m?K$"), seconds=40)
        says(row, ".age", re.compile(r"^(now|\d+ s)$"))
    says(page, "#state", "The appliance is well.", seconds=30)
    says(page, "#freshness", re.compile(r"^3 data nodes, \d+ channels, newest (now|\d+ s ago)$"))
    wait_for_more(page, "points", 20)
    wait_for_more(page, "newest", plotted(page, "newest"))
    expect(page.locator("#plot canvas")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    assert overflow(page) == []


def test_the_page_says_when_the_bridge_is_away_and_goes_on_when_it_is_back(appliance, open_page):
    page = open_page(f"#range=600&field={PLATE}")
    newest = wait_for_more(page, "newest", 0)
    appliance.stop("bridge")
    try:
        says(page, "#state", re.compile(r"has not answered since \d\d:\d\d:\d\d GMT\+[12]\."))
        expect(page.locator("#state")).to_have_attribute("data-state", "dead")
        expect(page).to_have_title("⚠ livemon")
        # Values that are no longer updated age while the page is read.
        says(page, '[data-field="LSA21OQ::channel_1_t"] .age', re.compile(r"^[1-9]\d s$"))
    finally:
        appliance.start("bridge")
    expect(page.locator("#state")).to_have_attribute("data-state", "good", timeout=milliseconds(60))
    expect(page).to_have_title("livemon")
    wait_for_more(page, "newest", newest)
    expect(page.locator("#values tbody tr")).to_have_count(1)


def test_a_node_whose_process_is_away_says_so(appliance, open_page):
    page = open_page(f"#field={PLATE}")
    wait_for_more(page, "points", 1)
    appliance.stop("nodes")
    try:
        says(page, '[data-node="LSA21OQ"] .about', "Diodes: has left", seconds=30)
        mentions(page, "#problems", "node LSA21OQ: has left", seconds=30)
        mentions(page, '[data-channel="LSA21OQ::channel_1_t"] .name', "silent")
    finally:
        appliance.start("nodes")
    appliance.wait_for_values("LSA21OQ")
    appliance.wait_for_values("LSA22YG", 60)
    says(page, "#state", "The appliance is well.", seconds=60)


def test_what_the_agents_are_doing_is_listed_and_cannot_be_changed(appliance, open_page):
    before = yaml.safe_load((appliance.directory / "nodes.yaml").read_text())["nodes"]
    appliance.write_nodes(*before, {"kind": "agents", "name": "agents", "agents": ["control", "ls240"]})
    try:
        page = open_page()
        page.locator("#agents summary").click(timeout=milliseconds(60))
        rows = page.locator("#agents tbody tr")
        acquiring = rows.filter(has=page.locator("td", has_text="acq"))
        expect(acquiring).to_have_count(2, timeout=milliseconds(30))
        mentions(acquiring.first, "td:nth-of-type(2)", "running")
        expect(rows.filter(has_text="control").first).to_be_visible()
        assert page.locator("#agents :is(button, input, a)").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["desktop"]["width"]
    finally:
        appliance.write_nodes(*before)


def test_a_limit_that_is_exceeded_is_told_where_the_appliance_is_well(appliance, open_page):
    alarm = {
        "id": "plate_above",
        "rule": "ls240",
        "measure": {"kind": "value", "path": PLATE},
        "above": 0.5,
        "tags": {
            "kind": "above",
            "severity": "critical",
            "subject": "50K plate of LSA21OQ",
            "label": "50K plate",
            "unit": "K",
        },
    }
    site = appliance.directory / "site.yaml"
    before = site.read_bytes()
    page = open_page()
    says(page, "#state", "The appliance is well.", seconds=60)
    mentions(page, "#cryostat", "the inventory sets no limit")
    content = {"agents": [], "name": "Cryolab 3", "time_zone": "Asia/Tokyo", "alarms": [alarm]}
    write_public(site, json.dumps(content).encode())
    try:
        says(page, "#alarms .what", re.compile(r"^50K plate [0-9.]+ K above 500\smK$"), seconds=60)
        mentions(page, "#alarms .since", "GMT+9")
        says(page, "#cryostat", "1 alarm is firing. Nobody is notified of alarms: they are only shown here.")
        says(page, "#state", "The appliance is well.")
        expect(page).to_have_title("⚠ Cryolab 3 · livemon")
        expect(seen(page, "#values tbody tr").first).to_have_attribute("data-alarm", "firing")
    finally:
        write_public(site, before)
    expect(seen(page, "#alarms")).to_have_count(0, timeout=milliseconds(60))


def test_a_copied_link_shows_the_same_elsewhere(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    wait_for_more(page, "points", 20)
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("log").check()
    page.get_by_label("Search channels").fill("plate")
    page.get_by_role("button", name="Copy link").click()
    says(page, "#done", "The link is copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.evaluate("location.href")
    other = open_page("#" + link.partition("#")[2], size="phone")
    wait_for_more(other, "points", 20)
    other.get_by_role("button", name="Channels").click()
    expect(other.locator("#nodes tr").first).to_be_attached()
    says(page, "#when", re.compile("fixed"))
    name = re.compile(r"[A-Za-z0-9_ ]*")

    def same(of):
        ours, theirs = ([name.match(text)[0] for text in texts(each, of)] for each in (page, other))
        return ours == theirs and any(ours)

    # Rows are made once they come near the window.
    for of in ("#when", "#values tbody th .title", "#nodes tr:visible .title"):
        wait_for(page, lambda of=of: same(of), f"both pages to have the same in {of}")
    for end in ("from", "until"):
        wait_for(
            page,
            lambda end=end: plotted(page, end) == pytest.approx(plotted(other, end), abs=1),
            f"both plots to have the same {end}",
        )
    expect(other.get_by_label("log")).to_be_checked()


@pytest.mark.parametrize("button", ["CSV as plotted", "CSV, all samples"])
def test_the_table_has_what_the_bridge_says(appliance, open_page, button):
    page = open_page(f"#field={PLATE}&field=LSA22YG::channel_01_t")
    # After a restart of the nodes that of the 372 may be missing for a scan; the points are of all channels together.
    wait_for_channels(page, 2, 60)
    wait_for_more(page, "points", 20)
    page.get_by_role("button", name="Pause").click()
    mentions(page, "#when", "fixed")
    link = page.get_by_role("link", name=button)
    address = link.get_attribute("href")
    until = float(parse_qs(address.partition("?")[2])["until"][0])
    # Those of an agent come one after the other: none that the table should have is still on its way.
    wait_for(
        page,
        lambda: min(map(newest(appliance).get, ("LSA21OQ", "LSA22YG"))) > until,
        "samples from after the range",
        60,
    )
    with page.expect_download() as download:
        link.click()
    says(page, "#done", re.compile("^The table is saved"))
    assert re.fullmatch(r"livemon-\d{8}T\d{6}Z-\d{8}T\d{6}Z\.csv", download.value.suggested_filename)
    head, *rows = csv.reader(Path(download.value.path()).read_text().splitlines())
    assert head == [
        "unix_seconds",
        "utc",
        f"{PLATE} 50K plate (K)",
        "observatory.control.feeds.temperatures.Channel_01_T 50K plate (K)",
    ]
    lines = wait_for(page, lambda: whole_table(f"{appliance.url}/{address}"), "a table in which no node is missing", 60)
    assert lines[1:] == [",".join(row) for row in rows]
    assert len(rows) > 20
    for column, series in enumerate(said(appliance, address), 2):
        assert [(float(row[0]), float(row[column])) for row in rows if row[column]] == series


def whole_table(address):
    """The lines of a table; none if a node did not answer the bridge in time, as the answer says."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        return None if answer.headers["X-Livemon-Silent"] else answer.read().decode().splitlines()


def newest(appliance):
    """When each data node's newest sample was, as the bridge knows it."""
    nodes = appliance.get("/api/status")[1]["nodes"]
    return {node["name"]: max((field["time"] or 0 for field in node["fields"]), default=0) for node in nodes}


def said(appliance, address):
    """What /api/series says of the channels of a table's address; without points in such short parts that nothing is left out."""
    asked = {name: each if name == "field" else each[0] for name, each in parse_qs(address.partition("?")[2]).items()}
    start, end = float(asked["from"]), float(asked["until"])
    parts = 1 if "points" in asked else 60
    edges = [start + (end - start) * part / parts for part in range(parts)] + [end]
    found = [[] for _ in asked["field"]]
    for begin, until in pairwise(edges):
        # On a busy machine samples may be a tenth of a millisecond apart.
        _, content = appliance.get("/api/series", **{"points": 400_000} | asked | {"from": begin, "until": until})
        for each, series in zip(found, content["series"], strict=True):
            each.extend(zip(series["times"], series["values"], strict=True))
    return found


@pytest.mark.parametrize("size", SIZES)
def test_nothing_moves_below_the_reader(open_page, size):
    page = open_page(f"#field={PLATE}", size)
    wait_for_more(page, "points", 5)
    says(page, "#state", "The appliance is well.", seconds=60)  # a problem takes its room
    page.evaluate("""() => {
        window.shifts = [];
        const html = (node) => (node?.parentElement ?? node)?.outerHTML.slice(0, 200);
        const place = ({ node, previousRect, currentRect }) => [html(node), previousRect, currentRect];
        const note = (list) => window.shifts.push(...list.getEntries().map((entry) => JSON.stringify(entry.sources.map(place))));
        new PerformanceObserver(note).observe({ type: "layout-shift" });
    }""")
    newest = plotted(page, "newest")
    for _ in range(4):
        newest = wait_for_more(page, "newest", newest)
    assert page.evaluate("window.shifts") == []


def test_a_page_that_nobody_looks_at_asks_nothing(open_page):
    page = open_page(f"#field={PLATE}")
    wait_for_more(page, "points", 5)
    page.evaluate("""() => {
        Object.defineProperty(document, "hidden", { get: () => window.away, configurable: true });
        window.away = true;
    }""")
    page.wait_for_timeout(1500)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3000)
    assert asked == []
    page.evaluate("() => { window.away = false; document.dispatchEvent(new Event('visibilitychange')); }")
    wait_for(page, lambda: any("api/series" in url for url in asked), "the page to ask again")


def test_older_links_still_lead_there(open_page):
    page = open_page("#range=3600&log=1&fields=LSA21OQ::channel_1_t,LSA21OQ::channel_99_t")
    expect(page.locator("#values tbody tr")).to_have_count(1)
    expect(page.get_by_label("1 h", exact=True)).to_be_checked()
    expect(page.get_by_label("log")).to_be_checked()
    mentions(page, "#hint", "Not available at the moment: LSA21OQ::channel_99_t.")
    page.get_by_role("checkbox", name="50K plate channel_1_t").uncheck()
    expect(page.locator("#plot canvas")).to_have_count(0)
    page.get_by_role("checkbox", name="channel_2_t").check()
    wait_for_more(page, "points", 1)
    assert words(page)["field"] == ["LSA21OQ::channel_99_t", PLATE.replace("_1_", "_2_")]


def test_the_age_of_a_channel_is_a_channel(open_page):
    page = open_page(f"#range=60&field=age.{PLATE}")
    wait_for_more(page, "points", 5)
    mentions(page, "#values tbody th .title", "Age of 50K plate")
    says(page, "#values tbody .now > :first-child", re.compile(r"^[0-9.]+ s$"))
    says(page, "#hint", "")


def test_grafana_finds_its_health_check_where_a_browser_finds_the_page(appliance):
    assert appliance.get("/")[0] == 200
    assert "<html" not in appliance.get("/")[1]

"""The quick-look page at 3 a.m.: what is wrong, in full and first; values that can be read; no word that is not known to be true."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from lab_on_call import (
    ALARMS,
    CHAMBER,
    HOLES,
    NEWEST,
    NOW,
    PLATE,
    PROBLEMS,
    SERIES,
    SHIELD,
    alarm,
    health,
    series,
    status,
)
from memory_bridge import running
from paths import ROOT
from playwright.sync_api import expect
from quicklook_page import SIZES, mentions, overflow, plotted, says, seen, texts, wait_for, wait_for_more, words

SCREENSHOTS = ROOT / ".cache/screenshots"
RED = {"light": [184, 31, 31], "dark": [255, 143, 135]}
SHADE = [85, 96, 108]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with running(SERIES, [], tmp_path_factory.mktemp("on-call") / "bridge.log") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def open_page(url, opener):
    def open_(said=None, size="desktop", fragment="", gaps=(), site=None, **options):
        answers = {
            "health": said or health(),
            "status": lambda: status(url, **(site or {})),
            "gaps": {"gaps": list(gaps)},
        }
        page = opener.open(url, fragment, size, answers, **options)
        expect(seen(page, "#values tbody tr").first).to_be_visible()
        return page

    return open_


def top(page, selector):
    return seen(page, selector).first.bounding_box()["y"]


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("number", [2, 12])
def test_every_problem_is_seen_above_the_values(open_page, number, size):
    page = open_page(health(PROBLEMS[:number]), size)
    says(page, "#state", f"{number} problems of the appliance:")
    assert texts(page, "#problems li") == PROBLEMS[:number]
    last = seen(page, "#problems li").last.bounding_box()
    assert last["y"] + last["height"] <= top(page, "#values")
    expect(page).to_have_title("⚠ livemon")
    assert overflow(page) == []


def test_a_single_problem_stands_in_the_first_line_and_goes_with_its_end(open_page):
    page = open_page(health(PROBLEMS[:1]))
    says(page, "#state", f"Problem of the appliance: {PROBLEMS[0]}")
    expect(seen(page, "#problems")).to_have_count(0)


@pytest.mark.parametrize("size", SIZES)
def test_an_alarm_stands_above_everything_with_value_limit_and_since_when(open_page, size):
    page = open_page(health(PROBLEMS[:2], ALARMS), size, site={"time_zone": "Asia/Tokyo"})
    says(page, "#cryostat", "2 alarms are firing, 1 is pending.")
    plate, shield, silent = seen(page, "#alarms li").all()
    says(plate, ".what", "4K plate 143.6 K above 5 K")
    mentions(plate, ".since", "critical · LSA22YG")
    says(shield, ".what", f"4K shield {NEWEST[SHIELD]:.4f} K above 4.5 K")
    mentions(shield, ".since", "pending: nobody is notified unless it lasts longer")
    says(silent, ".what", "bluefors: no sample for 12 min")
    mentions(silent, ".since", "silenced: nobody is notified")
    begun = page.evaluate(
        "(time) => new Date(time * 1000).toLocaleTimeString('en-US', { timeZone: 'Asia/Tokyo', hourCycle: 'h23' })",
        ALARMS[0]["since"],
    )
    mentions(plate, ".since", f"Since {begun} GMT+9, ")
    assert top(page, "#alarms") < top(page, "#state") < top(page, "#problems") < top(page, "#values")


def test_an_old_value_of_an_alarm_is_said_to_be_old(open_page):
    page = open_page(health((), [alarm(age=1000.0), alarm(id="young", age=100.0)]))
    wait_for(page, lambda: len(texts(page, "#alarms li")) == 2, "both alarms")
    old, young = texts(page, "#alarms li")
    assert "above 5 K, as measured 17 min ago" in old.replace("\N{NO-BREAK SPACE}", " ")
    assert "as measured" not in young


def test_what_is_beyond_a_limit_comes_first_in_red_and_is_one_click_from_its_plot(open_page):
    page = open_page(health([], ALARMS), color_scheme="light")
    rows = seen(page, "#values tbody tr")
    expect(rows.nth(0)).to_have_attribute("data-channel", f"LSA22YG::{PLATE}")
    expect(rows.nth(1)).to_have_attribute("data-channel", f"LSA21OQ::{SHIELD}")
    value = "row => getComputedStyle(row.querySelector('.now')).color"
    assert rows.nth(0).evaluate(value) == "rgb(184, 31, 31)"
    assert rows.nth(2).evaluate(value) == "rgb(27, 32, 38)"
    mentions(rows.nth(0), ".name", "alarm above 5 K")
    page.get_by_label("Which channels").select_option("alarm")
    expect(seen(page, "#nodes tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Plot 4K plate").click()
    expect(seen(page, "#values tbody tr")).to_have_count(1)
    assert words(page)["field"] == [PLATE]
    page.get_by_role("button", name="Back").click()
    expect(seen(page, "#values tbody tr")).to_have_count(12)


@pytest.mark.parametrize(
    ("said", "state", "sentence"),
    [
        (health(), "good", "7 limits are set, none is exceeded."),
        (health(told_by=None), "stale", "nobody is notified of an alarm."),
        (health(configured=0), "stale", "It is not known whether the cryostat is well: the inventory sets no limit."),
        (health([], ALARMS[:1]), "dead", "1 alarm is firing."),
        (
            health([], ALARMS[:2], told_by=None),
            "dead",
            "1 alarm is firing, 1 is pending. Nobody is notified of alarms: they are only shown here.",
        ),
        (health([], ALARMS[1:2]), "stale", "1 alarm is pending."),
    ],
    ids=["well", "nobody is told", "no limit", "firing", "firing, nobody is told", "pending"],
)
def test_that_the_appliance_is_well_does_not_say_that_the_cryostat_is(open_page, said, state, sentence):
    page = open_page(said)
    says(page, "#state", "The appliance is well.")
    mentions(page, "#cryostat", sentence)
    expect(seen(page, "#cryostat")).to_have_attribute("data-state", state)
    expect(page).to_have_title("⚠ livemon" if state == "dead" else "livemon")


def test_nothing_is_called_well_that_the_bridge_has_not_said(open_page, url, opener):
    page = opener.open(
        url, "", answers={"status": lambda: status(url), "gaps": {"gaps": []}, "health": {"error": "no health"}}
    )
    expect(seen(page, "#values tbody tr").first).to_be_visible()
    page.wait_for_timeout(1500)
    says(page, "#state", "Asking the bridge …")
    clock = {"ahead": 0.0}
    answers = {"health": health([], ALARMS[:1]), "status": lambda: status(url, **clock), "gaps": {"gaps": []}}
    page = opener.open(url, "", answers=answers)
    says(page, "#state", "The appliance is well.")
    clock["ahead"] = 60.0
    mentions(page, "#state", "It is not known whether the appliance is well")
    expect(seen(page, "#cryostat")).to_have_count(0)
    expect(seen(page, "#alarms li")).to_have_count(1)  # the last that is known


# --- values -----------------------------------------------------------------------------------------------------------


def test_values_come_before_the_plot_on_a_phone_and_stand_beside_it_on_a_desktop(open_page):
    page = open_page(size="phone")
    table, plot = (seen(page, of).bounding_box() for of in ("#values", "#plot"))
    assert table["y"] + table["height"] <= plot["y"]
    page.set_viewport_size({"width": 390, "height": 844})
    rows = [row.bounding_box() for row in seen(page, "#values tbody tr").all()]
    assert sum(box["y"] + box["height"] <= 844 for box in rows) >= 11, "values of the first screen"
    page.set_viewport_size(SIZES["desktop"])
    table, plot, around = (seen(page, of).bounding_box() for of in ("#values", "#plot", "#plotting"))
    assert table["x"] + table["width"] <= plot["x"]
    assert abs(table["y"] - around["y"]) < 20
    assert around["x"] + around["width"] - (plot["x"] + plot["width"]) < 20, "an empty right part"


# Texts in cells, by where they are painted: what a cell is too narrow for runs into the next.
COLLISIONS = """() => {
    const painted = (cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return range.getBoundingClientRect();
    };
    const found = [];
    for (const row of document.querySelectorAll("#values tbody tr")) {
        const cells = [...row.cells].filter((cell) => cell.getBoundingClientRect().width);
        cells.forEach((cell, i) => {
            const text = painted(cell), next = cells[i + 1] && painted(cells[i + 1]), box = cell.getBoundingClientRect();
            const isOutside = text.right > box.right + 0.5 || text.left < box.left - 0.5;
            if (isOutside || (next && text.right > next.left)) found.push(row.innerText);
        });
    }
    return found;
}"""


@pytest.mark.parametrize("width", [320, 360, 390, 700, 1200, 1440])
def test_no_value_runs_into_another_also_in_a_wide_font(open_page, width):
    page = open_page(size="phone" if width < 500 else "desktop")
    page.set_viewport_size({"width": width, "height": 844})
    wait_for_more(page, "points", 20)
    assert any("mK" in text for text in texts(page, "#values td.number"))
    for spacing in ("normal", "0.08em"):
        page.evaluate(
            "(spacing) => { document.body.style.font = '15px/1.4 DejaVu Sans'; document.body.style.letterSpacing = spacing; }",
            spacing,
        )
        assert page.evaluate(COLLISIONS) == []
        assert overflow(page) == []


def test_the_first_plot_has_what_the_inventory_lists_of_every_instrument_and_tells_it_apart(open_page):
    page = open_page()
    shown = [text.split("\n")[0] for text in texts(page, "#values tbody th")]
    assert [each for each in shown if each.startswith("Channel")] == []
    assert {"Mixing chamber", "Heat switch", "4K plate (LSA21OQ)", "4K plate (LSA22YG)"} <= set(shown)
    assert len(shown) == len(set(shown)) == 12


def test_an_input_without_a_sensor_is_not_at_zero_kelvin(open_page):
    page = open_page()
    row = page.locator('[data-node="LSA22YG"] tbody tr', has_text="Channel_05_T")
    row.scroll_into_view_if_needed()
    says(row, "td.number", "not connected")
    assert int(row.locator("td.number").evaluate("cell => getComputedStyle(cell).fontWeight")) < 500


# --- the plot ---------------------------------------------------------------------------------------------------------

COUNTED = """([red, green, blue]) => {
    const { width, height } = document.querySelector("#plot canvas");
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(document.querySelector("#plot canvas"), 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    let found = 0;
    const distance = (i) => Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue);
    for (let i = 0; i < data.length; i += 4) if (distance(i) < 12) found += 1;
    return found;
}"""


def pixels(page, colour):
    expect(seen(page, "#plot canvas")).to_be_visible()
    return page.evaluate(COUNTED, colour)


@pytest.mark.parametrize("scheme", RED)
def test_a_limit_is_a_line_where_the_axis_is_near_it(open_page, scheme):
    near = open_page(fragment=f"#field={SHIELD}", color_scheme=scheme)
    wait_for(near, lambda: pixels(near, RED[scheme]) > 300, "two lines with their words")
    far = open_page(fragment=f"#field={CHAMBER}", color_scheme=scheme)
    wait_for_more(far, "points", 20)
    assert pixels(far, RED[scheme]) == 0, "20 mK is far above 10 mK: the axis must not be stretched to it"
    mentions(far, "#values .name", "alarm above 20 mK")
    far.get_by_label("log").check()
    wait_for(far, lambda: pixels(far, RED[scheme]) > 150, "the line of 20 mK on a logarithmic axis")


def test_a_hole_of_the_archive_is_shaded_and_told(open_page):
    around = f"#from={NOW - 600}&until={NOW}&field="
    page = open_page(fragment=around + PLATE, gaps=HOLES, color_scheme="light")
    says(page, "#holes p", "Shaded: the archive has no data.")
    [told] = texts(page, "#holes li")
    assert told.endswith("(90 s, 900 samples), control: the aggregator was not running")
    wait_for(page, lambda: pixels(page, SHADE) > 20_000, "the shade")
    without = open_page(fragment=around + SHIELD, gaps=HOLES, color_scheme="light")
    wait_for_more(without, "points", 20)
    expect(seen(without, "#holes")).to_have_count(0)
    assert pixels(without, SHADE) < 5000, "that is more than the words of the axes"


def test_times_are_the_sites_own_and_say_so(open_page):
    page = open_page(
        fragment="#from=2023-11-14T08:00:00Z&until=2023-11-14T08:10:00Z",
        site={"name": "Cryolab 3", "time_zone": "America/New_York"},
    )
    says(page, "h1", "Cryolab 3 livemon")
    expect(page).to_have_title("Cryolab 3 · livemon")
    mentions(page, "#when", "03:00:00 to Nov 14 03:10:00")
    seen(page, "#exact summary").click()
    mentions(page, "#zone", "America/New_York (EST)")
    expect(page.get_by_label("From", exact=True)).to_have_value("2023-11-14T03:00")
    page.get_by_label("From", exact=True).fill("2023-11-14T03:05:00")
    page.get_by_role("button", name="Show").click()
    wait_for(page, lambda: words(page)["from"] == ["2023-11-14T08:05:00Z"], "the time in UTC")


FUNCTIONS = [
    ("plot", "linearRange(0.01, 300, [])[0]", 0),
    ("plot", "linearRange(0, 0, [])[0]", 0),
    ("plot", "linearRange(-3, -1, [])[1] <= 0", True),
    ("plot", "linearRange(-3, 2, [])[0] < -3", True),
    ("plot", "linearRange(4, 4.3, [4.5])[1] > 4.5", True),
    ("plot", "linearRange(143, 144, [5])[0] > 100", True),
    ("limits", "withLimits(0.01, 300, [0.002, 0.0001], true)", [0.002, 300]),
    ("limits", "withLimits(4, 4, [4.1, 5], false)", [4, 4.1]),
    (
        "limits",
        "limitText({test: 'outside', limits: [4, 4.5]}, 'K').replaceAll('\\u00a0', ' ')",
        "outside 4 K to 4.5 K",
    ),
    ("text", "span(0.448, 0.4528, 'K')", "448 to 452.8 mK"),
    ("text", "span(0.998, 1.002, 'K')", "998 mK to 1.002 K"),
    ("text", "span(null, null, 'K')", ""),
    # The clocks of New York went back on 5 November 2023 at 06:00 UTC.
    (
        "text",
        "tellTimesIn('America/New_York'), [1699163999, 1699164000 + 3600].map((time) => fromLocal(local(time)) - time)",
        [0, 0],
    ),
    ("text", "tellTimesIn('America/New_York'), local(1699164000)", "2023-11-05T01:00:00"),
    ("text", "tellTimesIn('No/Where'), zone()", "UTC"),
    (
        "holes",
        "holeText({begin: 0, end: 0.2, feed: 'observatory.control.feeds.x', reason: 'unknown', samples: 1}).split('(')[1]",
        "less than 1 s, 1 sample), control: unknown",
    ),
    *(
        (
            "channels",
            f"staleness(new Channels([{{name: 'n', silent_after: {after}, fields: [{{path: 'p', time: 0}}]}}]).all[0], {age})",
            state,
        )
        for after, age, state in (
            (120, 59, "fresh"),
            (120, 61, "stale"),
            (120, 301, "silent"),
            (3600, 1700, "fresh"),
            (3600, 3599, "stale"),
            (3600, 3601, "silent"),
            ("null", 1e9, "fresh"),
        )
    ),
    (
        "channels",
        "staleness(new Channels([{name: 'n', silent_after: 120, fields: [{path: 'p', time: 0, silent_after: 3600}]}]).all[0], 1700)",
        "fresh",
    ),
]


@pytest.fixture(scope="module")
def module_page(url, browser):
    context = browser.new_context(timezone_id="UTC")
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()


@pytest.mark.parametrize(("module", "call", "result"), FUNCTIONS, ids=[call for _, call, _ in FUNCTIONS])
def test_small_functions(module_page, module, call, result):
    script = f"""async (name) => {{
        const page = document.querySelector('script[type="module"]').src;
        const {{ linearRange, withLimits, limitText, span, tellTimesIn, local, fromLocal, zone, staleness, Channels, holeText }} =
            await import(page.replace("main.js", name));
        return ({call});
    }}"""
    assert module_page.evaluate(script, f"{module}.js") == result


@pytest.fixture(scope="module")
def nights(url, tmp_path_factory):
    with running(series(warms_up=False), [], tmp_path_factory.mktemp("quiet") / "bridge.log") as port:
        yield {"quiet": f"http://127.0.0.1:{port}", "bad": url}


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("phone", "dark")])
@pytest.mark.parametrize("night", ["quiet", "bad"])
def test_pictures(nights, opener, night, size, scheme):
    """Those of docs/quick-look.md: of a quiet night, and of one in which a plate warms up."""
    here = nights[night]
    bad = {"desktop": health([], ALARMS[:1]), "phone": health(PROBLEMS[:2], ALARMS)}
    answers = {
        "health": bad[size] if night == "bad" else health(),
        "status": lambda: status(here, name="Cryolab 3", time_zone="Europe/Berlin"),
        "gaps": {"gaps": HOLES if night == "bad" else []},
    }
    page = opener.open(here, "#range=1200", size, answers, color_scheme=scheme)
    wait_for(page, lambda: 0 < plotted(page, "oldest") < plotted(page, "from") + 60, "a plot that is full")
    expect(page.get_by_label("log")).to_be_checked()
    says(page, "#cryostat", re.compile("none is exceeded" if night == "quiet" else "firing"))
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"quicklook-{night}-{size}.png")


# --- for everybody ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_on_a_bad_night(open_page, size, scheme):
    page = open_page(health(PROBLEMS, ALARMS), size, gaps=HOLES, color_scheme=scheme)
    expect(seen(page, "#holes li")).to_have_count(1)
    result = Axe().run(page, options={"resultTypes": ["violations", "passes"]}).response
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in result["violations"]] == []
    assert {"color-contrast", "list", "button-name"} <= {each["id"] for each in result["passes"]}
    assert overflow(page) == []
    small = page.evaluate("""() => [...document.querySelectorAll("#alarms button")].map((one) => one.getBoundingClientRect())
        .filter((box) => box.height < 43.5 || box.width < 43.5).length""")
    assert small == 0


def test_a_screen_reader_is_not_told_each_second_how_old_an_alarm_is(open_page):
    page = open_page(health(PROBLEMS[:2], ALARMS))
    expect(seen(page, "#alarms li")).to_have_count(3)
    page.evaluate("""() => {
        window.spoken = [];
        const note = (changes) => window.spoken.push(...changes.map((change) => change.target.textContent));
        for (const place of document.querySelectorAll('[role="status"], [aria-live]'))
            new MutationObserver(note).observe(place, { childList: true, characterData: true, subtree: true });
    }""")
    page.wait_for_timeout(3000)
    assert page.evaluate("window.spoken") == []

"""The quick-look page over samples in memory, where every number is known."""

from __future__ import annotations

import json
import math
import re
import time
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from gap_cases import CASES
from lab_on_call import health
from memory_bridge import running
from memory_source import Samples
from paths import ROOT
from playwright.sync_api import expect
from quicklook_page import SIZES, MainThread, mentions, overflow, plotted, says, texts, wait_for, wait_for_more, words

START = 1_699_948_800
END = START + 600
FIXED = "from=2023-11-14T08:00:00Z&until=2023-11-14T08:10:00Z"
QUIET = {"health": health(), "gaps": {"gaps": []}}
NOTHING = "\u2013"
HOSTILE = 'a,b&c=d#e%"<img src=x onerror=alert(1)>'


def wave(name, low, high, **tags):
    values = [low * (high / low) ** (0.5 + 0.5 * math.sin(each / 40)) for each in range(600)]
    return Samples(name, START, 1, values, tags)


SERIES = [
    wave("lab.plate", 0.05, 300, label="50K plate", unit="K"),
    wave("lab.still", 0.7, 0.9, label="Still", unit="K"),
    wave("lab.ohms", 1000, 90_000, label="Ruthenium oxide", unit="ohm"),
    wave("lab.volts", 0.5, 1.6, label="Diode", unit="V"),
    wave("lab.power", 1e-6, 1e-3, label="Still heater", unit="W"),
    Samples("lab.nulls", START, 1, [None if 200 <= each < 400 else 1.0 + each for each in range(600)], {"unit": "K"}),
    Samples("lab.below", START, 1, [float(each - 300) for each in range(600)], {"label": "Offset"}),
    Samples("lab.slow", START, 200, [1.0, 2.0, 3.0], {"label": "Scanned", "unit": "K"}),
    Samples("lab.empty", START - 9_000, 1, [5.0] * 10, {"label": "Long ago", "unit": "K"}),
    wave(HOSTILE, 1, 2, label="<b>=1+1</b>", unit="K"),
    Samples("lab.live", int(time.time()) - 600, 1, [4.0] * 4000, {"label": "Live", "unit": "K"}),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with running(SERIES, [], tmp_path_factory.mktemp("memory") / "bridge.log") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def open_page(url, opener):
    def open_(fragment="", size="desktop", **options):
        page = opener.open(url, f"#{fragment}", size, QUIET, **options)
        if "field=" in fragment:
            wait_for_more(page, "points", 0)
        return page

    return open_


def shown(page, of):
    return [text.split("\n")[0] for text in texts(page, of)]


def span(page):
    return plotted(page, "until") - plotted(page, "from")


def drag(page, begin, end):
    """Drag across the plot, in parts of its width."""
    box = page.locator("#plot .u-over").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + begin * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + (begin + end) / 2 * box["width"], middle)
    page.mouse.move(box["x"] + end * box["width"], middle)
    page.mouse.up()


# --- time --------------------------------------------------------------------------------------------------------------


def test_dragging_zooms_and_back_goes_back(open_page):
    page = open_page(f"{FIXED}&field=lab.plate")
    assert (plotted(page, "from"), plotted(page, "until")) == (START, END)
    expect(page.get_by_role("button", name="Back")).to_be_disabled()
    drag(page, 0.25, 0.5)
    wait_for(page, lambda: span(page) < 200, "the zoom")
    assert (plotted(page, "from"), plotted(page, "until")) == pytest.approx((START + 150, START + 300), abs=3)
    drag(page, 0.9, 0.4)
    wait_for(page, lambda: span(page) < 100, "the second zoom")
    page.get_by_role("button", name="Back").click()
    wait_for(page, lambda: 140 < span(page) < 160, "the first zoom")
    page.go_back()
    wait_for(page, lambda: span(page) == 600, "all of it")
    expect(page.get_by_role("button", name="Back")).to_be_disabled()


@pytest.mark.parametrize(
    ("button", "change"),
    [("Zoom in", (150, -150)), ("Zoom out", (-300, 300)), ("Earlier", (-300, -300)), ("Later", (300, 300))],
)
def test_buttons_move_through_time(open_page, button, change):
    page = open_page(f"{FIXED}&field=lab.plate")
    page.get_by_role("button", name=button).click()
    wait_for(
        page,
        lambda: (plotted(page, "from"), plotted(page, "until")) == (START + change[0], END + change[1]),
        f"{button} to show",
    )


def test_from_and_to_are_local_times_and_must_be_in_order(open_page):
    page = open_page(f"{FIXED}&field=lab.plate")
    page.get_by_text("From … to …").click()
    expect(page.get_by_label("From", exact=True)).to_have_value("2023-11-14T09:00")  # Berlin
    mentions(page, "#zone", "Europe/Berlin")
    page.get_by_label("From", exact=True).fill("2023-11-14T09:05:00")
    page.get_by_label("To", exact=True).fill("2023-11-14T09:04:00")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("To", exact=True)).to_have_js_property(
        "validationMessage", "The end must be after the start."
    )
    page.get_by_label("To", exact=True).fill("2023-11-14T09:06:30")
    page.get_by_role("button", name="Show").click()
    wait_for(page, lambda: (plotted(page, "from"), plotted(page, "until")) == (START + 300, START + 390), "the range")
    assert words(page)["until"] == ["2023-11-14T08:06:30Z"]


def test_presets_follow_the_clock_and_pause_makes_them_stand(open_page):
    page = open_page(f"{FIXED}&field=lab.live&field=lab.plate")
    page.get_by_text("1 h", exact=True).click()
    wait_for(page, lambda: abs(span(page) - 3600) < 1, "an hour")
    assert words(page)["range"] == ["3600"]
    until = plotted(page, "until")
    wait_for(page, lambda: plotted(page, "until") > until, "the plot to move on")
    page.get_by_role("button", name="Pause").click()
    mentions(page, "#when", "fixed")
    assert "from" in words(page)
    page.get_by_role("button", name="Live", exact=True).click()
    says(page, "#when", "Last 1 h, live")
    expect(page.get_by_label("1 h", exact=True)).to_be_checked()


def test_two_fingers_zoom_and_one_moves_the_cursor(open_page):
    page = open_page(f"{FIXED}&field=lab.plate&field=lab.still", size="phone")
    area = page.locator("#plot .u-over")
    box = area.bounding_box()
    fingers = """(area, [kind, id, part]) => {
        const box = area.getBoundingClientRect();
        area.setPointerCapture = () => {};
        area.dispatchEvent(new PointerEvent(kind, { pointerId: id, pointerType: "touch", bubbles: true,
            clientX: box.left + part * box.width, clientY: box.top + 50 }));
    }"""
    area.evaluate(fingers, ["pointerdown", 1, 0.5])
    says(page, "#at", "09:05:00")
    assert shown(page, "#values tbody td:nth-child(2)")[1] != NOTHING
    area.evaluate(fingers, ["pointerup", 1, 0.5])
    for kind, *places in (("pointerdown", 0.4, 0.6), ("pointermove", 0.2, 0.8), ("pointerup", 0.2, 0.8)):
        for number, place in enumerate(places, 1):
            area.evaluate(fingers, [kind, number, place])
    wait_for(page, lambda: abs(span(page) - 200) < 3, "a third of the range")
    assert plotted(page, "from") == pytest.approx(START + 200, abs=3)
    assert box["width"] > 200


def test_a_range_that_stands_still_is_asked_for_once(open_page):
    page = open_page(f"{FIXED}&field=lab.plate")
    asked = []
    page.on("request", lambda request: "api/series" in request.url and asked.append(request.url))
    page.wait_for_timeout(3000)
    assert asked == [], "a range that stands still was asked for again"


# --- axes, values ------------------------------------------------------------------------------------------------------


def test_values_at_the_cursor_of_all_series_at_once(open_page):
    page = open_page(f"{FIXED}&field=lab.plate&field=lab.slow&field=lab.ohms&field=lab.nulls")
    newest = shown(page, "#values tbody td:nth-child(2)")
    assert shown(page, "#values tbody th") == ["50K plate", "Scanned", "Ruthenium oxide", "lab.nulls"]
    plot = page.locator("#plot")
    box = page.locator("#plot .u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    says(page, "#at", "09:05:00")
    # A channel that is scanned once in 200 s has its nearest; where readings were invalid there is none.
    values = shown(page, "#values tbody td:nth-child(2)")
    assert values[1] in {"2 K", "3 K"}
    assert values[3] == NOTHING
    assert values[2].endswith("kΩ")
    assert values[0] != newest[0]
    expect(plot).to_have_attribute("aria-valuetext", re.compile("Scanned"))
    page.mouse.move(0, 0)
    says(page, "#at", "Now")
    assert shown(page, "#values tbody td:nth-child(3)")[1] == "1 K"
    assert shown(page, "#values tbody td:nth-child(4)")[1] == "3 K"


@pytest.mark.parametrize("size", SIZES)
def test_a_logarithmic_axis_spans_millikelvin_to_300_kelvin(open_page, size):
    page = open_page(f"{FIXED}&field=lab.plate&field=lab.below", size=size)
    linear = page.locator("#plot canvas").screenshot()
    page.get_by_label("log").check()
    assert words(page)["log"] == ["1"]
    mentions(page, "#hint", "cannot be shown on a logarithmic axis: Offset")
    wait_for(page, lambda: page.locator("#plot canvas").screenshot() != linear, "the plot to change")


UNITS = {"lab.ohms": 2, "lab.plate&field=lab.ohms": 3, "lab.plate&field=lab.ohms&field=lab.volts&field=lab.power": 4}


@pytest.mark.parametrize("fields", UNITS)
def test_units_have_an_axis_each_as_long_as_there_is_room(open_page, fields):
    page = open_page(f"{FIXED}&field={fields}")
    expect(page.locator("#plot .u-axis")).to_have_count(UNITS[fields])
    if UNITS[fields] == 4:
        mentions(page, "#hint", "No axis for: W.")
        page.set_viewport_size(SIZES["phone"])
        page.reload()
        expect(page.locator("#plot .u-axis")).to_have_count(3)
        mentions(page, "#hint", "No axis for: V, W.")
        assert overflow(page) == []


FUNCTIONS = [
    ("text", "quantity(0.0123456, 'K')", "12.346 mK"),
    ("text", "quantity(12345, 'ohm')", "12.345 kΩ"),
    ("text", "quantity(-0.5, 'V')", "-500 mV"),
    ("text", "quantity(0, 'K')", "0 K"),
    ("text", "quantity(null, 'K')", NOTHING),
    ("text", "quantity(1e20, '')", "1.000e+20"),
    ("text", "quantity('up', '')", "up"),
    ("text", "ticks([11900, 11925, 11950], 'ohm')", ["11.900 kΩ", "11.925 kΩ", "11.950 kΩ"]),
    ("text", "ticks([0.1, 1, 10, 100], 'K')", ["100 mK", "1 K", "10 K", "100 K"]),
    ("text", "ticks([0, 0.5, 1], 'K')", ["0.0 K", "0.5 K", "1.0 K"]),
    ("text", "ticks([null, 2], 'V')", ["", "2 V"]),
    ("text", "duration(0.5)", "now"),
    ("text", "duration(7200)", "2 h"),
    ("text", "fromLocal(local(1800000000.4))", 1_800_000_000),
    *(("samples", f"gapOf({times})", gap) for times, gap in CASES),
    (
        "samples",
        "joined([{times: [1, 3], values: [1, 2], gap: 9}, {times: [2, 3], values: [0, 5], gap: 9}], true)",
        [[1, 2, 3], [1, None, 2], [None, None, 5]],
    ),
    ("samples", "joined([{times: [0, 40], values: [1, 2], gap: 10}], false)", [[0, 20, 40], [1, None, 2]]),
    ("samples", "valueAt({times: [0, 10, 20], values: [5, 6, 7], gap: 50}, 14)", 6),
    ("samples", "valueAt({times: [0, 10, 20], values: [5, 6, 7], gap: 50}, 60) ?? 'none'", "none"),
    ("samples", "valueAt({times: [], values: [], gap: Infinity}, 60) ?? 'none'", "none"),
    ("samples", "extremes({values: [null, 3, -1]})", [-1, 3]),
    ("samples", "extremes({values: [null]})", [None, None]),
    (
        "samples",
        "continued({times: [1, 2, 3], values: [1, 2, 3]}, {times: [3, 4], values: [9, 4]}, 2.5, 2, 4).values",
        [2, 9, 4],
    ),
    ("samples", "continued({times: [1, 2], values: [1, 2]}, {times: [], values: []}, 2.5, 5, 9).times", []),
    ("view", "read('#range=600&fields=a,b').fields", ["a", "b"]),
    ("view", "read('').fields", None),
    ("view", "read('').log", None),
    ("view", "read('#field=a').log", False),
    ("view", "written(read('#range=600&log=0'))", "#range=600&log=0"),
    ("view", "read('#range=-5&from=x&until=7').range", 600),
    ("view", "read('#from=9&until=7').from", None),
    ("view", "written(read('#range=600&search=4K+plate&field=a%2Cb'))", "#range=600&search=4K+plate&field=a%2Cb"),
    ("view", "written(read('#range=600&fields='))", "#range=600&field="),
    ("view", "written(read('#from=1800000000&until=2027-01-15T09:00:00%2B01:00&log=1'))", "#range=600&log=1"),
    (
        "view",
        "written(read('#from=1800000000&until=2027-01-15T10:00:00%2B01:00'))",
        "#from=2027-01-15T08:00:00Z&until=2027-01-15T09:00:00Z",
    ),
]


@pytest.fixture(scope="module")
def module_page(url, browser):
    page = browser.new_page()
    page.goto(url)
    yield page
    page.close()


@pytest.mark.parametrize(("module", "call", "result"), FUNCTIONS, ids=[call for _, call, _ in FUNCTIONS])
def test_small_functions(module_page, module, call, result):
    script = f"""async (name) => {{
        const page = document.querySelector('script[type="module"]').src;
        const {{ quantity, ticks, duration, local, fromLocal, gapOf, joined, valueAt, extremes, continued, read, written }} =
            await import(page.replace("main.js", name));
        return JSON.stringify({call});
    }}"""
    assert json.loads(module_page.evaluate(script, f"{module}.js")) == result


# --- names, searching ----------------------------------------------------------------------------------------------------


def test_any_name_is_text_and_survives_a_link(open_page):
    page = open_page(f"{FIXED}&field=lab.plate")
    page.get_by_role("checkbox", name="<b>=1+1</b>").check()
    assert HOSTILE in words(page)["field"]
    page.reload()
    expect(page.locator("#values tbody tr")).to_have_count(2)
    assert shown(page, "#values tbody th") == ["50K plate", "<b>=1+1</b>"]
    says(page, "#hint", "")
    assert page.locator("#nodes img, #nodes b").count() == 0


@pytest.mark.parametrize(
    ("search", "which", "found"),
    [
        ("", "all", len(SERIES)),
        ("STILL", "all", 2),
        ("still heater", "all", 1),
        ("lab ohm", "all", 1),
        ("nothing like it", "all", 0),
        ("", "plotted", 1),
        ("still", "plotted", 0),
        ("", "silent", len(SERIES) - 1),
    ],
)
def test_channels_are_searched_and_chosen_by_state(open_page, search, which, found):
    page = open_page(f"{FIXED}&field=lab.plate")
    page.get_by_label("Search channels").fill(search)
    page.get_by_label("Which channels").select_option(which)
    expect(page.locator("#nodes tbody tr:visible")).to_have_count(found)
    if search:
        says(page, "#found", f"{found} of {len(SERIES)} channels")
        assert words(page)["search"] == [search]


def test_a_range_without_samples_says_so(open_page):
    page = open_page(f"{FIXED}&field=lab.plate")
    page.get_by_role("checkbox", name="Long ago").check()
    page.get_by_role("button", name="Remove 50K plate").click()
    says(page, "#hint", "No samples in this range.")
    page.get_by_role("button", name="Remove Long ago").click()
    says(page, "#hint", "Choose channels in the list below to plot them.")


# --- without eyes, without mouse -------------------------------------------------------------------------------------------


def test_everything_works_by_keyboard_alone(open_page):
    page = open_page(f"{FIXED}&field=lab.plate")

    focused = "(({ id, textContent }, label) => label || id || textContent)(document.activeElement, document.activeElement.ariaLabel)"

    def tab_to(name):
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate(focused) == name:
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"nothing shows that {name} has the focus"
                return
        pytest.fail(f"{name} cannot be reached by Tab")

    tab_to("Cursor in the plot")
    for key in ("Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    says(page, "#at", re.compile("09:00:1[0-4]"))
    expect(page.locator("#plot")).to_have_attribute("aria-valuetext", re.compile("^(Nov 14|14 Nov)"))
    page.keyboard.press("End")
    page.keyboard.press("+")
    wait_for(page, lambda: span(page) == pytest.approx(300, abs=2), "the zoom")
    page.keyboard.press("Shift+ArrowLeft")
    wait_for(page, lambda: plotted(page, "until") == pytest.approx(END - 30, abs=3), "the shift")
    page.keyboard.press("Escape")
    says(page, "#at", "Now")
    tab_to("back")
    page.keyboard.press("Enter")
    wait_for(page, lambda: plotted(page, "until") == pytest.approx(END, abs=3), "the way back")
    tab_to("search")
    page.keyboard.type("diode")
    expect(page.locator("#nodes tbody tr:visible")).to_have_count(1)
    for _ in range(4):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "checkbox":
            break
    page.keyboard.press("Space")
    expect(page.locator("#values tbody tr")).to_have_count(2)
    tab_to("search")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing(open_page, size, scheme):
    fields = "&field=".join(["lab.plate", "lab.ohms", "lab.slow", "lab.gone"])
    page = open_page(f"{FIXED}&field={fields}", size, color_scheme=scheme)
    page.get_by_text("From … to …").click()
    page.get_by_label("Search channels").fill("lab")
    expect(page.locator("#found")).not_to_be_empty()
    page.locator("#nodes").scroll_into_view_if_needed()
    result = Axe().run(page, options={"resultTypes": ["violations", "passes"]}).response
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in result["violations"]] == []
    assert {"color-contrast", "label", "button-name"} <= {each["id"] for each in result["passes"]}


def test_a_screen_reader_is_told_what_changes_and_nothing_every_second(open_page):
    page = open_page("range=600&field=lab.live")
    page.evaluate("""() => {
        window.spoken = [];
        const note = (changes) => window.spoken.push(...changes.map((change) => change.target.textContent));
        for (const place of document.querySelectorAll('[role="status"], [aria-live]'))
            new MutationObserver(note).observe(place, { childList: true, characterData: true, subtree: true });
    }""")
    page.wait_for_timeout(4000)
    assert page.evaluate("window.spoken") == []


def test_who_wants_less_motion_gets_it(open_page):
    def watched(**options):
        page = open_page("range=600&field=lab.live", **options)
        asked = []
        page.on("request", lambda request: "api/series" in request.url and asked.append(time.monotonic()))
        return page, asked

    page, asked = watched()
    # A bridge that is slow to answer is asked less often for a while.
    wait_for(
        page,
        lambda: any(later - earlier < 4 for earlier, later in pairwise(asked)),
        "the plot to move twice within four seconds",
        60,
    )
    page, asked = watched(reduced_motion="reduce")
    page.wait_for_timeout(4500)
    assert len(asked) <= 1


@pytest.mark.parametrize("size", SIZES)
def test_targets_are_as_large_as_a_thumb(open_page, size):
    page = open_page(f"{FIXED}&field=lab.plate", size)
    small = page.evaluate("""() => [...document.querySelectorAll("button, .button, select, input[type=search], #nodes label")]
        .map((one) => [one.id || one.textContent, one.getBoundingClientRect()])
        .filter(([, box]) => box.height > 0 && (box.height < 43.5 || box.width < 36))
        .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)""")
    assert small == []


# --- faults ----------------------------------------------------------------------------------------------------------------


def test_a_fault_of_the_bridge_stands_in_words_and_the_old_plot_stays(open_page):
    page = open_page(f"{FIXED}&field=lab.plate")
    page.route("**/api/series?*", lambda route: route.fulfill(content_type="text/html", body="<html>"))
    page.get_by_role("button", name="Zoom in").click()
    mentions(page, "#hint", "No plot: the bridge's response is not JSON (HTTP 200)")
    expect(page.locator("#plot canvas")).to_be_visible()
    page.unroute("**/api/series?*")
    page.get_by_role("button", name="Back").click()
    says(page, "#hint", "")


# --- many channels -----------------------------------------------------------------------------------------------------------


def test_500_channels_stay_usable(opener, tmp_path):
    """The figures stand in docs/quick-look.md."""
    now = int(time.time())
    series = [
        Samples(
            f"lab.stage_{each:03}",
            now - 500,
            1,
            [1.0 + each] * 900,
            {"node": f"node{each // 50}", "label": f"Stage {each}", "unit": "K"},
        )
        for each in range(500)
    ]
    with running(series, [], tmp_path / "bridge.log") as port:
        page = opener.open(f"http://127.0.0.1:{port}", "#range=600", "phone", QUIET)
        wait_for_more(page, "points", 100, 60)
        work = MainThread(page)
        rows = page.locator("#nodes tbody tr").count()
        assert rows < 500, "rows that nobody sees were made"
        above = work.share(page, 5)
        for node in page.locator("#nodes .node").all():
            node.scroll_into_view_if_needed()
            expect(node.locator("tbody tr")).to_have_count(50)
        below = work.share(page, 5)
        begin = page.evaluate("performance.now()")
        page.get_by_label("Search channels").fill("stage 499")
        expect(page.locator("#nodes tbody tr:visible")).to_have_count(1)
        found = page.evaluate("performance.now()") - begin
        page.get_by_role("checkbox", name="Stage 499").check()
        expect(page.locator("#values tbody tr")).to_have_count(13)
        figures = {"busy_at_the_plot": above, "busy_with_all_rows": below, "search_ms": found}
        (ROOT / ".cache/screenshots/many-channels.json").write_text(json.dumps(figures))
        assert max(above, below) < 0.1, figures

"""The quick-look page as the person on call sees it."""

from __future__ import annotations

import re
import time

import pytest
from crossbar_router import ROOT
from playwright.sync_api import Page, expect

SCREENSHOTS = ROOT / ".cache/screenshots"
SIZES = {"desktop": {"width": 1440, "height": 1000}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def open_page(appliance, browser):
    """Opens the page in a window of a size; at the end the page must not have complained or asked anybody else."""
    contexts, complaints = [], []

    def open_(size: str = "desktop", fragment: str = "") -> Page:
        context = browser.new_context(viewport=SIZES[size], device_scale_factor=1)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith((appliance.url, "data:")) or complaints.append(request.url),
        )
        page.goto(f"{appliance.url}/{fragment}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not complaints


def number(page: Page, what: str) -> float:
    return float(page.locator("#plot").get_attribute(f"data-{what}") or 0)


def wait_for_more(page: Page, what: str, than: float, seconds: float = 20) -> float:
    deadline = time.monotonic() + seconds
    while (now := number(page, what)) <= than:
        assert time.monotonic() < deadline, f"the plot's {what} stay at {now} for {seconds} s"
        page.wait_for_timeout(200)
    return now


@pytest.mark.parametrize("size", SIZES)
def test_live_values_of_both_instruments_in_tables_and_plot(open_page, size):
    page = open_page(size)
    for field in ("LSA21OQ::channel_1_t", "LSA22YG::channel_01_t"):
        row = page.locator(f'[data-field="{field}"]')
        expect(row.locator(".value")).to_have_text(re.compile(r"^[0-9.]+ m?K$"), timeout=40_000)
        expect(row.locator(".age")).to_have_text(re.compile(r"^(now|\d+ s)$"))
    expect(page.locator("#state")).to_have_attribute("data-state", "good")
    points, newest = wait_for_more(page, "points", 20), number(page, "newest")
    wait_for_more(page, "newest", newest)
    wait_for_more(page, "points", points)
    expect(page.locator("#plot canvas")).to_be_visible()
    plot = page.locator("#plot").bounding_box()
    assert page.locator("#nodes").bounding_box()["y"] >= plot["y"] + plot["height"], "the legend covers the tables"
    page.screenshot(path=SCREENSHOTS / f"quicklook-{size}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]


def test_a_chosen_channel_alone_is_plotted_and_stands_in_the_link(open_page):
    page = open_page(fragment="#range=600&fields=LSA21OQ::channel_1_t")
    expect(page.locator(".u-legend .u-series")).to_have_count(2)  # the time and the channel
    page.locator('[data-field="LSA21OQ::channel_2_t"] input').check()
    expect(page.locator(".u-legend .u-series")).to_have_count(3)
    assert "channel_2_t" in page.url
    page.locator("#log").check()
    assert "log=1" in page.url


def test_a_link_to_a_channel_that_is_gone_names_it_and_plots_the_others(open_page):
    page = open_page(fragment="#range=600&fields=LSA21OQ::channel_1_t,LSA21OQ::channel_99_t")
    expect(page.locator(".u-legend .u-series")).to_have_count(2)
    expect(page.locator("#hint")).to_have_text("Not there at the moment: LSA21OQ::channel_99_t")
    page.locator('[data-field="LSA21OQ::channel_1_t"] input').uncheck()
    expect(page.locator("#hint")).to_have_text("Choose channels in the tables to plot them.")
    expect(page.locator("#plot canvas")).to_have_count(0)


def test_the_page_says_when_the_bridge_is_away_and_goes_on_when_it_is_back(appliance, open_page):
    page = open_page()
    newest = wait_for_more(page, "newest", 0)
    appliance.stop("bridge")
    try:
        expect(page.locator("#state")).to_have_text(re.compile("does not answer"))
    finally:
        appliance.start("bridge")
    expect(page.locator("#state")).to_have_attribute("data-state", "good", timeout=30_000)
    wait_for_more(page, "newest", newest)


def test_grafana_finds_its_health_check_where_a_browser_finds_the_page(appliance):
    assert appliance.get("/")[0] == 200
    assert "<html" not in appliance.get("/")[1]

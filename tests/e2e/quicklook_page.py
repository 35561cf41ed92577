"""The quick-look page in a browser: opened, waited for, and found to have sent requests to its bridge only."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Locator, Page, Route, expect
from waiting import patience

SIZES = {"desktop": {"width": 1440, "height": 1000}, "phone": {"width": 360, "height": 780}}
# The page asks for what is wrong, and the bridge answers as monitors expect it; the browser notes that.
EXPECTED = re.compile(r"Failed to load resource: (the server responded with a status of 503|net::ERR_)")
# Playwright's own five seconds are not enough on a computer that sets a lab machine up beside.
PATIENCE = 20


def milliseconds(seconds: float = PATIENCE) -> float:
    """Seconds of an idle computer as Playwright takes them."""
    return 1000 * seconds * patience()


def launched(kind: BrowserType, *arguments: str) -> Browser:
    """The distribution's Chromium."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        pytest.fail("chromium is not installed: run `make e2e`, which installs it")
    return kind.launch(
        executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *arguments]
    )


@dataclass
class Opener:
    """Opens pages; `complaints` has what they threw, what a policy forbade them, and whom else they asked."""

    browser: Browser
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(
        self,
        url: str,
        fragment: str = "",
        size: str = "desktop",
        answers: Mapping[str, dict | Callable[[], dict]] | None = None,
        **options: object,
    ) -> Page:
        """Open the page; `answers` has what ``/api/<name>`` answers instead, or returns it."""
        phone = {"has_touch": True, "is_mobile": True} if size == "phone" else {}
        context = self.browser.new_context(viewport=SIZES[size], timezone_id="Europe/Berlin", **phone | options)
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(milliseconds())
        expect.set_options(timeout=milliseconds())
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        page.on(
            "request",
            lambda request: request.url.startswith((url, "blob:")) or self.complaints.append(request.url),
        )
        for name, answer in (answers or {}).items():
            page.route(re.compile(rf"/api/{name}(\?|$)"), _answering(answer))
        page.goto(f"{url}/{fragment}")
        return page

    def _heard(self, message: object) -> None:
        # On a busy computer nodes are away for so long that the bridge gives their channels up.
        has_left = "/api/series?" in message.location["url"] and "status of 404" in message.text
        if message.type in {"error", "warning"} and not EXPECTED.match(message.text) and not has_left:
            self.complaints.append(f"{message.text} {message.location['url']}")

    def close(self) -> None:
        for context in self.contexts:
            for page in context.pages:
                page.unroute_all(behavior="ignoreErrors")  # what is still under way
            context.close()


def _answering(answer: dict | Callable[[], dict]) -> Callable[[Route], None]:
    def handle(route: Route) -> None:
        content = answer() if callable(answer) else answer
        route.fulfill(json=content, status=503 if content.get("problems") or "error" in content else 200)

    return handle


# What a person can see. Playwright's own assertions on text read hidden elements, too (tests/unit/test_browser_tests.py).


def seen(within: Page | Locator, selector: str) -> Locator:
    return within.locator(selector).filter(visible=True)


def says(
    within: Page | Locator, selector: str, text: str | re.Pattern | list, seconds: float = PATIENCE, **options: object
) -> None:
    """Wait until what can be seen of elements is a text, or of several a list of texts."""
    expect(seen(within, selector)).to_have_text(text, use_inner_text=True, timeout=milliseconds(seconds), **options)


def mentions(
    within: Page | Locator, selector: str, text: str | re.Pattern, seconds: float = PATIENCE, **options: object
) -> None:
    """Wait until what can be seen of elements contains a text."""
    expect(seen(within, selector)).to_contain_text(text, use_inner_text=True, timeout=milliseconds(seconds), **options)


def texts(within: Page | Locator, selector: str) -> list[str]:
    return seen(within, selector).all_inner_texts()


def wait_for_channels(page: Page, number: int, seconds: float = PATIENCE) -> None:
    """Wait until the page has this many of the channels that its link names: it leaves out those that no data node has yet.

    What is asked of the page before has fewer: lines of the plot, columns of the table, rows of values.
    """
    expect(page.locator("#values tbody tr")).to_have_count(number, timeout=milliseconds(seconds))


def plotted(page: Page, what: str) -> float:
    """What the plot says of itself: `points`, `newest`, `from` or `until` (UNIX seconds)."""
    return float(page.locator("#plot").get_attribute(f"data-{what}") or 0)


def wait_for(page: Page, condition: object, what: str, seconds: float = PATIENCE) -> object:
    """The first true value of a condition."""
    begun = time.monotonic()
    while not (found := condition()):
        waited = time.monotonic() - begun
        assert waited < seconds * patience(), f"waited {waited:.0f} s for {what}"
        page.wait_for_timeout(100)
    return found


def wait_for_more(page: Page, what: str, than: float, seconds: float = PATIENCE) -> float:
    wait_for(page, lambda: plotted(page, what) > than, f"the plot's {what} to be more than {than}", seconds)
    return plotted(page, what)


def words(page: Page) -> dict[str, list[str]]:
    """The words of the link's fragment, as the page has them: Playwright learns of them later."""
    return parse_qs(urlsplit(page.evaluate("location.href")).fragment, keep_blank_values=True)


def overflow(page: Page) -> list[str]:
    """Elements that reach over the right edge of the window."""
    return page.evaluate("""() => [...document.querySelectorAll("body *")]
        .filter((one) => !one.closest(".unseen") && one.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
        .map((one) => `${one.tagName} ${one.id} ${one.className} ${one.textContent.slice(0, 40)}`)""")


class MainThread:
    """The processor time of a page's main thread: how long its tasks lasted would tell what else the computer did."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def share(self, page: Page, seconds: float) -> float:
        """The part of the next seconds in which it works."""
        begin, begun = self._worked(), time.monotonic()
        page.wait_for_timeout(seconds * 1000)
        return (self._worked() - begin) / (time.monotonic() - begun)

    def _worked(self) -> float:
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "TaskDuration")

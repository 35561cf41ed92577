"""A foreign page in a Chromium on the monitor: it can use neither the router nor the bridge."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests
from appliance import Appliance
from playwright.sync_api import Browser, Page
from quicklook_page import launched
from receiver import receiver
from router import Router
from waiting import wait_for

CALL = """async ([url, body]) => {
    try {
        const answer = await fetch(url, body && {method: "POST", headers: {"Content-Type": "application/json"}, body});
        return await answer.text();
    } catch (error) {
        return String(error);
    }
}"""
LISTEN = """url => new Promise(done => {
    const socket = new WebSocket(url, ["wamp.2.json"]);
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
})"""
FAILED = "TypeError: Failed to fetch"
STATUS = json.dumps({"procedure": "observatory.none.ops", "args": ["status", "acq"]})


@pytest.fixture(scope="module")
def bridge(router: Router, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """A bridge without data nodes."""
    with Appliance(tmp_path_factory.mktemp("bridge"), router) as alone:
        alone.start("bridge")
        wait_for(lambda: alone.get("/version")[0] == 200, "the bridge", 60)
        yield alone


@pytest.fixture(scope="module")
def evil(browser: Browser) -> Iterator[Page]:
    """A page of ``http://evil.example``, whose name leads to this machine."""
    with receiver() as server:
        server.body = b"a page"
        chromium = launched(browser.browser_type, "--host-resolver-rules=MAP evil.example 127.0.0.1")
        page = chromium.new_page()
        page.goto(server.url.replace("127.0.0.1", "evil.example"))
        assert page.evaluate(CALL, ["/", None]) == "a page", "it can ask whom it may"
        yield page
        chromium.close()


def test_a_page_of_somebody_else_s_cannot_call_agents(evil, router):
    for url in (router.host_http, router.ocs_http):
        assert (
            "no_such_procedure"
            in requests.post(url, data=STATUS, headers={"Content-Type": "application/json"}, timeout=20).text
        )
        assert evil.evaluate(CALL, [url, STATUS]) == FAILED


def test_a_page_of_somebody_else_s_cannot_listen_to_agents(evil, router):
    for url in (router.host_url, router.ocs_url):
        assert evil.evaluate(LISTEN, url) == "refused"


def test_a_page_of_somebody_else_s_cannot_read_the_bridge(evil, bridge):
    assert evil.evaluate(CALL, [f"{bridge.url}/functions", None]) == FAILED


def test_a_name_that_leads_to_the_monitor_for_a_while_leads_nowhere(evil, bridge):
    """DNS rebinding: for the browser, page and bridge have one origin."""
    page = evil.context.browser.new_page()
    for path in ("/functions", "/"):
        answer = page.goto(f"http://evil.example:{bridge.port}{path}")
        assert answer.status == 421
        assert "is not a name of this server" in answer.text()
    assert page.goto(f"http://localhost:{bridge.port}/functions").status == 200

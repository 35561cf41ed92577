"""The appliance on loopback with both instruments simulated, and a browser without a screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from appliance import Appliance
from ocs_site import Site, simulator
from paths import ROOT
from playwright.sync_api import Browser, sync_playwright
from quicklook_page import Opener, launched
from router import Router
from waiting import wait_for

SCREENSHOTS = ROOT / ".cache/screenshots"
NODES = [
    {
        "kind": "feed",
        "name": "LSA22YG",
        "target": "control",
        "feeds": ["temperatures"],
        "description": "Dilution fridge",
        "labels": {f"Channel_0{number}_T": label for number, label in enumerate(("50K plate", "4K plate", "Still"), 1)},
        "units": {
            f"Channel_{number:02}_{kind}": unit for number in range(1, 17) for kind, unit in (("T", "K"), ("R", "ohm"))
        },
    },
    {
        "kind": "feed",
        "name": "LSA21OQ",
        "target": "ls240",
        "feeds": ["temperatures"],
        "description": "Diodes",
        "labels": {
            f"Channel_{number}_T": label
            for number, label in enumerate(("50K plate", "50K shield", "4K plate", "4K shield"), 1)
        },
        "units": {
            f"Channel_{number}_{kind}": unit for number in range(1, 9) for kind, unit in (("T", "K"), ("V", "V"))
        },
    },
    {"kind": "sensors", "name": "sensors", "description": "This machine"},
]
NO_LIMIT = "agents: []"


@pytest.fixture(scope="session")
def appliance(router: Router, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """Both Lakeshores and all of sisock, with values of both at the bridge."""
    directory = tmp_path_factory.mktemp("e2e")
    site = Site(directory, router)
    with simulator(240, directory) as (address_240, _), simulator(372, directory) as (address_372, _):
        site.write(
            ls240=(
                "Lakeshore240Agent",
                ["--serial-number", "SIM240"],
                ["--port", f"tcp://{address_240}"],
                ["--mode", "acq"],
            ),
            control=(
                "Lakeshore372Agent",
                ["--serial-number", "SIM372"],
                ["--ip-address", address_372],
                ["--dwell-time-delay", 0],
                ["--mode", "acq"],
            ),
        )
        with site.agent("ls240"), site.agent("control"), Appliance(directory, router) as running:
            running.write_nodes(*NODES)
            (directory / "site.yaml").write_text(NO_LIMIT)
            running.start()
            running.wait_for_values("LSA21OQ", 120)
            running.wait_for_values("LSA22YG", 120)
            # One channel after the other has values: a table has a column for those that have some in its range.
            wait_for(lambda: has_samples(running, "LSA22YG::channel_01_t"), "a reading of the 372's first channel", 120)
            yield running


def has_samples(appliance: Appliance, name: str) -> bool:
    """Whether a channel has samples; it does not exist before its first one."""
    status, content = appliance.get("/api/series", field=name, points=2)
    return status == 200 and bool(content["series"][0]["times"])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        running = launched(playwright.chromium)
        yield running
        running.close()


@pytest.fixture
def opener(browser: Browser) -> Iterator[Opener]:
    """Opens pages, which at the end must not have complained nor asked anybody but their bridge."""
    opener = Opener(browser)
    yield opener
    opener.close()
    assert not opener.complaints

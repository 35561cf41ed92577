"""What only a real Grafana shows: that it reads what is provisioned, gets data, alarms, and comes back from a backup.

Which calls it makes, and what each version knows, is Grafana's own documentation of its HTTP API.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from paths import ROOT
from playwright.sync_api import expect, sync_playwright
from waiting import wait_for

from livemon.grafana.client import release

SCREENSHOTS = ROOT / ".cache/screenshots"
SIZES = {"desktop": {"width": 1440, "height": 1000}, "phone": {"width": 390, "height": 844}}
SOURCE = "/api/datasources/proxy/uid/livemon"
EVALUATED_WITHIN = 60
DELIVERED_WITHIN = 180
"""Seconds; a group that was told before is told again after two minutes."""


def dashboards(monitor) -> dict[str, dict]:
    """The models that the playbook wrote, by uid."""
    directory = "/etc/livemon/grafana/dashboards"
    files = monitor.ssh(f"ls {directory}").split()
    models = [json.loads(monitor.ssh(f"cat {directory}/{name}")) for name in files]
    return {model["uid"]: model for model in models}


def panels(model: dict) -> list[dict]:
    return [each for panel in model["panels"] for each in (panel, *panel.get("panels", []))]


def test_save_and_test_of_the_data_source_succeeds(monitor):
    about = monitor.client.get_json("/api/datasources/uid/livemon")
    assert (about["type"], about["access"], about["readOnly"]) == ("graphite", "proxy", True)
    form = {"target": "constantLine(100)", "from": "-1h", "until": "now", "format": "json", "maxDataPoints": 300}
    answer = monitor.ask("POST", f"{SOURCE}/render", data=form)
    assert answer.status_code == 200, answer.text
    assert answer.json()[0]["datapoints"][-1][0] == 100
    health = monitor.ask("GET", "/api/datasources/uid/livemon/health")
    # Without a check of its own the backend has nothing to answer: 9.4's Graphite.
    if health.ok or release(monitor.client.version()) >= (13,):
        assert health.json()["status"] == "OK", health.text


def test_dashboards_are_provisioned(monitor):
    for uid, model in dashboards(monitor).items():
        found = monitor.client.dashboard(uid)
        assert found["meta"]["provisioned"], uid
        assert found["meta"]["folderTitle"] == "livemon", uid
        assert len(panels(found["dashboard"])) == len(panels(model)), uid


def test_every_panel_has_data_by_the_proxy_and_by_the_backend(monitor):
    empty = []
    for uid, model in dashboards(monitor).items():
        for panel in panels(model):
            for target in panel.get("targets", []):
                form = {"target": target["target"], "from": "-5min", "until": "now", "format": "json"}
                proxied = monitor.ask("POST", f"{SOURCE}/render", data=form | {"maxDataPoints": 500})
                query = {"intervalMs": 1000, "maxDataPoints": 500} | target | {"refId": "A"}
                query["datasource"] = {"type": "graphite", "uid": "livemon"}
                asked = {"queries": [query], "from": "now-5m", "to": "now"}
                backend = monitor.ask("POST", "/api/ds/query", json=asked)
                assert (proxied.status_code, backend.status_code) == (200, 200), (target, proxied.text, backend.text)
                frames = backend.json()["results"]["A"]["frames"]
                values = [value for frame in frames for value in frame["data"]["values"][-1:]]
                if not (any(each["datapoints"] for each in proxied.json()) and any(values)):
                    empty.append((uid, panel["title"], target["target"]))
    assert not empty


def test_the_alarm_path_has_a_pulse_and_so_the_outside_is_pinged(monitor, outside):
    wait_for(
        lambda: monitor.bridge("/api/health")["alarm_path"]["heard"],
        "Watchdog's notification at the bridge",
        EVALUATED_WITHIN + DELIVERED_WITHIN,
        every=2,
    )
    wait_for(
        lambda: [each for each in outside.received if each.path == "/ping"],
        "a ping outside",
        90,
        every=1,
    )


def test_no_rule_fails(monitor):
    def failing() -> list[tuple]:
        groups = monitor.client.get_json("/api/prometheus/grafana/api/v1/rules")["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert rules
        return [(rule["name"], rule["health"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"]

    # Until its first evaluation a rule's health is unknown.
    wait_for(lambda: not failing(), f"all rules to be well, not {failing()}", 2 * EVALUATED_WITHIN, every=3)


@pytest.mark.parametrize("size", SIZES)
def test_every_dashboard_is_shown(monitor, size):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        pytest.skip("there is no chromium here")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    empty = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        context = browser.new_context(viewport=SIZES[size], extra_http_headers={"Authorization": monitor.authorization})
        page = context.new_page()
        for uid, model in dashboards(monitor).items():
            titles = [panel["title"] for panel in panels(model) if panel.get("targets")]
            page.goto(f"{monitor.url}/d/{uid}?kiosk&from=now-5m&to=now", timeout=60_000)
            # A page that refreshes itself is never idle: what it is to show is waited for instead.
            expect(page.get_by_text(titles[0], exact=True).first).to_be_visible(timeout=60_000)
            expect(page.locator("[aria-label='Panel loading bar']")).to_have_count(0, timeout=60_000)
            page.wait_for_timeout(3_000)
            page.screenshot(path=SCREENSHOTS / f"grafana-{uid}-{size}.png")
            empty += [
                (uid, text)
                for text in ("No data", "Panel plugin not found")
                if page.get_by_text(text, exact=True).count()
            ]
        browser.close()
    assert empty == []


def test_a_backup_brings_back_what_a_user_made(monitor, tmp_path):
    mine = {"title": "Mine", "uid": "mine", "schemaVersion": 37, "panels": []}
    answer = monitor.ask("POST", "/api/dashboards/db", json={"dashboard": mine, "overwrite": True})
    assert answer.status_code == 200, answer.text
    monitor.play("backup", backup_directory=str(tmp_path))
    (archive,) = Path(tmp_path).rglob("*.tar.gz")
    assert monitor.ask("DELETE", "/api/dashboards/uid/mine").status_code == 200
    monitor.play("restore", backup=str(archive))
    wait_for(lambda: monitor.answers, "Grafana to answer again", 120, every=2)
    assert monitor.client.dashboard("mine")["dashboard"]["title"] == "Mine"
    assert monitor.client.dashboard("livemon-overview")["meta"]["provisioned"]


def test_an_alarm_that_the_inventory_has_no_more_is_gone(monitor, settings):
    def rules() -> set[str]:
        return {rule["title"] for rule in monitor.client.get_json("/api/v1/provisioning/alert-rules")}

    before = rules()
    less = {"appliance_alarms": settings["appliance_alarms"] | {"archive_gap": False}}
    monitor.play("site", **settings | less)
    wait_for(lambda: monitor.answers, "Grafana to answer again", 120, every=2)
    (gone,) = wait_for(lambda: before - rules(), "a rule to be gone", 60, every=2)
    assert "archive" in gone.lower()
    assert rules() < before
    monitor.play("site", **settings)
    wait_for(lambda: monitor.answers and rules() == before, "the rule to be back", 180, every=2)

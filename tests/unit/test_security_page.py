"""docs/security.md says only what a test holds, and leaves no secret, process or port out."""

from __future__ import annotations

import re

import pytest
import yaml
from paths import ROOT
from tested_pages import TestedPage, is_a_test

PAGE = TestedPage("security.md")
WIRING = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text())


@pytest.mark.parametrize("named", PAGE.named)
def test_every_test_that_is_named_is_there(named):
    assert is_a_test(named)


@pytest.mark.parametrize("heading", ["From whom", "A web page in a browser", "Ports"])
def test_every_line_names_its_test(heading):
    assert len(PAGE.rows(heading)) > 5
    assert PAGE.untested(heading) == []


def test_every_secret_that_is_made_stands_there_with_its_readers():
    listed = {secret: cells[2] for cells in PAGE.rows("Secrets") for secret in re.findall(r"`(\w+)`", cells[0])}
    for copy in WIRING["certificates_secret_copies"]:
        name, reader, _ = copy.split(":", 2)
        assert f"`{reader}/`" in listed[name], copy


def test_every_user_that_a_process_has_stands_there():
    users = {cells[1] for cells in PAGE.rows("Processes")}
    assert {str(uid) for uid in WIRING["livemon_uids"].values()} <= users


def test_every_port_that_is_published_stands_there():
    published = {
        port.strip("\"'").split(":")[-2]
        for path in (ROOT / "roles").glob("*/templates/compose.yml.j2")
        for port in re.findall(r"ports: \[(.*?)\]\n", path.read_text())
    }
    assert published >= {"5000", "8001"}
    assert all(
        any(port.replace("{{ grafana_port }}", "grafana_port") in cells[0] for cells in PAGE.rows("Ports"))
        for port in published
    )


def test_no_setting_loosens_what_grafana_has_against_other_pages():
    """Frames, the cookie's SameSite, the look at a request's origin: all are on unless a setting says otherwise.

    Source: Grafana's documentation, "Configure Grafana", sections security and live; pkg/middleware/csrf.
    """
    settings = (ROOT / "roles/grafana/templates/compose.yml.j2").read_text()
    assert "GF_SECURITY_" in settings
    for loose in (
        "ALLOW_EMBEDDING",
        "COOKIE_SAMESITE",
        "CSRF_TRUSTED_ORIGINS",
        "CSRF_ADDITIONAL_HEADERS",
        "LIVE_ALLOWED_ORIGINS",
    ):
        assert loose not in settings


def test_every_port_says_what_a_page_in_a_browser_can_do_there():
    told = {number for cells in PAGE.rows("A web page in a browser") for number in re.findall(r"\d+", cells[0])}
    assert {number for cells in PAGE.rows("Ports") for number in re.findall(r"\b\d{2,5}\b(?!\.)", cells[0])} <= told

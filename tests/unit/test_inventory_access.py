"""Faults in what the inventory says of access to Grafana and of its backups."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.inventory.faults.settings import setting_faults


@pytest.mark.parametrize(
    "settings",
    [
        {"grafana_https": True, "grafana_server_names": ["monitor.lab.example", "192.0.2.10", "2001:db8::7"]},
        {"grafana_certificate": {"certificate": "/lab/monitor.crt", "key": "/lab/monitor.key"}},
        {"grafana_certificate": {}},
        {"grafana_anonymous_viewer": "yes", "backup_directory": "~/backups", "backup_keep": "30"},
        {"backup_keep": 0},
        {"site_name": "Cryogenics lab, room 12", "site_time_zone": "Europe/Amsterdam"},
        {"grafana_image": "registry.lab:5000/slim-lab/grafana:12.0.2"},
        {"grafana_image": "grafana/grafana@sha256:0123"},
        {"certificate_authority": {"certificate": "/lab/ca.crt", "key": "/lab/ca.key"}, "certificate_renewal_hour": 0},
        {"certificate_renewal_hour": "23"},
        {
            "monitor_names": ["monitor.lab.example", "192.0.2.10"],
            "ocs_web_origins": ["http://localhost:8000", "https://lab.example"],
        },
        {"monitor_names": [], "ocs_web_origins": []},
        {"ocs_web_origins": ["http://[::1]:8000", "http://192.0.2.7"]},
        {"grafana_url": "https://monitor.lab.example/"},
        {"grafana_url": "https://monitor.lab.example:3000", "grafana_https": True},
        {"grafana_url": "http://[2001:db8::7]:3000/"},
        {"grafana_url": "https://lab.example/fridge/monitor"},
        {"grafana_url": "https://192.0.2.10:443", "grafana_port": 3000},
    ],
)
def test_what_will_do_has_no_faults(settings):
    assert list(setting_faults(settings)) == []


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("grafana_https", "443", "grafana_https: '443' is neither true nor false"),
        ("grafana_image", "grafana/grafana:13.1.0-slim", "is a -slim image, which lacks data sources"),
        ("grafana_image", "grafana/grafana:13.1.0-distroless", "is a -distroless image, which lacks the shell"),
        ("grafana_image", "grafana/grafana:9.3.8", "is older than 9.4"),
        ("grafana_image", "grafana/grafana 12", "is not the name of an image"),
        ("grafana_server_names", "monitor", "'monitor' is not a list of names; write what people type"),
        ("grafana_server_names", [], "is not a list of names"),
        ("grafana_server_names", ["https://monitor:3000"], "is not a list of names"),
        ("monitor_names", "monitor.lab.example", "is not a list of names; write the host names"),
        ("monitor_names", ["http://monitor"], "is not a list of names"),
        (
            "ocs_web_origins",
            "http://localhost:8000",
            "is not a list of origins; write the start of the addresses of the pages",
        ),
        ("ocs_web_origins", ["http://localhost:8000/"], "is not a list of origins"),
        ("ocs_web_origins", ["http://lab.example:80"], "is not a list of origins"),
        ("ocs_web_origins", ["https://lab.example:443"], "is not a list of origins"),
        ("ocs_web_origins", ["*"], "is not a list of origins"),
        ("ocs_web_origins", ["null"], "is not a list of origins"),
        ("ocs_web_origins", ["localhost:8000"], "is not a list of origins"),
        ("ocs_web_origins", ["http://a b"], "is not a list of origins"),
        ("grafana_certificate", "/lab/monitor.pem", "is not a valid certificate; write {certificate: ..., key: ...}"),
        ("grafana_certificate", {"certificate": "/lab/monitor.crt"}, "is not a valid certificate"),
        ("certificate_authority", "/lab/ca.pem", "is not a valid authority; write {certificate: ..., key: ...}"),
        ("certificate_renewal_hour", 24, "24 is not a valid hour of the day"),
        ("certificate_renewal_hour", "4:30", "write a number from 0 to 23"),
        (
            "grafana_url",
            "monitor.lab.example",
            "is not a valid address of Grafana; write what people type in the browser",
        ),
        ("grafana_url", "https://me:secret@lab.example/", "is not a valid address of Grafana"),
        ("grafana_url", "https://lab.example:99999", "is not a valid address of Grafana"),
        ("grafana_url", "https://lab.example/?orgId=1", "is not a valid address of Grafana"),
        ("grafana_url", "https://lab.example/%(domain)s", "is not a valid address of Grafana"),
        ("grafana_url", "https://lab.example/$__env{HOME}", "is not a valid address of Grafana"),
        ("grafana_url", 3000, "is not a valid address of Grafana"),
        (
            "grafana_url",
            "https://lab.example:3000",
            "starts with https, but on port 3000 Grafana serves HTTP; write http://...",
        ),
        ("grafana_anonymous_viewer", "Viewer", "is neither true nor false"),
        ("backup_directory", 3, "3 is not a valid directory"),
        ("backup_directory", "backups", "write its full path on this computer"),
        ("site_name", "", "is not a name for the site; write up to 60 characters in one line"),
        ("site_name", "two\nlines", "is not a name for the site"),
        ("site_name", 12, "is not a name for the site"),
        ("site_time_zone", "amsterdam", "is not in the IANA database; did you mean Europe/Amsterdam?"),
        ("site_time_zone", 1, "write a name from the IANA database, for example Europe/Amsterdam"),
        ("backup_keep", -1, "-1 is not a valid number of backups"),
        ("backup_keep", "all", "or 0 for all of them"),
    ],
)
def test_each_fault_says_what_to_write(setting, value, sentence):
    (fault,) = setting_faults({setting: value})
    assert fault.startswith(f"{setting}: ")
    assert sentence in fault


@pytest.mark.parametrize(
    "https", [{"grafana_https": "yes"}, {"grafana_certificate": {"certificate": "/c.pem", "key": "/k.pem"}}]
)
def test_an_address_without_https_leads_nowhere_where_grafana_has_it(https):
    (fault,) = setting_faults({"grafana_url": "http://lab.example:3000"} | https)
    assert (
        fault == "grafana_url: 'http://lab.example:3000' starts with http, but Grafana serves HTTPS; write https://..."
    )

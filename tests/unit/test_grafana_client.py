"""How Grafana is asked: its password, its certificate, and what is said when it does not answer."""

from __future__ import annotations

import pytest
from grafana_stand_in import PASSWORD, stand_in

from livemon.errors import GrafanaError
from livemon.grafana.client import Grafana, release
from livemon.installation import certificates


def test_a_changed_password_is_told_with_what_to_do(tmp_path):
    with stand_in(tmp_path) as running:
        assert Grafana(running.url, PASSWORD).get_json("/api/user")["login"] == "admin"
        with pytest.raises(GrafanaError, match="/etc/livemon/secrets/master/admin") as refusal:
            Grafana(running.url, "wrong").get("/api/user")
        assert refusal.value.status == 401
        with pytest.raises(GrafanaError, match="answers 404 to /api/nothing"):
            Grafana(running.url, PASSWORD).get("/api/nothing")
        with pytest.raises(GrafanaError, match=r"is not JSON: is http.* the address of a Grafana"):
            Grafana(running.url, PASSWORD).get_json("/login")


def test_only_the_given_certificate_is_trusted_whatever_its_names(tmp_path):
    for directory in ("its", "another"):
        list(certificates.ensure(tmp_path / directory, [certificates.Server(names=("monitor.lab",))]))
    server = tmp_path / "its/server"
    https = {
        "GF_SERVER_PROTOCOL": "https",
        "GF_SERVER_CERT_FILE": str(server / "server.crt"),
        "GF_SERVER_CERT_KEY": str(server / "server.key"),
    }
    with stand_in(tmp_path, https) as running:
        assert Grafana(running.url, certificate=server / "server.crt").version() == "12.0.2"
        with pytest.raises(GrafanaError, match="is not the one that was given"):
            Grafana(running.url, certificate=tmp_path / "another/server/server.crt").version()
        with pytest.raises(GrafanaError):
            Grafana(running.url).version()


def test_a_file_that_is_no_certificate_is_told(tmp_path):
    (tmp_path / "server.crt").write_text("nothing")
    with pytest.raises(GrafanaError, match="holds no certificate"):
        Grafana("https://127.0.0.1:9", certificate=tmp_path / "server.crt")


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("12.0.2", (12, 0, 2)), ("13.4.0-pre", (13, 4, 0)), ("v9.4", (9, 4)), ("latest", ()), ("", ())],
)
def test_releases_compare_by_number(version, numbers):
    assert release(version) == numbers

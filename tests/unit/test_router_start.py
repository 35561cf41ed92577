"""What the router's start script makes of the installation's secrets."""

from __future__ import annotations

import json
import runpy

import pytest
from crossbar_router import ROOT

START = ROOT / "files/crossbar/start.py"


@pytest.fixture
def fill_in(tmp_path):
    """Complete the configuration for the secrets in `tmp_path`; returns the users of the TLS port."""
    (tmp_path / "tls").mkdir()
    for name in ("server.key", "server.crt"):
        (tmp_path / "tls" / name).touch()
    (tmp_path / "secrets").mkdir()
    environ = {"CROSSBAR_SECRETS": str(tmp_path / "secrets"), "CROSSBAR_TLS_DIR": str(tmp_path / "tls")}

    def users() -> dict:
        config = json.loads(START.with_name("config.json").read_text())
        runpy.run_path(str(START))["fill_in"](config, environ)
        transports = {transport["id"]: transport for transport in config["workers"][0]["transports"]}
        return transports["sisock"]["paths"]["ws"]["auth"]["wampcra"]["users"]

    return users


def test_every_secret_is_a_user_of_its_own_role(tmp_path, fill_in):
    (tmp_path / "secrets/hub").write_text("one\n")
    (tmp_path / "secrets/node").write_text("two\n")
    assert fill_in() == {"hub": {"secret": "one", "role": "hub"}, "node": {"secret": "two", "role": "node"}}


def test_a_secret_that_was_not_finished_is_no_user(tmp_path, fill_in):
    (tmp_path / "secrets/hub").write_text("one")
    (tmp_path / "secrets/.hub.x7f2").write_text("on")
    assert list(fill_in()) == ["hub"]


def test_a_router_without_secrets_says_who_makes_them(fill_in):
    with pytest.raises(SystemExit, match="the role certificates makes them"):
        fill_in()

"""What the router's start script makes of the installation's secrets."""

from __future__ import annotations

import json
import runpy

import pytest
from crossbar_router import ROOT

START = ROOT / "files/crossbar/start.py"


@pytest.fixture
def completed(tmp_path):
    """Complete the configuration for the secrets in `tmp_path`; returns its WebSocket transports' ``auth``, by the transport's id."""
    (tmp_path / "tls").mkdir()
    for name in ("server.key", "server.crt"):
        (tmp_path / "tls" / name).touch()
    (tmp_path / "secrets").mkdir()
    environ = {"CROSSBAR_SECRETS": str(tmp_path / "secrets"), "CROSSBAR_TLS_DIR": str(tmp_path / "tls")}

    def complete(**more: str) -> dict:
        config = json.loads(START.with_name("config.json").read_text())
        runpy.run_path(str(START))["fill_in"](config, environ | more)
        return {each["id"]: each["paths"]["ws"]["auth"] for each in config["workers"][0]["transports"]}

    return complete


@pytest.fixture
def fill_in(completed):
    """Complete the configuration; returns the users of the TLS port."""
    return lambda: completed()["sisock"]["wampcra"]["users"]


def test_every_secret_is_a_user_of_its_own_role(tmp_path, fill_in):
    (tmp_path / "secrets/hub").write_text("one\n")
    (tmp_path / "secrets/node").write_text("two\n")
    assert fill_in() == {"hub": {"secret": "one", "role": "hub"}, "node": {"secret": "two", "role": "node"}}


def test_a_user_of_another_name_has_the_role_before_the_dot(tmp_path, fill_in):
    (tmp_path / "secrets/client").write_text("one")
    (tmp_path / "secrets/client.simonsobs").write_text("two")
    assert fill_in() == {
        "client": {"secret": "one", "role": "client"},
        "simonsobs": {"secret": "two", "role": "client"},
    }


def test_a_user_cannot_take_the_place_of_another(tmp_path, fill_in):
    (tmp_path / "secrets/node").write_text("one")
    (tmp_path / "secrets/client.node").write_text("two")
    with pytest.raises(SystemExit, match=r"client\.node would be a second user node"):
        fill_in()


@pytest.mark.parametrize(("value", "role"), [(None, "ocs"), ("", "ocs"), ("false", "ocs"), ("true", "ocs_and_nodes")])
def test_anonymous_data_nodes_have_to_be_let_in(tmp_path, completed, value, role):
    (tmp_path / "secrets/node").write_text("one")
    more = {} if value is None else {"CROSSBAR_ANONYMOUS_NODES": value}
    assert completed(**more)["ocs"] == {"anonymous": {"type": "static", "role": role}}


def test_a_secret_that_was_not_finished_is_no_user(tmp_path, fill_in):
    (tmp_path / "secrets/hub").write_text("one")
    (tmp_path / "secrets/.hub.x7f2").write_text("on")
    assert list(fill_in()) == ["hub"]


def test_a_router_without_secrets_says_who_makes_them(fill_in):
    with pytest.raises(SystemExit, match="the role certificates makes them"):
        fill_in()


def test_the_tls_port_follows_the_files_of_its_certificate(tmp_path):
    config = json.loads(START.with_name("config.json").read_text())
    for name in ("server.key", "server.crt"):
        (tmp_path / name).touch()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/hub").write_text("one")
    environ = {
        "CROSSBAR_SECRETS": str(tmp_path / "secrets"),
        "CROSSBAR_TLS_DIR": str(tmp_path),
        "CROSSBAR_TLS_PORT": "18080",
        "CROSSBAR_TLS_INTERFACE": "127.0.0.1",
    }
    runpy.run_path(str(START))["fill_in"](config, environ)
    (endpoint,) = [each["endpoint"] for each in config["workers"][0]["transports"] if each["id"] == "sisock"]
    assert endpoint["type"] == "twisted"
    assert endpoint["server_string"].split(":") == [
        "renewing-tls",
        "18080",
        "interface=127.0.0.1",
        f"certificate={tmp_path / 'server.crt'}",
        f"key={tmp_path / 'server.key'}",
    ]

"""What the router's start script makes of the installation's secrets."""

from __future__ import annotations

import json
import re
import runpy

import pytest
from paths import ROOT
from twisted.internet.endpoints import _parse

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


def endpoint_of(config: dict, transport: str) -> tuple[list[str], dict[str, str]]:
    """What Twisted reads in the description of a transport's endpoint: words, and settings."""
    (endpoint,) = [each["endpoint"] for each in config["workers"][0]["transports"] if each["id"] == transport]
    assert endpoint["type"] == "twisted"
    return _parse(endpoint["server_string"])


@pytest.fixture
def config(tmp_path):
    """A configuration that has been completed for an installation."""
    for name in ("server.key", "server.crt"):
        (tmp_path / name).touch()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/hub").write_text("one")
    environ = {
        "CROSSBAR_SECRETS": str(tmp_path / "secrets"),
        "CROSSBAR_TLS_DIR": str(tmp_path),
        "CROSSBAR_TLS_PORT": "18080",
        "CROSSBAR_TLS_INTERFACE": "::1",
        "CROSSBAR_NAMES": "monitor.lab.example lab",
        "CROSSBAR_ORIGINS": "http://localhost:8000 https://lab.example",
    }
    config = json.loads(START.with_name("config.json").read_text())
    return runpy.run_path(str(START))["fill_in"](config, environ)


def test_the_tls_port_follows_the_files_of_its_certificate(tmp_path, config):
    words, settings = endpoint_of(config, "sisock")
    assert words == ["guarded"]
    assert _parse(settings["endpoint"]) == (
        ["renewing-tls", "18080"],
        {"interface": "::1", "certificate": str(tmp_path / "server.crt"), "key": str(tmp_path / "server.key")},
    )


@pytest.mark.parametrize(("transport", "port"), [("ocs", "8001"), ("host", "8002")])
def test_the_plain_ports_let_pages_of_the_inventorys_origins_in(config, transport, port):
    words, settings = endpoint_of(config, transport)
    assert words == ["guarded"]
    assert _parse(settings["endpoint"]) == (["tcp", port], {"interface": "127.0.0.1"})
    assert settings["origins"].split() == ["http://localhost:8000", "https://lab.example"]
    assert settings["names"].split() == ["sisock-crossbar", "sisock_crossbar", "monitor.lab.example", "lab"]


def test_no_page_may_use_the_port_of_sisock(config):
    assert endpoint_of(config, "sisock")[1]["origins"] == ""


def test_a_role_that_serves_data_nodes_has_to_ask_for_each_registration(config):
    (realm,) = config["workers"][0]["realms"]
    (authorizer,) = config["workers"][0]["components"]
    asking = {role["name"]: role["authorizer"] for role in realm["roles"] if "authorizer" in role}
    assert asking == dict.fromkeys(authorizer["extra"]["roles"], authorizer["extra"]["procedure"])
    others = [role for role in realm["roles"] if role["name"] not in asking and role["name"] != "hub"]
    for role in others:
        for permission in role["permissions"]:
            assert not permission["allow"].get("register") or not permission["uri"].startswith("org.simonsobservatory.")


def test_all_messages_that_the_hosts_port_may_keep_unfinished_fit_into_the_routers_memory(config):
    """Crossbar keeps a message until its end, of a session that has not said who it is as well; by default 16 MiB of each."""
    transports = config["workers"][0]["transports"]
    limits = {each["id"]: each["paths"]["ws"]["options"].get("max_message_size") for each in transports}
    assert all(limit is not None and limit >= 2 << 20 for limit in limits.values()), "upstream's messages have 1 MiB"
    (host,) = [each for each in transports if each["id"] == "host"]
    compose = (ROOT / "roles/crossbar/templates/compose.yml.j2").read_text()
    memory = int(re.search(r"mem_limit: (\d+)m", compose)[1]) << 20
    assert host["max_connections"] * limits["host"] < memory * 2 / 3

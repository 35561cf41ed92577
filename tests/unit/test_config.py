"""The environment: every fault names its key."""

import pytest

from livemon.config import RouterConfig, endpoint, setting
from livemon.errors import ConfigError
from livemon.sisock.wamp import join_router


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")
    (tmp_path / "ca.crt").write_text("")
    return {
        "LIVEMON_ROUTER_URL": "wss://sisock-crossbar:8080/ws",
        "LIVEMON_ROUTER_CA": str(tmp_path / "ca.crt"),
        "LIVEMON_ROUTER_USER": "hub",
        "LIVEMON_ROUTER_SECRET_FILE": str(tmp_path / "secret"),
    }


def test_router_configuration_is_read(environment):
    config = RouterConfig.from_environment(environment)
    assert (config.host, config.port, config.realm, config.secret) == ("sisock-crossbar", 8080, "test_realm", "s3cret")


def test_the_secret_is_not_shown_by_repr(environment):
    assert "s3cret" not in repr(RouterConfig.from_environment(environment))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("LIVEMON_ROUTER_URL", None),
        ("LIVEMON_ROUTER_URL", "ws://sisock-crossbar:8080/ws"),
        ("LIVEMON_ROUTER_URL", "wss://sisock_crossbar:8080/ws"),
        ("LIVEMON_ROUTER_URL", "wss://sisock-crossbar:99999/ws"),
        ("LIVEMON_ROUTER_URL", "wss://[sisock-crossbar/ws"),
        ("LIVEMON_ROUTER_CA", "/nowhere/ca.crt"),
        ("LIVEMON_ROUTER_USER", ""),
        ("LIVEMON_ROUTER_SECRET_FILE", "/nowhere/secret"),
    ],
)
def test_a_fault_names_its_key(environment, key, value):
    environment = {k: v for k, v in (environment | {key: value}).items() if v is not None}
    with pytest.raises(ConfigError, match=key):
        RouterConfig.from_environment(environment)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_secret_that_is_none_names_its_key(environment, tmp_path, content):
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(ConfigError, match="LIVEMON_ROUTER_SECRET_FILE"):
        RouterConfig.from_environment(environment)


def test_a_secret_that_cannot_be_read_names_its_key(environment, tmp_path):
    # A directory, for root, who may run the tests, may read every file. Docker makes one of a bind mount whose source is missing.
    with pytest.raises(ConfigError, match=r"LIVEMON_ROUTER_SECRET_FILE.*is a directory"):
        RouterConfig.from_environment(environment | {"LIVEMON_ROUTER_SECRET_FILE": str(tmp_path)})


def test_an_authority_that_is_no_certificate_names_its_key(environment):
    with pytest.raises(ConfigError, match="LIVEMON_ROUTER_CA"):
        join_router(RouterConfig.from_environment(environment), lambda *_: None)


@pytest.mark.parametrize("text", ["5000", "127.0.0.1:", ":5000", "127.0.0.1:70000", "127.0.0.1:http"])
def test_a_malformed_endpoint_says_what_to_write(text):
    with pytest.raises(ConfigError, match="host:port"):
        setting("LISTEN", endpoint, environ={"LISTEN": text})

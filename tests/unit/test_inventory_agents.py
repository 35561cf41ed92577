"""Agents of the inventory: those that livemon refuses, and the secrets among their arguments."""

from __future__ import annotations

import argparse
from types import SimpleNamespace

import pytest
import yaml
from ocs import site_config
from ocs.agents.host_manager.agent import HostManager
from socs.agents.synacc.agent import make_parser

from livemon.agents import agent_secrets as secrets_of_the_process
from livemon.agents.site_config import find_instance
from livemon.errors import ConfigError
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.rendering import agent_secrets, ocs

FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"}
FAKE = {"agent_class": "FakeDataAgent", "id": "fake1"}
PUMP = {"agent_class": "lab:Pump", "id": "fake1"}
"""Of a class whose options are not known."""
SWITCH = {
    "agent_class": "SynaccessAgent",
    "id": "power",
    "arguments": [["--ip-address", "192.0.2.7"], ["--password", {"secret": "power_strip"}]],
}
SECRET = "Gh3im-and-long"
SECRETS = {"power_strip": SECRET}


def found(agent: dict, **settings: object) -> list[str]:
    return faults({"instruments": [], "ocs_agents": [agent], **settings})


@pytest.mark.parametrize(
    ("agent_class", "instead"),
    [
        ("HostManager", "list the agents themselves under ocs_agents"),
        ("AggregatorAgent", "archive_seconds_per_file and data_directory"),
        ("RegistryAgent", "leave the entry out"),
    ],
)
def test_an_agent_that_livemon_runs_itself_is_refused_with_what_to_do_instead(agent_class, instead):
    """HostManager started a second, unguarded copy of every agent; a second aggregator writes every sample twice."""
    (fault,) = found({"agent_class": agent_class, "id": "hm"})
    assert fault.startswith(f"ocs_agents[0] (id hm).agent_class: {agent_class} ")
    assert instead in fault


@pytest.fixture
def site_file(tmp_path):
    """A site config as the playbook writes it, of four agents."""
    site = ocs.site_config([FRIDGE], [FAKE], "monitor", 60)
    (tmp_path / "default.yaml").write_text(yaml.safe_dump(site))
    return tmp_path / "default.yaml"


@pytest.mark.filterwarnings("ignore:twisted.internet.defer.returnValue:DeprecationWarning")  # upstream's
def test_a_host_manager_that_somebody_starts_by_hand_has_nothing_to_start(site_file):
    """It launched all agents of the site config a second time, outside of the access policy and the trail."""
    options = site_config.add_arguments().parse_args(["--site-file", str(site_file), "--site-host", "monitor"])
    manager = HostManager(SimpleNamespace(site_args=options))
    answers = []
    manager._get_local_instances().addBoth(answers.append)
    ((well, instances, warnings),) = answers
    assert (well, warnings) == (True, [])
    assert {name: each["manage"] for name, each in instances.items()} == dict.fromkeys(
        ["registry", "aggregator", "control", "fake1"], "ignore"
    )


def test_a_secret_is_in_no_site_config_and_reaches_the_agent_s_own_parser(tmp_path):
    """It stood in a file that every user of the machine could read."""
    site = ocs.site_config([], [SWITCH], "monitor", 60)
    text = yaml.safe_dump(site)
    (tmp_path / "default.yaml").write_text(text)
    environ = {
        "OCS_CONFIG_DIR": str(tmp_path),
        "SITE_HOST": "monitor",
        "LIVEMON_AGENT_SECRETS": str(tmp_path / "power"),
    }
    (tmp_path / "power").mkdir()
    for each in agent_secrets.files([SWITCH], SECRETS):
        (tmp_path / each["file"]).write_text(each["value"])
    assert SECRET not in text
    words = secrets_of_the_process.arguments(find_instance("power", environ), environ)
    options = ["--site-file", str(tmp_path / "default.yaml"), "--site-host", "monitor", "--instance-id", "power"]
    parsed = site_config.parse_args("SynaccessAgent", make_parser(), [*options, *words])
    assert (parsed.ip_address, parsed.password) == ("192.0.2.7", SECRET)


def test_a_secret_may_begin_like_an_option(tmp_path):
    (tmp_path / "power_strip").write_text("-x y\n")
    site = ocs.site_config([], [SWITCH], "monitor", 60)
    (tmp_path / "default.yaml").write_text(yaml.safe_dump(site))
    environ = {"OCS_CONFIG_DIR": str(tmp_path), "SITE_HOST": "monitor", "LIVEMON_AGENT_SECRETS": str(tmp_path)}
    parser = argparse.ArgumentParser()
    parser.add_argument("--password")
    assert (
        parser.parse_args(secrets_of_the_process.arguments(find_instance("power", environ), environ)).password == "-x y"
    )


def test_a_secret_that_is_not_there_is_named(tmp_path):
    site = ocs.site_config([], [SWITCH], "monitor", 60)
    (tmp_path / "default.yaml").write_text(yaml.safe_dump(site))
    environ = {"OCS_CONFIG_DIR": str(tmp_path), "SITE_HOST": "monitor", "LIVEMON_AGENT_SECRETS": str(tmp_path)}
    with pytest.raises(ConfigError, match=r"agent power: cannot read its secret .*/power_strip: No such file"):
        secrets_of_the_process.arguments(find_instance("power", environ), environ)


def test_a_changed_secret_leaves_the_checksum_that_everybody_can_read_alone():
    """A hash of a short password shows the password."""
    services = ocs.agent_services(ocs.site_config([], [SWITCH, FAKE], "monitor", 60), "monitor")
    assert {each["id"]: each["has_secrets"] for each in services} == {
        "registry": False,
        "aggregator": False,
        "power": True,
        "fake1": False,
    }
    assert SECRET not in str(services)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--password", "hunter2"],
            "a secret is written here in plain text, where others could read it; write [--password, {secret: a_name}]",
        ),
        (["--password=hunter2"], "a secret is written here"),
        (["--api-key", "hunter2"], "write [--api-key, {secret: a_name}]"),
        (["--influx_token", "hunter2"], "a secret is written here"),
        (["--url", "https://me:hunter2@influx.lab.example"], "write [--url, {secret: a_name}]"),
        (
            ["--password", {"secret": "power_stirp"}],
            "the secret 'power_stirp' is not defined; write power_stirp: ... under agent_secrets",
        ),
        (["--password", {"hunter2": "x"}], "each word of an argument must be text, a number or {secret: name}"),
        (["--password", ["hunter2"]], "each word of an argument must be text"),
        (["--passw", "hunter2"], "write [--passw, {secret: a_name}]"),
        (["--passwo=hunter2"], "write [--passwo, {secret: a_name}]"),
        (["--secret-key", "hunter2"], "a secret is written here"),
        (["--credentials", "hunter2"], "a secret is written here"),
        (["--username", "me", "--password=hunter2"], "write [--password, {secret: a_name}]"),
    ],
)
def test_a_mistake_about_a_secret_is_told_without_it(arguments, said):
    (fault,) = found(PUMP | {"arguments": [arguments]}, agent_secrets=SECRETS)
    assert fault.startswith("ocs_agents[0] (id fake1).arguments: ")
    assert said in fault
    assert "hunter2" not in fault
    assert SECRET not in fault


def test_a_secret_in_the_list_after_its_option_is_found():
    """OCS makes one command line of all lists."""
    (fault,) = found(PUMP | {"arguments": [["--mode", "acq"], ["--password"], ["hunter2"]]})
    assert "write [--password, {secret: a_name}]" in fault
    assert found(PUMP | {"arguments": [["--password"], ["--mode", "acq"]]}) == []


@pytest.mark.parametrize(
    "words", [["--password-file", "/run/x"], ["--bypass", "yes"], ["--mode", "acq"], ["--passes", 4]]
)
def test_other_arguments_are_written_as_they_are(words):
    assert found(PUMP | {"arguments": [words]}) == []


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"power_strip": ""}, "agent_secrets.power_strip: this is not a valid secret"),
        ({"power_strip": 1234}, "agent_secrets.power_strip: this is not a valid secret"),
        ({"power_strip": "a\nb"}, "agent_secrets.power_strip: this is not a valid secret"),
        (
            {"power_strip": SECRET, "Power Strip": SECRET},
            "agent_secrets: 'Power Strip' is not a valid name of a secret",
        ),
    ],
)
def test_a_mistake_among_the_secrets(secrets, said):
    (fault,) = found(SWITCH, agent_secrets=secrets)
    assert fault.startswith(said)
    assert SECRET not in fault

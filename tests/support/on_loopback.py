"""What an inventory says, on loopback: its agents against simulated instruments, its data nodes, and what its alarms ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml
from appliance import Appliance
from fakes.bluefors import LogWriter
from ocs_site import Site, simulator
from paths import ROOT
from router import Router

from livemon.files import write_public
from plugins.plugin_utils.inventory import instruments
from plugins.plugin_utils.inventory.grafana import alerting
from plugins.plugin_utils.inventory.grafana.alarms.build import alarms_of
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.rendering import ocs, sisock
from plugins.plugin_utils.inventory.rendering.bridge_site import site_file as site_of

HOST = "lab"


def inventory() -> dict[str, Any]:
    """The lists of the demo's inventory: instruments, agents, further data nodes."""
    variables = yaml.safe_load((ROOT / "inventory/demo/hosts.yml").read_text())["livemon"]["vars"]
    return {key: variables[key] for key in ("instruments", "ocs_agents", "data_nodes")}


def queries(lists: dict[str, Any]) -> list[tuple[str, str]]:
    """``(alarm, target)`` of everything that the alarms ask for."""
    rules = [
        rule for group in alerting.document(lists | {"dead_mans_switch": True})["groups"] for rule in group["rules"]
    ]
    return [
        (rule["title"], each["model"]["target"]) for rule in rules for each in rule["data"] if "target" in each["model"]
    ]


@contextmanager
def running(lists: dict[str, Any], router: Router, directory: Path) -> Iterator[Appliance]:
    """Run an inventory of simulated instruments as long as the block lasts; values of all instruments are there."""
    site = Site(directory, router)
    (directory / "archive").mkdir()
    instances = ocs.site_config(lists["instruments"], lists["ocs_agents"], HOST, 60)["hosts"][HOST]["agent-instances"]
    with ExitStack() as stack:
        addresses = {}
        for instrument in lists["instruments"]:
            serial = "--serial", instrument["serial"]
            addresses[instrument["id"]] = stack.enter_context(simulator(int(instrument["model"]), directory, *serial))[
                0
            ]
        logs = directory / "bluefors"
        if any(agent["agent_class"] == "BlueforsAgent" for agent in lists["ocs_agents"]):
            stack.enter_context(LogWriter(logs))
        site.write(
            **{
                each["instance-id"]: (
                    each["agent-class"],
                    *(_here(words, addresses.get(each["instance-id"]), directory, logs) for words in each["arguments"]),
                )
                for each in instances
            }
        )
        for each in instances:
            stack.enter_context(site.agent(each["instance-id"]))
        appliance = stack.enter_context(Appliance(directory, router))
        certificates = [str(router.directory / "pki" / name) for name in ("ca.crt", "server/server.crt")]
        appliance.write_nodes(
            *(
                node | ({"certificates": certificates} if node["kind"] == "sensors" else {})
                for node in sisock.nodes(*lists.values())["nodes"]
            )
        )
        write_site(lists, directory)
        appliance.start()
        for instrument in lists["instruments"]:
            appliance.wait_for_values(instruments.name_of(instrument), 90)
        yield appliance


def write_site(lists: dict[str, Any], directory: Path) -> None:
    """Write the bridge's site file, in one step as a role does."""
    content = site_of(lists["instruments"], lists["ocs_agents"], alarms_of(requested(lists)))
    write_public(directory / "site.yaml", yaml.safe_dump(content).encode())


def _here(words: list[str], address: str | None, directory: Path, logs: Path) -> list[str]:
    """An argument of an agent with what it has here for an address in the agents' network or a directory in its container."""
    here = {
        "--ip-address": address,
        "--port": f"tcp://{address}",
        "--data-dir": str(directory / "archive"),
        "--log-directory": str(logs),
    }
    return [words[0], here[words[0]]] if words[0] in here else words

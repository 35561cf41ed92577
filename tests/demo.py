"""The demo's inventory on loopback: its agents against simulated instruments, its data nodes, and what its alarms ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml
from appliance import Appliance
from crossbar_router import ROOT, Router
from livemon_inventory import alerting, plant
from livemon_inventory.site import site as site_of
from ocs_site import Site, simulator

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
def demo(router: Router, directory: Path) -> Iterator[Appliance]:
    """Run the demo as long as the block lasts; values of all instruments are there."""
    lists = inventory()
    site = Site(directory, router)
    (directory / "archive").mkdir()
    instances = plant.site_config(lists["instruments"], lists["ocs_agents"], HOST, 60)["hosts"][HOST]["agent-instances"]
    with ExitStack() as running:
        addresses = {}
        for instrument in lists["instruments"]:
            serial = "--serial", instrument["serial"]
            addresses[instrument["id"]] = running.enter_context(
                simulator(int(instrument["model"]), directory, *serial)
            )[0]
        site.write(
            **{
                each["instance-id"]: (
                    each["agent-class"],
                    *(_here(pair, addresses.get(each["instance-id"]), directory) for pair in each["arguments"]),
                )
                for each in instances
            }
        )
        for each in instances:
            running.enter_context(site.agent(each["instance-id"]))
        appliance = running.enter_context(Appliance(directory, router))
        certificates = [str(router.directory / "pki" / name) for name in ("ca.crt", "server/server.crt")]
        appliance.write_nodes(
            *(
                node | ({"certificates": certificates} if node["kind"] == "sensors" else {})
                for node in plant.nodes(*lists.values())["nodes"]
            )
        )
        site_file = directory / "site.yaml"
        site_file.write_text(yaml.safe_dump(site_of(lists["instruments"], lists["ocs_agents"])))
        appliance.start()
        for instrument in lists["instruments"]:
            appliance.wait_for_values(plant.name_of(instrument), 90)
        yield appliance


def _here(pair: list[str], address: str | None, directory: Path) -> list[str]:
    """An argument of an agent with what it has here for an address in the agents' network or the archive's directory."""
    option, value = pair
    if option == "--ip-address":
        return [option, str(address)]
    if option == "--port":
        return [option, f"tcp://{address}"]
    return [option, str(directory / "archive")] if option == "--data-dir" else [option, value]

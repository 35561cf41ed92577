"""What follows from the instruments and agents of a sound inventory: site config, data nodes, simulators, services."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from livemon_inventory import agent_secrets, data_nodes
from livemon_inventory.models import FEED, MODELS, Extra, Field, Model

ROUTER_HOST = "sisock-crossbar"
REALM = "test_realm"
ADDRESS_ROOT = "observatory"
ARCHIVE_DIRECTORY = "/data/hk"
CERTIFICATES = ("/run/pki/*.crt",)
"""Where they are in the container of the nodes."""
ARCHIVE_NODE = {
    "kind": "feed",
    "name": "archive",
    "target": "aggregator",
    "feeds": ["archive"],
    "description": "The archive",
    "labels": {"lag": "Archive behind by", "lost": "Samples lost", "gap": "Newest gap"},
    "units": {"lag": "s", "gap": "s"},
}
"""The node of what our aggregator tells of itself."""

Entry = Mapping[str, Any]


def model_of(instrument: Entry) -> Model:
    """Return the model of an instrument."""
    return MODELS[str(instrument["model"])]


def name_of(entry: Entry) -> str:
    """What consumers see before a field: the entry's name, an instrument's serial number, or an agent's id."""
    return entry.get("name") or entry.get("serial") or entry["id"]


def host_names(instruments: Iterable[Entry]) -> list[str]:
    """Return the names by which instruments are reached; of those without, none."""
    hosts = [
        str(instrument.get("address") or "").partition(":")[0]
        for instrument in instruments
        if not instrument.get("simulated")
    ]
    return sorted({host for host in hosts if re.search("[A-Za-z]", host)})


def path_of(instrument: Entry, field: str) -> str:
    """Return the permanent name of a field of an instrument; ``*`` stands for all of its fields."""
    return f"{ADDRESS_ROOT}.{instrument['id']}.feeds.{FEED}.{field}"


def channels_of(instrument: Entry) -> dict[str, dict]:
    """Return the options of each channel that the inventory lists, or of every channel of the model when it lists none."""
    listed = instrument.get("channels") or {channel: {} for channel in model_of(instrument).channels}
    return {str(channel): dict(options or {}) for channel, options in listed.items()}


def extras_of(instrument: Entry) -> list[Extra]:
    """Return what an instrument's agent reads beside the channels."""
    extras = model_of(instrument).extras
    return [extras[name] for name in extras if name in (instrument.get("also_reads") or [])]


def fields_of(instrument: Entry) -> list[tuple[Field, str, dict]]:
    """Return `(field, label, options)` of each field of the listed channels, temperature and sensor units in turn, and of extras."""
    model = model_of(instrument)
    return [
        (field, options.get("label") or f"Channel {channel}", options)
        for channel, options in channels_of(instrument).items()
        for field in model.fields(channel)
    ] + [(field, extra.label, {}) for extra in extras_of(instrument) for field in extra.fields]


def site_config(
    instruments: Iterable[Entry],
    agents: Iterable[Entry],
    host: str,
    seconds_per_file: int,
    open_operations: Iterable[str] = (),
) -> dict:
    """Return the OCS site config (``default.yaml``): the hub, and under `host` every agent instance with its arguments.

    `open_operations` of the site are added to every agent's own; where there are any, our launcher opens them to everybody.
    Arguments that need a secret are under ``secret-arguments``, which upstream passes over and our launcher completes.
    """
    instances = [
        {"agent-class": "RegistryAgent", "instance-id": "registry", "arguments": []},
        {
            "agent-class": "AggregatorAgent",
            "instance-id": "aggregator",
            "arguments": [
                ["--initial-state", "record"],
                ["--time-per-file", str(seconds_per_file)],
                ["--data-dir", ARCHIVE_DIRECTORY],
            ],
        },
    ]
    instances += [
        {
            "agent-class": model_of(instrument).agent_class,
            "instance-id": instrument["id"],
            "open-operations": list(instrument.get("open_operations") or []),
            "arguments": [
                ["--serial-number", instrument["serial"]],
                _connection(instrument),
                ["--mode", "acq"],
                *(list(extra.option) for extra in extras_of(instrument)),
            ],
        }
        for instrument in instruments
    ]
    instances += [_agent(agent) for agent in agents]
    for instance in instances:
        is_open = [*open_operations, *instance.pop("open-operations", [])]
        if is_open:
            instance["open-operations"] = is_open
        # A HostManager that somebody starts leaves them alone: its copies would keep to none of livemon's rules.
        instance["manage"] = "no"
    return {
        "hub": {
            "wamp_server": f"ws://{ROUTER_HOST}:8001/ws",
            "wamp_http": f"http://{ROUTER_HOST}:8001/call",
            "wamp_realm": REALM,
            "address_root": ADDRESS_ROOT,
        },
        "hosts": {host: {"agent-instances": instances}},
    }


def _agent(agent: Entry) -> dict:
    arguments, secret_arguments = agent_secrets.split(agent.get("arguments") or [])
    instance = {
        "agent-class": agent["agent_class"],
        "instance-id": agent["id"],
        "open-operations": list(agent.get("open_operations") or []),
        "arguments": arguments,
    }
    return instance | ({"secret-arguments": secret_arguments} if secret_arguments else {})


def _connection(instrument: Entry) -> list[str]:
    model = model_of(instrument)
    address = f"simulator-{instrument['id']}" if instrument.get("simulated") else instrument.get("address")
    if model.needs_address:
        return ["--ip-address", address]
    if not address:
        return ["--port", f"/dev/{instrument['serial']}"]
    return ["--port", f"tcp://{address}" if ":" in address else f"tcp://{address}:{model.port}"]


def agent_services(site: Mapping[str, Any], host: str) -> list[dict]:
    """Return the agents to run on `host`, from its site config.

    Each is ``{"id", "checksum", "writes_archive", "usb", "has_secrets"}``. The checksum covers what the agent reads of the site
    config, so a change elsewhere in the inventory leaves it alone.
    """
    services = []
    for instance in site["hosts"][host]["agent-instances"]:
        words = [word for pair in instance["arguments"] for word in pair]
        read = json.dumps([site["hub"], instance], sort_keys=True).encode()
        services.append(
            {
                "id": instance["instance-id"],
                "checksum": hashlib.sha256(read).hexdigest()[:12],
                "writes_archive": instance["agent-class"] == "AggregatorAgent",
                "usb": any(str(word).startswith("/dev/") for word in words),
                "has_secrets": "secret-arguments" in instance,
            }
        )
    return services


def simulators(instruments: Iterable[Entry]) -> list[dict]:
    """Return the simulators to run: ``{"id", "model", "serial", "port"}`` each.

    Labels are not among it: the inventory does not change the names on a real instrument's front panel either, and a simulator
    with other options would be started again, at room temperature.
    """
    return [
        {
            "id": instrument["id"],
            "model": str(instrument["model"]),
            "serial": instrument["serial"],
            "port": model_of(instrument).port,
        }
        for instrument in instruments
        if instrument.get("simulated")
    ]


def usb_serials(instruments: Iterable[Entry]) -> list[str]:
    """Return the serial numbers of the instruments that are found on USB."""
    return [
        instrument["serial"]
        for instrument in instruments
        if not (model_of(instrument).needs_address or instrument.get("address") or instrument.get("simulated"))
    ]


def nodes(
    instruments: Iterable[Entry], agents: Iterable[Entry], further: Iterable[Entry] = (), window: int = 86400
) -> dict:
    """Return the data nodes (``nodes.yaml``): of each instrument, of each agent with feeds, the site's own, and every site's."""
    instruments, agents, result = list(instruments), list(agents), []
    for instrument in instruments:
        fields = fields_of(instrument)
        result.append(
            {
                "kind": "feed",
                "name": name_of(instrument),
                "target": instrument["id"],
                "feeds": [FEED],
                "description": instrument.get("description") or f"{model_of(instrument).name} {instrument['serial']}",
                "window": int(instrument.get("memory_window") or window),
                "labels": {field.name: label for field, label, _ in fields},
                "units": {
                    field.name: field.unit
                    for of_one in (
                        *map(model_of(instrument).fields, model_of(instrument).channels),
                        *(extra.fields for extra in extras_of(instrument)),
                    )
                    for field in of_one
                    if field.unit is not None
                },
            }
        )
    result += [
        {
            "kind": "feed",
            "name": name_of(agent),
            "target": agent["id"],
            "feeds": list(agent["feeds"]),
            "description": agent.get("description") or agent["agent_class"],
            "window": int(agent.get("memory_window") or window),
        }
        for agent in agents
        if agent.get("feeds")
    ]
    result += data_nodes.nodes(list(further), window)
    result.append(ARCHIVE_NODE | {"window": int(window)})
    result.append(
        {"kind": "sensors", "name": "sensors", "description": "This machine", "certificates": list(CERTIFICATES)}
    )
    ids = [each["id"] for each in (*instruments, *agents)] + [ARCHIVE_NODE["target"], "registry"]
    result.append({"kind": "agents", "name": "agents", "description": "Agents", "agents": ids})
    return {"nodes": result}


def nodes_memory(nodes: Mapping[str, Any]) -> str:
    """Return how much memory the process of the data nodes may take, as Docker writes it.

    A day of 500 channels at 1 Hz takes 0.5 GB (bench/RESULTS.md): what takes more than three times as much is a fault.
    """
    longest = max((node.get("window", 0) for node in nodes["nodes"]), default=0)
    return f"{2 * max(1, math.ceil(longest / 86400))}g"


def silent_nodes(status: Mapping[str, Any], expected: Iterable[str]) -> list[str]:
    """Return which of the `expected` nodes have no value yet, from the answer of the bridge's ``/api/status``."""
    heard = {
        node["name"]
        for node in status.get("nodes", [])
        if any(field.get("value") is not None for field in node.get("fields", []))
    }
    return [name for name in expected if name not in heard]

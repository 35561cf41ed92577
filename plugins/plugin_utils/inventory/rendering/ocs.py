"""What OCS runs: the site config, the agents of a host, simulated instruments, and instruments on USB."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ...contract import contract
from .. import agent_secrets
from ..instruments import ADDRESS_ROOT, extras_of, model_of
from ..models import MODELS, Model

ROUTER_HOST = "sisock-crossbar"
REALM = "test_realm"
ARCHIVE_DIRECTORY = "/data/hk"

Entry = Mapping[str, Any]


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
        {"agent-class": "RegistryAgent", "instance-id": contract.REGISTRY, "arguments": []},
        {
            "agent-class": "AggregatorAgent",
            "instance-id": contract.AGGREGATOR,
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
            "arguments": _arguments(instrument),
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


def _arguments(instrument: Entry) -> list[list[str]]:
    model = model_of(instrument)
    return [
        [model.serial_option, instrument["serial"]],
        list(_connection(instrument, model)),
        list(model.start_options),
        *(list(extra.option) for extra in extras_of(instrument)),
    ]


def _connection(instrument: Entry, model: Model) -> tuple[str, str]:
    address: str = f"simulator-{instrument['id']}" if instrument.get("simulated") else instrument.get("address") or ""
    if not address and model.usb:
        return model.usb.option(f"/dev/{instrument['serial']}")
    return model.network_option(address)


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


def usb_devices(instruments: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return how the instruments on USB are recognised, by model.

    Each is ``{"model", "description", "vendor", "product", "driver", "serials"}``: the model's name, what the device is, its ids,
    the kernel's driver for it, and the serial numbers of the instruments.
    """
    serials: dict[str, list[str]] = {}
    for instrument in instruments:
        model = model_of(instrument)
        if model.usb and not (instrument.get("address") or instrument.get("simulated")):
            serials.setdefault(model.number, []).append(instrument["serial"])
    return [_usb_device(MODELS[number], found) for number, found in serials.items()]


def _usb_device(model: Model, serials: list[str]) -> dict[str, Any]:
    assert model.usb is not None
    return {
        "model": model.name,
        "description": model.usb.description,
        "vendor": model.usb.vendor,
        "product": model.usb.product,
        "driver": model.usb.driver,
        "serials": serials,
    }

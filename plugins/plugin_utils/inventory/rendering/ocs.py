"""What OCS runs: the site config, the agents of a host, simulated instruments, and instruments on USB."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TypedDict

from ...contract import contract
from ..agent_files import CODE, FILES, AgentFile
from ..entries import Document, Entry
from ..instruments import ADDRESS_ROOT, extras_of, model_of
from ..models import MODELS, Model
from . import agent_secrets

ROUTER_HOST = "sisock-crossbar"
REALM = "test_realm"
ARCHIVE_DIRECTORY = "/data/hk"


class AgentService(TypedDict):
    """An agent that runs in a container; `checksum` changes with what it reads of the site config."""

    id: str
    checksum: str
    writes_archive: bool
    usb: bool
    has_secrets: bool


class Simulator(TypedDict):
    """A simulated instrument: the id of its agent, its model, its serial number and its TCP port."""

    id: str
    model: str
    serial: str
    port: int


class UsbDevice(TypedDict):
    """How the instruments of a model are recognised on USB: what the device is, its ids, the kernel's driver, and serial numbers."""

    model: str
    description: str
    vendor: str
    product: str
    driver: str
    serials: list[str]


def site_config(
    instruments: Iterable[Entry],
    agents: Iterable[Entry],
    host: str,
    seconds_per_file: int,
    open_operations: Iterable[str] = (),
    *,
    files: Iterable[AgentFile] = (),
) -> Document:
    """Return the OCS site config (``default.yaml``): the hub, and under `host` every agent instance with its arguments.

    The site's `open_operations` are added to every agent's own; our launcher opens them to all callers.
    Of the `files` that agents get, the site config has the names and checksums, so that an agent is restarted when one changes.
    Arguments and environment variables that need a secret are under ``secret-arguments`` and ``secret-environment``, which upstream
    ignores and our launcher completes.
    """
    instances: list[Document] = [
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
    files = list(files)
    for instance in instances:
        is_open = [*open_operations, *instance.pop("open-operations", [])]
        if is_open:
            instance["open-operations"] = is_open
        # A HostManager must leave them alone: the agents that it starts would follow none of livemon's rules.
        instance["manage"] = "no"
        instance.update(_files(instance["instance-id"], files))
    return {
        "hub": {
            "wamp_server": f"ws://{ROUTER_HOST}:8001/ws",
            "wamp_http": f"http://{ROUTER_HOST}:8001/call",
            "wamp_realm": REALM,
            "address_root": ADDRESS_ROOT,
        },
        "hosts": {host: {"agent-instances": instances}},
    }


def _agent(agent: Entry) -> Document:
    arguments, secret_arguments = agent_secrets.split(agent.get("arguments") or [])
    instance: Document = {
        "agent-class": agent["agent_class"],
        "instance-id": agent["id"],
        "open-operations": list(agent.get("open_operations") or []),
        "arguments": arguments,
    }
    secret_parts = {"secret-arguments": secret_arguments, "secret-environment": agent_secrets.environment(agent)}
    return instance | {key: part for key, part in secret_parts.items() if part}


def _files(instance_id: str, files: Iterable[AgentFile]) -> Document:
    """Return the file that has an agent's code, for our launcher, and the checksums of its other files."""
    own = [each for each in files if each["agent"] == instance_id]
    code = [{"file": each["file"], "checksum": each["checksum"]} for each in own if each["directory"].startswith(CODE)]
    others = {each["file"]: each["checksum"] for each in own if each["directory"].startswith(FILES)}
    return {**({"own-agent": code[0]} if code else {}), **({"files": others} if others else {})}


def _arguments(instrument: Entry) -> list[list[str]]:
    model = model_of(instrument)
    return [
        *([[model.serial_option, instrument["serial"]]] if model.serial_option else []),
        list(_connection(instrument, model)),
        list(model.start_options),
        *(list(extra.option) for extra in extras_of(instrument)),
        *([str(word) for word in words] for words in instrument.get("arguments") or []),
    ]


def _connection(instrument: Entry, model: Model) -> tuple[str, str]:
    address = f"simulator-{instrument['id']}" if instrument.get("simulated") else str(instrument.get("address") or "")
    if not address and model.line_option:
        return model.line_option(f"/dev/{instrument['serial']}")
    return model.network_option(address)


def agent_services(config: Entry, host: str) -> list[AgentService]:
    """Return the agents to run on `host`, from its site config.

    The checksum covers what the agent reads of the site config, so that a change elsewhere in the inventory does not affect it.
    """
    services: list[AgentService] = []
    for instance in config["hosts"][host]["agent-instances"]:
        words = [word for pair in instance["arguments"] for word in pair]
        read = json.dumps([config["hub"], instance], sort_keys=True).encode()
        services.append(
            {
                "id": instance["instance-id"],
                "checksum": hashlib.sha256(read).hexdigest()[:12],
                "writes_archive": instance["agent-class"] == "AggregatorAgent",
                "usb": any(str(word).startswith("/dev/") for word in words),
                "has_secrets": "secret-arguments" in instance or "secret-environment" in instance,
            }
        )
    return services


def simulators(instruments: Iterable[Entry]) -> list[Simulator]:
    """Return the simulators to run.

    They have no labels: the inventory does not change the names on a real instrument's front panel either, and a simulator
    with other options would be restarted, at room temperature.
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


def usb_devices(instruments: Iterable[Entry]) -> list[UsbDevice]:
    """Return how the instruments on USB are recognised, by model."""
    serials: dict[str, list[str]] = {}
    for instrument in instruments:
        model = model_of(instrument)
        if model.usb and not (instrument.get("address") or instrument.get("simulated")):
            serials.setdefault(model.number, []).append(instrument["serial"])
    return [
        {
            "model": model.name,
            "description": usb.description,
            "vendor": usb.vendor,
            "product": usb.product,
            "driver": usb.driver,
            "serials": found,
        }
        for model, found in ((MODELS[number], found) for number, found in serials.items())
        if (usb := model.usb)
    ]

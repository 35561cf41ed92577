"""What the containers of agents get of the host: directories, environment variables, serial lines and ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypedDict

from ..entries import Document, Entry
from ..secret_references import is_reference
from ..serial_lines import rules_of


class AgentNeeds(TypedDict):
    """What the container of an agent gets, as the compose file has it: `device_rules` are of its device cgroup."""

    agent: str
    volumes: list[Document]
    environment: dict[str, str]
    device_rules: list[str]
    ports: list[str]


class Directory(TypedDict):
    """A directory of the host that an agent needs."""

    agent: str
    path: str
    writable: bool


class Port(TypedDict):
    """A port of the host at which an agent listens: its number, ``tcp`` or ``udp``, the host's address, and who uses it, in words."""

    port: int
    protocol: str
    address: str
    use: str


OpenPort = TypedDict("OpenPort", {"port": int, "protocol": str, "from": list[str]})
"""A port that is open to networks."""


def needs(agents: Iterable[Entry]) -> list[AgentNeeds]:
    """Return what the containers of those agents get that need anything. Secrets among their variables are not in it."""
    found: list[AgentNeeds] = [
        {
            "agent": agent["id"],
            "volumes": [_volume(entry) for entry in agent.get("directories") or []],
            "environment": dict(_variables(agent)),
            "device_rules": sorted({rule for device in agent.get("devices") or [] for rule in rules_of(device)}),
            "ports": [_published(entry) for entry in agent.get("ports") or []],
        }
        for agent in agents
    ]
    return [each for each in found if any(value for key, value in each.items() if key != "agent")]


def directories(agents: Iterable[Entry]) -> list[Directory]:
    """Return the directories that agents need."""
    return [
        {"agent": agent["id"], "path": entry["path"], "writable": bool(entry.get("writable"))}
        for agent in agents
        for entry in agent.get("directories") or []
    ]


def ports(agents: Iterable[Entry]) -> list[Port]:
    """Return the ports of the host at which agents listen."""
    return [
        {
            "port": entry["port"],
            "protocol": _protocol(entry),
            "address": _address(entry),
            "use": f"the agent {agent['id']} (ports in ocs_agents)",
        }
        for agent in agents
        for entry in agent.get("ports") or []
    ]


def open_ports(agents: Iterable[Entry]) -> list[OpenPort]:
    """Return those of the ports that networks may use; the others are the host's alone."""
    return [
        {"port": entry["port"], "protocol": _protocol(entry), "from": list(entry["from"])}
        for agent in agents
        for entry in agent.get("ports") or []
        if entry.get("from")
    ]


def _volume(entry: Entry) -> Document:
    # By default Docker creates a directory that is missing, which would belong to root and stay empty.
    return {
        "type": "bind",
        "source": entry["path"],
        "target": entry.get("at") or entry["path"],
        "read_only": not entry.get("writable"),
        "bind": {"create_host_path": False},
    }


def _variables(agent: Entry) -> Iterator[tuple[str, str]]:
    """Yield the variables that are no secrets. Compose would replace what follows a single ``$``."""
    environment: dict[str, Any] = dict(agent.get("environment") or {})
    for name, value in environment.items():
        if not is_reference(value):
            yield name, str(value).replace("$", "$$")


def _published(entry: Entry) -> str:
    return f"{_address(entry)}:{entry['port']}:{entry.get('at') or entry['port']}/{_protocol(entry)}"


def _address(entry: Entry) -> str:
    return "0.0.0.0" if entry.get("from") else "127.0.0.1"  # noqa: S104 # ufw decides who may connect


def _protocol(entry: Entry) -> str:
    return str(entry.get("protocol") or "tcp")

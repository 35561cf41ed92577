"""Ports and names that are already in use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import firewall
from .report import Report, Section
from .requirements import Requirements

OWN_PROJECTS = "/etc/livemon/"
"""The compose projects of the appliance are below it; containers that were made by hand have none there."""
ALL_ADDRESSES = {"0.0.0.0", "*", ""}  # noqa: S104 # compared with, not bound to

_PUBLISHED = re.compile(r"(\S*?):(\d+)(?:-(\d+))?->[^/]*/(tcp|udp)")
_LISTENER = re.compile(r"(?P<address>\S*):(?P<port>\d+)\Z")
_PROGRAM = re.compile(r'\("([^"]+)",pid=(\d+)')


def problems(report: Report, needed: Requirements) -> Iterator[str]:
    """Yield what others have that the appliance needs for itself."""
    for protocol, section in (("tcp", "listeners"), ("udp", "udp_listeners")):
        yield from _programs(report[section], [port for port in needed.ports if _protocol(port) == protocol])
    yield from _containers(report, needed)
    if needed.firewall:
        yield from _firewalls(report, needed)


def _protocol(port: Mapping[str, Any]) -> str:
    return str(port.get("protocol") or "tcp")


def _programs(listeners: Section, ports: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for port in ports:
        holders = {}
        for line in listeners.lines:
            fields = line.split()
            listener = _LISTENER.match(fields[3]) if len(fields) > 3 else None
            program = _PROGRAM.search(line)
            # The ports of containers are reported with the containers.
            if listener is None or (program and program[1] == "docker-proxy"):
                continue
            if int(listener["port"]) == int(port["port"]) and _meet(listener["address"], port["address"]):
                holders[f"{program[1]} (pid {program[2]})" if program else "another program"] = True
        for holder in holders:
            yield (
                f"{holder} uses {_protocol(port).upper()} port {port['port']}, which is needed for {port['use']}: "
                f"stop it{_or_move(port)}."
            )


def _meet(one: str, other: str) -> bool:
    one = one.partition("%")[0]
    return one == other or bool({one, other} & ALL_ADDRESSES and not one.startswith("["))


def _or_move(port: Mapping[str, Any]) -> str:
    return f", or write another {port['setting']} into the inventory" if port.get("setting") else ""


def _containers(report: Report, needed: Requirements) -> Iterator[str]:
    for line in report["containers"].lines if report["containers"].rc == 0 else []:
        name, project, published = [*line.split("\t"), "", ""][:3]
        if project.startswith(OWN_PROJECTS):
            continue
        how = f"remove it (docker rm --force {name}; volumes stay)"
        if name in needed.containers:
            yield f"The container {name}, which livemon did not create, has the name of one of livemon's: {how}."
        for port in needed.ports:
            if any(
                int(first) <= int(port["port"]) <= int(last or first)
                and _meet(address, port["address"])
                and protocol == _protocol(port)
                for address, first, last, protocol in _PUBLISHED.findall(published)
            ):
                yield (
                    f"The container {name}, which livemon did not create, uses {_protocol(port).upper()} port {port['port']}, "
                    f"which is needed for {port['use']}: "
                    f"{how}{_or_move(port)}."
                )


def _firewalls(report: Report, needed: Requirements) -> Iterator[str]:
    reasons = {
        "firewalld": "it and ufw would each undo the other's rules",
        "nftables": "whenever it loads its file, it flushes the rules of ufw and of Docker",
        "netfilter-persistent": "it loads rules of its own over those of ufw, and the package ufw removes it",
    }
    yield from firewall.problems(firewall.client_address(needed.ssh_way), needed.ssh_from, report["docker_rules"].lines)
    for service in report["firewalls"].words:
        yield (
            f"The service {service} runs beside ufw, which livemon manages: {reasons[service]}; "
            f"sudo systemctl disable --now {service}."
        )

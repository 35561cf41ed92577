"""Filters that derive everything from the inventory: where Ansible meets plugins/plugin_utils/inventory."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from ..plugin_utils.host import docker_source as docker_origin
from ..plugin_utils.host import problems, reachability
from ..plugin_utils.host.report import Report
from ..plugin_utils.host.requirements import Wanted
from ..plugin_utils.inventory import agent_secrets, summary
from ..plugin_utils.inventory import data_nodes as site_nodes
from ..plugin_utils.inventory.faults import certificates, files, inventory, unresolved
from ..plugin_utils.inventory.faults import dashboards as lab_dashboards
from ..plugin_utils.inventory.grafana import alerting as rules
from ..plugin_utils.inventory.grafana import notifications
from ..plugin_utils.inventory.grafana.dashboards import render
from ..plugin_utils.inventory.grafana.releases import release_of
from ..plugin_utils.inventory.instruments import host_names, name_of
from ..plugin_utils.inventory.rendering import bridge_site as site_file
from ..plugin_utils.inventory.rendering import (
    compose,
    docker_daemon,
    networks,
    ocs,
    sisock,
    ssh,
    ufw,
)
from ..plugin_utils.inventory.rendering import notifier as notifier_file

CONNECTION = ("ansible_host", "ansible_user", "ansible_port", "ansible_password", "ansible_become_password")
"""What Ansible itself reads of a host before any of our tasks runs there."""


def _plain(value: Any) -> Any:
    """Return a value without Ansible's own kinds of text, list and mapping, as JSON would carry it."""
    return json.loads(json.dumps(value, default=str))


def _entries(value: Any) -> list:
    """Return a list of the inventory; one with nothing behind its name is empty."""
    return _plain(value) or []


def inventory_faults(hosts: list[str], hostvars: Mapping[str, Any], wiring: list[str]) -> list[str]:
    """All faults in the settings of `hosts`, each behind its host's name where there are several hosts.

    `wiring` names the variables that are ours and not the user's.
    """
    found = []
    for host in hosts:
        settings, unread = _settings(hostvars[host], wiring)
        prefix = f"{host}: " if len(hosts) > 1 else ""
        # What is said of a setting that cannot be read would be wrong.
        judged = [fault for fault in inventory.faults(settings) if not any(key in fault for key in unread)]
        found += [prefix + fault for fault in [*chain.from_iterable(unread.values()), *judged]]
    return found


def inventory_summary(hosts: list[str], hostvars: Mapping[str, Any]) -> str:
    """What a sound inventory describes, for people."""

    def machine(host: str) -> summary.Machine:
        variables = hostvars[host]
        is_local = variables.get("ansible_connection") == "local"
        return summary.Machine(host, variables.get("ansible_host"), is_local)

    return summary.understood((machine(host), _settings(hostvars[host], [])[0]) for host in hosts)


def run_summary(settings: dict, machine: dict, run: dict) -> str:
    """What a run has set up, for people."""
    run = {key: tuple(value) if isinstance(value, list) else value for key, value in _plain(run).items()}
    return summary.set_up(summary.Machine(**_plain(machine)), _plain(settings), summary.Run(**run))


def _settings(variables: Mapping[str, Any], wiring: list[str]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return the user's settings, and why some cannot be read. Of a variable that is not ours only its name is looked at."""
    source = Path(str(variables.get("inventory_file") or ""))
    settings = {str(key): None for key in variables if key not in wiring}
    unread: dict[str, list[str]] = {}
    for key in (key for key in list(settings) if key in inventory.SETTINGS or key in CONNECTION):
        value, faults = _setting(variables, key, partial(files.places, source))
        if faults:
            unread[key] = faults
        elif key in inventory.SETTINGS:
            settings[key] = value
    return settings, unread


def _setting(variables: Mapping[str, Any], key: str, places: unresolved.Places) -> tuple[Any, list[str]]:
    try:
        value = variables[key]
        return _plain(value), list(unresolved.left_over(key, value, variables, places))
    except Exception as error:  # whatever Ansible raises for a value that it cannot make
        return None, [unresolved.explained(key, error, places)]


def ocs_site_config(instruments: list, agents: list, host: str, seconds_per_file: int, open_operations: list) -> dict:
    """The OCS site config of `host`."""
    return ocs.site_config(
        _entries(instruments), _entries(agents), str(host), int(seconds_per_file), _entries(open_operations)
    )


def ocs_agent_services(site: dict, host: str) -> list:
    """The agents that run on `host`."""
    return ocs.agent_services(_plain(site), str(host))


def ocs_agent_secrets(agents: list, secrets: dict) -> list:
    """The files of secrets that agents need among their arguments."""
    return agent_secrets.files(_entries(agents), _plain(secrets) or {})


def simulators(instruments: list) -> list:
    """The simulators of the simulated instruments."""
    return ocs.simulators(_entries(instruments))


def usb_devices(instruments: list) -> list:
    """How the instruments on USB are recognised."""
    return ocs.usb_devices(_entries(instruments))


def data_nodes(instruments: list, agents: list, further: list, window: int) -> dict:
    """The data nodes."""
    return sisock.nodes(_entries(instruments), _entries(agents), _entries(further), int(window))


def data_nodes_memory(nodes: dict) -> str:
    """How much memory the data nodes may take."""
    return sisock.nodes_memory(_plain(nodes))


def bridge_site(settings: dict) -> dict:
    """What the bridge cannot know of its nodes' channels, and the alarms that it judges."""
    settings = _plain(settings)
    instruments, agents = settings.get("instruments") or [], settings.get("ocs_agents") or []
    about = {"name": settings.get("site_name"), "time_zone": settings.get("site_time_zone")}
    further = settings.get("data_nodes") or []
    return site_file.site(instruments, agents, rules.alarms_of(settings), further, **about)


def text_directories(further: list) -> list:
    """The directories of text files, on the host and in the nodes' container."""
    return site_nodes.text_directories(_entries(further))


def instrument_hosts(instruments: list) -> list:
    """The names by which the instruments are reached."""
    return host_names(_entries(instruments))


def instrument_names(instruments: list) -> list:
    """What consumers call the instruments."""
    return [name_of(instrument) for instrument in _entries(instruments)]


def silent_nodes(status: dict, expected: list) -> list:
    """Which of the expected nodes have no value yet."""
    return sisock.silent_nodes(_plain(status), _plain(expected))


def dashboards(instruments: list, agents: list, further: list, site: dict) -> dict:
    """Grafana's dashboards by the names of their files; `site` is what the site says of all of them."""
    return render.dashboards(_entries(instruments), _entries(agents), _entries(further), render.Site(**_plain(site)))


def alerting(settings: dict, image: str) -> dict:
    """Grafana's alerting file for the release of its image: rules, contact points and routes."""
    return rules.document(_plain(settings), release_of(str(image)))


def alerting_after(content: dict, former: str) -> str:
    """The alerting file as text, with the removal of what the `former` one, as text, had and it has no more."""
    return rules.text_after(_plain(content), str(former))


def smtp_environment(smtp: dict, image: str) -> dict:
    """Grafana's environment for sending e-mail, for the release that the image has."""
    return notifications.smtp_environment(_plain(smtp) or {}, release_of(str(image)))


def notification_secrets(secrets: dict) -> dict:
    """The secrets of contact points and e-mail by the names of their files."""
    return notifications.secret_files(_plain(secrets) or {})


def notifier(settings: dict, smtp: dict, monitor: str) -> dict:
    """What livemon itself notifies by where Grafana does not; empty where no contact point can be served."""
    return notifier_file.configuration(_plain(settings), _plain(smtp) or {}, str(monitor))


def notifier_secrets(configuration: dict, secrets: dict) -> dict:
    """The secrets that this needs, by the names of their files."""
    return notifier_file.secrets_of(_plain(configuration), _plain(secrets) or {})


def lab_dashboard_faults(files: list) -> list:
    """What keeps Grafana from taking the lab's own dashboards, files on this computer."""
    return list(lab_dashboards.faults({str(path): Path(path).read_text(encoding="utf-8") for path in files}))


def dashboard_places(adopted: list, present: list) -> list:
    """Adopted dashboards with the names of their files among the present ones."""
    texts = {str(path): Path(path).read_text(encoding="utf-8") for path in present}
    return lab_dashboards.places(_plain(adopted), texts)


def certificate_faults(brought: list, lookup: Callable) -> list:
    """What keeps the certificates that the lab brings from being used, files on this computer, perhaps encrypted by Ansible Vault."""

    def content(path: str) -> str | None:
        text = lookup("ansible.builtin.file", path, errors="ignore")
        return str(text) if text else None

    return [
        fault
        for each in _entries(brought)
        for fault in certificates.faults(each, content(each["certificate"]), content(each["key"]))
    ]


def certificate_name(certificate: str) -> str:
    """A name by which a server with that certificate may be asked."""
    return certificates.name(str(certificate))


def ssh_entry(effective: str, default: str, alias: str, forwards: list) -> str:
    """The entry of ssh's configuration for a monitor."""
    return ssh.entry(str(alias), str(effective), str(default), _plain(forwards))


def tunnel_command(effective: str, default: str, forwards: list) -> str:
    """The one command that opens the tunnel to a monitor."""
    return ssh.command(str(effective), str(default), _plain(forwards))


def host_address(subnet: str, number: int) -> str:
    """The `number`-th address of a subnet."""
    return networks.host_address(str(subnet), int(number))


def dynamic_range(subnet: str) -> str:
    """The part of a subnet from which Docker gives out addresses."""
    return networks.dynamic_range(str(subnet))


def daemon_difference(current: str, wanted: dict) -> dict:
    """Which options of daemon.json change, by what it takes: a reload or a restart of the engine."""
    return docker_daemon.difference(str(current), _plain(wanted))


def daemon_missing(current: str, wanted: dict) -> dict:
    """Which wanted options a daemon.json does not have."""
    return docker_daemon.missing(str(current), _plain(wanted))


def host_questions(report: str, wanted: dict) -> list:
    """What the machine that told `report` is to ask elsewhere, for a run that wants `wanted`."""
    return [
        dataclasses.asdict(question)
        for question in reachability.questions(Report(str(report)), Wanted.read(_plain(wanted)))
    ]


def host_problems(report: str, wanted: dict, answers: str) -> list:
    """All that stands in the way of a run on the machine that told `report`; `answers` is what it was answered elsewhere."""
    return problems.problems(Report(str(report)), Wanted.read(_plain(wanted)), Report(str(answers)))


def container_faults(definition: dict, name: str) -> list:
    """Why the services of a compose project may not run."""
    return compose.faults(str(name), _plain(definition))


def compose_file(definition: dict, name: str, start_interval: bool) -> dict:
    """A compose project's file: its definition, with what every service has in common."""
    # YAML would write aliases for what services share.
    return _plain(compose.compose_file(str(name), _plain(definition), start_interval=bool(start_interval)))


def docker_run(memory: str) -> list:
    """The beginning of a command that runs a container once, with at most so much memory."""
    return compose.docker_run(str(memory))


def firewall_obstacles(way: str, ssh_from: list, docker_rules: str) -> list:
    """Why ufw cannot be set up on a machine that Ansible reaches by `way`, as sshd's SSH_CONNECTION has it."""
    return list(ufw.obstacles(ufw.source(str(way)), _plain(ssh_from), str(docker_rules).splitlines()))


def ufw_settings(text: str) -> dict:
    """What ufw's files of settings say of its state and policy."""
    return ufw.settings(str(text))


def ufw_changes(added: str, settings: str, wanted: dict) -> list:
    """What ufw is to be told, after what it was told."""
    return ufw.changes(str(added), str(settings), _plain(wanted))


def docker_source(wanted: str, distribution: str, release: str, is_there: bool, own_engines: list) -> str:
    """Where Docker comes from: distribution, docker, or existing, which is an engine of somebody else."""
    return docker_origin.source(
        str(wanted), str(distribution), str(release), is_there=is_there, own_engines=_plain(own_engines)
    )


FILTERS = (
    inventory_faults,
    inventory_summary,
    run_summary,
    ocs_site_config,
    ocs_agent_services,
    ocs_agent_secrets,
    simulators,
    usb_devices,
    data_nodes,
    data_nodes_memory,
    bridge_site,
    text_directories,
    instrument_hosts,
    instrument_names,
    silent_nodes,
    dashboards,
    alerting,
    alerting_after,
    smtp_environment,
    notification_secrets,
    notifier,
    notifier_secrets,
    lab_dashboard_faults,
    dashboard_places,
    certificate_faults,
    certificate_name,
    ssh_entry,
    tunnel_command,
    host_address,
    dynamic_range,
    daemon_difference,
    daemon_missing,
    host_questions,
    host_problems,
    container_faults,
    compose_file,
    docker_run,
    firewall_obstacles,
    ufw_settings,
    ufw_changes,
    docker_source,
)


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Any]:
        """Return all filters by name."""
        return {function.__name__: function for function in FILTERS}

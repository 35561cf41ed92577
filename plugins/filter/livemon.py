"""Filters that derive everything from the inventory: where Ansible meets plugins/livemon_inventory."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from livemon_host import docker_source, elsewhere, problems
from livemon_host.report import Report
from livemon_host.wanted import Wanted
from livemon_inventory import (
    agent_secrets,
    alerting,
    containers,
    daemon,
    data_nodes,
    firewall,
    lab_dashboards,
    networks,
    notifications,
    notifier,
    plant,
    readable,
    remote_access,
    site,
    summary,
    supplied_certificates,
    unresolved,
    validation,
)
from livemon_inventory.dashboards import render
from livemon_inventory.grafana_release import release_of

CONNECTION = ("ansible_host", "ansible_user", "ansible_port", "ansible_password", "ansible_become_password")
"""What Ansible itself reads of a host before any of our tasks runs there."""


def _plain(value: Any) -> Any:
    """Return a value without Ansible's own kinds of text, list and mapping, as JSON would carry it."""
    return json.loads(json.dumps(value, default=str))


def _entries(value: Any) -> list:
    """Return a list of the inventory; one with nothing behind its name is empty."""
    return _plain(value) or []


def livemon_faults(hosts: list[str], hostvars: Mapping[str, Any], wiring: list[str]) -> list[str]:
    """All faults in the settings of `hosts`, each behind its host's name where there are several hosts.

    `wiring` names the variables that are ours and not the user's.
    """
    found = []
    for host in hosts:
        settings, unread = _settings(hostvars[host], wiring)
        prefix = f"{host}: " if len(hosts) > 1 else ""
        # What is said of a setting that cannot be read would be wrong.
        judged = [fault for fault in validation.faults(settings) if not any(key in fault for key in unread)]
        found += [prefix + fault for fault in [*chain.from_iterable(unread.values()), *judged]]
    return found


def livemon_understood(hosts: list[str], hostvars: Mapping[str, Any]) -> str:
    """What a sound inventory describes, for people."""

    def machine(host: str) -> summary.Machine:
        variables = hostvars[host]
        is_local = variables.get("ansible_connection") == "local"
        return summary.Machine(host, variables.get("ansible_host"), is_local)

    return summary.understood((machine(host), _settings(hostvars[host], [])[0]) for host in hosts)


def livemon_set_up(settings: dict, machine: dict, run: dict) -> str:
    """What a run has set up, for people."""
    run = {key: tuple(value) if isinstance(value, list) else value for key, value in _plain(run).items()}
    return summary.set_up(summary.Machine(**_plain(machine)), _plain(settings), summary.Run(**run))


def _settings(variables: Mapping[str, Any], wiring: list[str]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return the user's settings, and why some cannot be read. Of a variable that is not ours only its name is looked at."""
    source = Path(str(variables.get("inventory_file") or ""))
    settings = {str(key): None for key in variables if key not in wiring}
    unread: dict[str, list[str]] = {}
    for key in (key for key in list(settings) if key in validation.SETTINGS or key in CONNECTION):
        value, faults = _setting(variables, key, partial(readable.places, source))
        if faults:
            unread[key] = faults
        elif key in validation.SETTINGS:
            settings[key] = value
    return settings, unread


def _setting(variables: Mapping[str, Any], key: str, places: unresolved.Places) -> tuple[Any, list[str]]:
    try:
        value = variables[key]
        return _plain(value), list(unresolved.left_over(key, value, variables, places))
    except Exception as error:  # whatever Ansible raises for a value that it cannot make
        return None, [unresolved.explained(key, error, places)]


def livemon_site_config(
    instruments: list, agents: list, host: str, seconds_per_file: int, open_operations: list
) -> dict:
    """The OCS site config of `host`."""
    return plant.site_config(
        _entries(instruments), _entries(agents), str(host), int(seconds_per_file), _entries(open_operations)
    )


def livemon_agent_services(site: dict, host: str) -> list:
    """The agents that run on `host`."""
    return plant.agent_services(_plain(site), str(host))


def livemon_agent_secrets(agents: list, secrets: dict) -> list:
    """The files of secrets that agents need among their arguments."""
    return agent_secrets.files(_entries(agents), _plain(secrets) or {})


def livemon_simulators(instruments: list) -> list:
    """The simulators of the simulated instruments."""
    return plant.simulators(_entries(instruments))


def livemon_usb_serials(instruments: list) -> list:
    """Serial numbers of the instruments found on USB."""
    return plant.usb_serials(_entries(instruments))


def livemon_nodes(instruments: list, agents: list, further: list, window: int) -> dict:
    """The data nodes."""
    return plant.nodes(_entries(instruments), _entries(agents), _entries(further), int(window))


def livemon_nodes_memory(nodes: dict) -> str:
    """How much memory the data nodes may take."""
    return plant.nodes_memory(_plain(nodes))


def livemon_site(settings: dict) -> dict:
    """What the bridge cannot know of its nodes' channels, and the alarms that it judges."""
    settings = _plain(settings)
    instruments, agents = settings.get("instruments") or [], settings.get("ocs_agents") or []
    about = {"name": settings.get("site_name"), "time_zone": settings.get("site_time_zone")}
    further = settings.get("data_nodes") or []
    return site.site(instruments, agents, alerting.alarms_of(settings), further, **about)


def livemon_text_directories(further: list) -> list:
    """The directories of text files, on the host and in the nodes' container."""
    return data_nodes.text_directories(_entries(further))


def livemon_instrument_hosts(instruments: list) -> list:
    """The names by which the instruments are reached."""
    return plant.host_names(_entries(instruments))


def livemon_names(instruments: list) -> list:
    """What consumers call the instruments."""
    return [plant.name_of(instrument) for instrument in _entries(instruments)]


def livemon_silent_nodes(status: dict, expected: list) -> list:
    """Which of the expected nodes have no value yet."""
    return plant.silent_nodes(_plain(status), _plain(expected))


def livemon_dashboards(instruments: list, agents: list, further: list, site: dict) -> dict:
    """Grafana's dashboards by the names of their files; `site` is what the site says of all of them."""
    return render.dashboards(_entries(instruments), _entries(agents), _entries(further), render.Site(**_plain(site)))


def livemon_alerting(settings: dict, image: str) -> dict:
    """Grafana's alerting file for the release of its image: rules, contact points and routes."""
    return alerting.document(_plain(settings), release_of(str(image)))


def livemon_alerting_after(content: dict, former: str) -> str:
    """The alerting file as text, with the removal of what the `former` one, as text, had and it has no more."""
    return alerting.text_after(_plain(content), str(former))


def livemon_smtp_environment(smtp: dict, image: str) -> dict:
    """Grafana's environment for sending e-mail, for the release that the image has."""
    return notifications.smtp_environment(_plain(smtp) or {}, release_of(str(image)))


def livemon_notification_secrets(secrets: dict) -> dict:
    """The secrets of contact points and e-mail by the names of their files."""
    return notifications.secret_files(_plain(secrets) or {})


def livemon_notifier(settings: dict, smtp: dict, monitor: str) -> dict:
    """What livemon itself notifies by where Grafana does not; empty where no contact point can be served."""
    return notifier.configuration(_plain(settings), _plain(smtp) or {}, str(monitor))


def livemon_notifier_secrets(configuration: dict, secrets: dict) -> dict:
    """The secrets that this needs, by the names of their files."""
    return notifier.secrets_of(_plain(configuration), _plain(secrets) or {})


def livemon_lab_dashboard_faults(files: list) -> list:
    """What keeps Grafana from taking the lab's own dashboards, files on this computer."""
    return list(lab_dashboards.faults({str(path): Path(path).read_text(encoding="utf-8") for path in files}))


def livemon_dashboard_places(adopted: list, present: list) -> list:
    """Adopted dashboards with the names of their files among the present ones."""
    texts = {str(path): Path(path).read_text(encoding="utf-8") for path in present}
    return lab_dashboards.places(_plain(adopted), texts)


def livemon_certificate_faults(brought: list, lookup: Callable) -> list:
    """What keeps the certificates that the lab brings from being used, files on this computer, perhaps encrypted by Ansible Vault."""

    def content(path: str) -> str | None:
        text = lookup("ansible.builtin.file", path, errors="ignore")
        return str(text) if text else None

    return [
        fault
        for each in _entries(brought)
        for fault in supplied_certificates.faults(each, content(each["certificate"]), content(each["key"]))
    ]


def livemon_certificate_name(certificate: str) -> str:
    """A name by which a server with that certificate may be asked."""
    return supplied_certificates.name(str(certificate))


def livemon_ssh_entry(effective: str, default: str, alias: str, forwards: list) -> str:
    """The entry of ssh's configuration for a monitor."""
    return remote_access.entry(str(alias), str(effective), str(default), _plain(forwards))


def livemon_tunnel_command(effective: str, default: str, forwards: list) -> str:
    """The one command that opens the tunnel to a monitor."""
    return remote_access.command(str(effective), str(default), _plain(forwards))


def livemon_host_address(subnet: str, number: int) -> str:
    """The `number`-th address of a subnet."""
    return networks.host_address(str(subnet), int(number))


def livemon_dynamic_range(subnet: str) -> str:
    """The part of a subnet from which Docker gives out addresses."""
    return networks.dynamic_range(str(subnet))


def livemon_daemon_difference(current: str, wanted: dict) -> dict:
    """Which options of daemon.json change, by what it takes: a reload or a restart of the engine."""
    return daemon.difference(str(current), _plain(wanted))


def livemon_daemon_missing(current: str, wanted: dict) -> dict:
    """Which wanted options a daemon.json does not have."""
    return daemon.missing(str(current), _plain(wanted))


def livemon_host_questions(report: str, wanted: dict) -> list:
    """What the machine that told `report` is to ask elsewhere, for a run that wants `wanted`."""
    return [
        dataclasses.asdict(question)
        for question in elsewhere.questions(Report(str(report)), Wanted.read(_plain(wanted)))
    ]


def livemon_host_problems(report: str, wanted: dict, answers: str) -> list:
    """All that stands in the way of a run on the machine that told `report`; `answers` is what it was answered elsewhere."""
    return problems.problems(Report(str(report)), Wanted.read(_plain(wanted)), Report(str(answers)))


def livemon_container_faults(definition: dict, name: str) -> list:
    """Why the services of a compose project may not run."""
    return containers.faults(str(name), _plain(definition))


def livemon_compose_file(definition: dict, name: str, start_interval: bool) -> dict:
    """A compose project's file: its definition, with what every service has in common."""
    # YAML would write aliases for what services share.
    return _plain(containers.compose_file(str(name), _plain(definition), start_interval=bool(start_interval)))


def livemon_docker_run(memory: str) -> list:
    """The beginning of a command that runs a container once, with at most so much memory."""
    return containers.docker_run(str(memory))


def livemon_firewall_obstacles(way: str, ssh_from: list, others: str) -> list:
    """Why ufw cannot be set up on a machine that Ansible reaches by `way`, as sshd's SSH_CONNECTION has it."""
    return list(firewall.obstacles(firewall.source(str(way)), _plain(ssh_from), " and ".join(str(others).split())))


def livemon_ufw_settings(text: str) -> dict:
    """What ufw's files of settings say of its state and policy."""
    return firewall.settings(str(text))


def livemon_ufw_changes(added: str, settings: str, wanted: dict) -> list:
    """What ufw is to be told, after what it was told."""
    return firewall.changes(str(added), str(settings), _plain(wanted))


def livemon_docker_source(wanted: str, distribution: str, release: str, is_there: bool, own_engines: list) -> str:
    """Where Docker comes from: distribution, docker, or existing, which is an engine of somebody else."""
    return docker_source.source(
        str(wanted), str(distribution), str(release), is_there=is_there, own_engines=_plain(own_engines)
    )


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Any]:
        """Return all filters by name."""
        return {name: value for name, value in globals().items() if name.startswith("livemon_") and callable(value)}

"""Looks on USB, in subnets, and asks the agents what they know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from livemon.client.agents import Agent
from livemon.discovery import identity, network, usb
from livemon.discovery.found import Found
from livemon.discovery.identity import Identity
from livemon.discovery.site import Expected, Site
from livemon.instruments import folders


@dataclass
class Result:
    """What a search has found.

    Attributes
    ----------
    found
        First what agents know, then the network's, then what is on USB or another serial line.
    others
        Listeners that are not instruments.
    untold
        Ids of instruments whose agents run and do not say what they talk to.
    notes
        Sentences about what was left out, and why.
    """

    found: list[Found] = field(default_factory=list)
    others: list[network.Answer] = field(default_factory=list)
    untold: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


class Search:
    """One search.

    Parameters
    ----------
    site
        What the inventory says; empty on a computer that is not a monitor.
    agents
        The site's agents as they answer, or `None` if they cannot be asked: then all of them are taken to run.
    everything
        Whether to ask instruments whose agents run, too.
    progress
        Called with the number of hosts asked, of all hosts, and of instruments found.
    """

    def __init__(
        self,
        site: Site,
        agents: Sequence[Agent] | None,
        *,
        everything: bool = False,
        progress: Callable[[int, int, int], None] = lambda _asked, _all, _found: None,
    ) -> None:
        self._site, self._agents, self._everything, self._progress = site, agents or [], everything, progress
        self.result = Result()
        self._running = _running(site, agents)
        if everything:
            return
        self.result.found += self._told()
        told = {each.told_by for each in self.result.found}
        self.result.untold = {each.id for each in site.instruments if each.host} & self._running - told

    def ask_network(
        self, hosts: Iterable[str], more_ports: Iterable[int] = (), expected: Iterable[Expected] = ()
    ) -> None:
        """Ask hosts on the ports of all models and on `more_ports`, and instruments of the inventory where they should be."""
        ports = sorted({model.port for model in folders.models().values()} | set(more_ports))
        told = {each.host for each in self.result.found if each.told_by}
        targets: dict[str, list[int]] = {}
        for host in hosts:
            user = self._user(host)
            if user is None:
                targets[host] = list(ports)
            elif host not in told:
                self.result.notes.append(f"{host} was not asked: agent {user} uses it (--all asks it, too)")
        for each in expected:
            is_left_alone = each.id in self._running and not self._everything
            if each.ip and each.port and not is_left_alone and each.port not in targets.setdefault(each.ip, []):
                targets[each.ip].append(each.port)
        if not targets:
            return
        answers = network.ask(targets, lambda asked, found: self._progress(asked, len(targets), found))
        self.result.found += [
            _found(each.identity, host=each.host, port=each.port) for each in answers if each.identity
        ]
        self.result.others += [each for each in answers if not each.identity]

    def ask_usb(self, devices: Iterable[usb.Device], further_lines: Iterable[str] = ()) -> None:
        """Take the USB devices, asking those on their serial lines that nothing else uses; ask on further lines."""
        for device in devices:
            user = self._user_of_device(device)
            told = next((each for each in self.result.found if user and each.told_by == user and each.on_usb), None)
            if told is None:
                self.result.found.append(self._device(device, user))
        for line in further_lines:
            said = self._asked(line, self._user(line))
            if said:
                self.result.found.append(_found(said, line=line, adapter=usb.adapter_of(line)))
            else:
                self.result.notes.append(f"no instrument replies on {line}")

    def _told(self) -> list[Found]:
        """Return what the agents know; an instrument of the inventory is where the inventory says."""
        places = {each.id: each for each in self._site.instruments}
        return [
            found
            for agent in self._agents
            for address, line in (agent.instruments or {}).items()
            if (said := identity.read(line))
            and (found := _told_by(agent.instance_id, address, said, places.get(agent.instance_id)))
        ]

    def _user(self, place: str) -> str | None:
        return None if self._everything else self._site.user_of(place, self._running)

    def _user_of_device(self, device: usb.Device) -> str | None:
        mine = (each.id for each in self._site.instruments if each.host is None and each.serial == device.serial)
        by_serial = next((each for each in mine if each in self._running and not self._everything), None)
        return by_serial or next((user for line in device.lines if (user := self._user(line))), None)

    def _device(self, device: usb.Device, user: str | None) -> Found:
        line = device.lines[0] if device.lines else None
        said = None
        if line is None:
            self.result.notes.append(
                f"{device.name or 'a device'} {device.serial} on USB has no serial line: the kernel's driver does not know "
                f"{device.vendor}:{device.product}; the playbook tells it of instruments in the inventory"
            )
        else:
            said = self._asked(line, user)
        if said:
            serial = device.serial or said.serial
            return Found(said.manufacturer, said.model, said.number or device.number, serial, said.firmware, line=line)
        name = device.name or f"device {device.vendor}:{device.product}"
        return Found("", name, device.number, device.serial, line=line)

    def _asked(self, line: str, user: str | None) -> Identity | None:
        """Ask on a serial line, unless an agent or another process uses it."""
        others = [] if self._everything else usb.users(line)
        if user or others:
            by = f"agent {user}" if user else f"process {others[0]}"
            self.result.notes.append(f"{line} was not asked: {by} uses it (--all asks it, too)")
            return None
        try:
            return usb.ask(line)
        except OSError as error:
            self.result.notes.append(f"{line} cannot be asked: {error.strerror or error}")
            return None


def _running(site: Site, agents: Sequence[Agent] | None) -> set[str]:
    """Return the ids of the agents that may be talking to an instrument: that run, and do not say that they have lost it."""
    if agents is None:
        return site.ids
    return {agent.instance_id for agent in agents if not agent.fault and agent.instruments != {}}


def _found(said: Identity, **where: str | int | None) -> Found:
    return Found(said.manufacturer, said.model, said.number, said.serial, said.firmware, **where)  # type: ignore[arg-type] # by name


def _told_by(agent: str, address: str, said: Identity, place: Expected | None) -> Found | None:
    found = _found(said, told_by=agent)
    if address.startswith("/"):
        # udev has found it by the serial number that USB reports.
        return replace(found, line=address, serial=place.serial if place and not place.host else said.serial)
    host, _, port = address.rpartition(":")
    if place and place.ip:
        host, port = place.ip, str(place.port)
    return replace(found, host=host, port=int(port)) if port.isdigit() else None

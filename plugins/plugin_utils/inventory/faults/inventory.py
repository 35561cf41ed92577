"""All faults of an inventory at once, each with its place and with what to type instead."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...contract import contract
from .. import agent_secrets, data_nodes
from ..checks import NAME, is_list, kind, made_plain, read_as, repeats, text_faults, unknown_keys, written
from ..models import MODELS
from ..rendering import ufw
from . import agents, alarms, control, notifications
from .settings import SITE_SETTINGS, setting_faults

ALARM_SETTINGS = ("instrument_alarms", "appliance_alarms", "notifications", "notification_secrets", "smtp")
SETTINGS = {
    "instruments",
    "ocs_agents",
    "data_nodes",
    "allow_from",
    agent_secrets.KEY,
    control.KEY,
    *ALARM_SETTINGS,
    *SITE_SETTINGS,
}
INSTRUMENT_KEYS = (
    *("model", "id", "serial", "name", "address", "description", "channels", "simulated", "memory_window"),
    "also_reads",
    control.KEY,
    *alarms.INSTRUMENT_KEYS,
)
CHANNEL_KEYS = ("label", *alarms.CHANNEL_KEYS)
AGENT_KEYS = (
    "agent_class",
    "id",
    "arguments",
    "name",
    "description",
    "feeds",
    "memory_window",
    control.KEY,
    *alarms.AGENT_KEYS,
)
OWN_IDS = {contract.AGGREGATOR: "the archive's agent", contract.REGISTRY: "the registry of agents"}
OWN_NAMES = {
    "sensors": "this machine's sensors",
    "agents": "the node of all agents",
    "archive": "the node of the archive",
}

_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\Z"
)


def faults(settings: Mapping[str, Any]) -> list[str]:
    """Every fault in one host's settings, in the order of the inventory; empty for a sound inventory.

    Each is one sentence: where, what, and what to type instead.
    """
    found = [*_misspelt_settings(settings), *setting_faults(settings)]
    # Ansible only warns of a list at the wrong indentation; without any, the next run would end all agents.
    if "instruments" not in settings and "instruments" not in map(_meant, settings):
        found.append("instruments: there is no such list; write it under vars, instruments: [] where there are none")
    instruments, complaints = _entries(
        settings.get("instruments"), "instruments", "{model: 240, id: ls240, serial: LSA21OQ}"
    )
    found += complaints
    agents, complaints = _entries(settings.get("ocs_agents"), "ocs_agents", "{agent_class: FakeDataAgent, id: fake1}")
    found += complaints
    for place, instrument in instruments:
        found += _instrument_faults(place, instrument)
    for place, agent in agents:
        found += _agent_faults(place, agent, settings.get(agent_secrets.KEY))
    further, complaints = _entries(settings.get("data_nodes"), "data_nodes", "{kind: weather, name: weather}")
    found += complaints
    for place, node in further:
        found += data_nodes.faults(place, node)
    entries = instruments + agents
    found += repeats(entries, "id", str, "ids name the data for ever: give each its own")
    found += repeats(instruments, "serial", str, "a serial number is the box's own: read it off its label")
    nodes = [
        *_names(instruments, "serial"),
        *_names([(p, e) for p, e in agents if e.get("feeds")], "id"),
        *_names(further, "name"),
    ]
    found += [
        f"{p}.name: {e['name']!r} is {OWN_NAMES[e['name']]}; choose another" for p, e in nodes if e["name"] in OWN_NAMES
    ]
    found += repeats(nodes, "name", str, "give one of them a name of its own, name: ...")
    found += control.of_site(settings)
    found += agent_secrets.of_site(settings)
    found += alarms.of_site(settings)
    found += notifications.of_site(settings)
    found += ufw.of_site(settings)
    networked = [(p, {"address": _place_on_network(e)}) for p, e in instruments]
    found += repeats(networked, "address", lambda value: value.lower(), "two instruments cannot share an address")
    return found


def _names(entries: Iterable[tuple[str, Mapping]], default: str) -> list[tuple[str, dict[str, str]]]:
    """Return what consumers call each entry; a repeated default, told as such, is not told again as a repeated name."""
    named, defaults = [], set()
    for place, entry in entries:
        name = entry.get("name") or entry.get(default)
        if not isinstance(name, str):
            continue
        if not entry.get("name"):
            if name in defaults:
                continue
            defaults.add(name)
        named.append((place, {"name": name}))
    return named


def _place_on_network(instrument: Mapping[str, Any]) -> str | None:
    """Return the address that nobody else can have: of a 240 with its port, for a converter may have several."""
    model, address = MODELS.get(str(instrument.get("model"))), instrument.get("address")
    if model is None or not isinstance(address, str) or not address or instrument.get("simulated") is True:
        return None
    return address if model.needs_address or ":" in address else f"{address}:{model.port}"


def _misspelt_settings(settings: Mapping[str, Any]) -> Iterator[str]:
    for key in settings:
        meant = _meant(key)
        if meant and meant not in settings:
            yield f"{key}: livemon has no such setting; did you mean {meant}?"


def _meant(key: str) -> str | None:
    """Return the setting that an unknown variable nearly names."""
    if key in SETTINGS or key.startswith("ansible_"):
        return None
    return next(iter(difflib.get_close_matches(key, SETTINGS, n=1, cutoff=0.87)), None)


def _entries(value: Any, place: str, example: str) -> tuple[list[tuple[str, Mapping]], list[str]]:
    if value is None:
        return [], []
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        return [], [
            f"{place}: this is {kind(value)}, not a list; write one line for each, beginning with '- {example}'"
        ]
    entries, complaints = [], []
    for number, entry in enumerate(value):
        where = f"{place}[{number}]"
        if isinstance(entry, Mapping):
            identity = next((f" ({key} {entry[key]})" for key in ("id", "name") if entry.get(key)), "")
            entries.append((where + identity, entry))
        else:
            complaints.append(f"{where}: this is {kind(entry)}; write {example}")
    return entries, complaints


def _instrument_faults(place: str, instrument: Mapping[str, Any]) -> Iterator[str]:
    yield from unknown_keys(place, instrument, INSTRUMENT_KEYS)
    instrument = written(instrument)
    yield from _id_faults(place, instrument)
    model = MODELS.get(str(instrument.get("model")))
    if "model" not in instrument:
        yield f"{place}.model is missing; write {' or '.join(f'model: {name}' for name in MODELS)}"
    elif model is None:
        yield f"{place}.model: {instrument['model']!r} is not known here; write {' or '.join(MODELS)}"
    yield from _serial_faults(place, instrument)
    simulated = instrument.get("simulated", False)
    if not isinstance(simulated, bool):
        yield f"{place}.simulated: {simulated!r} is neither true nor false; write simulated: true, or leave it out"
    if simulated is True and instrument.get("address"):
        yield f"{place}.address: a simulated instrument has none; leave out address, or simulated"
    elif model is not None and simulated is not True:
        yield from _address_faults(place, instrument, needed=model.needs_address)
    yield from text_faults(place, instrument, "description")
    yield from data_nodes.window_faults(place, instrument)
    yield from alarms.of_instrument(place, instrument)
    if model is not None:
        yield from _channel_faults(place, instrument, model.channels)
        yield from _extra_faults(place, instrument.get("also_reads", []), list(model.extras))
        yield from control.of_instrument(place, instrument, model.operations)


def _also_read(instrument: Mapping[str, Any]) -> list:
    extras = instrument.get("also_reads")
    return list(extras) if is_list(extras) else []


def _extra_faults(place: str, extras: Any, known: list[str]) -> Iterator[str]:
    if not is_list(extras):
        yield f"{place}.also_reads: this is {kind(extras)}; write a list, for example [control_input, sample_heater]"
        return
    for extra in extras:
        if extra not in known:
            has = (
                f"write {' or '.join(known)}"
                if known
                else "this model has nothing but its channels; leave also_reads out"
            )
            yield f"{place}.also_reads: {extra!r} is not known here; {has}"


def _agent_faults(place: str, agent: Mapping[str, Any], secrets: Any) -> Iterator[str]:
    yield from unknown_keys(place, agent, AGENT_KEYS)
    agent = written(agent)
    yield from _id_faults(place, agent)
    yield from agents.of_agent(place, agent, secrets)
    feeds = agent.get("feeds", [])
    if not is_list(feeds) or not all(isinstance(feed, str) for feed in feeds):
        yield f"{place}.feeds: write a list of feed names, for example [false_temperatures]"
    yield from text_faults(place, agent, "description")
    yield from data_nodes.window_faults(place, agent)
    yield from control.of_agent(place, agent)
    yield from alarms.of_agent(place, agent)


def _id_faults(place: str, entry: Mapping[str, Any]) -> Iterator[str]:
    if "id" not in entry:
        yield f"{place}.id is missing; write a short permanent name for its data, for example id: ls240"
    elif entry["id"] in list(OWN_IDS):
        yield f"{place}.id: {entry['id']!r} is {OWN_IDS[entry['id']]}; choose another"
    for key in ("id", "name"):
        value = entry.get(key, "-")
        if key in entry and not isinstance(value, str):
            yield f"{place}.{key}: {read_as(value)}; write a name that begins with a letter, for example {key}: ls240"
        elif key in entry and not NAME.match(value):
            yield (
                f"{place}.{key}: {value!r} cannot be part of a channel's name; "
                f"use letters, digits, '-' and '_', for example {made_plain(value)}"
            )


def _serial_faults(place: str, instrument: Mapping[str, Any]) -> Iterator[str]:
    serial = instrument.get("serial")
    if serial is None or serial == "":
        yield f"{place}.serial is missing; write the serial number on the instrument's label, for example serial: LSA21OQ"
    elif not isinstance(serial, str):
        yield f'{place}.serial: {read_as(serial)}; put what is written in the file in quotes, as in serial: "LSA21OQ"'
    elif not NAME.match(serial):
        yield f"{place}.serial: {serial!r} is no serial number; use letters, digits, '-' and '_', for example LSA21OQ"


def _address_faults(place: str, instrument: Mapping[str, Any], *, needed: bool) -> Iterator[str]:
    address = instrument.get("address")
    if address is None or address == "":
        if needed:
            yield f"{place}.address is missing; write its IP address or host name, for example address: 172.16.127.192"
        return
    if not isinstance(address, str):
        yield f"{place}.address: {read_as(address)}; write an IP address or a host name"
        return
    if address.count(":") > 1:
        yield f"{place}.address: {address!r} is an IPv6 address, and the drivers speak IPv4 only; write for example 172.16.127.192"
        return
    host, colon, port = address.partition(":")
    if colon and (needed or not port.isdecimal() or not 0 < int(port) < 65536):
        yield (
            f"{place}.address: {address!r} has a malformed port; write "
            + (
                "the address alone, a 372 listens on port 7777"
                if needed
                else "host:port, for example 172.16.127.30:1094"
            )
        )
    if re.fullmatch(r"[0-9.]+", host):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            yield f"{place}.address: {host!r} is no IP address; write four numbers from 0 to 255, for example 172.16.127.192"
    elif not _HOST_NAME.match(host):
        yield f"{place}.address: {host!r} is neither an IP address nor a host name; for example 172.16.127.192 or ls372.lab.example"


def _channel_faults(place: str, instrument: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    channels = instrument.get("channels")
    if channels is None:
        return
    if not isinstance(channels, Mapping):
        yield f"{place}.channels: this is {kind(channels)}; write number and label, for example {{1: {{label: 4K plate}}}}"
        return
    labels: list[tuple[str, Mapping]] = []
    for channel, options in channels.items():
        where = f"{place}.channels.{channel}"
        if str(channel) not in known:
            yield f"{where}: this model has no such channel; it has {known[0]} to {known[-1]}"
        elif isinstance(channel, str) and int(channel) in channels:
            yield f"{where}: this channel is there twice, as a number and as a text; write it once, without quotes"
        if options is None:
            labels.append((where, {"label": f"Channel {channel}"}))
            continue
        if not isinstance(options, Mapping):
            yield f"{where}: this is {kind(options)}; write for example {{label: 4K plate}}"
            continue
        yield from unknown_keys(where, options, CHANNEL_KEYS)
        yield from text_faults(where, written(options), "label")
        yield from alarms.of_channel(where, written(options), instrument)
        labels.append((where, {"label": options.get("label") or f"Channel {channel}"}))
    extras = MODELS[str(instrument["model"])].extras
    labels += [
        (f"{place}.also_reads", {"label": extras[name].label}) for name in extras if name in _also_read(instrument)
    ]
    yield from repeats(labels, "label", str, "in one plot nobody could tell them apart: give each its own")

"""What an inventory describes and what a run has set up, in words for the user: one block of text for the end of a run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..agent_fields import alarms_of
from ..alarm_settings import entries_of, kind_of, quantity_of, severity_of
from ..entries import Entry
from ..instruments import channels_of, extras_of, model_of, name_of
from .notifier import reach_sentence

Row = tuple[str, list[str]]
"""A heading and its paragraphs."""

WIDTH, HEADINGS = 100, 14
"""Columns of the whole text and of its headings."""
_PASSWORD = "/etc/livemon/secrets/master/admin"  # noqa: S105 - a file's name


@dataclass(frozen=True)
class Machine:
    """One monitor as Ansible connects to it: its name in the inventory, its address if one is given, whether it is this computer."""

    name: str
    address: str | None = None
    is_local: bool = False


@dataclass(frozen=True)
class Run:
    """What is known about a run at its end.

    `grafana` is whether Grafana runs on the machine, `None` if that is not known. `urls` has the addresses of ``Grafana`` and
    ``quick look`` through the tunnel; `tunnel` is the command that opens it, empty if ssh could not be asked. `only` and `without`
    are the tags to which the run was limited.
    """

    grafana_address: str
    urls: Mapping[str, str]
    tunnel: str = ""
    grafana: bool | None = None
    is_check: bool = False
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def understood(machines: Iterable[tuple[Machine, Entry]]) -> str:
    """Return what a sound inventory says of each machine, from its settings as they are written."""
    return "\n\n".join(
        _block(
            f"The inventory is sound; nothing was changed. {machine.name} would be set up like this:",
            [("machine", [_machine(machine)]), *_equipment(settings), *_alarms(settings, grafana=True)],
        )
        for machine, settings in machines
    )


def set_up(machine: Machine, settings: Entry, run: Run) -> str:
    """Return what a run of ``site.yml`` has set up on a machine, from its settings as they are written."""
    has_grafana = run.grafana is not False
    return _block(
        _head(machine, run), [*_ways_in(machine, run), *_equipment(settings), *_alarms(settings, grafana=has_grafana)]
    )


def _head(machine: Machine, run: Run) -> str:
    limits = " ".join(
        f"--{option} {','.join(tags)}" for option, tags in (("tags", run.only), ("skip-tags", run.without)) if tags
    )
    if run.is_check:
        would = f"A run with {limits} would do its part of this" if limits else "A run without --check would set up"
        return f"Check mode: nothing was changed on {machine.name}. {would}:"
    if limits:
        return f"Done on {machine.name}: what belongs to {limits}. All that the inventory describes:"
    return f"livemon is set up on {machine.name}:"


def _ways_in(machine: Machine, run: Run) -> Iterator[Row]:
    if run.grafana is False:
        yield "Grafana", ["is NOT RUNNING on this machine; the quick-look page shows the data."]
    else:
        yield (
            "Grafana",
            [f"{run.grafana_address}  (user admin; on the monitor, sudo cat {_PASSWORD} shows the password)"],
        )
    here = "on this computer" if machine.is_local else "on the monitor itself, or through the tunnel below"
    yield "quick look", [f"http://localhost:5000  ({here})"]
    if run.tunnel:
        opened = [run.urls["quick look"]] if run.grafana is False else [run.urls["quick look"], run.urls["Grafana"]]
        yield "remote access", [run.tunnel, f"and in the browser {' and '.join(opened)}"]


def _machine(machine: Machine) -> str:
    if machine.is_local:
        return f"{machine.name}: this computer itself (ansible_connection: local)"
    if machine.address is None:
        return f"{machine.name}: ansible_host is not given, so ssh connects to the name {machine.name}"
    return f"{machine.name}, at {machine.address}"


def _equipment(settings: Entry) -> Iterator[Row]:
    instruments = settings.get("instruments") or []
    yield _counted("instrument", [_instrument(each) for each in instruments])
    if instruments:
        count = sum(len(channels_of(each)) + len(extras_of(each)) for each in instruments)
        yield (
            f"{count} channel{'' if count == 1 else 's'}",
            [f"{each['id']}: {_channels(each)}" for each in instruments],
        )
    agents = [f"{each['id']}: {each['agent_class']}" for each in settings.get("ocs_agents") or []]
    if agents:
        yield "other agents", agents
    nodes = [f"{each['name']}: {each.get('description') or each['kind']}" for each in settings.get("data_nodes") or []]
    if nodes:
        yield "data nodes", nodes


def _counted(what: str, entries: list[str]) -> Row:
    return (f"{len(entries)} {what}{'' if len(entries) == 1 else 's'}", entries or ["none: the inventory lists none"])


def _instrument(instrument: Entry) -> str:
    model = model_of(instrument)
    where = f"at {instrument['address']}" if instrument.get("address") else "on USB"
    where = f"by the USB adapter {instrument['usb_adapter']}" if instrument.get("usb_adapter") else where
    where = "SIMULATED" if instrument.get("simulated") else where
    description = f": {instrument['description']}" if instrument.get("description") else ""
    return f"{instrument['id']}{description} ({model.name}, serial {instrument['serial']}, {where}; plotted as {name_of(instrument)})"


def _channels(instrument: Entry) -> str:
    named = [f"all {len(channels_of(instrument))}, without names"]
    if instrument.get("channels"):
        named = [
            f"{options.get('label') or 'no name'} ({channel})" for channel, options in channels_of(instrument).items()
        ]
    return ", ".join([*named, *(extra.label for extra in extras_of(instrument))])


def _alarms(settings: Entry, *, grafana: bool) -> Iterator[Row]:
    limits = list(_limits(settings))
    heading, entries = _counted("limit", limits)
    yield (
        heading,
        entries if limits else ["NO LIMIT IS SET: no temperature raises an alarm (set alarm_above_K at a channel)"],
    )
    yield "alarms", [reach_sentence(settings.get("notifications") or {}, grafana=grafana) + "."]
    if not settings.get("dead_mans_switch"):
        yield "", ["If the monitor itself dies, nobody is notified (dead_mans_switch in docs/inventory.md)."]


def _limits(settings: Entry) -> Iterator[str]:
    """Yield each limit that the inventory sets; the default alarms are in docs/alarms.md."""
    for instrument in settings.get("instruments") or []:
        for channel, options in channels_of(instrument).items():
            label = options.get("label") or f"channel {channel}"
            for entry in entries_of(options):
                reading = model_of(instrument).reading
                unit = reading.unit if quantity_of(entry, instrument) == reading.quantity else None
                yield f"{instrument['id']}, {label}: {_limit(entry, unit or '')}"
    for agent in settings.get("ocs_agents") or []:
        for entry in alarms_of(agent):
            yield f"{agent['id']}, {entry.get('label') or entry['field']}: {_limit(entry, entry.get('unit') or '')}"


def _limit(entry: Entry, unit: str) -> str:
    kind = kind_of(entry)
    limit = " to ".join(f"{each:g}" for each in entry[kind]) if kind == "outside" else f"{entry[kind]:g}"
    words = {"rising": f"rising by more than {limit} {unit}".rstrip() + f" per {entry.get('per') or 'hour'}"}
    return f"{words.get(kind) or f'{kind} {limit} {unit}'.rstrip()} ({severity_of(entry)})"


def _block(head: str, rows: Iterable[Row]) -> str:
    lines = [head, ""]
    for heading, paragraphs in rows:
        for number, paragraph in enumerate(paragraphs):
            first = heading if number == 0 else ""
            lines += _wrapped(f"  {first:<{HEADINGS}}", paragraph)
    return "\n".join(lines)


def _wrapped(start: str, paragraph: str) -> list[str]:
    # A command is copied as a whole.
    if paragraph.startswith("ssh "):
        return [start + paragraph]
    return textwrap.wrap(
        paragraph,
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start) + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )

"""The site file (``site.yaml``): what the inventory knows about the nodes' channels, and the bridge cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...contract import contract
from .. import durations
from ..agent_fields import AgentField, listed_fields, silence_of
from ..entries import Document, Entry, given
from ..grafana.alarms.model import ABOVE, BELOW, OUTSIDE, Alarm
from ..instruments import fields_of, model_of, name_of
from ..models import Field
from .sisock import ARCHIVE_NODE

TESTS = {ABOVE: "above", BELOW: "below", OUTSIDE: "outside"}
"""What the site file calls a comparison."""


def site_file(
    instruments: Iterable[Entry],
    agents: Iterable[Entry],
    alarms: Iterable[Alarm] = (),
    data_nodes: Iterable[Entry] = (),
    *,
    name: str | None = None,
    time_zone: str | None = None,
) -> Document:
    """Return the agents, each with the fields of its feeds as far as the inventory knows them, the alarms, and the nodes' silence.

    `data_nodes` are those that the site adds. `name` is what people call the site, `time_zone` a name from the IANA database; each is
    left out if it is `None`.

    ``expected`` are the channels that the inventory lists, or all of an instrument for which it lists none: they have an age even if
    they never had a sample.
    """
    return _known(name=name, time_zone=time_zone) | {
        "agents": [
            *(_instrument(each) for each in instruments),
            *(_agent(each) for each in agents),
            {
                "id": ARCHIVE_NODE["target"],
                "node": ARCHIVE_NODE["name"],
                "model": "AggregatorAgent",
                "description": ARCHIVE_NODE["description"],
                "feeds": {feed: _archive_fields() for feed in ARCHIVE_NODE["feeds"]},
            },
            {"id": contract.REGISTRY, "model": "RegistryAgent"},
        ],
        "alarms": _alarms(list(alarms)),
        "nodes": [*_silences(data_nodes), *_silences_of(agents)],
    }


def _alarms(alarms: list[Alarm]) -> list[Document]:
    """Return the alarms; an alarm that explains one is left out if it is switched off."""
    known = {alarm.id for alarm in alarms}
    return [
        {
            "id": alarm.id,
            "rule": alarm.rule,
            "measure": dict(alarm.measure),
            TESTS[alarm.test]: list(alarm.limits) if len(alarm.limits) > 1 else alarm.limits[0],
            **({} if alarm.clears_at is None else {"clears_at": alarm.clears_at}),
            **({"hold": alarm.hold} if alarm.hold else {}),
            "held_back_by": [each for each in alarm.held_back_by if each in known],
            "tags": alarm.series_labels,
        }
        for alarm in alarms
    ]


def _silences(data_nodes: Iterable[Entry]) -> list[Document]:
    """Return after how many seconds each node is silent that says so; `False` for never."""
    said = ((entry["name"], entry.get("silent_after")) for entry in map(given, data_nodes))
    return [
        {"name": name, "silent_after": False if after is False else durations.parsed(after)}
        for name, after in said
        if after is not None
    ]


def _silences_of(agents: Iterable[Entry]) -> Iterator[Document]:
    """Yield the nodes of agents that publish less often than others, by their own entries or those of their fields."""
    for agent in agents:
        said = [silence_of(agent), *(silence_of(field.options or {}) for field in listed_fields(agent))]
        longest = max((after for after in said if after), default=0)
        if agent.get("feeds") and (said[0] is False or longest > contract.SILENT_AFTER):
            yield {"name": name_of(agent), "silent_after": False if said[0] is False else longest}


def _instrument(instrument: Entry) -> Document:
    model, labels = model_of(instrument), {field.name: label for field, label, _ in fields_of(instrument)}
    channels: list[tuple[Field, str | None]] = [
        (field, channel) for channel in model.channels for field in (*model.fields(channel), *model.flags(channel))
    ]
    besides = (*model.outputs, *model.extras.values())
    extras = [(field, None) for each in besides for field in (*each.fields, *each.flags)]
    settings = [(field, None) for field in model.settings]
    fields = {
        field.name: _known(
            channel=channel,
            label=labels.get(field.name),
            unit=field.unit,
            quantity=field.quantity,
            expected=field.name in labels or None,
        )
        for field, channel in (*channels, *extras, *settings)
    }
    return _known(
        id=instrument["id"],
        node=name_of(instrument),
        model=str(instrument["model"]),
        serial=instrument.get("serial"),
        description=instrument.get("description"),
        feeds={model.feed: fields},
    )


def _agent(agent: Entry) -> Document:
    return _known(
        id=agent["id"],
        node=name_of(agent),
        model=agent["agent_class"],
        description=agent.get("description"),
        feeds={feed: _listed(agent, feed) for feed in agent.get("feeds") or []},
    )


def _listed(agent: Entry, feed: str) -> Document:
    """Return the fields of a feed that the inventory lists: the nodes have label and unit of all others that are known."""
    return {field.name: _field(field) for field in listed_fields(agent) if field.feed == feed}


def _field(field: AgentField) -> Document:
    after = silence_of(field.options or {})
    # One that may be silent is not expected to continue.
    return _known(
        label=field.label, unit=field.unit, expected=None if after is False else True, silent_after=after or None
    )


def _archive_fields() -> Document:
    units = ARCHIVE_NODE["units"]
    return {
        name: _known(label=label, unit=units.get(name), quantity=name, expected=True)
        for name, label in ARCHIVE_NODE["labels"].items()
    }


def _known(**entry: Any) -> Document:
    """Return an entry without what is not known."""
    return {key: value for key, value in entry.items() if value not in (None, "", {})}

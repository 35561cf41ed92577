"""The site file (``site.yaml``): what the bridge cannot know of the nodes' channels, and the inventory does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...contract import contract
from .. import data_nodes
from ..grafana.alarms.requested import Alarm, in_site_file
from ..instruments import fields_of, model_of, name_of
from .sisock import ARCHIVE_NODE

Entry = Mapping[str, Any]


def site(
    instruments: Iterable[Entry],
    agents: Iterable[Entry],
    alarms: Iterable[Alarm] = (),
    further: Iterable[Entry] = (),
    *,
    name: str | None = None,
    time_zone: str | None = None,
) -> dict:
    """Return the agents, each with the fields of its feeds as far as the inventory knows them, the alarms, and what is said of nodes.

    `name` is what people call the site, `time_zone` a name of the IANA database; each is left out where nobody says it.

    ``expected`` are the channels that the inventory lists, all of an instrument for which it lists none: they have an age even if
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
                "feeds": {feed: _archive() for feed in ARCHIVE_NODE["feeds"]},
            },
            {"id": contract.REGISTRY, "model": "RegistryAgent"},
        ],
        "alarms": in_site_file(alarms),
        "nodes": data_nodes.silences(further),
    }


def _instrument(instrument: Entry) -> dict:
    model, labels = model_of(instrument), {field.name: label for field, label, _ in fields_of(instrument)}
    channels = [
        (field, channel) for channel in model.channels for field in (*model.fields(channel), *model.flags(channel))
    ]
    extras = [(field, None) for extra in model.extras.values() for field in (*extra.fields, *extra.flags)]
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


def _agent(agent: Entry) -> dict:
    return _known(
        id=agent["id"],
        node=name_of(agent),
        model=agent["agent_class"],
        description=agent.get("description"),
        feeds={feed: {} for feed in agent.get("feeds") or []},
    )


def _archive() -> dict:
    units = ARCHIVE_NODE["units"]
    return {
        name: _known(label=label, unit=units.get(name), quantity=name, expected=True)
        for name, label in ARCHIVE_NODE["labels"].items()
    }


def _known(**entry: Any) -> dict:
    return {key: value for key, value in entry.items() if value not in (None, "", {})}

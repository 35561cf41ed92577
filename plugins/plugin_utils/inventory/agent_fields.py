"""The fields that agents publish: what the inventory says of them, or else what is known of their class.

What is known is in ``agent_fields.yml``, and of an instrument's agent in the facts of its model.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from . import durations
from .entries import Document, Entry, given
from .instruments import ADDRESS_ROOT
from .models import MODELS

KEYS = ("label", "unit", "alarms", "silent_after")
"""What the inventory can say of a field."""
_KNOWN = Path(__file__).with_name("agent_fields.yml")
_SERIES = re.compile(r"\{(\d+)\.\.(\d+)\}")


class AgentField(NamedTuple):
    """A field of a feed; `options` is what the inventory says of it, `None` if it does not list it."""

    feed: str
    name: str
    label: str | None
    unit: str | None
    options: Entry | None

    @property
    def key(self) -> str:
        """Feed and field, as the inventory writes them."""
        return f"{self.feed}.{self.name}"


def fields_of(agent: Entry) -> list[AgentField]:
    """Return the fields of an agent's shown feeds: those that the inventory lists, in its order, then others that are known."""
    listed = {key: given(options or {}) for key, options in (agent.get("fields") or {}).items()}
    # Our own agents have no entry, and so no class.
    known = _known().get(str(agent.get("agent_class")).rpartition(":")[2], {})
    return [
        _field(key, {**known.get(key, {}), **listed.get(key, {})}, listed.get(key))
        for key in dict.fromkeys((*listed, *known))
        if key.partition(".")[0] in (agent.get("feeds") or [])
    ]


def listed_fields(agent: Entry) -> list[AgentField]:
    """Return the fields that the inventory lists."""
    return [field for field in fields_of(agent) if field.options is not None]


def field_path(agent: Entry, key: str) -> str:
    """Return the permanent name of a field, ``feed.field``, of an agent."""
    return f"{ADDRESS_ROOT}.{agent['id']}.feeds.{key}"


def alarms_of(agent: Entry) -> list[Entry]:
    """Return the alarms of all fields as the agent's ``alarms`` has them, with label and unit as far as they are known."""
    fields = {field.key: field for field in fields_of(agent)}
    entries = [*(agent.get("alarms") or [])]
    entries += [{"field": field.key, **entry} for field in fields.values() for entry in _alarms(field)]
    return [_described(entry, fields.get(entry["field"])) for entry in entries]


def silence_of(entry: Entry) -> int | bool | None:
    """Return after how many seconds an agent or a field is silent by its entry; `False`: never; `None`: the entry does not say."""
    value = entry.get("silent_after")
    after = value.get("after") if isinstance(value, Mapping) else value
    return after if after is None or after is False else durations.parsed(after)


def _alarms(field: AgentField) -> list[Entry]:
    return list((field.options or {}).get("alarms") or [])


def _described(entry: Entry, field: AgentField | None) -> Document:
    about = given({"label": field.label, "unit": field.unit}) if field else {}
    return about | given(entry)


def _field(key: str, about: Entry, options: Entry | None) -> AgentField:
    feed, _, name = key.partition(".")
    return AgentField(feed, name, about.get("label"), about.get("unit"), options)


@functools.cache
def _known() -> dict[str, dict[str, Entry]]:
    """Return label and unit of each known field, by class, and by feed and field."""
    content = yaml.safe_load(_KNOWN.read_text(encoding="utf-8"))
    known = {
        agent_class: {
            f"{feed}.{name}": about
            for feed, fields in feeds.items()
            for pattern, options in fields.items()
            for name, about in _expanded(pattern, options)
        }
        for agent_class, feeds in content.items()
    }
    # livemon may have changed what an instrument's agent publishes: the facts go before what socs does.
    return known | {model.agent_class: dict(_of_model(number)) for number, model in MODELS.items()}


def _of_model(number: str) -> Iterator[tuple[str, Entry]]:
    model = MODELS[number]
    for channel in model.channels:
        for field in model.fields(channel):
            yield f"{model.feed}.{field.name}", given({"label": f"Channel {channel}", "unit": field.unit})
    for output in model.outputs:
        for field in output.fields:
            yield f"{model.feed}.{field.name}", given({"label": output.label, "unit": field.unit})


def _expanded(pattern: str, options: Mapping[str, str]) -> Iterator[tuple[str, Entry]]:
    """Yield the fields for which a name with ``{1..6}`` stands; any other name stands for itself."""
    series = _SERIES.search(pattern)
    if series is None:
        yield pattern, options
        return
    for number in range(int(series[1]), int(series[2]) + 1):
        yield (
            pattern.replace(series[0], str(number)),
            {key: text.replace("{}", str(number)) for key, text in options.items()},
        )

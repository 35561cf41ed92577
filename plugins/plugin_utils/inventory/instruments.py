"""Instruments and agents of a sound inventory: names, channels, fields, paths and how often they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from ..contract import contract
from . import durations
from .entries import Entry
from .models import MODELS, Extra, Field, Model

ADDRESS_ROOT = contract.ADDRESS_ROOT


class ShownField(NamedTuple):
    """A field that panels show: the field of the feed, what people call it, and its channel's options (empty for others)."""

    field: Field
    label: str
    options: Entry


def model_of(instrument: Entry) -> Model:
    """Return the model of an instrument."""
    return MODELS[str(instrument["model"])]


def name_of(entry: Entry) -> str:
    """Return what consumers see before a field: the entry's name, an instrument's serial number, or an agent's id."""
    return str(entry.get("name") or entry.get("serial") or entry["id"])


def host_names(instruments: Iterable[Entry]) -> list[str]:
    """Return the host names by which instruments are reached, sorted; an IP address is not among them."""
    hosts = [
        str(instrument.get("address") or "").partition(":")[0]
        for instrument in instruments
        if not instrument.get("simulated")
    ]
    return sorted({host for host in hosts if re.search("[A-Za-z]", host)})


def path_of(instrument: Entry, field: str) -> str:
    """Return the permanent name of a field of an instrument; ``*`` stands for all of its fields."""
    return f"{ADDRESS_ROOT}.{instrument['id']}.feeds.{model_of(instrument).feed}.{field}"


def channels_of(instrument: Entry) -> dict[str, Entry]:
    """Return the options of each channel that the inventory lists, or of all that every such instrument has when it lists none."""
    channels = instrument.get("channels") or {channel: {} for channel in model_of(instrument).usual_channels}
    return {str(channel): dict(options or {}) for channel, options in channels.items()}


def extras_of(instrument: Entry) -> list[Extra]:
    """Return what an instrument's agent reads in addition to the channels because the inventory asks for it."""
    extras = model_of(instrument).extras
    return [extras[name] for name in extras if name in (instrument.get("also_reads") or [])]


def read_besides(instrument: Entry) -> list[Extra]:
    """Return all that an instrument's agent reads in addition to the channels."""
    return [*model_of(instrument).outputs, *extras_of(instrument)]


def fields_of(instrument: Entry) -> list[ShownField]:
    """Return the fields of the listed channels, such as temperature and sensor units in turn, then those of outputs and extras."""
    model = model_of(instrument)
    return [
        ShownField(field, options.get("label") or f"Channel {channel}", options)
        for channel, options in channels_of(instrument).items()
        for field in model.fields(channel)
    ] + [ShownField(field, extra.label, {}) for extra in read_besides(instrument) for field in extra.fields]


def scan_cycle(instrument: Entry) -> int:
    """Return after how many seconds an instrument returns to a channel; 0 if it reads all of them at once."""
    if instrument.get("scan_cycle") is not None:
        return durations.parsed(instrument["scan_cycle"])
    model = model_of(instrument)
    return model.scan_seconds * len(instrument.get("channels") or model.usual_channels)

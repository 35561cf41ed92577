"""Instruments and agents of a sound inventory: names, channels, fields and paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..contract import contract
from .models import MODELS, Extra, Field, Model

ADDRESS_ROOT = contract.ADDRESS_ROOT

Entry = Mapping[str, Any]


def model_of(instrument: Entry) -> Model:
    """Return the model of an instrument."""
    return MODELS[str(instrument["model"])]


def name_of(entry: Entry) -> str:
    """What consumers see before a field: the entry's name, an instrument's serial number, or an agent's id."""
    return entry.get("name") or entry.get("serial") or entry["id"]


def host_names(instruments: Iterable[Entry]) -> list[str]:
    """Return the names by which instruments are reached; of those without, none."""
    hosts = [
        str(instrument.get("address") or "").partition(":")[0]
        for instrument in instruments
        if not instrument.get("simulated")
    ]
    return sorted({host for host in hosts if re.search("[A-Za-z]", host)})


def path_of(instrument: Entry, field: str) -> str:
    """Return the permanent name of a field of an instrument; ``*`` stands for all of its fields."""
    return f"{ADDRESS_ROOT}.{instrument['id']}.feeds.{model_of(instrument).feed}.{field}"


def channels_of(instrument: Entry) -> dict[str, dict]:
    """Return the options of each channel that the inventory lists, or of every channel of the model when it lists none."""
    listed = instrument.get("channels") or {channel: {} for channel in model_of(instrument).channels}
    return {str(channel): dict(options or {}) for channel, options in listed.items()}


def extras_of(instrument: Entry) -> list[Extra]:
    """Return what an instrument's agent reads beside the channels."""
    extras = model_of(instrument).extras
    return [extras[name] for name in extras if name in (instrument.get("also_reads") or [])]


def fields_of(instrument: Entry) -> list[tuple[Field, str, dict]]:
    """Return `(field, label, options)` of each field of the listed channels, temperature and sensor units in turn, and of extras."""
    model = model_of(instrument)
    return [
        (field, options.get("label") or f"Channel {channel}", options)
        for channel, options in channels_of(instrument).items()
        for field in model.fields(channel)
    ] + [(field, extra.label, {}) for extra in extras_of(instrument) for field in extra.fields]

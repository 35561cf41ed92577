"""What two entries of an inventory cannot share: ids, serial numbers, names and addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..checks import Placed, placed, repeats
from ..entries import Entry
from ..models import MODELS
from .common import OWN_NAMES


def faults(settings: Entry) -> Iterator[str]:
    """Every value that an entry shares with another one, or with one of our own."""
    instruments, agents, nodes = (placed(key, settings.get(key)) for key in ("instruments", "ocs_agents", "data_nodes"))
    yield from repeats(instruments + agents, "id", str, "an id names the data permanently: give each its own")
    yield from repeats(instruments, "serial", str, "a serial number is unique: read it off the instrument's label")
    named = [
        *_names(instruments, "serial"),
        *_names([(place, agent) for place, agent in agents if agent.get("feeds")], "id"),
        *_names(nodes, "name"),
    ]
    for place, entry in named:
        if entry["name"] in OWN_NAMES:
            yield f"{place}.name: {entry['name']!r} is reserved for {OWN_NAMES[entry['name']]}; choose another"
    yield from repeats(named, "name", str, "give one of them a name of its own, name: ...")
    yield from repeats(instruments, "usb_adapter", str, "an adapter has one RS-232 port, for one instrument")
    networked: list[Placed] = [(place, {"address": _endpoint(entry)}) for place, entry in instruments]
    yield from repeats(networked, "address", str.lower, "two instruments cannot share an address")


def _names(entries: Iterable[Placed], default: str) -> Iterator[Placed]:
    """Yield what consumers call each entry; a repeated default, which is reported as such, is not repeated as a name."""
    defaults = set()
    for place, entry in entries:
        name = entry.get("name") or entry.get(default)
        if not isinstance(name, str):
            continue
        if not entry.get("name"):
            if name in defaults:
                continue
            defaults.add(name)
        yield place, {"name": name}


def _endpoint(instrument: Entry) -> str | None:
    """Return the address that no other instrument can have: that of a 240 with its port, as a converter may have several."""
    model, address = MODELS.get(str(instrument.get("model"))), instrument.get("address")
    if model is None or not isinstance(address, str) or not address or instrument.get("simulated") is True:
        return None
    return address if model.line_option is None or ":" in address else f"{address}:{model.port}"

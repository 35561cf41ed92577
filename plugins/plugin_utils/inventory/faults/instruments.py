"""Faults in the setting ``instruments``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..checks import NAME, Placed, kind, list_faults, placed, read_as, repeats, text_faults, unknown_keys
from ..entries import Entry, given, is_list
from ..models import MODELS, Model
from . import alarms, control, default_alarms
from .common import id_faults, window_faults

KEYS = (
    *("model", "id", "serial", "name", "address", "description", "channels", "simulated", "memory_window"),
    "also_reads",
    control.KEY,
    *default_alarms.INSTRUMENT_KEYS,
)
CHANNEL_KEYS = ("label", *alarms.CHANNEL_KEYS)

_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\Z"
)


def faults(settings: Entry) -> Iterator[str]:
    """Every fault of the instruments."""
    instruments = settings.get("instruments")
    yield from list_faults("instruments", instruments, "{model: 240, id: ls240, serial: LSA21OQ}")
    for place, instrument in placed("instruments", instruments):
        yield from unknown_keys(place, instrument, KEYS)
        yield from _instrument_faults(place, given(instrument))


def _instrument_faults(place: str, instrument: Entry) -> Iterator[str]:
    yield from id_faults(place, instrument)
    model = MODELS.get(str(instrument.get("model")))
    if "model" not in instrument:
        yield f"{place}.model is missing; write {' or '.join(f'model: {name}' for name in MODELS)}"
    elif model is None:
        yield f"{place}.model: {instrument['model']!r} is not a supported model; write {' or '.join(MODELS)}"
    yield from _serial_faults(place, instrument)
    simulated = instrument.get("simulated", False)
    if not isinstance(simulated, bool):
        yield f"{place}.simulated: {simulated!r} is neither true nor false; write simulated: true, or leave it out"
    if simulated is True and instrument.get("address"):
        yield f"{place}.address: a simulated instrument has no address; leave out address, or simulated"
    elif model is not None and simulated is not True:
        yield from _address_faults(place, instrument, model)
    yield from text_faults(place, instrument, "description")
    yield from window_faults(place, instrument)
    yield from default_alarms.of_instrument(place, instrument)
    if model is not None:
        yield from _channel_faults(place, instrument, model.channels)
        yield from _extra_faults(place, instrument.get("also_reads", []), list(model.extras))
        yield from control.of_instrument(place, instrument, model.operations)


def _serial_faults(place: str, instrument: Entry) -> Iterator[str]:
    serial = instrument.get("serial")
    if serial is None or serial == "":
        yield f"{place}.serial is missing; write the serial number on the instrument's label, for example serial: LSA21OQ"
    elif not isinstance(serial, str):
        yield f'{place}.serial: {read_as(serial)}; put what is written in the file in quotes, as in serial: "LSA21OQ"'
    elif not NAME.match(serial):
        yield f"{place}.serial: {serial!r} is not a valid serial number; use letters, digits, '-' and '_', for example LSA21OQ"


def _address_faults(place: str, instrument: Entry, model: Model) -> Iterator[str]:
    address, needed = instrument.get("address"), model.needs_address
    if address is None or address == "":
        if needed:
            yield f"{place}.address is missing; write its IP address or host name, for example address: 172.16.127.192"
        return
    if not isinstance(address, str):
        yield f"{place}.address: {read_as(address)}; write an IP address or a host name"
        return
    if address.count(":") > 1:
        yield (
            f"{place}.address: {address!r} is an IPv6 address, and the drivers support only IPv4; "
            "write, for example, 172.16.127.192"
        )
        return
    host, colon, port = address.partition(":")
    if colon and (needed or not port.isdecimal() or not 0 < int(port) < 65536):
        yield (
            f"{place}.address: {address!r} has an invalid port; write "
            + (
                f"the address alone: a {model.number} listens on port {model.port}"
                if needed
                else "host:port, for example 172.16.127.30:1094"
            )
        )
    if re.fullmatch(r"[0-9.]+", host):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            yield f"{place}.address: {host!r} is not a valid IP address; write four numbers from 0 to 255, for example 172.16.127.192"
    elif not _HOST_NAME.match(host):
        yield (
            f"{place}.address: {host!r} is not a valid IP address or host name; "
            "write, for example, 172.16.127.192 or ls372.lab.example"
        )


def _channel_faults(place: str, instrument: Entry, known: tuple[str, ...]) -> Iterator[str]:
    channels = instrument.get("channels")
    if channels is None:
        return
    if not isinstance(channels, Mapping):
        yield f"{place}.channels: this is {kind(channels)}; write number and label, for example {{1: {{label: 4K plate}}}}"
        return
    labels: list[Placed] = []
    for channel, options in channels.items():
        where = f"{place}.channels.{channel}"
        if str(channel) not in known:
            yield f"{where}: this model has no such channel; it has {known[0]} to {known[-1]}"
        elif isinstance(channel, str) and channel.isdecimal() and int(channel) in channels:
            yield f"{where}: this channel is listed twice, as a number and as text; write it once, without quotes"
        if options is None:
            labels.append((where, {"label": f"Channel {channel}"}))
            continue
        if not isinstance(options, Mapping):
            yield f"{where}: this is {kind(options)}; write, for example, {{label: 4K plate}}"
            continue
        yield from unknown_keys(where, options, CHANNEL_KEYS)
        yield from text_faults(where, given(options), "label")
        yield from alarms.of_channel(where, given(options), instrument)
        labels.append((where, {"label": options.get("label") or f"Channel {channel}"}))
    extras = MODELS[str(instrument["model"])].extras
    labels += [
        (f"{place}.also_reads", {"label": extras[name].label}) for name in extras if name in _also_read(instrument)
    ]
    yield from repeats(labels, "label", str, "they could not be told apart in a plot: give each a label of its own")


def _also_read(instrument: Entry) -> list[Any]:
    extras = instrument.get("also_reads")
    return list(extras) if is_list(extras) else []


def _extra_faults(place: str, extras: Any, known: list[str]) -> Iterator[str]:
    if not is_list(extras):
        yield f"{place}.also_reads: this is {kind(extras)}; write a list, for example [control_input, sample_heater]"
        return
    instead = f"write {' or '.join(known)}" if known else "this model has only its channels; leave also_reads out"
    for extra in extras:
        if extra not in known:
            yield f"{place}.also_reads: {extra!r} is not supported; {instead}"

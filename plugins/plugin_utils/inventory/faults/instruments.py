"""Faults in the setting ``instruments``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..checks import NAME, Placed, kind, list_faults, placed, read_as, repeats, text_faults, unknown_keys
from ..entries import Entry, given, is_list
from ..models import MODELS, Model
from . import agent_files, alarms, control, default_alarms, instrument_arguments
from .common import id_faults, wait_faults, window_faults

KEYS = (
    *("model", "id", "serial", "name", "address", "usb_adapter", "description"),
    *("channels", "simulated", "memory_window", "also_reads", "wait_for_data"),
    instrument_arguments.KEY,
    agent_files.KEY,
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
        yield from agent_files.of_entry(place, given(instrument), settings.get("inventory_dir"))


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
    if model is not None:
        yield from _adapter_faults(place, instrument, model)
    yield from text_faults(place, instrument, "description")
    yield from window_faults(place, instrument)
    yield from wait_faults(place, instrument)
    yield from default_alarms.of_instrument(place, instrument)
    if model is not None:
        yield from _channel_faults(place, instrument, model)
        yield from _extra_faults(place, instrument.get("also_reads", []), list(model.extras))
        yield from control.of_instrument(place, instrument, model.operations)
        yield from instrument_arguments.of_instrument(place, instrument.get("arguments", []), model)


def _serial_faults(place: str, instrument: Entry) -> Iterator[str]:
    serial = instrument.get("serial")
    if serial is None or serial == "":
        yield f"{place}.serial is missing; write the serial number on the instrument's label, for example serial: LSA21OQ"
    elif not isinstance(serial, str):
        yield f'{place}.serial: {read_as(serial)}; put what is written in the file in quotes, as in serial: "LSA21OQ"'
    elif not NAME.match(serial):
        yield f"{place}.serial: {serial!r} is not a valid serial number; use letters, digits, '-' and '_', for example LSA21OQ"


def _address_faults(place: str, instrument: Entry, model: Model) -> Iterator[str]:
    address, needed = instrument.get("address"), model.line_option is None
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
                else f"host:port, for example 172.16.127.30:{model.port}"
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


def _adapter_faults(place: str, instrument: Entry, model: Model) -> Iterator[str]:
    """Every fault of the USB adapter that serves an instrument's RS-232 port."""
    adapter = instrument.get("usb_adapter")
    if adapter is None or adapter == "":
        if model.adapter_option and not instrument.get("address") and instrument.get("simulated") is not True:
            yield (
                f"{place}.usb_adapter is missing: a {model.number} has an RS-232 port; write the serial number of its USB adapter, "
                f"for example usb_adapter: A50285BI, or the address of a serial-to-network converter, "
                f"for example address: 172.16.127.30:{model.port}"
            )
    elif model.adapter_option is None:
        yield f"{place}.usb_adapter: a {model.number} is not read over RS-232; leave it out"
    elif instrument.get("simulated") is True:
        yield f"{place}.usb_adapter: a simulated instrument has no USB adapter; leave out usb_adapter, or simulated"
    elif instrument.get("address"):
        yield f"{place}.usb_adapter: it is read over one line; leave out usb_adapter, or address"
    elif not isinstance(adapter, str):
        yield f'{place}.usb_adapter: {read_as(adapter)}; put its serial number in quotes, as in usb_adapter: "A50285BI"'
    elif not NAME.match(adapter):
        yield (
            f"{place}.usb_adapter: {adapter!r} is not a valid serial number; use letters, digits, '-' and '_', for example A50285BI"
        )


def _channel_faults(place: str, instrument: Entry, model: Model) -> Iterator[str]:
    channels = instrument.get("channels")
    if channels is None:
        return
    if not isinstance(channels, Mapping):
        yield (
            f"{place}.channels: this is {kind(channels)}; "
            f"write each channel with its label, for example {{{model.channels[0]}: {{label: 4K plate}}}}"
        )
        return
    labels: list[Placed] = [(f"an output of the {model.name}", {"label": output.label}) for output in model.outputs]
    for channel, options in channels.items():
        where = f"{place}.channels.{channel}"
        if str(channel) not in model.channels:
            yield f"{where}: {_unknown_channel(str(channel), model)}"
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
    labels += [
        (f"{place}.also_reads", {"label": extra.label})
        for name, extra in model.extras.items()
        if name in _also_read(instrument)
    ]
    yield from repeats(labels, "label", str, "they could not be told apart in a plot: give each a label of its own")


def _unknown_channel(channel: str, model: Model) -> str:
    meant = model.aliases.get(channel.upper(), channel.upper())
    if meant in model.channels:
        return f"the inventory names this channel {meant}; write {meant}"
    return f"this model has no such channel; it has {model.channels_in_words}"


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

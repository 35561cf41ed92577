"""What an inventory, a simulator and a launcher need to know of an instrument model. Standard library only: Ansible reads it too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

HOTTEST = 873.0
"""Kelvins. Lake Shore's platinum sensors (PT-100 series) end there, and no sensor of the models here reads more."""


@dataclass(frozen=True)
class Field:
    """One field of an instrument's feed: its permanent name, its unit (`None` if that depends on the sensor), what it measures."""

    name: str
    unit: str | None
    quantity: str


@dataclass(frozen=True)
class Extra:
    """What an agent reads in addition to the channels: its label, fields and flags; `option` is empty if it is always read."""

    option: tuple[str, ...]
    label: str
    fields: tuple[Field, ...]
    flags: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Usb:
    """How an instrument is recognised on USB, and the agent's option for it.

    Attributes
    ----------
    vendor, product
        The ids that the device reports, four hexadecimal digits each.
    driver
        The kernel's driver of usb-serial that serves it.
    description
        What the device is, for the comment in the udev rules.
    option
        Takes the path of the device; returns the agent's option and its value.
    """

    vendor: str
    product: str
    driver: str
    description: str
    option: Callable[[str], tuple[str, str]]


def _no_flags(_channel: str) -> tuple[Field, ...]:
    return ()


@dataclass(frozen=True)
class Model:
    """An instrument model.

    Attributes
    ----------
    number
        How an inventory names the model: ``model: "372"``.
    name
        How people name it.
    agent_class
        The class of its OCS agent, as the site config names it.
    agent_module
        Where the code of that agent is; the folder's ``agent.py`` is for an agent of this module only.
    port
        The TCP port on which it listens.
    channels
        The channels' names as the inventory writes them, numbers or letters.
    fields
        Takes a channel; returns its fields, named as the agent names them. The first one is what the channel is read for: the
        temperature of a thermometer.
    network_option
        Takes the instrument's address, ``host`` or ``host:port``; returns the agent's option and its value.
    operations
        Those operations of its agent that do more than read.
    kelvins
        The ends of an axis that shows all its thermometers, K; `None` if it has none.
    usb
        `None` if it has no USB port.
    adapter_option
        Takes the path of a serial line; returns the agent's option and its value. `None` if it has no RS-232 port, for which the
        machine has a USB adapter.
    serial_option, start_options
        The agent's option for the serial number, `None` if it has none, and what else its command line has.
    scan_seconds
        How long it stays with a channel that it scans, pause and dwell together, by its factory settings; 0 if it reads all at once.
    optional_channels
        Those of the channels that only instruments with an option card have: they are expected only if the inventory lists them.
    aliases
        Other names of channels, which the instrument takes and an inventory does not: ``{alias: channel}``.
    outputs
        What its agent always reads in addition to the channels, such as the state of a heater.
    extras
        What can be read in addition to the channels, by the name that the inventory writes.
    settings
        The fields that operations publish once, when they have set something.
    flags
        Takes a channel; returns the fields that say whether its readings are valid, and what the invalid ones were.
    feed
        The feed in which its agent publishes.
    manufacturer
        The first word of its reply to ``*IDN?``; the second one is ``MODEL`` and the model number.
    """

    number: str
    name: str
    agent_class: str
    agent_module: str
    port: int
    channels: tuple[str, ...]
    fields: Callable[[str], tuple[Field, ...]]
    network_option: Callable[[str], tuple[str, str]]
    operations: tuple[str, ...]
    kelvins: tuple[float, float] | None = None
    usb: Usb | None = None
    adapter_option: Callable[[str], tuple[str, str]] | None = None
    serial_option: str | None = "--serial-number"
    start_options: tuple[str, ...] = ("--mode", "acq")
    scan_seconds: int = 0
    optional_channels: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[Extra, ...] = ()
    extras: Mapping[str, Extra] = field(default_factory=dict)
    settings: tuple[Field, ...] = ()
    flags: Callable[[str], tuple[Field, ...]] = _no_flags
    feed: str = "temperatures"
    manufacturer: str = "LSCI"

    @property
    def reading(self) -> Field:
        """What its channels are read for; the field is that of the first channel."""
        return self.fields(self.channels[0])[0]

    @property
    def line_option(self) -> Callable[[str], tuple[str, str]] | None:
        """How its agent is given a serial line of the machine; `None` if it can have none, and must have an address."""
        return self.usb.option if self.usb else self.adapter_option

    @property
    def usual_channels(self) -> tuple[str, ...]:
        """The channels that every instrument of the model has."""
        return tuple(channel for channel in self.channels if channel not in self.optional_channels)

    @property
    def channels_in_words(self) -> str:
        """Which channels there are: ``1 to 16``, ``A, B, C, D``, or ``only 1``."""
        if len(self.channels) == 1:
            return f"only {self.channels[0]}"
        if all(channel.isdecimal() for channel in self.channels):
            return f"{self.channels[0]} to {self.channels[-1]}"
        return ", ".join(self.channels)

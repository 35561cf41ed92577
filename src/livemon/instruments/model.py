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
    """What an agent reads in addition to the channels if the inventory asks for it: the agent's option, label, fields and flags."""

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
        The channels' names as the inventory writes them.
    fields
        Takes a channel; returns its fields, temperature first, named as the agent names them.
    network_option
        Takes the instrument's address, ``host`` or ``host:port``; returns the agent's option and its value.
    kelvins
        The ends of an axis that shows all its sensors, K.
    operations
        Those operations of its agent that do more than read.
    usb
        `None` if it is reached over the network only.
    serial_option, start_options
        The agent's option for the serial number, and what else its command line has.
    scan_seconds
        How long it stays with a channel that it scans, pause and dwell together, by its factory settings; 0 if it reads all at once.
    extras
        What can be read in addition to the channels, by the name that the inventory writes.
    settings
        The fields that operations publish once, when they have set something.
    flags
        Takes a channel; returns the fields that say whether its readings are valid, and what the invalid ones were.
    feed
        The feed in which its agent publishes.
    """

    number: str
    name: str
    agent_class: str
    agent_module: str
    port: int
    channels: tuple[str, ...]
    fields: Callable[[str], tuple[Field, ...]]
    network_option: Callable[[str], tuple[str, str]]
    kelvins: tuple[float, float]
    operations: tuple[str, ...]
    usb: Usb | None = None
    serial_option: str = "--serial-number"
    start_options: tuple[str, ...] = ("--mode", "acq")
    scan_seconds: int = 0
    extras: Mapping[str, Extra] = field(default_factory=dict)
    settings: tuple[Field, ...] = ()
    flags: Callable[[str], tuple[Field, ...]] = _no_flags
    feed: str = "temperatures"

    @property
    def needs_address(self) -> bool:
        """Whether it cannot be reached without an address, as it has no USB port."""
        return self.usb is None

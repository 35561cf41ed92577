"""What there is to know of a Lake Shore 425.

Sources: Lake Shore Model 425 User's Manual, section 6.3.1 "Interface Commands"; socs 0.6.4, ``socs/agents/lakeshore425/agent.py``;
for the ids on USB, Linux's ``drivers/usb/serial/cp210x.c`` and Lake Shore's own driver (``lakeshore/model_425.py``).
"""

from __future__ import annotations

from ..model import Field, Model, Usb

PORT = 4001
"""The port that serial-to-network converters commonly give their first line: the 425 itself is not on a network."""


def fields(_channel: str) -> tuple[Field, ...]:
    """Return the field of the one probe; it is in gauss whatever the front panel shows, see ``agent.py``."""
    return (Field("Bfield", "G", "magnetic_field"),)


def flags(_channel: str) -> tuple[Field, ...]:
    """Return the field that says whether the probe has a valid reading: 0 if so, otherwise a sum of bits of ``OPST?``."""
    return (Field("Bfield_status", None, "status"),)


def network_option(address: str) -> tuple[str, str]:
    """Return the agent's option for an instrument behind a serial-to-network converter."""
    return "--port", f"tcp://{address}" if ":" in address else f"tcp://{address}:{PORT}"


MODEL = Model(
    number="425",
    name="Lake Shore 425",
    agent_class="Lakeshore425Agent",
    agent_module="socs.agents.lakeshore425.agent",
    port=PORT,
    channels=("1",),
    fields=fields,
    flags=flags,
    feed="mag_field",
    network_option=network_option,
    usb=Usb(
        vendor="1fb9",
        product="0401",
        driver="cp210x",
        description="a CP210x bridge with an id of Lake Shore's own",
        option=lambda device: ("--port", device),
    ),
    serial_option=None,
    operations=("acq", "any_command", "init_lakeshore", "operational_status", "zero_calibration"),
)

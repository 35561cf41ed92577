"""What there is to know of a Lake Shore 240. Sources: its manual; socs 0.6.4, ``socs/agents/lakeshore240/agent.py``."""

from __future__ import annotations

from ..model import Field, Model, Usb

PORT = 1094


def fields(channel: str) -> tuple[Field, ...]:
    """Return the fields of a channel."""
    return (
        Field(f"Channel_{channel}_T", "K", "temperature"),
        # Volts of a diode, ohms of a resistor: socs names the field for diodes, and the feed does not say which it is.
        Field(f"Channel_{channel}_V", None, "sensor"),
    )


def network_option(address: str) -> tuple[str, str]:
    """Return the agent's option for an instrument behind a serial-to-network converter."""
    return "--port", f"tcp://{address}" if ":" in address else f"tcp://{address}:{PORT}"


MODEL = Model(
    number="240",
    name="Lake Shore 240",
    agent_class="Lakeshore240Agent",
    agent_module="socs.agents.lakeshore240.agent",
    port=PORT,
    channels=tuple(str(number) for number in range(1, 9)),
    fields=fields,
    network_option=network_option,
    usb=Usb(
        vendor="1fb9",
        product="0205",
        driver="cp210x",
        description="a CP210x bridge with an id of Lake Shore's own",
        option=lambda device: ("--port", device),
    ),
    kelvins=(1.0, 400.0),
    operations=("acq", "init_lakeshore", "set_values", "upload_cal_curve"),
)

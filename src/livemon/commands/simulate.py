"""``livemon simulate``: a simulated instrument that a driver cannot distinguish from a real one."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from livemon.errors import DeviceError
from livemon.instruments import folders
from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.faults import GRAMMAR, Faults, parse
from livemon.instruments.common.instrument import Instrument
from livemon.instruments.common.server import run_until_terminated

# What an answer can contain; characters beyond ASCII, as in an inventory's labels, are sent as question marks.
_NAME = re.compile(r'[^,;"?\x00-\x1f\x7f]+')

MODELS = folders.models()
ON_USB = [number for number, model in MODELS.items() if model.usb]


def _simulator(model: str) -> Callable[..., Instrument]:
    """Import the simulator of a model; no other one is imported."""
    simulator: Callable[..., Instrument] = folders.part(folders.folder_of(model), "simulator").SIMULATOR
    return simulator


def _faults(given: tuple[str, ...], inputs: Sequence[int | str], seed: int) -> Faults:
    faults = Faults(seed)
    for text in given:
        try:
            faults.add(parse(text, 0.0, inputs))
        except DeviceError as error:
            raise click.UsageError(f"--fault {text}: {error}") from error
    return faults


def _labels(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> dict[int, str]:
    labels = {}
    for item in given:
        channel, equals, name = item.partition("=")
        if not (equals and channel.strip().isdecimal() and name.strip()):
            raise click.BadParameter(f"{item!r}: write CHANNEL=NAME, for example '1=4K plate'")
        if not _NAME.fullmatch(name):
            raise click.BadParameter(f"{item!r}: a name is one line without , ; ? and double quotes")
        labels[int(channel)] = name.strip()
    return labels


@click.command(
    context_settings={"show_default": True},
    epilog=f"A fault is {GRAMMAR}",
)
@click.argument("model", type=click.Choice(list(MODELS)))
@click.option("--serial", metavar="S", required=True, help="Serial number, as the instrument reports it.")
@click.option("--host", default="127.0.0.1", help="Address to listen on; 0.0.0.0 for all.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    show_default=", ".join(f"{model.port} for a {number}" for number, model in MODELS.items()),
    help="TCP port; 0 takes a free one.",
)
@click.option(
    "--pty",
    "link",
    type=click.Path(path_type=Path),
    metavar="LINK",
    help=f"{', '.join(ON_USB)} only: serve a pseudo-terminal, to which this symbolic link will point, as its USB port. "
    "TCP is then served only if --port is given.",
)
@click.option(
    "--cooldown-minutes",
    type=click.FloatRange(min=0),
    default=10.0,
    metavar="M",
    help="Time from room temperature to base temperature; 0 starts cold.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    show_default="made from the serial number",
    help="Chooses noise and drift; the same seed gives the same readings at the same time.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    callback=_labels,
    metavar="CHANNEL=NAME",
    help="Name of an input, at most 15 characters; may be repeated.",
)
@click.option(
    "--fault",
    "given_faults",
    multiple=True,
    metavar="FAULT",
    help="A fault from the start, see below; may be repeated.",
)
@click.option(
    "--control",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Make a socket at PATH, by which `livemon fault PATH ...` causes faults while it runs.",
)
def command(
    *,
    model: str,
    serial: str,
    host: str,
    port: int | None,
    link: Path | None,
    cooldown_minutes: float,
    seed: int | None,
    labels: dict[int, str],
    given_faults: tuple[str, ...],
    control: Path | None,
) -> None:
    """Simulate an instrument on a dilution refrigerator that cools down and then drifts.

    Prints one line for each address when it can be used, and serves until it is terminated:

        Lake Shore 372 LSA22YG listens on 127.0.0.1:7777
    """
    facts = MODELS[model]
    if link and facts.usb is None:
        raise click.UsageError(f"--pty: a {model} has no serial port here; leave it out")
    for channel in labels:
        if str(channel) not in facts.channels:
            raise click.UsageError(
                f"--label {channel}=...: a {model} has channels {facts.channels[0]} to {facts.channels[-1]}"
            )
    if seed is None:
        seed = zlib.crc32(serial.encode())
    address = None if link and port is None else (host, facts.port if port is None else port)
    instrument = _simulator(model)(serial, Cryostat(cooldown_minutes * 60, seed), seed, labels)
    instrument.faults = _faults(given_faults, instrument.INPUTS, seed)
    asyncio.run(
        run_until_terminated(
            instrument,
            address=address,
            link=link,
            control=control,
            announce=lambda where: click.echo(f"{facts.name} {serial} listens on {where}"),
        )
    )

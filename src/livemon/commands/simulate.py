"""``livemon simulate``: a simulated instrument that a driver cannot distinguish from a real one, or a cryostat's log files."""

from __future__ import annotations

import asyncio
import copy
import functools
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from livemon.bluefors import simulator as bluefors
from livemon.errors import DeviceError
from livemon.instruments import folders
from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.faults import GRAMMAR, Faults, parse
from livemon.instruments.common.instrument import Instrument
from livemon.instruments.common.server import run_until_terminated

# What an answer can contain; characters beyond ASCII, as in an inventory's labels, are sent as question marks.
_NAME = re.compile(r'[^,;"?\x00-\x1f\x7f]+')

MODELS = folders.models()
ON_A_LINE = [number for number, model in MODELS.items() if model.line_option]


def _simulator(model: str) -> type[Instrument]:
    """Import the simulator of a model; no other one is imported."""
    simulator: type[Instrument] = folders.part(folders.folder_of(model), "simulator").SIMULATOR
    return simulator


def _faults(given: tuple[str, ...], inputs: Sequence[int | str], seed: int) -> Faults:
    faults = Faults(seed)
    for text in given:
        try:
            faults.add(parse(text, 0.0, inputs))
        except DeviceError as error:
            raise click.UsageError(f"--fault {text}: {error}") from error
    return faults


def _labels(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    labels = {}
    for item in given:
        channel, equals, name = item.partition("=")
        if not (equals and channel.strip() and name.strip()):
            raise click.BadParameter(f"{item!r}: write CHANNEL=NAME, for example '1=4K plate'")
        if not _NAME.fullmatch(name):
            raise click.BadParameter(f"{item!r}: a name is one line without , ; ? and double quotes")
        labels[channel.strip()] = name.strip()
    return labels


class Simulators(click.Group):
    """One subcommand for each model, and those that were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all subcommands."""
        return [*MODELS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the subcommand of a model, or one that was added; `None` where there is neither."""
        if cmd_name not in MODELS:
            return super().get_command(ctx, cmd_name)
        of_model = copy.copy(_instrument)
        of_model.name, of_model.short_help = cmd_name, f"Simulate a {MODELS[cmd_name].name}."
        assert _instrument.callback is not None
        of_model.callback = functools.partial(_instrument.callback, model=cmd_name)
        return of_model


@click.command(cls=Simulators)
def command() -> None:
    """Simulate an instrument, or what writes the log files of a cryostat."""


_cooldown = click.option(
    "--cooldown-minutes",
    type=click.FloatRange(min=0),
    default=10.0,
    metavar="M",
    help="Time from room temperature to base temperature; 0 starts cold.",
)


@command.command("bluefors", context_settings={"show_default": True})
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=10.0, metavar="S", help="Seconds between two lines of a file."
)
@_cooldown
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Chooses the drift.")
def _bluefors(*, directory: Path, every: float, cooldown_minutes: float, seed: int) -> None:
    """Write the log files of a Bluefors dilution refrigerator that cools down and then drifts.

    Writes what its control software writes, in local time, below DIRECTORY, which is made if it is missing: temperatures and
    resistances, pressures, flow, valves, status and heaters, in files of their own for each day. Nothing is ever deleted;
    a day has 13 MB at a line every 10 s. Serves until it is terminated, and prints a line for each day:

        Bluefors log files are in logs/26-12-01
    """
    bluefors.write(
        directory,
        bluefors.Refrigerator(Cryostat(cooldown_minutes * 60, seed)),
        every,
        announce=lambda where: click.echo(f"Bluefors log files are in {where}"),
    )


@click.command(
    context_settings={"show_default": True},
    epilog=f"A fault is {GRAMMAR}",
)
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
    help=f"{', '.join(ON_A_LINE)} only: serve a pseudo-terminal, to which this symbolic link will point, as its USB or RS-232 port. "
    "TCP is then served only if --port is given.",
)
@_cooldown
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
def _instrument(
    *,
    model: str,
    serial: str,
    host: str,
    port: int | None,
    link: Path | None,
    cooldown_minutes: float,
    seed: int | None,
    labels: dict[str, str],
    given_faults: tuple[str, ...],
    control: Path | None,
) -> None:
    """Simulate an instrument on a dilution refrigerator that cools down and then drifts.

    Prints one line for each address when it can be used, and serves until it is terminated:

        Lake Shore 372 LSA22YG listens on 127.0.0.1:7777
    """
    facts = MODELS[model]
    if link and facts.line_option is None:
        raise click.UsageError(f"--pty: a {model} has no serial port here; leave it out")
    simulator: Any = _simulator(model)  # a model's own, which takes more than the class that they share
    if labels and not simulator.NAMED:
        raise click.UsageError(f"--label: the inputs of a {model} have no names; leave it out")
    for channel in labels:
        if channel not in facts.channels:
            raise click.UsageError(f"--label {channel}=...: a {model} has channels {facts.channels_in_words}")
    if seed is None:
        seed = zlib.crc32(serial.encode())
    address = None if link and port is None else (host, facts.port if port is None else port)
    names = {int(channel) if channel.isdecimal() else channel: name for channel, name in labels.items()}
    instrument: Instrument = simulator(serial, Cryostat(cooldown_minutes * 60, seed), seed, names)
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

"""``livemon fault``: make a running simulated instrument fail."""

from __future__ import annotations

from pathlib import Path

import click

from livemon.instruments.common.control import request
from livemon.instruments.common.faults import GRAMMAR


@click.command(epilog=f"A fault is {GRAMMAR}")
@click.argument("control", type=click.Path(path_type=Path))
@click.argument("fault", nargs=-1)
def command(control: Path, fault: tuple[str, ...]) -> None:
    """Make a simulated instrument fail, and print which faults are in force.

    CONTROL is the PATH of `livemon simulate ... --control PATH`. FAULT is one of those below, with blanks or commas
    between its words; or clear, which ends all faults, or clear KIND; or nothing, which only prints.

        livemon fault /tmp/372 stall for=20

        livemon fault /tmp/372 garbage times=3

        livemon fault /tmp/372 clear
    """
    click.echo(request(control, ",".join(fault)), nl=False)

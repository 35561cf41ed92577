"""``livemon discover``: finds instruments on USB and in the network, and compares them with the inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from livemon.client.agents import Agent
    from livemon.discovery.comparison import Difference
    from livemon.discovery.search import Search
    from livemon.discovery.site import Site

DIFFERENT = 3
"""The exit status of ``--compare`` if something differs; 1 is an error, 2 a mistyped command."""


def _addresses(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> list[str]:
    from livemon.discovery import subnets

    try:
        return subnets.addresses(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("hosts", nargs=-1, metavar="[SUBNET]...", callback=_addresses)
@click.option("--compare", is_flag=True, help="Compare with the inventory of the last run, and print the differences.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--port",
    "ports",
    multiple=True,
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="A further TCP port to ask on, for example that of a serial-to-network converter; may be repeated.",
)
@click.option(
    "--serial-line",
    "lines",
    multiple=True,
    metavar="DEVICE",
    help="Ask on this serial line, too, for example /dev/ttyUSB1 of an RS-232 adapter; may be repeated.",
)
@click.option("--all", "everything", is_flag=True, help="Ask instruments whose agents are running, too.")
@click.pass_context
def command(
    context: click.Context,
    *,
    hosts: list[str],
    compare: bool,
    as_json: bool,
    ports: tuple[int, ...],
    lines: tuple[str, ...],
    everything: bool,
) -> None:
    """Find instruments on USB and, in each SUBNET, on the network; print the lines for the inventory.

    On the network every address is asked *IDN? on the TCP ports of the supported models, and nothing else is sent: at most 200
    connections a second, at most one to a host. Progress is on standard error.

    An instrument whose agent is running is not asked, as it has room for one or two connections only; the agent says what
    it is. --all asks it nevertheless.

    \b
    Examples
      livemon discover                             what is on USB
      livemon discover 172.16.127.0/24             and in this network (at most 1024 addresses)
      livemon discover 172.16.127.192              and at this address
      livemon discover --compare                   are the instruments those of the inventory?
      livemon discover --compare 172.16.127.0/24   and if not, where are they?
      livemon discover --port 4001 172.16.127.0/24     also behind converters that listen on port 4001

    \b
    Exit status
      0  done; with --compare: all is as in the inventory
      1  something went wrong, and standard error says what
      3  with --compare: something differs
    """  # noqa: D301 - click's own mark of lines that it does not wrap
    from livemon.discovery import comparison, site, usb
    from livemon.discovery.search import Search
    from livemon.errors import ConfigError

    known = site.from_environment()
    if compare and known is None:
        raise ConfigError(
            "there is no inventory to compare with: run livemon discover --compare on the monitor, after playbooks/site.yml, "
            "or name the directory of the site config in OCS_CONFIG_DIR"
        )
    known = _with_serials(known or site.Site())
    search = Search(known, _agents(known), everything=everything, progress=_progress)
    search.ask_network(hosts, ports, known.instruments if compare else [])
    search.ask_usb(usb.devices(), lines)

    result = search.result
    differences = (
        comparison.differences(
            known.instruments,
            result.found,
            {(each.host, each.port): each.instead for each in result.others},
            result.untold,
            known.ids,
        )
        if compare
        else []
    )
    _say_what_was_left_out(search)
    if as_json:
        _print_json(search, known, differences if compare else None)
    elif compare:
        _print_differences(differences, known)
    else:
        _print_inventory(search, known)
    if differences:
        context.exit(DIFFERENT)


def _with_serials(known: Site) -> Site:
    """Return it with what the bridge knows: agents of some models are not told the serial number."""
    from livemon.client import bridge
    from livemon.contract import ADDRESS_ROOT
    from livemon.errors import LivemonError

    if all(each.serial for each in known.instruments):
        return known
    try:
        nodes = bridge.status()["nodes"]
    except LivemonError as error:
        click.echo(f"The bridge cannot be asked ({error}): some serial numbers are not compared.", err=True)
        return known
    fields = [each for node in nodes for each in node["fields"] if each["path"].startswith(f"{ADDRESS_ROOT}.")]
    return known.with_serials({each["path"].split(".")[1]: each["tags"].get("serial", "") for each in fields})


def _agents(known: Site) -> list[Agent] | None:
    """Return the agents as they answer; `None` if they cannot be asked."""
    from livemon.client.agents import Agents
    from livemon.errors import LivemonError

    if not (known.instruments or known.used):
        return []
    try:
        return Agents.from_environment().agents()
    except LivemonError as error:
        click.echo(f"The agents cannot be asked ({error}): all are taken to be running.", err=True)
        return None


def _progress(asked: int, hosts: int, found: int) -> None:
    import sys

    done = asked == hosts
    sentence = f"{asked} of {hosts} addresses asked, {found} instrument{'' if found == 1 else 's'} found"
    if sys.stderr.isatty():
        click.echo(f"\r{sentence}", err=True, nl=done)
    elif done or asked % 100 == 0:
        click.echo(sentence, err=True)


def _say_what_was_left_out(search: Search) -> None:
    for note in search.result.notes:
        click.echo(f"{note}.", err=True)
    for other in search.result.others:
        click.echo(f"{other.host} port {other.port} is not an instrument: it {other.instead}.", err=True)


def _print_inventory(search: Search, known: Site) -> None:
    from livemon.discovery import inventory

    found = search.result.found
    if not found:
        click.echo("No instrument was found.", err=True)
    by_serial = {each.serial: each.id for each in known.instruments if each.serial}
    click.echo(inventory.text(found, by_serial, known.ids), nl=False)


def _print_differences(differences: list[Difference], known: Site) -> None:
    for each in differences:
        click.echo(f"{each.sentence}.")
    if not differences:
        number = sum(not each.simulated for each in known.instruments)
        click.echo(f"{number} instrument{' is' if number == 1 else 's are'} as the inventory says.")


def _print_json(search: Search, known: Site, differences: list[Difference] | None) -> None:
    import dataclasses
    import json

    from livemon.discovery import inventory

    by_serial = {each.serial: each.id for each in known.instruments}
    content = {
        "found": [
            dataclasses.asdict(each) | {"id": by_serial.get(each.serial), "fault": inventory.fault(each)}
            for each in search.result.found
        ],
        "others": [dataclasses.asdict(each) for each in search.result.others],
        "notes": search.result.notes,
    }
    if differences is not None:
        content["differences"] = [dataclasses.asdict(each) for each in differences]
    click.echo(json.dumps(content, indent=2))

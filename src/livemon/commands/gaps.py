"""``livemon gaps``: what is missing from the archive."""

from __future__ import annotations

import click


@click.command()
@click.option("--from", "start", default="-7d", show_default=True, help="Begin: UNIX seconds, ISO 8601 or like -2h.")
@click.option("--to", "end", default="now", show_default=True, help="End (not included), in the same formats.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(start: str, end: str, as_json: bool) -> None:
    """List the gaps of the archive: the feed, from when to when, how many samples are missing, and why.

    Times are UTC; in JSON they are UNIX seconds. "unknown" means that the samples were not counted, as for an agent
    that `livemon agent` did not start. A gap with 0 samples is a time in which the agent read nothing.
    """
    import json

    from livemon.client import bridge, tables

    gaps = bridge.gaps(start, end)
    if as_json:
        click.echo(json.dumps(gaps, indent=2))
    elif gaps:
        tables.console().print(tables.gaps_table(gaps))
    else:
        click.echo("the archive has no gaps in this interval")

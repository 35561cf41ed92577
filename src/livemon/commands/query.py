"""``livemon query``: samples of fields."""

from __future__ import annotations

from typing import Any

import click


@click.command()
@click.argument("fields", metavar="FIELD...", nargs=-1, required=True)
@click.option("--from", "start", default="-10min", show_default=True, help="Begin: UNIX seconds, ISO 8601 or like -2h.")
@click.option("--to", "end", default="now", show_default=True, help="End, which is not part of it, written likewise.")
@click.option(
    "--points", default=1000, show_default=True, help="How many points at most; more are thinned, extremes kept."
)
@click.option("--format", "style", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
def command(fields: tuple[str, ...], start: str, end: str, points: int, style: str) -> None:
    """Print samples of one or more FIELDs, each NODE::field or a permanent name (`livemon fields` lists them).

    Times are UTC; in CSV and JSON they are UNIX seconds. Exit status 1, with one sentence, when a node does not answer; the
    samples of the others are printed.
    """
    import csv
    import json
    import sys

    from livemon.client import bridge
    from livemon.errors import RouterError

    series, silent = bridge.series(fields, start, end, points)
    if style == "json":
        click.echo(json.dumps(series, indent=2))
    elif style == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(["field", "time", "value"])
        for each in series:
            writer.writerows([each["field"], *sample] for sample in zip(each["times"], each["values"], strict=True))
    else:
        for each in series:
            if each["node"] not in silent:
                _print_series(each)
    if thinned := [each["field"] for each in series if each.get("envelope")]:
        click.echo(
            f"{', '.join(thinned)}: smallest and largest values of pieces of time, not every sample; write more --points",
            err=True,
        )
    if silent:
        raise RouterError(f"no samples from {', '.join(silent)}, which does not answer: see docker logs sisock_nodes")


def _print_series(series: dict[str, Any]) -> None:
    import datetime as dt

    from livemon.client.tables import number

    click.echo(f"{series['field']}  {series['label'] or ''}  ({series['path']})")
    if not series["times"]:
        click.echo("  no samples in this interval")
    for when, value in zip(series["times"], series["values"], strict=True):
        moment = dt.datetime.fromtimestamp(when, dt.UTC)
        click.echo(f"  {moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}  {number(value, series['units'])}")

"""``livemon fields``: what can be asked for."""

from __future__ import annotations

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(as_json: bool) -> None:
    """List every field: the name that `livemon query` and Grafana take, its label, its units and its permanent name."""
    import json

    from livemon.client import bridge, tables

    nodes = bridge.status()["nodes"]
    if as_json:
        keys = ("path", "label", "units", "type")
        listed = [
            {"field": f"{node['name']}::{field['name']}"} | {key: field[key] for key in keys}
            for node in nodes
            for field in node["fields"]
        ]
        click.echo(json.dumps(listed, indent=2))
    else:
        tables.console().print(tables.names_table(nodes))

"""``livemon status``: what runs, what it reads, and what is wrong."""

from __future__ import annotations

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(as_json: bool) -> None:
    """Show agents, nodes, and every field's last value with its age.

    Exit status 1, with one sentence, when something is wrong: an agent is away, acquisition ended with an error or is degraded,
    samples do not come into the archive, a node or a field is silent, the dead-man's switch does not ping, Grafana cannot
    deliver a message. Where the router or the bridge is away, the rest is shown.
    """
    import dataclasses  # noqa: PLC0415 - only the command that is called pays for its imports
    import json  # noqa: PLC0415
    import time  # noqa: PLC0415

    from livemon.client import bridge, health, tables  # noqa: PLC0415
    from livemon.client.agents import Site  # noqa: PLC0415
    from livemon.errors import LivemonError  # noqa: PLC0415

    faults, agents, state, told = [], [], {}, {}
    try:
        agents = Site.from_environment().agents()
    except LivemonError as error:
        faults.append(str(error))
    try:
        state = bridge.status()
        told = bridge.health()
    except LivemonError as error:
        faults.append(str(error))
    switch = told.get("dead_mans_switch", {})
    faults += [*health.problems(agents, state), *health.switch_problems(switch), *told.get("grafana", [])]

    if as_json:
        content = {
            "agents": [dataclasses.asdict(agent) for agent in agents],
            "bridge": state or None,
            "dead_mans_switch": switch or None,
            "problems": faults,
        }
        click.echo(json.dumps(content, indent=2))
    else:
        console = tables.console()
        if agents:
            console.print(tables.agents_table(agents))
        if state:
            console.print(tables.fields_table(state))
        if switch.get("heard"):
            console.print(tables.switch_line(switch, time.time()))
    if faults:
        raise LivemonError("; ".join(faults))

"""``livemon status``: which alarms of the cryostat fire, what runs, what it reads, and what is wrong with the appliance."""

from __future__ import annotations

import click

ALARM = 3
"""The exit status of a well appliance with an alarm of the cryostat; click itself ends with 2 where a command is mistyped."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show the alarms of the cryostat, the agents, and every field's last value with its age.

    The appliance and the cryostat are two things, and the last lines say how each is.

    \b
    Exit status
      0  the appliance is well, and no alarm of the cryostat is firing
      1  something is wrong with the appliance, whatever the cryostat does
      3  the appliance is well, and an alarm of the cryostat is firing

    With 1 one sentence says what is wrong: an agent is away, acquisition ended with an error or is degraded, samples do not come
    into the archive, a node or a field is silent, the dead-man's switch does not ping, Grafana cannot deliver a message. Where the
    router or the bridge is away, the rest is shown. 0 does not say that the cryostat is well: where no limit is set, or none can be
    judged, nobody knows, and the last line says so. Samples that the archive has lost are a problem for a minute, and told for a
    day.
    """  # noqa: D301 - click's own mark of lines that it does not wrap
    import dataclasses
    import json
    import time

    from livemon.client import bridge, problems, tables
    from livemon.client.agents import Agents
    from livemon.errors import LivemonError

    faults, agents, state, told, gaps = [], [], {}, {}, []
    try:
        agents = Agents.from_environment().agents()
    except LivemonError as error:
        faults.append(str(error))
    try:
        state = bridge.status()
        told = bridge.health()
        gaps = bridge.gaps("-1d", "now")
    except LivemonError as error:
        faults.append(str(error))
    switch, cryostat, alarms = told.get("dead_mans_switch", {}), told.get("cryostat", {}), told.get("alarms", [])
    faults += [*problems.problems(agents, state, told), *problems.switch_problems(switch)]

    if as_json:
        content = {
            "agents": [dataclasses.asdict(agent) for agent in agents],
            "bridge": state or None,
            "dead_mans_switch": switch or None,
            "gaps": gaps,
            "problems": faults,
            "alarms": alarms,
            "cryostat": cryostat or None,
        }
        click.echo(json.dumps(content, indent=2))
    else:
        console = tables.console()
        if alarms:
            console.print(tables.alarms_table(alarms, time.time(), state.get("time_zone")))
        if agents:
            console.print(tables.agents_table(agents))
        if state:
            console.print(tables.fields_table(state, alarms))
        if switch.get("heard"):
            console.print(tables.switch_line(switch, time.time()))
        for sentence in problems.losses(gaps):
            console.print(sentence, style="bold yellow", soft_wrap=True)
        for line in tables.verdict(faults, cryostat):
            console.print(line, soft_wrap=True)
    if faults:
        raise LivemonError("; ".join(faults))
    if cryostat.get("well") is False:
        context.exit(ALARM)

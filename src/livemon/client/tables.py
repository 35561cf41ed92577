"""Tables for a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from livemon.client.agents import Agent, Operation
from livemon.health import STALE_AFTER, age

WIDTH_IN_A_PIPE = 160


def console() -> Console:
    """Return where tables go; in a pipe they are not cut to the width of a terminal that is not there."""
    width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS") or WIDTH_IN_A_PIPE)
    # Labels are a lab's own words: their brackets and colons are no markup of rich's.
    return Console(width=width, highlight=False, markup=False, emoji=False)


def number(value: Any, units: str | None) -> str:
    """Return a value with its units, to six digits; a dash for none."""
    text = "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return f"{text} {units}" if units and value is not None else text


def agents_table(agents: Sequence[Agent]) -> Table:
    """One line for each operation that has run, one for an agent that does not answer."""
    table = _table("Agent", "Class", "Operation", "State", "Since")
    for agent in agents:
        if agent.fault:
            table.add_row(agent.instance_id, agent.agent_class, "", Text(agent.fault, "bold red"), "")
            continue
        shown = [each for each in agent.operations if each.status or each.kind == "process"] or agent.operations[:1]
        for position, operation in enumerate(shown):
            first = position == 0
            table.add_row(
                agent.instance_id if first else "",
                agent.agent_class if first else "",
                operation.name,
                _state(operation),
                _since(operation),
            )
        if not shown:
            table.add_row(agent.instance_id, agent.agent_class, "", "", "")
    return table


def fields_table(status: Mapping[str, Any]) -> Table:
    """Return a table of the newest value of every field, by node."""
    table = _table("Node", "Field", "Label", "Value", "Age")
    table.columns[3].justify = table.columns[4].justify = "right"
    for node in status["nodes"]:
        if node["error"]:
            table.add_row(node["name"], "", node["description"], Text(node["error"], "bold red"), "")
        for position, field in enumerate(node["fields"]):
            stale = field["age"] is not None and field["age"] > STALE_AFTER
            table.add_row(
                node["name"] if position == 0 else "",
                field["name"],
                field["label"],
                number(field["value"], field["units"]),
                Text(age(field["age"]), "bold red" if stale else ""),
            )
    return table


def names_table(nodes: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of what can be asked for."""
    table = _table("Field", "Label", "Units", "Permanent name")
    for node in nodes:
        for field in node["fields"]:
            table.add_row(f"{node['name']}::{field['name']}", field["label"], field["units"] or "", field["path"])
    return table


def switch_line(switch: Mapping[str, Any], now: float) -> Text:
    """Return when the dead-man's switch pinged last; `now` in UNIX seconds."""
    if switch["pinged"] is None:
        return Text("Dead-man's switch: has not pinged yet", "bold red")
    return Text(f"Dead-man's switch: pinged {age(now - switch['pinged'])} ago", "bold red" if switch["fault"] else "")


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=heading not in {"State", "Value", "Label"}, overflow="fold")
    return table


def _state(operation: Operation) -> Text:
    if operation.failed:
        return Text(f"ended with an error: {operation.message}", "bold red")
    if operation.degraded:
        return Text("degraded", "bold red")
    if operation.status == "done":
        return Text("done" if operation.kind == "task" else "stopped", "" if operation.kind == "task" else "yellow")
    return Text(operation.status or "never ran", "green" if operation.status == "running" else "")


def _since(operation: Operation) -> str:
    moment = operation.end_time or operation.start_time
    return age(time.time() - moment) if moment else ""

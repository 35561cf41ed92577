"""Tables for a terminal."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from livemon.client.agents import Agent, Operation
from livemon.health.limits import STALE_AFTER, age
from livemon.quantities import duration, quantity

WIDTH_IN_A_PIPE = 160
RED = "bold red"
STILL_VALID = {"T": 0, "R": 64 | 128, "V": 16 | 32}
"""Bits of a reading status with which a field is valid, by the end of its name: those of the temperature leave ohms (of a 372) and
the sensor's own unit (of a 336) valid. See the ``agent.py`` or ``reading_status.py`` of :mod:`livemon.instruments`."""


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
            table.add_row(agent.instance_id, agent.agent_class, "", Text(agent.fault, RED), "")
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


def alarms_table(alarms: Sequence[Mapping[str, Any]], now: float, time_zone: str | None) -> Table:
    """Return the alarms of ``/api/health``: how bad, what, since when. `now` in UNIX seconds, `time_zone` the site's, else UTC."""
    table = _table("Alarm", "What", "Since")
    for alarm in alarms:
        is_firing = alarm["state"] == "firing"
        what = alarm["sentence"] + (" (silenced in Grafana)" if alarm["silenced"] else "")
        word = str(alarm["severity"] or "alarm").upper() if is_firing else "not yet"
        table.add_row(word, what, since(alarm["since"], now, time_zone), style=RED if is_firing else "yellow")
    return table


def since(moment: float, now: float, time_zone: str | None) -> str:
    """Return when something began, UNIX seconds, in words: ``14:02 CET, 7 min ago``; with the day if that is not this one."""
    begin, end = (dt.datetime.fromtimestamp(each, _zone(time_zone)) for each in (moment, now))
    return f"{begin:{'%H:%M %Z' if begin.date() == end.date() else '%d %b %H:%M %Z'}}, {duration(max(now - moment, 0))} ago"


def verdict(faults: Sequence[str], cryostat: Mapping[str, Any]) -> Iterator[Text]:
    """Yield two lines, how the appliance is and how the cryostat is; the second only where the bridge could be asked."""
    if faults:
        yield Text(f"Appliance: something is wrong ({len(faults)})", RED)
    else:
        yield Text("Appliance: well", "green")
    if cryostat:
        yield Text(f"Cryostat: {cryostat['sentence']}", {True: "green", False: RED}.get(cryostat["well"], "yellow"))


def fields_table(status: Mapping[str, Any], alarms: Sequence[Mapping[str, Any]] = ()) -> Table:
    """Return a table of the newest value of every field, by node; those red that an alarm is firing of."""
    table = _table("Node", "Field", "Label", "Value", "Age")
    table.columns[3].justify = table.columns[4].justify = "right"
    firing = {alarm["path"] for alarm in alarms if alarm["state"] == "firing"}
    for node in status["nodes"]:
        if node["error"]:
            table.add_row(node["name"], "", node["description"], Text(node["error"], RED), "")
        by_path = {field["path"]: field for field in node["fields"]}
        for position, field in enumerate(node["fields"]):
            patience = max(STALE_AFTER, field.get("silent_after") or 0)
            stale = field["age"] is not None and field["age"] > patience and field.get("expected", True)
            table.add_row(
                node["name"] if position == 0 else "",
                Text(field["name"], RED if field["path"] in firing else ""),
                Text(field["label"] or "", RED if field["path"] in firing else ""),
                _reading(field, by_path, is_beyond=field["path"] in firing),
                Text(age(field["age"]), RED if stale else ""),
            )
    return table


def _reading(field: Mapping[str, Any], by_path: Mapping[str, Mapping[str, Any]], *, is_beyond: bool) -> Text:
    """Return a value, or what there is instead of one: an input that the inventory does not list need not have a sensor."""
    if not _is_invalid(field, by_path):
        return Text(quantity(field["value"], field["units"]), RED if is_beyond else "")
    return Text("no reading", RED) if field.get("expected", True) else Text("not connected", "dim")


def _is_invalid(field: Mapping[str, Any], by_path: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the instrument has no reading now.

    A 240 sends 0 K then, and nothing is that cold. Others say so by the status beside the reading; the value is the last valid one.
    """
    quantity_of = (field.get("tags") or {}).get("quantity", "temperature" if field["units"] == "K" else None)
    if quantity_of == "temperature" and isinstance(field["value"], (int, float)) and not field["value"] > 0:
        return True
    stem, _, kind = field["path"].rpartition("_")
    status = by_path.get(f"{stem}_status", {}).get("value") if kind in STILL_VALID else None
    return isinstance(status, (int, float)) and bool(int(status) & ~STILL_VALID[kind])


def _zone(name: str | None) -> dt.tzinfo:
    try:
        return ZoneInfo(name) if name else dt.UTC
    except (LookupError, OSError, ValueError):  # this machine does not have that zone
        return dt.UTC


def names_table(nodes: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of what can be asked for."""
    table = _table("Field", "Label", "Units", "Permanent name")
    for node in nodes:
        for field in node["fields"]:
            table.add_row(f"{node['name']}::{field['name']}", field["label"], field["units"] or "", field["path"])
    return table


def gaps_table(gaps: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of gaps of the archive, as ``/api/gaps`` lists them; times are UTC."""
    table = _table("Feed", "From", "To", "Length", "Samples missing", "Reason")
    table.columns[3].justify = table.columns[4].justify = "right"
    for gap in gaps:
        samples = "unknown" if gap["samples"] is None else str(gap["samples"])
        times = [f"{dt.datetime.fromtimestamp(gap[key], dt.UTC):%Y-%m-%d %H:%M:%S}" for key in ("begin", "end")]
        table.add_row(gap["feed"], *times, age(gap["end"] - gap["begin"]), samples, gap["reason"])
    return table


def switch_line(switch: Mapping[str, Any], now: float) -> Text:
    """Return when the dead-man's switch pinged last; `now` in UNIX seconds."""
    if switch["pinged"] is None:
        return Text("Dead-man's switch: has not pinged yet", RED)
    return Text(f"Dead-man's switch: pinged {age(now - switch['pinged'])} ago", RED if switch["fault"] else "")


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, no_wrap=heading not in {"State", "Value", "Label"}, overflow="fold")
    return table


def _state(operation: Operation) -> Text:
    if operation.failed:
        return Text(f"ended with an error: {operation.message}", RED)
    if operation.degraded:
        return Text("degraded", RED)
    if operation.status == "done":
        return Text("done" if operation.kind == "task" else "stopped", "" if operation.kind == "task" else "yellow")
    return Text(operation.status or "never ran", "green" if operation.status == "running" else "")


def _since(operation: Operation) -> str:
    moment = operation.end_time or operation.start_time
    return age(time.time() - moment) if moment else ""

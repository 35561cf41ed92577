"""The alarms of the appliance itself: router, data nodes, archive, disk, clock and certificate. All are there unasked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ....contract import contract
from ... import durations
from .equipment import AGENTS_RULE, NODES, ROUTER, of_process, unanswered
from .requested import Alarm, Entry

ARCHIVE, MACHINE, OWN_AGENTS = contract.ARCHIVE, contract.SENSORS, contract.OWN_AGENTS
AGGREGATOR_AWAY = "aggregator:away"


@dataclass(frozen=True)
class Kind:
    """One kind of alarm: its limit (a duration where `is_duration`), severity, what it measures, and how people are told.

    `panel` is that of the appliance's dashboard which shows it, by its name there; `firing` and `over` are sentences (sentences.py).
    Of the bridge there is no measure: whether it answers only Grafana can tell.
    """

    limit: float
    severity: str
    title: str
    panel: str
    firing: str
    over: str
    advice: str
    measure: Mapping[str, Any] | None
    test: str = "gt"
    is_duration: bool = False
    hold: int = 0
    held_back_by: tuple[str, ...] = ()


KINDS = {
    "bridge_away": Kind(
        limit=40,
        is_duration=True,
        severity="critical",
        title="The bridge does not answer Grafana",
        panel="alarms",
        measure=None,
        firing="The bridge does not answer Grafana: no alarm can be judged, and all stay as they were",
        over="The bridge answers Grafana again",
        advice="On the monitor: docker ps; docker logs sisock_grafana_http; docker restart sisock_grafana_http.",
    ),
    "router_away": Kind(
        limit=30,
        is_duration=True,
        severity="critical",
        title="The router is not running",
        panel="connected",
        measure={"kind": "routerless"},
        firing="The router has not answered for {duration}: nothing is read from any agent",
        over="The router answers again",
        advice="On the monitor: docker logs sisock_crossbar; docker restart sisock_crossbar.",
    ),
    "hub_away": Kind(
        limit=60,
        is_duration=True,
        severity="warning",
        title="The hub of the data nodes does not answer",
        panel="connected",
        measure={"kind": "hubless"},
        firing="The hub has not answered for {duration}: no data node that is new, or comes back, is found over the router",
        over="The hub answers again",
        advice="This machine's instruments are shown all the same. On the monitor: docker logs sisock_hub; docker ps.",
        held_back_by=(ROUTER,),
    ),
    "nodes_silent": Kind(
        limit=40,
        is_duration=True,
        severity="critical",
        title="The data nodes are silent",
        panel="connected",
        measure={"kind": "age", "of": [f"{MACHINE}.disk_used"]},
        firing="The data nodes have been silent for {duration}: nothing new is shown and judged",
        over="The data nodes answer again",
        advice="The archive goes on without them. On the monitor: docker logs sisock_nodes; docker restart sisock_nodes.",
    ),
    "network_away": Kind(
        limit=40,
        is_duration=True,
        severity="critical",
        title="No instrument on the network answers",
        panel="connected",
        measure={"kind": "least"},
        firing="No instrument on the network has answered for {duration}",
        over="Instruments on the network answer again",
        advice="Is the network of the laboratory up? On the monitor: ip address; ping an instrument; livemon status.",
        held_back_by=(ROUTER, NODES),
    ),
    "archive_lag": Kind(
        limit=120,
        is_duration=True,
        severity="critical",
        title="The archive falls behind",
        panel="archive_lag",
        measure={"kind": "value", "path": f"{ARCHIVE}.lag"},
        hold=60,
        firing="The archive is {duration} behind the samples",
        over="The archive has caught up: it is {duration} behind the samples",
        advice="Is the disk full, or slow? On the monitor: df -h; docker logs ocs_aggregator.",
        held_back_by=(ROUTER, NODES, AGGREGATOR_AWAY),
    ),
    "archive_gap": Kind(
        limit=10,
        is_duration=True,
        severity="warning",
        title="The archive has a gap",
        panel="archive_gap",
        # Nobody can undo it, and nothing is to fire for ever.
        measure={"kind": "news", "path": f"{ARCHIVE}.gap", "within": 3600},
        firing="Samples of {duration} are missing from the archive, or may be",
        over="The archive has had no gap within the last hour",
        advice="On the monitor, livemon gaps says of which feeds, from when to when, and why.",
        # That says how many they are. This one is for feeds whose samples nobody counts.
        held_back_by=("appliance:archive_lost",),
    ),
    "archive_lost": Kind(
        limit=0,
        # What is lost is lost. A cause that goes on has an alarm of its own.
        severity="warning",
        title="The archive has lost samples",
        panel="archive_lost",
        measure={"kind": "increase", "path": f"{ARCHIVE}.lost", "over": 3600},
        firing="{value} samples did not reach the archive within the last hour",
        over="All samples of the last hour reached the archive",
        advice="On the monitor, livemon gaps says of which feeds, from when to when, and why.",
    ),
    "disk_free_GB": Kind(
        limit=5,
        severity="critical",
        title="The disk is nearly full",
        panel="disk_free_GB",
        measure={"kind": "value", "path": f"{MACHINE}.disk_free"},
        test="lt",
        hold=60,
        firing="{value} GB are left on the disk of the archive, less than {limit} GB",
        over="{value} GB are left on the disk of the archive",
        advice="Take old files of the archive elsewhere, oldest first: hk below data_directory. docker system df tells of the rest.",
    ),
    "disk_used_percent": Kind(
        limit=90,
        severity="warning",
        title="The disk fills up",
        panel="disk_used_percent",
        measure={"kind": "value", "path": f"{MACHINE}.disk_used"},
        hold=60,
        firing="The disk of the archive is {value} % full, more than {limit} %",
        over="The disk of the archive is {value} % full",
        advice="Take old files of the archive elsewhere, oldest first: hk below data_directory. docker system df tells of the rest.",
    ),
    "clock_error_s": Kind(
        limit=3,
        severity="warning",
        title="The clock may be off",
        panel="clock_error_s",
        # Of a clock that nobody keeps, clock_unsynchronized tells.
        measure={"kind": "value", "path": f"{MACHINE}.clock_error", "provided": f"{MACHINE}.clock_synchronized"},
        hold=300,
        firing="The clock may be {value} s off, more than {limit} s",
        over="The clock is off by {value} s at most",
        advice="No time server has answered for a while. On the monitor: chronyc sources; chronyc tracking.",
    ),
    "clock_unsynchronized": Kind(
        limit=1800,
        is_duration=True,
        severity="warning",
        title="The clock is not synchronised",
        panel="clock_unsynchronized",
        measure={"kind": "lasting", "path": f"{MACHINE}.clock_synchronized", "value": 0},
        firing="The clock has followed no time server for {duration}",
        over="The clock follows a time server again",
        advice="Does the machine reach one? On the monitor: timedatectl; chronyc sources.",
    ),
    "certificate_days": Kind(
        limit=14,
        severity="warning",
        title="A certificate ends soon",
        panel="certificate_days",
        measure={"kind": "value", "path": f"{MACHINE}.certificate_days"},
        test="lt",
        firing="A certificate ends in {value} days",
        over="The next certificate ends in {value} days",
        advice="The playbook renews what ends within 30 days: run it again.",
    ),
}
"""By what the inventory calls them under ``appliance_alarms``."""


def of_appliance(settings: Entry, instrument_defaults: Entry, instruments: Sequence[Entry] = ()) -> Iterator[Alarm]:
    """Yield the alarms of the appliance; `settings` is what the inventory says of them, by name."""
    for name, kind in KINDS.items():
        limit, severity = limit_of(name, settings)
        measure = _of_network(kind.measure, instruments) if name == "network_away" else kind.measure
        if limit is None or measure is None:
            continue
        yield Alarm(
            id=f"appliance:{name}",
            rule=f"appliance:{name}",
            kind=name,
            severity=severity,
            measure=measure,
            test=kind.test,
            limits=(limit,),
            hold=kind.hold,
            held_back_by=kind.held_back_by,
            labels={"subject": kind.title},
        )
    for agent in OWN_AGENTS:
        yield from (replace(alarm, rule=AGENTS_RULE) for alarm in of_process({"id": agent}, instrument_defaults))


def limit_of(name: str, settings: Entry) -> tuple[float | None, str]:
    """Return limit and severity of one of `KINDS`; `None` for a limit if it is switched off."""
    kind, said = KINDS[name], settings.get(name)
    about = said if isinstance(said, Mapping) else {"limit": said}
    limit, severity = about.get("limit"), about.get("severity") or kind.severity
    if limit is None:
        return kind.limit, severity
    if limit is False:
        return None, severity
    return durations.seconds(limit) if kind.is_duration else limit, severity


def _of_network(measure: Mapping[str, Any], instruments: Sequence[Entry]) -> Mapping[str, Any] | None:
    """Return for how long each instrument on the network has not answered; `None` where there are less than two to compare."""
    networked = [unanswered(each) for each in instruments if each.get("address") or each.get("simulated")]
    return measure | {"of": networked} if len(networked) > 1 else None

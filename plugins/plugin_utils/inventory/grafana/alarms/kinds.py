"""The alarms of the appliance itself: router, data nodes, archive, disk, clock and certificate. All exist by default.

A table: appliance.py makes alarms of it, sentences.py and the dashboards show it, and the inventory may change limits and severities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ....contract import contract
from ... import durations
from ...entries import Entry

ARCHIVE, MACHINE, OWN_AGENTS = contract.ARCHIVE, contract.SENSORS, contract.OWN_AGENTS
ROUTER, NODES, NETWORK = "appliance:router_away", "appliance:nodes_silent", "appliance:network_away"
"""Ids of alarms that explain others."""
AGGREGATOR_AWAY = f"{contract.AGGREGATOR}:away"
BRIDGE = "bridge_away"
"""The kind that only Grafana can judge."""


class ApplianceLimit(NamedTuple):
    """The limit of an alarm (`None`: switched off) and its severity."""

    limit: float | None
    severity: str


@dataclass(frozen=True)
class ApplianceKind:
    """One kind of alarm: its limit (a duration where `is_duration`), severity, what it measures, and the text of its messages.

    `panel` names the panel of the appliance's dashboard that shows it; `firing` and `over` are sentences (sentences.py).
    `measure` is as livemon.alarms.measures has it. The bridge has none: only Grafana can tell whether it answers.
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


def limit_of(name: str, settings: Entry) -> ApplianceLimit:
    """Return limit and severity of one of `KINDS`; `settings` is the inventory's ``appliance_alarms``."""
    kind, value = KINDS[name], settings.get(name)
    alarm = value if isinstance(value, Mapping) else {"limit": value}
    limit, severity = alarm.get("limit"), alarm.get("severity") or kind.severity
    if limit is None:
        return ApplianceLimit(kind.limit, severity)
    if limit is False:
        return ApplianceLimit(None, severity)
    return ApplianceLimit(durations.parsed(limit) if kind.is_duration else limit, severity)


KINDS: Mapping[str, ApplianceKind] = {
    "bridge_away": ApplianceKind(
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
    "router_away": ApplianceKind(
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
    "hub_away": ApplianceKind(
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
    "nodes_silent": ApplianceKind(
        limit=40,
        is_duration=True,
        severity="critical",
        title="The data nodes are silent",
        panel="connected",
        measure={"kind": "age", "of": [contract.DISK_USED]},
        firing="The data nodes have been silent for {duration}: nothing new is shown and judged",
        over="The data nodes answer again",
        advice="The archive goes on without them. On the monitor: docker logs sisock_nodes; docker restart sisock_nodes.",
    ),
    "network_away": ApplianceKind(
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
    "archive_lag": ApplianceKind(
        limit=120,
        is_duration=True,
        severity="critical",
        title="The archive falls behind",
        panel="archive_lag",
        measure={"kind": "value", "path": contract.LAG},
        hold=60,
        firing="The archive is {duration} behind the samples",
        over="The archive has caught up: it is {duration} behind the samples",
        advice="Is the disk full, or slow? On the monitor: df -h; docker logs ocs_aggregator.",
        held_back_by=(ROUTER, NODES, AGGREGATOR_AWAY),
    ),
    "archive_gap": ApplianceKind(
        limit=10,
        is_duration=True,
        severity="warning",
        title="The archive has a gap",
        panel="archive_gap",
        # A gap stays, and no alarm should fire for ever.
        measure={"kind": "news", "path": f"{ARCHIVE}.gap", "within": 3600},
        firing="Samples of {duration} are missing from the archive, or may be",
        over="The archive has had no gap within the last hour",
        advice="On the monitor, livemon gaps says of which feeds, from when to when, and why.",
        # It says how many samples they are. This one is for feeds whose samples are not counted.
        held_back_by=("appliance:archive_lost",),
    ),
    "archive_lost": ApplianceKind(
        limit=0,
        # Lost samples cannot be recovered, and a cause that persists has an alarm of its own.
        severity="warning",
        title="The archive has lost samples",
        panel="archive_lost",
        measure={"kind": "increase", "path": contract.LOST, "over": 3600},
        firing="{value} samples did not reach the archive within the last hour",
        over="All samples of the last hour reached the archive",
        advice="On the monitor, livemon gaps says of which feeds, from when to when, and why.",
    ),
    "disk_free_GB": ApplianceKind(
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
    "disk_used_percent": ApplianceKind(
        limit=90,
        severity="warning",
        title="The disk fills up",
        panel="disk_used_percent",
        measure={"kind": "value", "path": contract.DISK_USED},
        hold=60,
        firing="The disk of the archive is {value} % full, more than {limit} %",
        over="The disk of the archive is {value} % full",
        advice="Take old files of the archive elsewhere, oldest first: hk below data_directory. docker system df tells of the rest.",
    ),
    "clock_error_s": ApplianceKind(
        limit=3,
        severity="warning",
        title="The clock may be off",
        panel="clock_error_s",
        # A clock that follows no time server is the subject of clock_unsynchronized.
        measure={"kind": "value", "path": f"{MACHINE}.clock_error", "provided": f"{MACHINE}.clock_synchronized"},
        hold=300,
        firing="The clock may be {value} s off, more than {limit} s",
        over="The clock is off by {value} s at most",
        advice="No time server has answered for a while. On the monitor: chronyc sources; chronyc tracking.",
    ),
    "clock_unsynchronized": ApplianceKind(
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
    "certificate_days": ApplianceKind(
        limit=14,
        severity="warning",
        title="A certificate ends soon",
        panel="certificate_days",
        measure={"kind": "value", "path": contract.CERTIFICATE_DAYS},
        test="lt",
        firing="A certificate ends in {value} days",
        over="The next certificate ends in {value} days",
        advice="The playbook renews what ends within 30 days: run it again.",
    ),
}
"""By their names in the inventory, under ``appliance_alarms``."""

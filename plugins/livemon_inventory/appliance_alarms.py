"""The alarms of the appliance itself: bridge, data nodes, archive, disk, clock and certificate. All are there unasked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from livemon_inventory import durations
from livemon_inventory.alarms import Alarm, Entry, Query
from livemon_inventory.dashboards.identity import APPLIANCE
from livemon_inventory.plant_alarms import NOW, RECENTLY, of_process
from livemon_inventory.uids import uid

GROUP = "The appliance"
"""A name that no instrument can have."""
ARCHIVE = "observatory.aggregator.feeds.archive"
MACHINE = "livemon.sensors"
_GAP = f"{ARCHIVE}.gap"
NEW_GAP = f"minSeries({_GAP},scale(absolute(diffSeries({_GAP},timeShift({_GAP},'1h'))),1000000))"
"""The newest gap while it is another one than an hour ago, and 0 from then on: nobody can undo it, and nothing is to fire for ever.

The difference is that of the gap itself where there was no recording an hour ago; a million times it is more than any gap.
"""
CLOCK_ERROR = f"multiplySeries({MACHINE}.clock_error,{MACHINE}.clock_synchronized)"
"""By how much the clock may be wrong while somebody keeps it; the kernel adds half a millisecond a second without a measurement."""
OWN_AGENTS = ("aggregator", "registry")


@dataclass(frozen=True)
class Kind:
    """One kind of alarm: its limit (a duration where `is_duration`), severity and texts, and what Grafana asks and compares.

    `is_hold`: the limit is a time for which the rest must last, and the value is compared with `compared`.
    """

    limit: float
    severity: str
    title: str
    query: Query
    test: str
    summary: str
    advice: str
    is_duration: bool = False
    is_hold: bool = False
    compared: tuple[float, ...] = ()
    hold: int = 0
    no_data: str = "OK"
    error: str = "OK"


KINDS = {
    "bridge_away": Kind(
        limit=120,
        is_duration=True,
        is_hold=True,
        severity="critical",
        title="The bridge does not answer Grafana",
        # Compared with what it never is: this one fires by the query's failure alone, and all others leave that to it.
        query=Query("constantLine(1)", RECENTLY),
        test="lt",
        compared=(0,),
        no_data="Alerting",
        error="Alerting",
        summary="No alarm can be evaluated: the bridge does not answer Grafana",
        advice="On the monitor: docker ps; docker logs sisock_grafana_http; docker restart sisock_grafana_http.",
    ),
    "nodes_silent": Kind(
        limit=300,
        is_duration=True,
        severity="critical",
        title="The data nodes are silent",
        query=Query(f"age.{MACHINE}.disk_used", NOW),
        test="gt",
        no_data="Alerting",
        summary="The data nodes have been silent for {value:duration}: nothing new is shown and compared",
        advice="The archive goes on without them. On the monitor: docker logs sisock_nodes; docker restart sisock_nodes.",
    ),
    "archive_lag": Kind(
        limit=120,
        is_duration=True,
        severity="critical",
        title="The archive falls behind",
        query=Query(f"{ARCHIVE}.lag", RECENTLY),
        test="gt",
        hold=60,
        summary="The archive is {value:duration} behind the samples",
        advice="Is the disk full, or slow? On the monitor: df -h; docker logs ocs_aggregator.",
    ),
    "archive_gap": Kind(
        limit=60,
        is_duration=True,
        severity="warning",
        title="The archive has a gap",
        query=Query(NEW_GAP, RECENTLY),
        test="gt",
        summary="The recording was interrupted for {value:duration}",
        advice="What was measured meanwhile is missing in the files. On the monitor: docker logs ocs_aggregator.",
    ),
    "archive_lost": Kind(
        limit=0,
        severity="critical",
        title="The archive has lost samples",
        query=Query(f"nonNegativeDerivative({ARCHIVE}.lost)", 1800, 0, "sum"),
        test="gt",
        summary="Samples did not reach the archive within the last half hour",
        advice="The disk did not take them, or they came too fast. On the monitor: df -h; docker stats; livemon status.",
    ),
    "disk_free_GB": Kind(
        limit=5,
        severity="critical",
        title="The disk is nearly full",
        query=Query(f"{MACHINE}.disk_free", RECENTLY),
        test="lt",
        hold=60,
        summary="{value} GB are left on the disk of the archive",
        advice="Take old files of the archive elsewhere, oldest first: hk below data_directory. docker system df tells of the rest.",
    ),
    "disk_used_percent": Kind(
        limit=90,
        severity="warning",
        title="The disk fills up",
        query=Query(f"{MACHINE}.disk_used", RECENTLY),
        test="gt",
        hold=60,
        summary="The disk of the archive is {value} % full",
        advice="Take old files of the archive elsewhere, oldest first: hk below data_directory. docker system df tells of the rest.",
    ),
    "clock_error_s": Kind(
        limit=3,
        severity="warning",
        title="The clock may be off",
        query=Query(CLOCK_ERROR, RECENTLY),
        test="gt",
        hold=300,
        summary="The clock may be {value} s off",
        advice="No time server has answered for a while. On the monitor: chronyc sources; chronyc tracking.",
    ),
    "clock_unsynchronized": Kind(
        limit=1800,
        is_duration=True,
        is_hold=True,
        severity="warning",
        title="The clock is not synchronised",
        query=Query(f"{MACHINE}.clock_synchronized", RECENTLY),
        test="lt",
        compared=(1,),
        summary="The clock follows no time server",
        advice="Does the machine reach one? On the monitor: timedatectl; chronyc sources.",
    ),
    "certificate_days": Kind(
        limit=14,
        severity="warning",
        title="A certificate ends soon",
        query=Query(f"{MACHINE}.certificate_days", 7200),
        test="lt",
        summary="A certificate ends in {value} days",
        advice="The playbook renews what ends within 30 days: run it again.",
    ),
}
"""By what the inventory calls them under ``appliance_alarms``."""


def of_appliance(settings: Entry, instrument_defaults: Entry) -> Iterator[Alarm]:
    """Yield the alarms of the appliance; `settings` is what the inventory says of them, by name."""
    for name, kind in KINDS.items():
        limit, severity = _limit(kind, settings.get(name))
        if limit is None:
            continue
        yield Alarm(
            uid=uid("appliance", name),
            title=kind.title,
            group=GROUP,
            kind=name,
            severity=severity,
            queries=(kind.query,),
            test=kind.test,
            limits=kind.compared if kind.is_hold else (limit,),
            hold=int(limit) if kind.is_hold else kind.hold,
            no_data=kind.no_data,
            error=kind.error,
            summary=kind.summary,
            advice=kind.advice,
            dashboard=APPLIANCE,
        )
    for agent in OWN_AGENTS:
        yield from (replace(alarm, group=GROUP) for alarm in of_process({"id": agent}, instrument_defaults))


def _limit(kind: Kind, said: Any) -> tuple[float | None, str]:
    """Return limit and severity; `None` for a limit if the alarm is switched off."""
    about = said if isinstance(said, Mapping) else {"limit": said}
    limit, severity = about.get("limit"), about.get("severity") or kind.severity
    if limit is None:
        return kind.limit, severity
    if limit is False:
        return None, severity
    return durations.seconds(limit) if kind.is_duration else limit, severity

"""What the parts of livemon agree on: names and limits that more than one of them must know.

Standard library only, and nothing of livemon: the provisioning side imports it by its path
(``plugins/plugin_utils/source.py``), on a controller where livemon is not installed.
"""

from __future__ import annotations

ADDRESS_ROOT = "observatory"
"""With what the name of everything that an OCS agent publishes begins (``address_root`` of the site config)."""
AGGREGATOR = "aggregator"
REGISTRY = "registry"
OWN_AGENTS = (AGGREGATOR, REGISTRY)
"""The instance-ids of the agents that every monitor has."""
CONNECTED = ".agent.connected"
DEGRADED = ".agent.degraded"
"""Ends of the channels that tell what an agent's heartbeat tells. Of an agent that is away it is not known whether it is degraded."""

ARCHIVE = f"{ADDRESS_ROOT}.{AGGREGATOR}.feeds.archive"
"""The feed in which the aggregator tells how the recording goes."""
LAG = f"{ARCHIVE}.lag"
LOST = f"{ARCHIVE}.lost"
SENSORS = "livemon.sensors"
"""The node of the monitor's own measurements."""
DISK_USED = f"{SENSORS}.disk_used"
CERTIFICATE_DAYS = f"{SENSORS}.certificate_days"

WATCHDOG = "Watchdog"
"""The alarm of Grafana that always fires; the bridge takes the pulse of no other."""
PULSE = "livemon-watchdog"
"""The contact point that delivers it."""
NOBODY = "livemon-nobody"
"""The contact point of alarms for which the inventory has no route."""
LONGEST_UID = 40
"""Characters of the uid of anything in Grafana (``util.MaxUIDLength``)."""
SECRETS = "/run/secrets"
"""Where a container has its secrets."""

END_OF_TIME = 9e10
"""UNIX seconds that spt3g can hold (int64, units of 10 ns). Milliseconds taken for seconds, NaN and infinity are not before it."""
CLOCK_TOLERANCE = 10.0
"""Seconds by which a sample may be ahead of this machine's clock before one of the two clocks is taken to be wrong."""
SILENT_AFTER = 120.0
"""Seconds without a sample after which a node or a reading is too old, unless the inventory says another time."""
COLUMN_KEYS = ("name", "label", "units")
"""What the inventory may say of a column of text files."""

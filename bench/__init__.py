"""Measures livemon against its targets, the old sisock stack and time-series databases: ``make bench``."""

import livemon.sisock.wamp  # noqa: F401 - before autobahn, whose framework it chooses

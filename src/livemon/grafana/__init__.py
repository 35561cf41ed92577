"""Grafana from outside: its HTTP API, backups of all that it holds, and dashboards that go from it into the inventory."""

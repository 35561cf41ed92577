"""Graphite's interface, as far as Grafana's built-in data source uses it."""

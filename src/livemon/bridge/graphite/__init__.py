"""Graphite's interface, as far as Grafana's built-in data source uses it, in each of its two ways (front end and back end)."""

from livemon.bridge.graphite import about, events, metrics, render, tags
from livemon.bridge.graphite.routes import PLAIN_FAULTS, blueprint

__all__ = ["PLAIN_FAULTS", "about", "blueprint", "events", "metrics", "render", "tags"]

"""Graphite's HTTP API, as far as Grafana's built-in data source uses it, from its front end and from its back end."""

from livemon.bridge.graphite import about, events, metrics, render, tags
from livemon.bridge.graphite.routes import PLAIN_TEXT_ERRORS, blueprint

__all__ = ["PLAIN_TEXT_ERRORS", "about", "blueprint", "events", "metrics", "render", "tags"]
